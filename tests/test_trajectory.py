"""Along the pretexts and with few labels: similarity by its definition, nested draws, and sentences that turn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawing import check_labels, figure_of, same_bytes
from sklearn.linear_model import LogisticRegression
from synthetic_curves import BLOCKS, write_curve_tables, write_curves
from synthetic_study import write_study
from test_report_answers import plain
from torch import nn

from scenessl.data.crops import Crops
from scenessl.errors import UserError
from scenessl.evaluation.frozen_probe import answers, standardised
from scenessl.evaluation.label_efficiency import ALL, subsets, write_label_efficiency
from scenessl.evaluation.trajectory import trajectory
from scenessl.figures import label_efficiency as label_chart
from scenessl.figures import trajectory as trajectory_chart
from scenessl.files import read_csv, write_csv
from scenessl.models import weights
from scenessl.models.cka import block_distances, gram, linear_cka
from scenessl.report.answers import accuracy, labels, usefulness
from scenessl.report.answers import trajectory as along
from scenessl.report.evidence import read_evidence
from scenessl.report.readers.files import NotThereError
from scenessl.report.render import paper, render_html
from scenessl.training.data import Data

# --- Similarity ---


def features(n, d, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, d)))


def slow_hsic(one, other):
    """Song et al.'s unbiased estimate as the U-statistic that it is: a sum over all quadruples of different images."""
    from itertools import permutations

    n, total, count = len(one), 0.0, 0
    for i, j, q, r in permutations(range(n), 4):
        total += one[i, j] * (other[i, j] + other[q, r] - 2 * other[i, q])
        count += 1
    return total / count


def test_cka_is_the_u_statistic_over_quadruples_of_images():
    x, y = features(7, 5), features(7, 3, 1)
    y[:, 0] += 2 * x[:, 0]
    one, other = (values @ values.T for values in (x.numpy(), y.numpy()))
    expected = slow_hsic(one, other) / np.sqrt(slow_hsic(one, one) * slow_hsic(other, other))
    assert linear_cka(gram(x), gram(y)) == pytest.approx(expected)


def test_cka_ignores_rotation_scale_and_shift_and_sees_no_likeness_where_there_is_none():
    x = features(60, 20)
    turn = torch.linalg.qr(features(20, 20, 1)).Q
    assert linear_cka(gram(x), gram(3 * x @ turn + 5)) == pytest.approx(1)
    assert abs(linear_cka(gram(features(60, 500)), gram(features(60, 500, 1)))) < 0.1  # biased, it would be 0.9
    assert np.isnan(linear_cka(gram(x), gram(torch.ones(60, 3))))


def test_the_distance_of_a_block_is_relative_to_its_start():
    start = [[torch.tensor([3.0, 4.0])], [torch.tensor([1.0]), torch.tensor([0.0])]]
    end = [[torch.tensor([3.0, 4.0])], [torch.tensor([1.0]), torch.tensor([0.5])]]
    assert block_distances(start, end) == [0.0, 0.5]


# --- The points ---


class Tiny(nn.Module):
    """A network of two blocks."""

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 6, 3, stride=2))
        self.avgpool = nn.AdaptiveAvgPool2d(1)


@pytest.fixture
def data(tmp_path):
    """Thirty images of three classes that differ in brightness."""
    random = np.random.default_rng(0)
    classes = np.arange(30) % 3
    crops = random.integers(0, 60, (30, 3, 8, 8)) + 90 * classes[:, None, None, None]
    np.save(tmp_path / "crops.npy", np.minimum(crops, 255).astype(np.uint8))
    parts = {"train": torch.arange(15), "validation": torch.arange(15, 18), "test": torch.arange(18, 30)}
    return Data(torch.from_numpy(classes), ["a", "b", "c"], parts, Crops(tmp_path / "crops.npy"))


def test_points_start_where_the_pretext_starts(data):
    found = trajectory(iter([(0, Tiny(0)), (1, Tiny(0)), (4, Tiny(1))]), data, 8, torch.device("cpu"), {})
    assert found["epochs"].tolist() == [0, 1, 4] and found["sampled"] == 8
    np.testing.assert_allclose(found["cka_start"][:2], 1, atol=1e-5)
    np.testing.assert_allclose(found["cka_latest"][2], 1, atol=1e-5)
    assert (found["distance"][:2] == 0).all() and (found["distance"][2] > 0.5).all()
    assert (found["predicted"][0] == found["predicted"][1]).all() and found["predicted"].shape == (3, 12)
    assert (found["predicted"][0] == data.labels[18:].numpy()).mean() > 0.9
    assert found["blocks"].tolist() == ["features.0", "features.1"]


