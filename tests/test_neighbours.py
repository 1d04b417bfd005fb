"""Nearest train images: against scikit-learn, chosen for all models alike, and drawn as they were found."""

import drawing
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from sklearn.neighbors import NearestNeighbors

from scenessl.errors import UserError
from scenessl.explain.neighbours import choose_queries, split_train, write_neighbours
from scenessl.figures import neighbours as sheet
from scenessl.models import similarity, weights
from scenessl.models.similarity import nearest, unit
from scenessl.training.data import Data

CLASSES, SIDE = 4, 8


def drawn(count, width=5, seed=0):
    return unit(torch.randn(count, width, generator=torch.Generator().manual_seed(seed)))


def made(folder, train=60, validation=20, test=30, seed=0):
    """Features of as many images, their data and the file of the features."""
    count = train + validation + test
    ids = torch.randperm(count, generator=torch.Generator().manual_seed(1)).split([train, validation, test])
    parts = {name: own.sort().values for name, own in zip(("train", "validation", "test"), ids, strict=True)}
    labels = torch.arange(count) % CLASSES
    features = drawn(count, seed=seed) + 0.3 * torch.eye(CLASSES, 5)[labels]
    weights.save({"features": features[None] * torch.rand(count, 1)}, folder / f"features{seed}.safetensors")
    return Data(labels, [f"class {k}" for k in range(CLASSES)], parts, None), features


def found_in(folder, data, seed=0, images=3, neighbours=7):
    write_neighbours(features=folder / f"features{seed}.safetensors", data=data, images=images, neighbours=neighbours,
                     seed=0, output=folder / "n.npz")  # fmt: skip
    return dict(np.load(folder / "n.npz"))


def test_the_nearest_are_those_of_scikit_learn():
    queries, references = drawn(40), drawn(150, seed=1)
    alike, rows = nearest(queries, references, 9)
    oracle = NearestNeighbors(n_neighbors=9, metric="cosine").fit(references.numpy())
    distance, expected = oracle.kneighbors(queries.numpy())
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_allclose(alike, 1 - distance, atol=1e-5)


def test_chunks_change_nothing(monkeypatch):
    queries, references = drawn(40), drawn(150, seed=1)
    whole = nearest(queries, references, 5)
    monkeypatch.setattr(similarity, "SIMILARITIES", 7 * 150)
    for one, other in zip(whole, nearest(queries, references, 5), strict=True):
        torch.testing.assert_close(one, other)


def test_zeros_are_similar_to_nothing():
    assert nearest(unit(torch.zeros(1, 5)), drawn(3), 3)[0].tolist() == [[0, 0, 0]]


def test_the_file_agrees_with_a_search_of_each_image_alone(tmp_path):
    data, features = made(tmp_path)
    found, train = found_in(tmp_path, data), split_train(data)
    assert sorted(train.tolist()) == sorted([*data.parts["train"].tolist(), *data.parts["validation"].tolist()])
    shares = {}
    for image in data.parts["test"].tolist():
        alike = torch.cosine_similarity(features[train], features[image][None])
        best = alike.argsort(descending=True)[:7]
        shares[image] = (data.labels[train[best]] == data.labels[image]).double().mean().item()
        if image in found["query"]:
            row = found["query"].tolist().index(image)
            assert found["neighbours"][row].tolist() == train[best].tolist()
            np.testing.assert_allclose(found["similarity"][row], alike[best], atol=1e-5)
            np.testing.assert_array_equal(found["neighbour_label"][row], data.labels[train[best]])
            assert found["purity_query"][row] == pytest.approx(shares[image])
    assert found["share_right"] == pytest.approx(np.mean(list(shares.values())))
    for label in range(CLASSES):
        own = [share for image, share in shares.items() if data.labels[image] == label]
        assert found["share_by_class"][label] == pytest.approx(np.mean(own))
    assert (found["tested"], found["searched"], found["identical"]) == (30, 80, 0)
    assert found["neighbours"].dtype == found["query"].dtype == np.int32 and found["similarity"].dtype == np.float32


def test_chance_is_what_random_neighbours_give(tmp_path):
    data, _ = made(tmp_path)
    uneven = Data(torch.where(torch.arange(110) % 3 == 0, 0, data.labels), data.classes, data.parts, None)
    test, train = uneven.labels[uneven.parts["test"]], uneven.labels[split_train(uneven)]
    expected = (test[:, None] == train).float().mean().item()
    assert found_in(tmp_path, uneven)["chance"] == pytest.approx(expected)


def test_a_copy_is_a_neighbour_of_similarity_one(tmp_path):
    data, features = made(tmp_path)
    image, copy = data.parts["test"][3], data.parts["validation"][5]
    features[copy] = features[image]
    weights.save({"features": features[None]}, tmp_path / "features0.safetensors")
    found = found_in(tmp_path, data, images=4)
    assert found["identical"] == 1
    if image.item() in found["query"]:
        assert found["neighbours"][found["query"].tolist().index(image.item())][0] == copy


def test_a_test_part_that_validates_is_not_searched(tmp_path):
    data, _ = made(tmp_path, validation=0)
    shared = Data(data.labels, data.classes, data.parts | {"validation": data.parts["test"]}, None)
    assert found_in(tmp_path, shared)["searched"] == 60
    assert not set(found_in(tmp_path, shared)["neighbours"].flat) & set(data.parts["test"].tolist())


def test_few_train_images_are_all_neighbours(tmp_path):
    data, _ = made(tmp_path, train=4, validation=2)
    assert found_in(tmp_path, data, neighbours=10)["neighbours"].shape == (3, 6)


