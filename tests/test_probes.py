"""Probes: against scikit-learn and written-out loops, on the features that the network really has, and their table."""

import drawing
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from toy_runs import CLASSES, made_data

from scenessl.data.crops import normalise
from scenessl.errors import UserError
from scenessl.evaluation import probes
from scenessl.evaluation.knn import classify
from scenessl.evaluation.logistic import fit_path
from scenessl.evaluation.probe_table import COLUMNS, probe_rows, read_probings
from scenessl.evaluation.probes import Prober, block_features, cells, probe, write_probes
from scenessl.figures import probes as chart
from scenessl.files import write_csv
from scenessl.models import network, weights
from scenessl.models.similarity import unit
from scenessl.training.data import Data

CPU = torch.device("cpu")


def problem(count=300, width=20, classes=4, seed=0):
    """Standardised features that are strongly alike, as those of neighbouring cells, and labels that they hint at."""
    draws = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (count,), generator=draws)
    hidden = torch.randn(classes, 5, generator=draws)[labels] + 1.5 * torch.randn(count, 5, generator=draws)
    mixed = hidden @ torch.randn(5, width, generator=draws) + 0.05 * torch.randn(count, width, generator=draws)
    return (mixed - mixed.mean(0)) / mixed.std(0, correction=0), labels


# --- Logistic regression ---


def test_the_linear_probe_is_scikit_learns():
    features, labels = problem()
    strengths = (1.0, 0.1, 0.001)
    for strength, fit in zip(strengths, fit_path(features, labels, 4, strengths), strict=True):
        oracle = LogisticRegression(C=1 / (len(features) * strength), tol=1e-9, max_iter=10_000)
        expected = oracle.fit(features.numpy(), labels.numpy()).predict_proba(features.numpy())
        np.testing.assert_allclose(fit(features).softmax(1), expected, atol=1e-3)


@pytest.mark.parametrize("count, width", [(400, 30), (25, 60)])
def test_at_the_minimum_the_gradient_is_zero(count, width):
    features, labels = problem(count, width)
    for strength, fit in zip((1.0, 0.01), fit_path(features, labels, 4, (1.0, 0.01)), strict=True):
        fitted, bias = fit.weights.clone().requires_grad_(), fit.bias.clone().requires_grad_()
        logits = (fitted @ features.T + bias).T
        (F.cross_entropy(logits, labels) + strength / 2 * fitted.square().sum()).backward()
        assert fitted.grad.abs().max() < 2e-4 and bias.grad.abs().max() < 2e-4


def test_where_a_fit_begins_does_not_matter():
    features, labels = problem()
    *_, late = fit_path(features, labels, 4, (1.0, 0.1, 0.01))
    (direct,) = fit_path(features, labels, 4, (0.01,))
    torch.testing.assert_close(late(features).softmax(1), direct(features).softmax(1), atol=1e-3, rtol=0)


# --- Nearest neighbours ---


def test_one_neighbour_is_scikit_learns():
    features, labels = problem()
    rows, asked = unit(features), {"classes": 4, "counts": [1], "temperature": 0.07}
    oracle = KNeighborsClassifier(1, metric="cosine").fit(features[:200].numpy(), labels[:200].numpy())
    np.testing.assert_array_equal(
        classify(rows[200:], rows[:200], labels[:200], **asked)[0], oracle.predict(features[200:].numpy())
    )


@pytest.mark.parametrize("temperature", [0.07, 1.0, 1e-4])
def test_votes_weigh_as_wu_et_al_write(temperature):
    features, labels = problem()
    rows, counts = unit(features), [1, 10, 999]
    asked = {"classes": 4, "counts": counts, "temperature": temperature}
    found = classify(rows[200:], rows[:200], labels[:200], **asked)
    for place, count in enumerate(counts):
        for query, answer in zip(rows[200:].double(), found[place].tolist(), strict=True):
            alike = rows[:200].double() @ query
            sums = np.zeros(4)
            for near in alike.argsort(descending=True)[:count].tolist():
                sums[labels[near]] += np.exp((alike[near].item() - 1) / temperature)
            assert sums[answer] == pytest.approx(sums.max(), rel=1e-2)


# --- Features of blocks ---


@pytest.fixture
def model():
    torch.manual_seed(0)
    made = network.build("small_resnet", 3)
    with torch.no_grad():  # statistics as if trained
        made(normalise(torch.randint(0, 256, (32, 3, 16, 16)).byte()))
    return made.eval()