def test_features_that_are_known_are_not_computed_again(data):
    networks = [(0, Tiny(0)), (4, Tiny(1))]
    known = {4: nn.functional.one_hot(data.labels).float()}  # better than any that Tiny has
    known[4][18] = known[4][19]
    found = trajectory(iter(networks), data, 8, torch.device("cpu"), known)
    wrong = np.flatnonzero(found["predicted"][1] != found["target"])
    assert wrong.tolist() == [0]


def test_without_a_validation_part_there_is_no_validation_accuracy_and_few_images_are_refused(data):
    literal = replace(data, parts=data.parts | {"validation": data.parts["test"]})
    assert np.isnan(trajectory(iter([(0, Tiny(0))]), literal, 8, torch.device("cpu"), {})["validation"]).all()
    few = replace(data, parts=data.parts | {"test": torch.arange(3)})
    with pytest.raises(UserError, match="4 test images"):
        trajectory(iter([(0, Tiny(0))]), few, 8, torch.device("cpu"), {})


def test_the_classifier_is_scikit_learns():
    x, y = features(80, 6).float(), torch.arange(80) % 3
    x[:, 0] += y
    scaled, chosen = standardised(x, torch.arange(40)), torch.arange(30)
    oracle = LogisticRegression(C=1 / (30 * 0.01), tol=1e-8, max_iter=5000).fit(scaled[chosen], y[chosen])
    assert (answers(scaled, y, chosen, 3).numpy() == oracle.predict(scaled)).mean() > 0.98
    np.testing.assert_allclose(scaled[:40].std(0, correction=0), 1, atol=1e-5)


def test_draws_are_nested_balanced_and_the_same_for_all_starts():
    truth, train = torch.arange(60) % 3, torch.arange(45)
    found = subsets(truth, train, [1, 5, 100], 2, seed=3)
    assert set(found) == {(1, 0), (1, 1), (5, 0), (5, 1), (ALL, 0)}  # no class has 100
    for draw in (0, 1):
        assert set(found[1, draw].tolist()) < set(found[5, draw].tolist()) < set(train.tolist())
        assert torch.bincount(truth[found[5, draw]]).tolist() == [5, 5, 5]
    assert found[5, 0].tolist() != found[5, 1].tolist()
    assert subsets(truth, train, [5], 1, seed=3)[5, 0].tolist() == found[5, 0].tolist()


def test_few_labels_are_written_for_every_start_and_draw(data, tmp_path):
    for name in ("one", "two"):
        weights.save({"features": features(30, 4, len(name))[None].float()}, tmp_path / f"{name}.safetensors")
    paths = {name: tmp_path / f"{name}.safetensors" for name in ("one", "two")}
    write_label_efficiency(features=paths, data=data, labels=[1, 2], draws=2, seed=0, output=tmp_path / "few.npz")
    found = np.load(tmp_path / "few.npz")
    assert found["start"].tolist() == ["one"] * 5 + ["two"] * 5
    assert found["used"].tolist() == [3, 6, 3, 6, 15] * 2
    assert found["predicted"].shape == (10, 12) and (found["target"] == data.labels[18:].numpy()).all()


# --- Tables, figures, sentences ---


def study(folder, seeds=(0,), **curves):
    """An invented study with other curves."""
    root = write_study(folder, seeds=seeds, per_class=20)
    index = read_csv(root / "data/index.csv")
    targets = np.array([int(row["label"]) for row in index if row["split"] == "test"])
    write_curves(root, read_evidence(root).published, targets, **curves)
    return root


def test_tables_compare_each_epoch_with_the_start(tmp_path):
    root = study(tmp_path)
    rows = [row for row in read_csv(root / "tables/trajectory.csv") if row["model"] == "perturbation"]
    assert [row["epoch"] for row in rows] == ["0", "1", "3", "6"]
    assert (float(rows[0]["difference"]), float(rows[0]["p"])) == (0, 1)
    for row in rows:
        assert float(row["difference"]) == pytest.approx(
            float(row["test_accuracy"]) - float(rows[0]["test_accuracy"]), abs=2e-6
        )
    assert len(read_csv(root / "tables/similarity.csv")) == 2 * 4 * len(BLOCKS)