def test_queries_are_of_different_classes_and_the_same_for_every_model(tmp_path):
    data, _ = made(tmp_path)
    made(tmp_path, seed=5)
    one, other = (found_in(tmp_path, data, seed) for seed in (0, 5))
    assert one["query"].tolist() == other["query"].tolist()
    assert one["neighbours"].tolist() != other["neighbours"].tolist()
    assert one["query_label"].tolist() == [0, 1, 2]
    assert set(one["query"].tolist()) <= set(data.parts["test"].tolist())
    labels = torch.arange(200) % 10
    assert labels[choose_queries(torch.arange(200), labels, 5, 0)].tolist() == [0, 2, 4, 6, 8]
    assert (
        choose_queries(torch.arange(200), labels, 5, 0).tolist()
        != choose_queries(torch.arange(200), labels, 5, 1).tolist()
    )


def test_there_is_one_query_of_each_class_where_classes_are_few(tmp_path):
    data, _ = made(tmp_path)
    found = found_in(tmp_path, data, images=5)
    assert found["query_label"].tolist() == [0, 1, 2, 3]


# --- The figure ---


def stored(folder, models=2, images=5, neighbours=10):
    """Crops and files of neighbours, with awkward names."""
    random = np.random.default_rng(0)
    crops = random.integers(0, 256, (40, 3, SIDE, SIDE)).astype(np.uint8)
    crops[30] = crops[0]  # a train image that is the first query's copy
    np.save(folder / "crops.npy", crops)
    paths = {}
    for model in range(models):
        name = f"perturbation_scenes_{model}" if model else "supervised"
        taken = random.integers(20, 40, (images, neighbours)).astype(np.int32)
        taken[0, 0] = 30
        arrays = {
            "query": np.arange(images, dtype=np.int32),
            "query_label": np.arange(images, dtype=np.int16) % 5,
            "neighbours": taken,
            "neighbour_label": (taken % 5).astype(np.int16),
            "similarity": np.sort(random.random((images, neighbours)) * 2 - 1)[:, ::-1],
            "share_right": np.float32(0.4321),
            "chance": np.float32(0.2),
            "tested": np.int32(12345),
            "names": np.array(drawing.AWKWARD),
        }
        paths[name] = folder / f"{name}.npz"
        np.savez(paths[name], **arrays)
    return {"neighbours": paths, "crops": folder / "crops.npy"}


@pytest.mark.slow
@pytest.mark.parametrize("models, images, count", [(1, 1, 1), (1, 5, 10), (2, 5, 10), (3, 5, 10), (6, 8, 4)])
def test_every_label_is_whole_and_the_page_holds_all(models, images, count, tmp_path, monkeypatch):
    figure = drawing.figure_of(sheet, monkeypatch, tmp_path, **stored(tmp_path, models, images, count))
    drawing.check_labels(figure, monkeypatch)
    assert figure.get_size_inches()[1] * 25.4 <= 215.5


@pytest.mark.slow
def test_same_inputs_same_figure(tmp_path):
    drawing.same_bytes(sheet, tmp_path, **stored(tmp_path))


def test_frames_and_texts_say_right_and_wrong(tmp_path, monkeypatch):
    paths = stored(tmp_path, models=2)
    figure = drawing.figure_of(sheet, monkeypatch, tmp_path, **paths)
    files, said = [np.load(path) for path in paths["neighbours"].values()], drawing.words(figure)
    crops, pictures = np.load(paths["crops"]), iter(figure.axes)
    ticks = 0
    for query in range(5):
        np.testing.assert_array_equal(next(pictures).images[0].get_array(), crops[query].transpose(1, 2, 0))
        for file in files:
            assert f"{(file['neighbour_label'][query] == query).sum()} of 10 right" in " ".join(said)
            for image, label in zip(file["neighbours"][query], file["neighbour_label"][query], strict=True):
                axes = next(pictures)
                np.testing.assert_array_equal(axes.images[0].get_array(), crops[image].transpose(1, 2, 0))
                expected = sheet.RIGHT if label == query else sheet.WRONG
                assert to_hex(axes.spines["left"].get_edgecolor()) == expected
                ticks += label == query
    assert sum(word.startswith("✓") for word in said) == ticks + 1  # and one in the head
    assert sum("(copy)" in word for word in said) >= 2
    assert "12,345 test images: supervised 43.2 %, perturbation_scenes_1 43.2 % (chance 20.0 %)" in " ".join(said)


@pytest.mark.slow
def test_what_does_not_fit_the_page_is_said(tmp_path, monkeypatch):
    figure = drawing.figure_of(sheet, monkeypatch, tmp_path, **stored(tmp_path, 2, 19, 19))
    drawing.check_labels(figure, monkeypatch)
    said = " ".join(" ".join(drawing.words(figure)).split())
    assert "the 12 nearest train images of 19 found" in said and "of 19 test images are shown" in said


def test_models_with_other_queries_are_refused(tmp_path):
    paths = stored(tmp_path)
    last = list(paths["neighbours"].values())[-1]
    np.savez(last, **dict(np.load(last)) | {"query": np.arange(1, 6, dtype=np.int32)})
    with pytest.raises(UserError, match="has other queries"):
        sheet.draw(**paths, output=tmp_path / "x.svg")
    with pytest.raises(UserError, match="at least one model"):
        sheet.draw(neighbours={}, crops=paths["crops"], output=tmp_path / "x.svg")


def test_crops_that_lack_an_image_are_refused(tmp_path):
    paths = stored(tmp_path)
    np.save(paths["crops"], np.zeros((25, 3, SIDE, SIDE), np.uint8))
    with pytest.raises(UserError, match="25 images and no image"):
        sheet.draw(**paths, output=tmp_path / "x.svg")