@pytest.mark.parametrize(
    "channels, side, expected",
    [(32, 32, 8), (64, 16, 4), (128, 8, 4), (16, 4, 4), (1280, 7, 1), (5000, 7, 1), (192, 3, 2)],
)
def test_the_grid_is_the_finest_that_fits(channels, side, expected):
    assert cells(channels, side, side) == expected


def test_features_are_the_blocks_maps_averaged(tmp_path, model, monkeypatch):
    data = made_data(tmp_path)
    model.train()
    found = block_features(model, data.crops, CPU)
    assert all(module.training for module in model.modules())
    maps = normalise(data.crops.batch(range(len(data.crops))))
    with network.evaluation_mode(model):
        for block, (gridded, pooled) in zip(model.features, found, strict=True):
            maps = block(maps)
            side = cells(*maps.shape[1:])
            by_hand = maps.unflatten(3, (side, -1)).unflatten(2, (side, -1)).mean((3, 5)).flatten(1)
            torch.testing.assert_close(gridded.float(), by_hand, atol=2e-3, rtol=2e-3)
            torch.testing.assert_close(pooled.float(), maps.mean((2, 3)), atol=2e-3, rtol=2e-3)
        whole = network.pool(model, normalise(data.crops.batch(range(len(data.crops)))))
    torch.testing.assert_close(found[-1][1].float(), whole, atol=2e-3, rtol=2e-3)
    monkeypatch.setattr(probes, "BATCH", 7)
    for one, other in zip(found, block_features(model, data.crops, CPU), strict=True):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=2e-3)


def test_features_that_are_no_numbers_are_refused(tmp_path, model):
    with torch.no_grad():
        next(model.features[2].parameters()).fill_(float("nan"))
    with pytest.raises(UserError, match=r"features\.2 gives numbers that are not finite"):
        block_features(model, made_data(tmp_path).crops, CPU)


