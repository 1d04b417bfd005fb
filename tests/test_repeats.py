"""Repeats of classifiers: the same training with another seed, their spread, and sentences that turn with it."""

import statistics

import numpy as np
import pytest
import torch
from synthetic_repeats import write_repeats
from synthetic_study import write_study
from test_report_answers import plain
from test_trials import SETTINGS
from toy_runs import made_data, made_run

from scenessl.evaluation.predict import predict_classifier
from scenessl.evaluation.repeat_table import repeat_rows, spread_rows
from scenessl.evaluation.runs import read_predictions
from scenessl.files import read_csv
from scenessl.report.answers import repeats as told
from scenessl.report.answers import seeds as told_of_seeds
from scenessl.report.evidence import read_evidence
from scenessl.report.render import paper, render_html
from scenessl.training import repeats
from scenessl.training.features import write_features
from scenessl.training.frozen import train_classifier
from scenessl.training.state import State

RECIPE = SETTINGS | {"augmentation": ["flip"], "epochs": 4, "learning_rate_classifier": 0.02}


@pytest.fixture
def cached(tmp_path):
    """A toy data set, a start, and the cached features of its images, plain and mirrored."""
    data = made_data(tmp_path)
    start, features = made_run(tmp_path, data, "scenes")["model"], tmp_path / "features"
    write_features(
        start=start, start_epoch=None, crops=tmp_path / "crops.npy", mirrored=range(len(data.labels)), device="cpu",
        state=State(tmp_path / "f", "x"), output=features,
    )  # fmt: skip
    return data, start, features


def repeat(folder, data, features, seeds, recipe=RECIPE):
    repeats.write_repeats(
        settings={"frozen": recipe}, features={"frozen": features}, data=data, seeds=seeds,
        state=State(folder / "state", "same"), output=folder / "repeats.npz",
    )  # fmt: skip
    with np.load(folder / "repeats.npz") as file:
        return dict(file)


@pytest.mark.parametrize("select", ["best", "last"])
def test_the_models_own_seed_gives_the_published_predictions(tmp_path, cached, select):
    data, start, features = cached
    recipe, outputs = (
        RECIPE | {"select": select},
        {n: tmp_path / n for n in ("weights", "epochs", "history", "selection")},
    )
    train_classifier(
        settings=recipe, seed=5, start=start, start_epoch=None, features=features, data=data,
        state=State(tmp_path / "own", "x"), outputs=outputs,
    )  # fmt: skip
    predict_classifier(model=outputs["weights"], features=features, data=data, output=tmp_path / "published.npz")
    published = read_predictions(tmp_path / "published.npz")
    found = repeat(tmp_path, data, features, [5, 6], recipe)
    rows = published.rows("test")
    assert found["predicted"][0].tolist() == published.predicted[rows].tolist()
    assert found["image"].tolist() == published.image[rows].tolist()
    assert found["target"].tolist() == published.target[rows].tolist()
    assert found["seed"].tolist() == [5, 6] and found["model"].tolist() == ["frozen", "frozen"]


def test_another_seed_is_another_classifier_on_the_same_images(cached, tmp_path):
    data, _, path = cached
    features = repeats.weights.load(path)["features"]
    first, second, again = (
        repeats.retrained(features, data, RECIPE, seed, State(tmp_path / f"{at}", "x"))[0].state_dict()
        for at, seed in enumerate((0, 1, 0))
    )
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not any(torch.equal(first[key], second[key]) for key in first)


def test_a_killed_job_goes_on_with_the_repeat_it_was_at(cached, tmp_path, monkeypatch):
    data, _, features = cached
    whole = repeat(tmp_path / "whole", data, features, [0, 1])
    made, train = [], repeats.retrained

    def killed(*given):
        made.append(given[3])
        if made == [0, 1]:
            raise KeyboardInterrupt
        return train(*given)

    monkeypatch.setattr(repeats, "retrained", killed)
    with pytest.raises(KeyboardInterrupt):
        repeat(tmp_path, data, features, [0, 1])
    found = repeat(tmp_path, data, features, [0, 1])
    assert made == [0, 1, 1]
    assert all(np.array_equal(whole[key], found[key]) for key in whole)
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["frozen_seed0.pt", "frozen_seed1.pt"]


