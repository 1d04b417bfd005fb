"""Listing and hash of data folders: on folders of tiny files, without any image library."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scenessl.data.folders import display_name
from scenessl.data.identity import data_hash
from scenessl.data.sources import open_source
from scenessl.errors import UserError

REAL = Path(__file__).parents[2] / "shared" / "data" / "15-scene"


def fill(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())
    return root


def listed(root, **options):
    return open_source(root).images(**options)


@pytest.fixture
def root(tmp_path):
    names = [f"{split}/{name}/{i}.jpg" for split in ("train", "test") for name in ("Cat", "a b") for i in range(3)]
    return fill(tmp_path / "data", *names)


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        ("TallBuilding", "tall building"),
        ("tall building", "tall building"),
        ("MITtallbuilding", "tall building"),
        ("CALsuburb", "suburb"),
        ("PARoffice", "office"),
        ("MITcoast", "coast"),
        ("insidecity", "inside city"),
        ("inside_city", "inside city"),
        ("MITinsidecity", "inside city"),
        ("livingroom", "living room"),
        ("Open-Country", "open country"),
        ("MITkitchen", "MITkitchen"),
        ("Bäume & <Büsche>", "Bäume & <Büsche>"),
        ("Ba\u0308ume", "Bäume"),
        ("black_footed__cat", "black footed cat"),
        ("__", "__"),
    ],
)
def test_display_names(folder, shown):
    assert display_name(folder) == shown


def test_given_split_is_listed_in_order(root):
    listing = listed(root)
    assert (listing.classes, listing.folders, listing.origin) == (("a b", "Cat"), ("a b", "Cat"), "given")
    assert [image.path for image in listing.images[:4]] == [f"train/a b/{i}.jpg" for i in range(3)] + [
        "train/Cat/0.jpg"
    ]
    assert listing.labels == [0, 0, 0, 1, 1, 1] * 2
    assert [image.split for image in listing.images] == ["train"] * 6 + ["test"] * 6


def test_splits_and_classes_may_be_spelt_differently(tmp_path):
    fill(tmp_path, "TRAIN/TallBuilding/1.JPG", "TRAIN/coast/1.Tiff", "Test/MITcoast/2.png", "Test/tall building/2.webp")
    listing = listed(tmp_path)
    assert listing.classes == ("coast", "tall building") and listing.folders == ("coast", "TallBuilding")
    assert [(image.path, label) for image, label in zip(listing.images, listing.labels, strict=True)] == [
        ("TRAIN/coast/1.Tiff", 0),
        ("TRAIN/TallBuilding/1.JPG", 1),
        ("Test/MITcoast/2.png", 0),
        ("Test/tall building/2.webp", 1),
    ]


def test_other_files_are_ignored_and_strange_ones_listed(root):
    before = listed(root)
    fill(root, ".DS_Store", "train/Cat/Thumbs.db", "train/Cat/.hidden.jpg", "README.txt", "test/a b/notes.md")
    assert listed(root) == before
    fill(root, "train/Cat/moving.gif", "train/stray.jpg")
    listing = listed(root)
    assert listing.ignored == ("train/Cat/moving.gif", "train/stray.jpg") and listing.images == before.images


def test_split_by_seed_is_stratified_and_independent_of_the_rest(tmp_path):
    fill(tmp_path, *(f"{name}/{i}.png" for name in ("x", "y") for i in range(30)))
    first = listed(tmp_path)
    assert first.origin == "by seed"
    for label in (0, 1):
        splits = [i.split for i, found in zip(first.images, first.labels, strict=True) if found == label]
        assert (splits.count("train"), splits.count("test")) == (20, 10)
    assert listed(tmp_path) == first != listed(tmp_path, seed=1)
    shutil.copytree(tmp_path / "x", tmp_path / "z")
    chosen = {image for image in listed(tmp_path).images if image.folder != "z"}
    assert chosen == set(first.images)
    tests = [image for image in listed(tmp_path, test_share=0.1).images if image.split == "test"]
    assert len(tests) == 9


def test_two_images_give_one_of_each(tmp_path):
    fill(tmp_path, *(f"{name}/{i}.png" for name in ("x", "y") for i in range(2)))
    assert sorted(image.split for image in listed(tmp_path).images) == ["test"] * 2 + ["train"] * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (shutil.rmtree, "does not exist"),
        (lambda root: shutil.rmtree(root / "test" / "Cat"), "test lacks the class folder 'Cat'"),
        (lambda root: shutil.rmtree(root / "train" / "a b"), "train lacks the class folder 'a b'"),
        (lambda root: shutil.rmtree(root / "test"), "no test"),
        (lambda root: [p.unlink() for p in (root / "train" / "Cat").iterdir()], "train/Cat holds no image"),
        (lambda root: [shutil.rmtree(root / s / "Cat") for s in ("train", "test")], r"one class folder \(a b\)"),
        (lambda root: fill(root, "train/CALsuburb/1.jpg", "train/Suburb/1.jpg"), "are one class, 'suburb'"),
        (lambda root: fill(root, "Train/Cat/1.jpg"), "both Train and train"),
        (lambda root: fill(root, "train/Dog/inner/1.jpg", "test/Dog/1.jpg"), "one folder deeper"),
    ],
)
def test_mistakes_get_one_message(root, change, words):
    change(root)
    with pytest.raises(UserError, match=words):
        listed(root)


def test_folder_above_the_right_one_is_recognised(tmp_path):
    fill(tmp_path, *(f"scenes/{s}/{c}/1.jpg" for s in ("train", "test") for c in "ab"))
    with pytest.raises(UserError, match=r"(?s)one folder deeper|Perhaps .*scenes was meant"):
        listed(tmp_path)


def test_single_image_cannot_be_split(tmp_path):
    fill(tmp_path, "x/1.png", "y/1.png", "y/2.png")
    with pytest.raises(UserError, match="x holds one image"):
        listed(tmp_path)


def test_class_may_be_called_train(tmp_path):
    fill(tmp_path, *(f"{name}/{i}.png" for name in ("train", "bus") for i in range(3)))
    assert listed(tmp_path).classes == ("bus", "train")


def test_undecodable_name_is_refused(root):
    try:
        os.mkdir(os.fsencode(root / "train") + b"/\xff")
    except OSError:
        pytest.skip("this file system takes no such names")
    with pytest.raises(UserError, match="not UTF-8"):
        listed(root)


def test_hash_follows_content_and_names_only(root, tmp_path):
    memory = tmp_path / "memory.json"
    first = data_hash(root, memory)
    assert first == data_hash(root, memory) == data_hash(root, tmp_path / "other.json")
    for path in root.rglob("*.jpg"):
        os.utime(path, (1, 1))
    assert data_hash(root, memory) == first
    moved = root.rename(tmp_path / "elsewhere")
    assert data_hash(moved, memory) == first
    (moved / "train" / "Cat" / "0.jpg").rename(moved / "train" / "Cat" / "9.jpg")
    renamed = data_hash(moved, memory)
    (moved / "train" / "Cat" / "9.jpg").write_bytes(b"changed")
    assert len({first, renamed, data_hash(moved, memory)}) == 3


def test_hash_reads_only_what_changed(root, tmp_path, monkeypatch):
    memory = tmp_path / "memory.json"
    first = data_hash(root, memory)
    read = []
    monkeypatch.setattr("scenessl.data.identity._content", lambda path, load: read.append(path) or "0" * 64)
    assert data_hash(root, memory) == first and read == []
    fill(root, "test/Cat/new.jpg")
    assert data_hash(root, memory) != first and read == ["test/Cat/new.jpg"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"root": 3}', '{"root": "x", "files": {"a": 1}}'])
def test_broken_memory_is_ignored(root, tmp_path, content):
    memory = tmp_path / "memory.json"
    first = data_hash(root, memory)
    memory.write_text(content)
    assert data_hash(root, memory) == first
    assert json.loads(memory.read_text())["root"] == str(root)


def test_memory_that_cannot_be_written_stops_nothing(root, tmp_path):
    (tmp_path / "file").write_text("")
    assert data_hash(root, tmp_path / "file" / "memory.json") == data_hash(root, tmp_path / "memory.json")


def test_planning_imports_no_numbers():
    code = "import sys, scenessl.data.identity; print({'numpy', 'torch', 'PIL'} & set(sys.modules))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert out.stdout.strip() == "set()"


@pytest.mark.skipif(not REAL.exists(), reason="the 15-Scene images are not here")
def test_second_hash_of_the_real_images_is_quick(tmp_path):
    listing = listed(REAL)
    first = data_hash(REAL, tmp_path / "memory.json")
    start = time.process_time()
    assert data_hash(REAL, tmp_path / "memory.json") == first
    assert time.process_time() - start < 0.3
    assert len(listing.images) == 4485 and len(listing.classes) == 15