def test_features_are_standardised_by_the_train_part(tmp_path):
    data = made_data(tmp_path)
    features = torch.randn(len(data.labels), 3, generator=torch.Generator().manual_seed(0)) * 7 + 5
    features[data.parts["train"], 1] = 2.5
    rows = Prober(data, CPU)._standardised(features)
    torch.testing.assert_close(rows["train"].mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(rows["train"].std(0, correction=0), torch.tensor([1.0, 0.0, 1.0]), atol=1e-5, rtol=0)
    own = features[data.parts["train"]]
    expected = (features[data.parts["test"]] - own.mean(0)) / own.std(0, correction=0)
    torch.testing.assert_close(rows["test"][:, [0, 2]], expected[:, [0, 2]])
    assert not rows["test"][:, 1].any()


# --- All probes ---


def test_every_block_and_method_is_probed(tmp_path, model):
    data = made_data(tmp_path)
    before = weights.fingerprint(model.state_dict(), prefix="")
    found = probe(model, data, [1, 5, 200], 0.07, CPU)
    assert weights.fingerprint(model.state_dict(), prefix="") == before
    assert found["blocks"].tolist() == [f"features.{place}" for place in range(4)]
    assert found["methods"].tolist() == ["linear", "linear pooled", "knn 1", "knn 5", "knn 200"]
    assert found["voters"].tolist() == [0, 0, 1, 5, 20]
    assert found["image"].tolist() == data.parts["test"].tolist()
    np.testing.assert_array_equal(found["target"], data.labels[data.parts["test"]])
    assert found["predicted"].shape == (4, 5, 40) and found["predicted"].dtype == np.int16
    assert found["validation"].shape == (4, 5) and (found["validation"] >= 0).all()
    assert found["channels"].tolist() == [32, 32, 64, 128] and found["dimension"].tolist() == [2048, 2048, 1024, 2048]
    assert set(found["strength"].tolist()) <= set(np.float32(probes.STRENGTHS).tolist())
    accuracy = (found["predicted"] == found["target"]).mean(2)
    assert accuracy[:, 1].min() > 0.9  # the classes are colours


def test_a_probe_is_what_its_parts_make(tmp_path, model):
    data = made_data(tmp_path)
    found, views = probe(model, data, [5], 0.07, CPU), block_features(model, data.crops, CPU)
    train, test = data.parts["train"], data.parts["test"]
    for block, (gridded, _) in enumerate(views):
        mean, deviation = gridded[train].float().mean(0), gridded[train].float().std(0, correction=0)
        rows = ((gridded.float() - mean) / deviation).nan_to_num(0, 0, 0)
        votes = classify(
            unit(rows[test]), unit(rows[train]), data.labels[train], classes=3, counts=[5], temperature=0.07
        )
        np.testing.assert_array_equal(found["predicted"][block, 2], votes[0])
        (fit,) = fit_path(rows[train], data.labels[train], 3, [found["strength"][block].item()])
        np.testing.assert_array_equal(found["predicted"][block, 0], fit(rows[test]).argmax(1))


def test_no_probe_sees_the_labels_of_the_test_part(tmp_path, model):
    data = made_data(tmp_path)
    labels = data.labels.clone()
    labels[data.parts["test"]] = (labels[data.parts["test"]] + 1) % 3
    other = Data(labels, data.classes, data.parts, data.crops)
    one, two = (probe(model, each, [1, 5], 0.07, CPU) for each in (data, other))
    np.testing.assert_array_equal(one["predicted"], two["predicted"])
    np.testing.assert_array_equal(one["strength"], two["strength"])


def test_without_a_validation_part_nothing_is_chosen(tmp_path, model):
    data = made_data(tmp_path)
    shared = Data(data.labels, CLASSES, data.parts | {"validation": data.parts["test"]}, data.crops)
    found = probe(model, shared, [3], 0.07, CPU)
    assert np.isnan(found["validation"]).all()
    assert set(found["strength"].tolist()) == {np.float32(probes.WITHOUT_VALIDATION).item()}


def test_an_epoch_of_a_start_is_probed_with_the_same_bytes_each_time(tmp_path, model):
    data = made_data(tmp_path)
    torch.manual_seed(1)
    tensors, later = model.state_dict(), network.build("small_resnet", 3).state_dict()
    epochs = {f"epoch{at}/{name}": all_[name] for at, all_ in ((0, tensors), (3, later)) for name in tensors}
    weights.save(epochs, tmp_path / "epochs.safetensors", network="small_resnet", last=3, best=0)
    weights.save(tensors, tmp_path / "weights.safetensors", network="small_resnet")
    asked = {"data": data, "knn": [1], "temperature": 0.07, "device": "cpu"}
    for name, start, epoch in (("a", "weights", None), ("b", "epochs", 0), ("c", "epochs", "best"), ("d", "epochs", 3)):
        file = tmp_path / f"{start}.safetensors"
        write_probes(start=file, start_epoch=epoch, **asked, output=tmp_path / f"{name}.npz")
    same = [(tmp_path / f"{name}.npz").read_bytes() for name in "abcd"]
    assert same[0] == same[1] == same[2] != same[3]
    with pytest.raises(UserError, match="holds no epoch 2"):
        write_probes(start=file, start_epoch=2, **asked, output=tmp_path / "e.npz")


# --- The table ---

PUBLISHED = {"seeds": [0, 1], "probes": {"starts": ["rotation", "random"]}}


def stored(root, validation=True):
    random = np.random.default_rng(0)
    for start in ("rotation", "random"):
        for seed in (0, 1):
            target = random.integers(0, 3, 50).astype(np.int16)
            (root / "probes").mkdir(exist_ok=True)
            np.savez(
                root / f"probes/{start}_seed{seed}.npz",
                blocks=np.array(["features.0", "features.1"]),
                methods=np.array(["linear", "linear pooled", "knn 5"]),
                target=target,
                predicted=np.where(random.random((2, 3, 50)) < 0.7, target, 0).astype(np.int16),
                validation=np.full((2, 3), 0.5 if validation else np.nan, np.float32),
                dimension=np.array([2048, 1024], np.int32),
                channels=np.array([32, 64], np.int32),
            )


def test_the_table_has_a_row_for_each_probe_with_wilsons_interval(tmp_path):
    stored(tmp_path)
    rows = probe_rows(read_probings(tmp_path, PUBLISHED))
    assert [tuple(row) for row in rows] == [COLUMNS] * (2 * 2 * 2 * 3)
    assert [(row["start"], row["seed"]) for row in rows[::6]] == [
        ("rotation", 0),
        ("rotation", 1),
        ("random", 0),
        ("random", 1),
    ]
    assert [row["dimension"] for row in rows[:6]] == [2048, 32, 2048, 1024, 64, 1024]
    for row in rows:
        arrays = np.load(tmp_path / f"probes/{row['start']}_seed{row['seed']}.npz")
        said = arrays["predicted"][int(row["block"][-1]), arrays["methods"].tolist().index(row["method"])]
        right = int((said == arrays["target"]).sum())
        interval = binomtest(right, 50).proportion_ci(method="wilson")
        assert row["test_accuracy"] == right / 50 and row["n_test"] == 50 and row["validation_accuracy"] == 0.5
        assert (row["test_low"], row["test_high"]) == pytest.approx((interval.low, interval.high), abs=1e-6)


def test_what_is_not_there_is_empty_or_named(tmp_path):
    stored(tmp_path, validation=False)
    assert {row["validation_accuracy"] for row in probe_rows(read_probings(tmp_path, PUBLISHED))} == {""}
    assert read_probings(tmp_path, {"seeds": [0], "probes": None}) == []
    (tmp_path / "probes/random_seed1.npz").unlink()
    with pytest.raises(UserError, match=r"random_seed1\.npz is missing"):
        read_probings(tmp_path, PUBLISHED)
    (tmp_path / "probes/random_seed1.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(UserError, match=r"random_seed1\.npz is damaged"):
        read_probings(tmp_path, PUBLISHED)


# --- The figure ---


def write_chart(folder, starts=3, blocks=4, seeds=1, knn=(1, 10, 200)):
    rows = []
    for start in range(starts):
        for seed in range(seeds):
            for block in range(blocks):
                for place, method in enumerate(["linear", "linear pooled", *(f"knn {k}" for k in knn)]):
                    value = 0.3 + 0.03 * block + 0.05 * start - 0.02 * place + 0.01 * seed
                    named = [f"start_{start}_of_a_name_that_goes_on", seed, f"features.{block}", method, 2048, 1000]
                    rows.append(dict(zip(COLUMNS, [*named, value, value - 0.02, value + 0.03, value], strict=True)))
    write_csv(folder / "probes.csv", rows, COLUMNS)
    return {"probes": folder / "probes.csv", "classes": 10}


@pytest.mark.parametrize("starts, blocks, seeds, knn", [(1, 1, 1, ()), (3, 4, 1, (1, 10, 200)), (5, 9, 3, (1, 10))])
def test_every_label_is_whole(starts, blocks, seeds, knn, tmp_path, monkeypatch):
    figure = drawing.figure_of(chart, monkeypatch, tmp_path, **write_chart(tmp_path, starts, blocks, seeds, knn))
    drawing.check_labels(figure, monkeypatch)
    assert len(figure.axes) == 2 + len(knn)


def test_same_inputs_same_figure(tmp_path):
    drawing.same_bytes(chart, tmp_path, **write_chart(tmp_path))


def test_lines_are_the_means_of_the_seeds_with_intervals_and_chance(tmp_path, monkeypatch):
    figure = drawing.figure_of(chart, monkeypatch, tmp_path, **write_chart(tmp_path, starts=2, seeds=3))
    assert {"linear probe", "linear probe, pooled", "nearest neighbour", "10 nearest neighbours"} < set(
        axes.get_title(loc="left") for axes in figure.axes
    )
    for place, axes in enumerate(figure.axes):
        for start, container in enumerate(axes.containers):
            line, _, bars = container
            middle = 30 + 5 * start - 2 * place + 1 + 3 * np.arange(4)
            np.testing.assert_allclose(line.get_ydata(), middle)
            ends = np.array([segment[:, 1] for segment in bars[0].get_segments()])
            np.testing.assert_allclose(ends, np.stack([middle - 2, middle + 3], axis=1))
            assert np.round(line.get_xdata().astype(float)).tolist() == [0, 1, 2, 3]
        assert [set(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "--"] == [{10.0}]


def test_tables_of_no_use_are_refused(tmp_path):
    arguments = write_chart(tmp_path)
    text = arguments["probes"].read_text()
    arguments["probes"].write_text(text.replace("0.3,", "30,", 1))
    with pytest.raises(UserError, match="leaves the range 0 to 1"):
        chart.draw(**arguments, output=tmp_path / "x.svg")
    arguments["probes"].write_text(text.replace("test_low", "low"))
    with pytest.raises(UserError, match="lacks test_low"):
        chart.draw(**arguments, output=tmp_path / "x.svg")