@pytest.mark.parametrize("number", [1, 3])
def test_the_charts_show_every_point(tmp_path, monkeypatch, number):
    root = study(tmp_path, seeds=tuple(range(number)))
    tables = {name: root / f"tables/{name}.csv" for name in ("trajectory", "similarity")}
    figure = figure_of(trajectory_chart, monkeypatch, tmp_path, classes=15, **tables)
    assert len(figure.axes) == 5
    lines = [line for line in figure.axes[1].lines if len(line.get_xdata()) == 4]
    assert [line.get_xdata().tolist() for line in lines] == [[0, 1, 3, 6]] * len(BLOCKS)
    check_labels(figure, monkeypatch)
    same_bytes(trajectory_chart, tmp_path, classes=15, **tables)
    few = {"accuracies": root / "tables/label_efficiency.csv"}
    figure = figure_of(label_chart, monkeypatch, tmp_path, classes=15, **few)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["1", "10", "all"]
    assert figure.axes[0].lines[0].get_ydata()[-1] == pytest.approx(87.8, abs=0.6)
    check_labels(figure, monkeypatch)


@pytest.mark.parametrize(
    ("values", "words", "others"),
    [
        ((0.7, 0.8, 0.85, 0.9), "Along perturbation the features gain", "lose"),
        ((0.9, 0.8, 0.79, 0.78), "Along perturbation the features lose", "gain"),
        ((0.85, 0.85, 0.85, 0.85), "Along perturbation no change is shown", "lose"),
    ],
)
def test_the_course_of_a_pretext_is_told_as_it_went(tmp_path, values, words, others):
    evidence = read_evidence(study(tmp_path, accuracies={"perturbation": values}))
    told = plain(along.courses(evidence)[1])
    assert words in told and f"the features {others}" not in told
    step = "The largest step between neighbouring points is that from epoch 0 to 1"
    assert (step in told) == (values[0] != values[1])
    assert "features are most like the start’s in features.0 (CKA 0.90) and least in features.3 (CKA 0.60)" in told
    short = {"gain": "gained", "lose": "lost", "no change": "not shown to have gained or lost"}
    assert next(word for key, word in short.items() if key in words) in plain(along.finding(evidence))


@pytest.mark.parametrize(
    ("early", "cka", "words"),
    [
        (0.846, 0.99, "The features of both epochs are nearly the same"),
        (0.846, 0.50, "the features did change in between"),
        (0.95, 0.99, "a small change of the features went with the loss"),
        (0.95, 0.50, "went on changing between the two epochs, and the loss went with it"),
        (0.70, 0.50, "went on changing between the two epochs, and the gain went with it"),
        (0.70, 0.99, "a small change of the features went with the gain"),
    ],
)
def test_early_against_latest_rests_on_what_was_measured(tmp_path, early, cka, words):
    root = write_study(tmp_path, test={"perturbation_scenes_3": early})
    selection = root / "models/perturbation/seed0/selection.json"
    assert '"selected_epoch": 6' in selection.read_text()
    index = read_csv(root / "data/index.csv")
    targets = np.array([int(row["label"]) for row in index if row["split"] == "test"])
    write_curves(root, read_evidence(root).published, targets, cka=cka)
    told = plain(accuracy.early_latest(read_evidence(root)))
    assert words in told and "was not measured" not in told
    assert "little reason to change" not in told and "need not change much" not in told
    assert f"and of {cka:.2f} with each other" in told


def test_without_a_trajectory_early_against_latest_says_what_was_not_measured(tmp_path):
    evidence = read_evidence(write_study(tmp_path, trajectory=None, label_efficiency=None, per_class=2))
    told = plain(accuracy.early_latest(evidence))
    assert "moved between the two epochs was not measured" in told and "No difference is shown" in told
    assert "labels are scarce was not measured" in plain(usefulness.useful(evidence))
    html = render_html(evidence, paper("templates"))
    assert "Along the pretexts" not in html and "With few labels" not in html
    assert along.finding(evidence) is None and labels.finding(evidence) is None


