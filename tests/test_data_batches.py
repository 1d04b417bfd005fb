"""CIFAR-10 in torchvision's format: read as torchvision reads it, and without running what a pickle says."""

import hashlib
import io
import json
import os
import pickle
import random
import struct
import tarfile
from typing import ClassVar

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from scenessl.data import batches, pickles
from scenessl.data.batches import FILES, FOLDER, META, TEST, TRAIN, official_hash
from scenessl.data.cache import write_crops
from scenessl.data.identity import data_hash
from scenessl.data.index import write_index
from scenessl.data.sources import open_source
from scenessl.errors import UserError
from scenessl.files import read_csv

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


class Python2(pickle._Pickler):
    """Pickles as the Python 2 did that CIFAR-10 was written with: text and bytes are both its plain strings."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_plain(self, value):
        data = value.encode("latin1") if isinstance(value, str) else bytes(value)
        self.write(b"U" + bytes([len(data)]) + data if len(data) < 256 else b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_plain


def pickled(content, protocol):
    """Pickle with a protocol of Python 3, or as Python 2 and its NumPy did ("old")."""
    if protocol != "old":
        return pickle.dumps(content, protocol=protocol)
    buffer = io.BytesIO()
    Python2(buffer, protocol=2).dump(content)
    return buffer.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def content_of(name, rows=20, seed=0):
    rng = np.random.default_rng([seed, list(FILES).index(name)])
    if name == META:
        return {"num_cases_per_batch": rows, "label_names": NAMES, "num_vis": 3072}
    return {
        "batch_label": "a batch",
        "labels": rng.permutation(np.arange(rows) % 10).tolist(),
        "data": rng.integers(0, 256, (rows, 3072), dtype=np.uint8),
        "filenames": [f"{number}.png" for number in range(rows)],
    }


def write(folder, protocol=4, **changed):
    """Write all files; `changed` replaces keys of data_batch_3."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        content = content_of(name) | (changed if name == "data_batch_3" else {})
        (folder / name).write_bytes(pickled(content, protocol))
    (folder / "readme.html").write_text("x")
    return folder


