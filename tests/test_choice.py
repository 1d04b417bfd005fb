"""The images that all compared models classify rightly, chosen once."""

import json

import numpy as np
import pytest

from scenessl.explain.choice import choose, write_choice
from scenessl.files import write_csv

COLUMNS = ["image", "split", "label", "class", "path"]


@pytest.fixture
def study(tmp_path):
    """Forty test images of five classes and two models; returns what `write_choice` needs."""
    rows = [
        {"image": i, "split": "test", "label": i % 5, "class": f"class {i % 5}", "path": f"test/{i % 5}/{i}.png"}
        for i in range(40)
    ]
    write_csv(tmp_path / "index.csv", rows, COLUMNS)
    return tmp_path


def predictions(path, right, *, part=2):
    """Write predictions of 40 images; those in `right` get their class, the others the next one."""
    labels = np.arange(40) % 5
    answers = np.where(np.isin(np.arange(40), right), labels, (labels + 1) % 5)
    np.savez(
        path,
        image=np.tile(np.arange(40, dtype=np.int32), 2),
        part=np.full(80, part, np.uint8),
        view=np.repeat([0, 1], 40).astype(np.uint8),
        target=np.tile(labels, 2).astype(np.int16),
        # the second view is answered wrongly throughout and must not count
        probabilities=np.concatenate([np.eye(5)[answers], np.eye(5)[(labels + 2) % 5]]).astype(np.float32),
    )


def chosen(study, first, second, **changes):
    predictions(study / "a.npz", first)
    predictions(study / "b.npz", second)
    settings = {"wanted": 8, "sampled": 12, "seed": 0, **changes}
    write_choice(
        predictions={"a": study / "a.npz", "b": study / "b.npz"},
        index=study / "index.csv",
        output=study / "choice.json",
        **settings,
    )
    return json.loads((study / "choice.json").read_text())


def test_all_models_classify_the_chosen_images_rightly(study):
    data = chosen(study, range(30), range(10, 40))
    images = [entry["image"] for entry in data["images"]]
    assert len(set(images)) == 8 and set(images) <= set(range(10, 30))
    assert data["common_correct"] == 20 and data["test_images"] == 40 and data["models"] == ["a", "b"]
    assert [entry["number"] for entry in data["images"]] == list(range(1, 9))
    for entry in data["images"]:
        assert entry["label"] == entry["image"] % 5
        assert (
            entry["class"] == f"class {entry['label']}"
            and entry["path"] == f"test/{entry['label']}/{entry['image']}.png"
        )


def test_every_class_comes_once_before_any_comes_twice(study):
    labels = [entry["label"] for entry in chosen(study, range(40), range(40))["images"]]
    assert sorted(labels[:5]) == [0, 1, 2, 3, 4]


def test_the_sample_goes_on_where_the_shown_images_end_class_by_class(study):
    data = chosen(study, range(40), range(40))
    sample = [entry["image"] for entry in data["sample"]]
    assert sample[:8] == [entry["image"] for entry in data["images"]] and len(set(sample)) == 12
    counts = np.bincount([entry["label"] for entry in data["sample"]])
    assert counts.max() - counts.min() <= 1


def test_fewer_common_images_are_all_taken(study):
    data = chosen(study, [3, 8, 21], [8, 21, 30])
    assert sorted(entry["image"] for entry in data["images"]) == [8, 21]
    assert data["wanted"] == 8 and data["common_correct"] == 2


def test_no_common_image_is_an_empty_choice(study):
    assert chosen(study, [1], [2])["images"] == []


def test_only_the_test_part_counts(study):
    predictions(study / "a.npz", range(40), part=1)
    write_choice(
        predictions={"a": study / "a.npz"},
        index=study / "index.csv",
        output=study / "c.json",
        wanted=8,
        sampled=0,
        seed=0,
    )
    assert json.loads((study / "c.json").read_text())["test_images"] == 0


def test_the_order_is_fixed_by_the_seed_and_by_nothing_else():
    labels = {image: image % 3 for image in range(100)}
    images = list(range(100))
    assert choose(images, labels, 8, 1) == choose(reversed(images), labels, 8, 1)
    assert choose(images, labels, 8, 1) != choose(images, labels, 8, 2)
    everything = choose(images, labels, 100, 1)
    assert sorted(everything) == images and choose(images, labels, 8, 1) == everything[:8]


def test_an_image_that_leaves_moves_no_other():
    labels = dict.fromkeys(range(50), 0)
    order = choose(range(50), labels, 50, 0)
    assert choose([i for i in range(50) if i != order[3]], labels, 50, 0) == order[:3] + order[4:]
