"""The drawn data set: told by layout, not by colour."""

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from scenessl.data.drawn import draw, paint
from scenessl.data.folders import display_name
from scenessl.data.scenery import SCENES
from scenessl.data.sources import open_source
from scenessl.errors import UserError


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = tmp_path_factory.mktemp("drawn") / "data"
    draw(root, images_per_class_train=30, images_per_class_test=15, side=64, seed=0)
    listing = open_source(root).images()
    images = np.stack([np.asarray(Image.open(root / image.path)) for image in listing.images]) / 255
    train = np.array([image.split == "train" for image in listing.images])
    return root, listing, images, np.array(listing.labels), train


def accuracy(model, features, labels, train):
    return model.fit(features[train], labels[train]).score(features[~train], labels[~train])


def layout(images):
    """Orientation of edges in 4 x 4 cells: shape without colour."""
    down, across = np.gradient(images.mean(3), axis=(1, 2))
    strength, turn = np.hypot(down, across), (np.arctan2(down, across) % np.pi / np.pi * 8).astype(int) % 8
    edges = np.stack([strength * (turn == k) for k in range(8)], -1)
    cell = images.shape[1] // 4
    return np.sqrt(edges.reshape(len(images), 4, cell, 4, cell, 8).mean((2, 4)).reshape(len(images), -1))


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, C=0.01))


def test_layout_of_the_folder(drawn):
    root, listing, images, labels, train = drawn
    assert listing.origin == "given" and listing.classes == tuple(sorted(SCENES)) and len(SCENES) == 15
    assert np.bincount(labels[train]).tolist() == [30] * 15 and np.bincount(labels[~train]).tolist() == [15] * 15
    assert images.shape[1:] == (64, 64, 3) and (root / "train/tall building/image_0001.png").is_file()
    assert all(display_name(name) == name for name in SCENES)


def test_mean_colour_tells_little(drawn):
    _, _, images, labels, train = drawn
    colour = images.mean((1, 2))
    assert accuracy(KNeighborsClassifier(1), colour, labels, train) < 0.4
    assert accuracy(make_pipeline(StandardScaler(), LogisticRegression()), colour, labels, train) < 0.4


def test_layout_tells_most_but_not_all(drawn):
    _, _, images, labels, train = drawn
    assert 0.5 < accuracy(linear(), layout(images), labels, train) < 0.99


def test_layout_tells_much_at_the_side_of_cifar10_too():
    jobs = [(name, number) for name in SCENES for number in range(30)]
    images = np.stack([np.asarray(paint(name, 32, [0, list(SCENES).index(name), n])) for name, n in jobs]) / 255
    labels, train = np.repeat(np.arange(15), 30), np.arange(450) % 30 < 20
    assert 0.5 < accuracy(linear(), layout(images), labels, train) < 0.99


def test_there_is_an_up(drawn):
    _, _, images, _, train = drawn
    turned = np.concatenate([np.rot90(images, turn, (1, 2)) for turn in range(4)])
    coarse = turned.mean(3).reshape(len(turned), 8, 8, 8, 8).mean((2, 4)).reshape(len(turned), -1)
    found = accuracy(linear(), coarse, np.repeat(np.arange(4), len(images)), np.tile(train, 4))
    assert 0.5 < found < 0.99


def test_same_seed_same_bytes_and_no_two_alike(drawn, tmp_path):
    root = drawn[0]
    draw(tmp_path / "again", images_per_class_train=2, images_per_class_test=1, side=64, seed=0, workers=1)
    for path in (tmp_path / "again").rglob("*.png"):
        assert path.read_bytes() == (root / path.relative_to(tmp_path / "again")).read_bytes()
    files = [path.read_bytes() for path in root.rglob("*.png")]
    assert len(set(files)) == len(files) == 675
    assert np.asarray(paint("coast", 64, 1)).tolist() != np.asarray(paint("coast", 64, 2)).tolist()


def test_folder_is_replaced_whole(tmp_path):
    sizes = {"images_per_class_train": 1, "images_per_class_test": 1, "side": 16, "seed": 0}
    (tmp_path / "data" / "train" / "old").mkdir(parents=True)
    draw(tmp_path / "data", **sizes)
    assert len(open_source(tmp_path / "data").images().images) == 30
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_nothing_is_left_after_an_error(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scenessl.data.drawn.paint", full)
    with pytest.raises(UserError, match="No space left"):
        draw(tmp_path / "data", images_per_class_train=1, images_per_class_test=1, side=16, seed=0)
    assert list(tmp_path.iterdir()) == []