def test_the_tables_hold_every_repeat_and_what_they_are_together():
    target = np.array([0, 1, 1, 0, 1])
    said = [[0, 1, 1, 0, 0], [0, 1, 0, 1, 0], [0, 1, 1, 0, 1]]
    found = {"model": np.array(["x"] * 3), "seed": np.arange(3), "selected_epoch": np.full(3, 7), "target": target}
    rows = repeat_rows(found | {"predicted": np.array(said)}, [{"model": "x", "test_accuracy": 0.8}] * 2)
    assert [row["test_accuracy"] for row in rows] == [0.8, 0.4, 1.0]
    assert {row["reported_accuracy"] for row in rows} == {0.8} and {row["n_test"] for row in rows} == {5}
    (one,) = spread_rows(rows)
    assert one["mean"] == pytest.approx(2.2 / 3, abs=1e-6) and (one["least"], one["most"]) == (0.4, 1.0)
    assert one["deviation"] == pytest.approx(statistics.stdev([0.8, 0.4, 1.0]), abs=1e-6)


# --- Sentences ---


@pytest.fixture(scope="module")
def told_with(tmp_path_factory):
    """What the report says where repeats lie so far from the published accuracies; one study serves all."""
    root = small_study(tmp_path_factory.mktemp("study"))
    targets = np.array([int(row["label"]) for row in read_csv(root / "data/index.csv") if row["split"] == "test"])

    def say(moved=None):
        write_repeats(root, read_evidence(root).published, targets, moved)
        return plain(told.answers(read_evidence(root)))

    return say


def small_study(folder, **changes):
    fewer = dict.fromkeys(("trajectory", "label_efficiency", "trials", "embedding", "neighbours", "loss_extremes"))
    return write_study(folder, classes=["coast", "forest", "street"], per_class=100, **(fewer | changes))


def test_a_difference_is_set_against_the_spread_and_turns_with_it(told_with):
    calm = told_with()
    pair = "rotation_scenes minus perturbation_scenes (+4.20 points against {} percentage points)"
    assert f"The difference {pair.format('0.67')} is larger than the range of either model" in calm
    assert "The difference perturbation_scenes minus perturbation_scenes_3 (−0.40 points against" in calm
    assert "The exact test" not in calm
    wild = told_with({"rotation_scenes": (0.0, -0.06, 0.0), "perturbation_scenes": (0.0, 0.0, 0.01)})
    assert f"{pair.format('6.00')} and perturbation_scenes minus perturbation_scenes_3" in wild
    assert (
        "are not larger than the ranges of both models, or their repeats cross" in wild
        and "larger than the range of either" not in wild
    )
    assert "rotation_scenes moves by 6.00 percentage points" in wild
    assert "The exact test that tells rotation_scenes and perturbation_scenes apart asks of other test images" in wild


def test_repeats_never_count_as_n_and_give_no_interval(told_with):
    text = told_with()
    assert "repeats on one set of features, which do not count as n" in text and "trained three times" in text
    assert "±" not in text and "95 %" not in text


def test_repeats_that_agree_or_differ_alike_are_told_so(told_with):
    names = ("rotation_scenes", "perturbation_scenes", "perturbation_scenes_3")
    text = told_with(dict.fromkeys(names, (0.0, 0.0, 0.0)))
    assert "The test accuracy is the same in all repeats." in text and "not larger" not in text
    assert "and that of every other by as much." in told_with(dict.fromkeys(names, (0.0, 0.01, 0.0)))


def test_it_is_said_whether_the_own_seed_gives_the_reported_accuracy(told_with):
    assert "the reported accuracy comes out again" in told_with()
    text = told_with({"rotation_scenes": (0.02, 0.0, 0.0)})
    assert "the reported accuracy of rotation_scenes does not come out again (up to 2.00 percentage points" in text


def test_models_that_learned_nothing_are_not_ranked_and_of_several_seeds_the_first_is_repeated(tmp_path):
    flags = dict.fromkeys(("perturbation_scenes", "perturbation_scenes_3"), "constant")
    evidence = read_evidence(small_study(tmp_path, flags=flags, seeds=(3, 4)))
    text = plain(told.answers(evidence))
    assert "There is no difference between two repeated models" in text and "least moves" not in text
    assert {row["seed"] for row in evidence.tables["repeats"]} == {3, 4, 5}
    assert "repeats on one set of features (first seed)" in text
    assert "but for those of the classifiers alone" not in plain(told_of_seeds.limits(evidence))


def test_a_study_without_repeats_speaks_of_none(tmp_path):
    evidence = read_evidence(small_study(tmp_path, repeats=None))
    assert "differences between seeds are unknown." in plain(told_of_seeds.limits(evidence))
    html = render_html(evidence, paper("templates"))
    assert 'id="repeats"' not in html and "repeat_spread" not in html
