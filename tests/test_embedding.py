"""t-SNE maps: the same bytes each time, scores against their definitions, and a figure of what was found."""

import json

import drawing
import numpy as np
import pytest
import torch
from sklearn.metrics import silhouette_samples

from scenessl.errors import UserError
from scenessl.explain.embedding import (
    NEIGHBOURS,
    balanced,
    embed,
    fitting_perplexity,
    purity,
    purity_limits,
    silhouette,
    write_embedding,
)
from scenessl.figures import embedding as sheet
from scenessl.models import weights
from scenessl.training.data import Data


def clusters(sizes, spread, width=6):
    """Unit vectors round a direction for each class, and their labels."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    points = random.normal(size=(len(sizes), width))[labels] + spread * random.normal(size=(len(labels), width))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32), labels


def made(folder, test=36, classes=3):
    """Features of train and test images, and their data."""
    features, labels = clusters([test // classes + 4] * classes, 0.2)
    ids = torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))
    parts = {"train": ids[test:].sort().values, "validation": ids[:0], "test": ids[:test].sort().values}
    stored = 3 * torch.from_numpy(features)[None]  # lengths say nothing
    weights.save({"features": torch.cat([stored, stored.flip(1)])}, folder / "features.safetensors")
    return Data(torch.from_numpy(labels), [], parts, None)


def test_a_map_has_the_same_bytes_each_time_on_any_number_of_threads():
    features, labels = clusters([30, 30, 30], 0.4)
    one = embed(features, labels, 10, 0)
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    again = embed(features, labels, 10, 0)
    torch.set_num_threads(threads)
    assert {key: values.tobytes() for key, values in one.items()} == {k: v.tobytes() for k, v in again.items()}


def test_clusters_part_and_a_shuffle_of_the_labels_does_not():
    features, labels = clusters([30, 30, 30], 0.1)
    found = embed(features, labels, 10, 0)
    assert found["points"].shape == (90, 2) and found["silhouette"] > 0.5 and found["purity"] > 0.97
    shuffled = embed(features, np.random.default_rng(0).permutation(labels), 10, 0)
    assert shuffled["silhouette"] < 0.05
    assert shuffled["purity_features"] == pytest.approx(shuffled["purity_chance"], abs=0.06)


def test_purity_counts_the_nearest_others_of_the_class():
    points, labels = clusters([9, 14, 20], 0.7)
    shares = []
    for own, point in enumerate(points):
        order = np.argsort(((points - point) ** 2).sum(1))
        nearest = [other for other in order if other != own][:NEIGHBOURS]
        shares.append(np.mean(labels[nearest] == labels[own]))
    assert purity(points, labels) == pytest.approx(np.mean(shares))


def test_purity_of_directions_ranks_by_cosine():
    points, labels = clusters([20, 20], 0.8)
    order = np.argsort(-points @ points.T + 9 * np.eye(40), axis=1)[:, :NEIGHBOURS]
    assert purity(points, labels) == pytest.approx((labels[order] == labels[:, None]).mean())


def test_the_limits_of_purity_are_those_of_chance_and_of_perfect_clusters():
    features, labels = clusters([4, 9, 30], 0.001)
    chance, best = purity_limits(labels)
    assert purity(features, labels) == pytest.approx(best) == pytest.approx((4 * 0.3 + 9 * 0.8 + 30) / 43)
    random = np.random.default_rng(0)
    drawn = [purity(random.normal(size=(43, 2)), random.permutation(labels)) for _ in range(200)]
    assert np.mean(drawn) == pytest.approx(chance, abs=0.01)


def test_the_silhouette_is_rousseeuws():
    points, labels = np.array([[0.0], [1.0], [4.0], [6.0]]), np.array([0, 0, 1, 1])
    a, b = np.array([1, 1, 2, 2]), np.array([5, 4, 3.5, 5.5])
    assert silhouette(points, labels, "euclidean") == pytest.approx(np.mean((b - a) / np.maximum(a, b)))
    features, labels = clusters([9, 9], 0.4)
    distances = 1 - features @ features.T
    np.fill_diagonal(distances, 0)
    expected = silhouette_samples(np.abs(distances), labels, metric="precomputed").mean()
    assert silhouette(features, labels, "cosine") == pytest.approx(expected, abs=1e-5)
    assert np.isnan(silhouette(features, np.zeros(18), "cosine"))
    assert np.isnan(silhouette(features, np.arange(18), "cosine"))


@pytest.mark.parametrize("wanted, images, used", [(30, 2000, 30), (30, 100, 30), (30, 91, 30), (30, 46, 15)])
def test_the_perplexity_is_what_the_images_allow(wanted, images, used):
    assert fitting_perplexity(wanted, images) == used


def test_the_draw_is_even_nested_and_each_class_its_own():
    labels = torch.tensor([0] * 20 + [1] * 20 + [2] * 4)
    order = balanced(torch.arange(44), labels, seed=3)
    assert sorted(order.tolist()) == list(range(44))
    for count in (6, 7, 12, 30):
        taken = torch.bincount(labels[order[:count]], minlength=3)
        assert taken.max() - taken[taken < torch.tensor([20, 20, 4])].min() <= 1
    fewer = balanced(torch.arange(40), labels, seed=3)
    assert [i for i in order.tolist() if i < 40] == fewer.tolist()
    assert balanced(torch.arange(44), labels, seed=4).tolist() != order.tolist()


def test_the_file_holds_a_map_for_each_count_of_test_images_only(tmp_path):
    data, paths = made(tmp_path), [tmp_path / "one.npz", tmp_path / "two.npz"]
    for path in paths:
        arguments = {"features": tmp_path / "features.safetensors", "data": data, "perplexity": 30, "seed": 0}
        write_embedding(**arguments, counts=[12, 99], output=path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    found = dict(np.load(paths[0]))
    assert found["counts"].tolist() == [12, 99] and found["purity_k"] == NEIGHBOURS
    assert len(found["image_12"]) == 12 and len(found["image_99"]) == 36
    assert found["perplexity_12"] == pytest.approx(11 / 3) and found["perplexity_99"] == pytest.approx(35 / 3)
    test = data.parts["test"].tolist()
    assert sorted(found["image_99"].tolist()) == test and set(found["image_12"].tolist()) < set(test)
    np.testing.assert_array_equal(found["label_99"], data.labels[found["image_99"]])
    kinds = {key: found[key].dtype for key in ("image_12", "label_12", "points_12", "purity_features_12")}
    assert list(map(str, kinds.values())) == ["int32", "int16", "float32", "float32"]


def test_too_few_test_images_are_refused(tmp_path):
    arguments = {"features": tmp_path / "features.safetensors", "perplexity": 30, "seed": 0, "counts": [10]}
    with pytest.raises(UserError, match="at least 5 test images, and there are 3"):
        write_embedding(**arguments, data=made(tmp_path, test=3), output=tmp_path / "e.npz")


# --- The figure ---


def stored(folder, counts, classes):
    random = np.random.default_rng(0)
    arrays = {"counts": np.array(counts, np.int32), "purity_k": np.int32(10)}
    for count in counts:
        shown = min(count, 300)
        arrays |= {f"points_{count}": random.normal(size=(shown, 2)), f"label_{count}": np.arange(shown) % classes}
        arrays |= {f"{key}_{count}": np.float32(0.126) for key in sheet.SCORES}
        arrays |= {f"silhouette_{count}": np.float32(-0.217), f"perplexity_{count}": np.float32(29.667)}
    np.savez(folder / "e.npz", **arrays)
    names = [f"{drawing.AWKWARD[k % 5]} {k}" for k in range(classes)]
    (folder / "classes.json").write_text(json.dumps({"classes": names}))
    return {"embedding": folder / "e.npz", "classes": folder / "classes.json"}


@pytest.mark.parametrize("counts, classes", [([100], 2), ([100, 2000], 10), ([20, 99, 300], 15), ([9] * 3 + [8], 67)])
def test_every_label_is_whole(counts, classes, tmp_path, monkeypatch):
    figure = drawing.figure_of(sheet, monkeypatch, tmp_path, **stored(tmp_path, counts, classes))
    drawing.check_labels(figure, monkeypatch)


def test_same_inputs_same_figure(tmp_path):
    drawing.same_bytes(sheet, tmp_path, **stored(tmp_path, [40, 100], 15))


def test_every_point_is_drawn_once_and_no_two_classes_look_alike(tmp_path, monkeypatch):
    paths = stored(tmp_path, [200], 67)
    figure = drawing.figure_of(sheet, monkeypatch, tmp_path, **paths)
    spots = np.concatenate([layer.get_offsets() for layer in figure.axes[0].collections])
    points = np.load(paths["embedding"])["points_200"]
    np.testing.assert_allclose(np.sort(spots, axis=0), np.sort(points, axis=0))
    handles = figure.legends[0].legend_handles
    assert len({(handle.get_marker(), handle.get_color()) for handle in handles}) == 67


def test_scores_stand_below_and_what_is_not_defined_is_a_dash(tmp_path, monkeypatch):
    paths = stored(tmp_path, [100, 2000], 10)
    arrays = dict(np.load(paths["embedding"])) | {"silhouette_100": np.float32(np.nan)}
    np.savez(paths["embedding"], **arrays)
    said = drawing.words(drawing.figure_of(sheet, monkeypatch, tmp_path, **paths))
    assert {"100 test images", "300 test images", "perplexity 29.7", "−0.22", "0.13", "–"} <= set(said)


def test_points_that_do_not_fit_their_labels_are_refused(tmp_path):
    paths = stored(tmp_path, [20], 3)
    arrays = dict(np.load(paths["embedding"]))
    for wrong in (
        {"points_20": np.zeros((19, 2))},
        {"label_20": np.full(20, 3)},
        {"points_20": np.full((20, 2), np.nan)},
    ):
        np.savez(paths["embedding"], **arrays | wrong)
        with pytest.raises(UserError, match="20 images do not fit"):
            sheet.draw(**paths, output=tmp_path / "x.svg")
    np.savez(paths["embedding"], counts=[20], purity_k=10)
    with pytest.raises(UserError, match="lacks points_20"):
        sheet.draw(**paths, output=tmp_path / "x.svg")