def listed(root):
    return open_source(root).images()


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder that holds cifar-10-batches-py, as torchvision makes it."""
    folder = tmp_path_factory.mktemp("root")
    write(folder / FOLDER, "old")
    return folder


@pytest.fixture
def believed(monkeypatch):
    """Makes torchvision believe the files of a folder."""

    def believe(root):
        def sums(names):
            return [[name, hashlib.md5((root / FOLDER / name).read_bytes()).hexdigest()] for name in names]

        monkeypatch.setattr(CIFAR10, "train_list", sums(TRAIN))
        monkeypatch.setattr(CIFAR10, "test_list", sums(TEST))
        monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": sums([META])[0][1]})

    return believe


def made(root, out):
    out.mkdir(exist_ok=True)
    paths = {key: out / key for key in ("index", "classes", "audit", "source")}
    write_index(root=root, **paths)
    given = {key: paths[key] for key in ("index", "classes", "source")}
    write_crops(**given, crops=out / "crops.npy", side=32, transform="whole")
    return read_csv(out / "index"), np.load(out / "crops.npy"), json.loads((out / "classes").read_text())


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["old", 2, 3, 4, 5])
def test_what_is_read_is_what_torchvision_reads(tmp_path, believed, protocol):
    root = tmp_path / "root"
    write(root / FOLDER, protocol)
    believed(root)
    rows, crops, classes = made(root, tmp_path / "out")
    place = {row["path"]: int(row["image"]) for row in rows}
    assert classes["classes"] == NAMES and classes["origin"] == "given" and not classes["grayscale"]
    assert len(rows) == len(place) == 120
    for split, files in (("train", TRAIN), ("test", TEST)):
        oracle = CIFAR10(root, train=split == "train")
        ids = [place[f"{file}#{row:04}"] for file in files for row in range(20)]
        assert np.array_equal(crops[ids].transpose(0, 2, 3, 1), oracle.data)
        assert [int(rows[i]["label"]) for i in ids] == oracle.targets
        assert [rows[i]["class"] for i in ids] == [oracle.classes[target] for target in oracle.targets]
        assert {rows[i]["split"] for i in ids} == {split}
        assert [rows[i]["sha256"] for i in ids] == [
            hashlib.sha256(image.transpose(2, 0, 1).tobytes()).hexdigest() for image in oracle.data
        ]
    assert {(row["width"], row["height"], row["mode"]) for row in rows} == {("32", "32", "RGB")}


def test_folder_folder_around_it_and_archive_are_one_data_set(root, tmp_path):
    expected = made(root, tmp_path / "out")
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
        names = sorted(path.name for path in (root / FOLDER).iterdir())
        for name in random.Random(1).sample(names, len(names)):
            archive.add(root / FOLDER / name, f"{FOLDER}/{name}")
    renamed = tmp_path / "renamed"
    renamed.symlink_to(root / FOLDER)
    for place in (root / FOLDER, tmp_path / "cifar-10-python.tar.gz", renamed):
        rows, crops, classes = made(place, tmp_path / "again")
        assert (rows, classes) == (expected[0], expected[2]) and np.array_equal(crops, expected[1])
        assert data_hash(place, tmp_path / "memory") == classes["hash"]


def test_unchanged_batches_are_not_read_again(tmp_path, monkeypatch):
    folder, memory = write(tmp_path / FOLDER), tmp_path / "memory"
    first = data_hash(tmp_path, memory)
    read = []
    unpickled = batches._unpickled
    monkeypatch.setattr(batches, "_unpickled", lambda place, load: read.append(place.name) or unpickled(place, load))
    assert data_hash(tmp_path, memory) == first and read == []
    os.utime(folder / "data_batch_2", (1, 1))
    assert data_hash(tmp_path, memory) == first and read != []
    changed = content_of("test_batch", seed=1)
    (folder / "test_batch").write_bytes(pickle.dumps(changed))
    assert data_hash(tmp_path, memory) != first


def test_batches_that_change_between_the_jobs_are_refused(tmp_path):
    folder = write(tmp_path / FOLDER)
    made(tmp_path, tmp_path / "out")
    again = {key: tmp_path / "out" / key for key in ("index", "classes", "source")} | {"crops": tmp_path / "new.npy"}
    content = content_of("data_batch_2")
    content["data"][7, 5] ^= 1
    (folder / "data_batch_2").write_bytes(pickle.dumps(content))
    with pytest.raises(UserError, match="data_batch_2#0007 has changed"):
        write_crops(**again)
    short = content_of("data_batch_2")
    short |= {"data": short["data"][:10], "labels": short["labels"][:10]}
    (folder / "data_batch_2").write_bytes(pickle.dumps(short))
    with pytest.raises(UserError, match="holds no data_batch_2#0010 any more"):
        write_crops(**again)


# --- pickles that are none of CIFAR-10's ------------------------------------------------------------------------------


class Hostile:
    def __init__(self, call, *arguments):
        self.call = call, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("file", ["data_batch_3", META, "test_batch"])
def test_no_pickle_is_ever_run(tmp_path, protocol, file):
    folder, done = write(tmp_path / FOLDER), tmp_path / "done"
    for call in (Hostile(os.mkdir, str(done)), Hostile(eval, f"open({str(done)!r}, 'w')"), Hostile(getattr, {}, "get")):
        (folder / file).write_bytes(pickle.dumps(content_of(file) | {"more": call}, protocol=protocol))
        with pytest.raises(UserError, match=rf"{file} wants Python to run \w+\.\w+.*Nothing was run") as caught:
            listed(tmp_path)
        assert "\n" not in str(caught.value)
        assert not done.exists()


@pytest.mark.parametrize(
    "code",
    [
        b"\x80\x02cnumpy\nndarray\n}\x8c\x03rawKB\x86sb.",  # a state for the stand-in itself
        b"\x80\x02c_codecs\nencode\nN}\x8c\x07__new__c_codecs\nencode\ns\x86b.",  # an attribute for it
        b"\x80\x02cnumpy\ndtype\n(tR}\x8c\x09argumentsKBsb.",
        b"\x80\x02\x82\x01.",  # an extension code
        b"\x80\x04\x8c\x01x\x51.",  # a persistent id
        b"cbuiltins\n__import__\n(Vos\ntR.",
        b"cscenessl.data.batches\nos\n.",
    ],
)
def test_stand_ins_cannot_be_changed(tmp_path, code):
    folder = write(tmp_path / FOLDER)
    before = [dict(vars(kind)) for kind in pickles.KNOWN.values()]
    (folder / "data_batch_1").write_bytes(code)
    with pytest.raises(UserError, match="data_batch_1"):
        listed(tmp_path)
    assert [dict(vars(kind)) for kind in pickles.KNOWN.values()] == before


def test_damaged_anywhere_one_message_names_the_file(tmp_path):
    folder = write(tmp_path / FOLDER, "old")
    whole, expected = (folder / "data_batch_4").read_bytes(), listed(tmp_path)
    rng = random.Random(0)
    for _ in range(150):
        place = rng.randrange(min(len(whole), 400)) if rng.random() < 0.7 else rng.randrange(len(whole))
        cut = whole[:place] + bytes([rng.randrange(256)]) + whole[place + 1 :] if rng.random() < 0.7 else whole[:place]
        (folder / "data_batch_4").write_bytes(cut)
        try:
            found = listed(tmp_path)
        except UserError as error:
            assert "data_batch_4" in str(error) and "\n" not in str(error)
        else:  # a pixel, a file name, or another label
            assert len(found.images) == len(expected.images)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"labels": [1] * 19}, r"shape \(19, 3072\)"),
        ({"labels": ["1"] * 20}, "no list of labels"),
        ({"labels": [True] * 20}, "no list of labels"),
        ({"labels": [10] * 20}, "label 10 of 10 classes"),
        ({"labels": [-1] * 20}, "label -1 of 10 classes"),
        ({"labels": None}, "no list of labels"),
        ({"data": np.zeros((20, 3072), np.int8)}, "no array of bytes"),
        ({"data": np.zeros((20, 3071), np.uint8)}, "no array of bytes"),
        ({"data": np.zeros((3072, 20), np.uint8).T}, "no array of bytes"),
        ({"data": np.zeros((20, 3072), object)}, "no array of bytes"),
        ({"data": "text"}, "no array of bytes"),
    ],
)
def test_other_contents_are_refused(tmp_path, changed, words):
    write(tmp_path / FOLDER, **changed)
    with pytest.raises(UserError, match=rf"data_batch_3 is damaged or no file of CIFAR-10's \(.*{words}"):
        listed(tmp_path)


@pytest.mark.parametrize(
    ("names", "words"),
    [(["cat"] * 10, "two are the same"), (["cat"], "fewer than two"), ("cat", "no list"), ([1, 2], "no list")],
)
def test_other_names_are_refused(tmp_path, names, words):
    folder = write(tmp_path / FOLDER)
    (folder / META).write_bytes(pickle.dumps({"label_names": names}))
    with pytest.raises(UserError, match=rf"batches\.meta is damaged .*{words}"):
        listed(tmp_path)


def test_missing_files_and_empty_classes_are_named(tmp_path):
    folder = write(tmp_path / FOLDER)
    (folder / META).write_bytes(pickle.dumps({"label_names": [*NAMES, "zebra"]}))
    with pytest.raises(UserError, match="no image of the class 'zebra' in data_batch_1 or"):
        listed(tmp_path)
    (folder / "data_batch_5").unlink()
    (folder / META).unlink()
    for root in (tmp_path, folder):
        with pytest.raises(UserError, match=rf"{FOLDER} lacks data_batch_5, batches\.meta\. Get"):
            data_hash(root, tmp_path / "memory")


# --- torchvision's files ----------------------------------------------------------------------------------------------


def test_the_files_are_torchvisions():
    assert list(TRAIN.items()) == [tuple(pair) for pair in CIFAR10.train_list]
    assert list(TEST.items()) == [tuple(pair) for pair in CIFAR10.test_list]
    assert (META, FILES[META]) == (CIFAR10.meta["filename"], CIFAR10.meta["md5"]) and CIFAR10.base_folder == FOLDER
    assert len(official_hash()) == 64