@pytest.mark.parametrize(
    ("few", "words", "short"),
    [
        ((0.7, 0.9, 0.93), "the pretext pays with one label per class", "gain from their pretext: rotation"),
        ((0.1, 0.5, 0.70), "the pretext costs accuracy with one label per class", "no pretext is shown to pay"),
        ((0.4, 0.78, 0.878), "is not shown to change anything with", "no pretext is shown to pay"),
    ],
)
def test_few_labels_are_told_as_they_went(tmp_path, few, words, short):
    values = {"rotation": few, "perturbation": (0.2, 0.5, 0.8)}
    evidence = read_evidence(study(tmp_path, few=values))
    told = plain(labels.answers(evidence)[0])
    assert told.startswith("With rotation, set against imagenet, its own start") and words in told
    assert short in plain(labels.finding(evidence))
    assert "draws of the labelled images, judged by the same test images on one training" in told
    assert "which share one training and its test images" in plain(labels.finding(evidence))


def test_the_gain_with_few_labels_is_compared_with_that_of_all(tmp_path):
    scarce = read_evidence(study(tmp_path / "scarce", few={"rotation": (0.7, 0.85, 0.89)}))
    plenty = read_evidence(study(tmp_path / "plenty", few={"rotation": (0.41, 0.85, 0.99)}))
    assert "The gain is larger where labels are scarce" in plain(labels.answers(scarce))
    assert "No larger gain is shown where labels are scarce" in plain(labels.answers(plenty))


def test_over_several_seeds_trainings_are_what_counts(tmp_path):
    root = study(tmp_path, seeds=(0, 1, 2))
    gains = read_csv(root / "tables/label_gains.csv")
    assert {(row["over"], row["n"]) for row in gains} == {("seeds", "3")}
    told = plain(labels.answers(read_evidence(root)))
    assert "The intervals are over three trainings" in told
    assert "paired t-test" in plain(along.courses(read_evidence(root)))


def test_imagenets_features_are_one_training_whatever_the_seeds(tmp_path):
    evidence = read_evidence(write_study(tmp_path, seeds=(0, 1, 2), per_class=2))
    start, *later = [row for row in along.rows(evidence) if row["model"] == "rotation"]
    assert start["spread"].deviation is None and all(row["spread"].independent == 3 for row in later)
    cells = {row["start"]: row["cells"] for row in labels.rows(evidence)}
    assert cells["imagenet"][-1].deviation is None and cells["imagenet"][0].deviation is not None
    assert cells["rotation"][-1].independent == 3


def test_a_draft_does_not_tell_the_curves_of_other_seeds_or_of_an_earlier_version(tmp_path):
    root = write_study(tmp_path, seeds=(0, 1), per_class=2)
    for name, column in (("similarity", "images"), ("label_gains", "p_holm")):
        rows = read_csv(root / f"tables/{name}.csv")
        kept = [key for key in rows[0] if key != column]
        write_csv(root / f"tables/{name}.csv", [{key: row[key] for key in kept} for row in rows], kept)
    rows = read_csv(root / "tables/trajectory.csv")
    write_csv(root / "tables/trajectory.csv", [row | {"seed": int(row["seed"]) + 1} for row in rows], list(rows[0]))
    evidence = read_evidence(root, draft=True)
    for tell in (along.intro, along.rows, along.courses, labels.answers):
        with pytest.raises(NotThereError):
            tell(evidence)


def test_seeds_that_stop_at_different_epochs_keep_their_latest(tmp_path):
    evidence = read_evidence(study(tmp_path, seeds=(0, 1), accuracies={"perturbation": (0.5, 0.6, 0.65, 0.9)}))
    for table in ("trajectory", "similarity"):
        for row in evidence.rows(table, model="perturbation", seed=1, epoch=6):
            row["epoch"] = 5
    found = [row for row in along.rows(evidence) if row["model"] == "perturbation"]
    assert [row["epoch"] for row in found] == ["0", "1", "3", "5 to 6"]
    assert found[-1]["spread"].mean == pytest.approx(0.9, abs=0.01) and len(found[-1]["spread"].values) == 2
    told = plain(along.courses(evidence)[1])
    assert "is that from epoch 3 to 5 to 6 (+25.00 points of +40.17 points)" in told
    assert found[-1]["change"] == pytest.approx(0.4017, abs=1e-4)
    last = [row for row in along.blocks(evidence) if row["model"] == "perturbation"][-1]
    assert last["epoch"] == "5 to 6" and len(last["values"]) == len(BLOCKS)


def test_missing_results_are_left_out_of_a_draft_and_named_otherwise(tmp_path):
    root = study(tmp_path)
    (root / "trajectory/rotation_seed0.npz").unlink()
    with pytest.raises(UserError, match="rotation_seed0"):
        write_curve_tables(root, read_evidence(root, draft=True).published)
