"""Archives: the same images packed in any way are the same data set, and nothing in one can do harm."""

import io
import json
import os
import random
import stat
import tarfile
import threading
import time
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenessl.data import archives, sources
from scenessl.data.archives import Archive, is_archive
from scenessl.data.cache import write_crops
from scenessl.data.identity import data_hash
from scenessl.data.index import write_index
from scenessl.data.sources import each, open_source
from scenessl.data.trees import Load
from scenessl.errors import UserError

KINDS = ("zip", "tar", "tar.gz", "tgz", "tar.xz", "txz")
NOISE = np.random.default_rng(0)


def picture(size=(20, 16)):
    buffer = io.BytesIO()
    Image.fromarray(NOISE.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def files():
    """Path -> content of a small data set, with what is ignored beside it."""
    found = {
        f"{split}/{name}/{number}.png": picture() for split in ("train", "test") for name in "aÖ" for number in range(3)
    }
    extra = ("README.txt", "train/.hidden", "train/a/.x.png", "train/a/Thumbs.db", "__MACOSX/train/a/0.png")
    return found | dict.fromkeys((*extra, "train/a/moving.gif", "train/stray.jpg"), b"no image")


def unpack(files, folder):
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def pack(files, archive, prefix="", folders=False, shuffle=None):
    """Write an archive; `folders`: with entries for folders; `shuffle`: a seed for the members' order."""
    members = [(prefix + path, content) for path, content in files.items()]
    if folders:
        above = {str(place) for path, _ in members for place in Path(path).parents} - {"."}
        members = [(path, None) for path in sorted(above)] + members
    if shuffle is not None:
        random.Random(shuffle).shuffle(members)
    with opened(archive) as add:
        for path, content in members:
            add(path, content)
    return archive


class opened:
    """Gives a function that adds a member (path, content or None for a folder, tar's TarInfo changes)."""

    def __init__(self, archive):
        name = str(archive)
        if name.endswith(".zip"):
            self.file = zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED)
        else:
            mode = "w:gz" if name.endswith("gz") else "w:xz" if name.endswith("xz") else "w"
            self.file = tarfile.open(archive, mode)  # noqa: SIM115

    def __enter__(self):
        return self.zip if isinstance(self.file, zipfile.ZipFile) else self.tar

    def __exit__(self, *_):
        self.file.close()

    def zip(self, path, content, mode=None):
        info = zipfile.ZipInfo(path + ("/" if content is None else ""))
        info.external_attr = ((mode or 0o644) << 16) if content is not None else 0o40755 << 16
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a duplicate is wanted
            self.file.writestr(info, content or b"")

    def tar(self, path, content, **changes):
        info = tarfile.TarInfo(path)
        info.type, info.size = (tarfile.DIRTYPE, 0) if content is None else (tarfile.REGTYPE, len(content))
        for key, value in changes.items():
            setattr(info, key, value)
        self.file.addfile(info, io.BytesIO(content or b""))


def built(root, out):
    """Everything that a data set becomes: its hash, and the bytes of index, classes, audit (but `inside`) and crops."""
    out.mkdir(exist_ok=True)
    paths = {key: out / key for key in ("index", "classes", "audit", "source")}
    write_index(root=root, **paths)
    given = {key: paths[key] for key in ("index", "classes", "source")}
    write_crops(**given, crops=out / "crops.npy", side=16)
    audit = json.loads((out / "audit").read_text(encoding="utf-8"))
    inside = audit.pop("inside")
    found = data_hash(root, out / "memory")
    assert data_hash(root, out / "memory") == found == json.loads((out / "classes").read_text("utf-8"))["hash"]
    return [found, audit, *((out / name).read_bytes() for name in ("index", "classes", "crops.npy"))], inside


# --- the same images --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_is_the_folder(files, tmp_path, kind, capsys):
    expected, _ = built(unpack(files, tmp_path / "data"), tmp_path / "folder")
    archive = pack(files, tmp_path / f"data.{kind}", folders=kind in {"zip", "tar"}, shuffle=3)
    before = sorted(tmp_path.rglob("*"))
    assert built(archive, tmp_path / "out") == (expected, "")
    written = {path.name for path in set(tmp_path.rglob("*")) - set(before)}
    assert written == {"out", "index", "classes", "audit", "source", "crops.npy", "memory"}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("prefix", ["./", "top/", "./top/inner/"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_folders_around_are_passed_through_and_said(files, tmp_path, kind, prefix, capsys):
    expected, _ = built(unpack(files, tmp_path / "data"), tmp_path / "folder")
    inside = prefix.strip("./")
    archive = pack(
        {"LICENSE": b"x"} | {prefix + path: content for path, content in files.items()}, tmp_path / f"x.{kind}"
    )
    assert built(archive, tmp_path / "out") == (expected, inside)
    said = capsys.readouterr().out
    assert f"folder {inside} of {archive}" in said if inside else said == ""


def test_class_folders_alone_are_split_as_on_the_disk(tmp_path):
    files = {f"{name}/{number}.png": picture() for name in "abc" for number in range(7)}
    expected, _ = built(unpack(files, tmp_path / "data"), tmp_path / "folder")
    for number, prefix in enumerate(("", "top/")):
        archive = pack(files, tmp_path / f"{number}.tar.gz", prefix, shuffle=number)
        assert built(archive, tmp_path / "out") == (expected, prefix.strip("/"))


def test_the_hash_changes_with_an_image_its_class_and_its_split(files, tmp_path):
    def hashed(files):
        return data_hash(pack(files, tmp_path / "x.zip"), tmp_path / "memory")

    first, moved = hashed(files), dict(files)
    moved["test/a/9.png"] = moved.pop("train/a/0.png")
    other = dict(files)
    other["train/Ö/9.png"] = other.pop("train/a/0.png")
    changed = files | {"train/a/0.png": picture()}
    assert len({first, *map(hashed, (moved, other, changed))}) == 4
    assert hashed(files) == hashed(dict(reversed(files.items()))) == first


def test_names_of_zips_that_do_not_say_their_encoding(files, tmp_path):
    whole = pack(files, tmp_path / "x.zip").read_bytes()
    silent = bytearray(whole)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        for info in archive.infolist():
            silent[info.header_offset + 7] &= 0xF7  # 0x800, in the header before the content
    start = 0
    while (start := silent.find(b"PK\1\2", start) + 1) > 0:
        silent[start - 1 + 9] &= 0xF7  # and in the directory
    (tmp_path / "y.zip").write_bytes(silent)
    assert silent != whole
    assert data_hash(tmp_path / "y.zip", tmp_path / "m") == data_hash(tmp_path / "x.zip", tmp_path / "m")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.zip", 1), ("a.TAR.XZ", 1), ("a.tgz", 1), ("a.tar.bz2", 0), ("a.gz", 0), ("zip", 0), ("a.zip.part", 0)],
)
def test_archives_are_known_by_their_names(name, expected):
    assert is_archive(name) == is_archive(Path("/x") / name) == bool(expected)


# --- planning ---------------------------------------------------------------------------------------------------------


def test_an_unchanged_archive_is_not_read_again(files, tmp_path, monkeypatch):
    archive, memory, code = pack(files, tmp_path / "x.tar.xz"), tmp_path / "memory", {"listing.py": "1"}
    passes = []
    members = archives._members
    monkeypatch.setattr(archives, "_members", lambda file: passes.append(file) or members(file))
    first = data_hash(archive, memory, code)
    passes.clear()
    assert data_hash(archive, memory, code) == first and passes == []
    assert data_hash(archive, memory, {"listing.py": "2"}) == first and passes != []
    passes.clear()
    os.utime(archive, (1, 1))
    assert data_hash(archive, memory, {"listing.py": "2"}) == first and passes != []
    memory.write_text('{"hash": 3}')
    assert data_hash(archive, memory) == first


def test_the_second_hash_of_many_images_is_quick(tmp_path):
    archive = pack({f"{name}/{number}.png": b"x" for name in "ab" for number in range(2000)}, tmp_path / "x.tar")
    first = data_hash(archive, tmp_path / "memory")
    start = time.process_time()
    assert data_hash(archive, tmp_path / "memory") == first
    assert time.process_time() - start < 0.05


# --- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_large_image_is_refused_by_name_and_a_large_other_file_is_not(files, tmp_path, kind, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 5000)
    fine = pack(files | {"notes.bin": bytes(20000)}, tmp_path / f"fine.{kind}")
    built(fine, tmp_path / "fine")
    archive = pack(files | {"train/a/huge.png": bytes(20000)}, tmp_path / f"x.{kind}")
    assert data_hash(archive, tmp_path / "m") != data_hash(fine, tmp_path / "m")
    with pytest.raises(UserError, match=r"1 image in .*x\..*train/a/huge\.png \(its 0 MB are more than"):
        built(archive, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_claims_gigabytes_is_not_believed(tmp_path, kind):
    with tarfile.open(tmp_path / "y.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("x")
        info.type, info.size = kind, 2**33
        archive.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))
        archive.fileobj.write(bytes(2000))
    with pytest.raises(UserError, match=r"y\.tar\.gz is damaged.*header of \d+ bytes"):
        data_hash(tmp_path / "y.tar.gz", tmp_path / "m")


def test_reading_never_runs_far_ahead():
    read, gate = [], threading.Event()

    class Endless:
        def read(self, paths):
            for path in paths:
                read.append(path)
                yield path, Load(lambda: b"")

    def work(path, load):
        gate.wait(10)
        return path

    results = each(Endless(), map(str, range(500)), work, workers=2)
    taker = threading.Thread(target=lambda: next(results))
    taker.start()
    until = time.monotonic() + 10
    while len(read) <= sources.AHEAD and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(read) == sources.AHEAD + 1
    gate.set()
    taker.join()
    assert [path for path, _ in results] == [str(number) for number in range(1, 500)]


def test_as_many_threads_work_as_there_are_cores(monkeypatch):
    class Images:
        def read(self, paths):
            return ((path, Load(lambda: b"")) for path in paths)

    def work(path, load):
        time.sleep(0.002)
        return threading.get_ident()

    monkeypatch.setattr(sources.os, "cpu_count", lambda: 3)
    assert len({thread for _, thread in each(Images(), map(str, range(60)), work)}) == 3


# --- harm -------------------------------------------------------------------------------------------------------------


def test_cut_anywhere_one_message_names_the_archive(files, tmp_path):
    for kind in KINDS:
        whole = pack(files, tmp_path / f"x.{kind}").read_bytes()
        # a tar ends with blocks of zeros; one of them is enough
        end = len(whole) - (9728 if kind == "tar" else 0)
        archive = tmp_path / f"cut.{kind}"
        for cut in sorted({0, 1, end - 1, *random.Random(kind).sample(range(end), 25)}):
            archive.write_bytes(whole[:cut])
            with pytest.raises(UserError) as caught:
                data_hash(archive, tmp_path / "memory")
            assert f"{archive}" in str(caught.value) and "\n" not in str(caught.value), (kind, cut)


def test_bytes_changed_anywhere_are_noticed_where_the_format_can_tell(files, tmp_path):
    expected = data_hash(unpack(files, tmp_path / "data"), tmp_path / "memory")
    for kind in ("zip", "tar.gz", "tar.xz"):
        whole = pack(files, tmp_path / f"x.{kind}").read_bytes()
        archive = tmp_path / f"bad.{kind}"
        for place in random.Random(kind).sample(range(len(whole)), 40):
            archive.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
            try:
                found = data_hash(archive, tmp_path / "memory")
            except UserError as error:
                assert str(error).count("\n") == 0 and str(archive) in str(error)
            else:  # a time or a mode; the directory of a zip, names and all, has no checksum
                assert found == expected or kind == "zip", (kind, place)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "neither a file nor a folder"),
        ({"type": tarfile.LNKTYPE, "linkname": "train/a/0.png"}, "neither a file nor a folder"),
        ({"type": tarfile.CHRTYPE}, "neither a file nor a folder"),
        ({"type": tarfile.FIFOTYPE}, "neither a file nor a folder"),
        ({"name": "/train/a/x.png"}, "leads out of it: '/train/a/x.png'"),
        ({"name": "train/../../x.png"}, "leads out of it"),
        ({"name": ".."}, "leads out of it"),
        ({"name": "train/a/0.png"}, "holds 'train/a/0.png' twice"),
        ({"name": "train/a/0.png/x.png"}, "holds 'train/a/0.png' twice"),
        ({"name": "train/a"}, "holds 'train/a' twice"),
    ],
)
def test_what_could_lead_out_is_refused(files, tmp_path, changes, words):
    for first in (False, True):
        with opened(tmp_path / "x.tar") as add:
            if first:
                add("train/a/x.png", b"", **changes)
            for path, content in files.items():
                add(path, content)
            if not first:
                add("train/a/x.png", b"", **changes)
        with pytest.raises(UserError, match=words) as caught:
            data_hash(tmp_path / "x.tar", tmp_path / "memory")
        assert str(tmp_path / "x.tar") in str(caught.value)


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        ("train/a/x.png", stat.S_IFLNK | 0o777, "neither a file nor a folder"),
        ("/x.png", None, "leads out of it"),
        ("train/../../x.png", None, "leads out of it"),
        ("train/a/0.png", None, "twice"),
    ],
)
def test_zips_cannot_lead_out_either(files, tmp_path, name, mode, words):
    with opened(tmp_path / "x.zip") as add:
        for path, content in files.items():
            add(path, content)
        add(name, b"/etc/passwd", mode=mode)
    with pytest.raises(UserError, match=words):
        data_hash(tmp_path / "x.zip", tmp_path / "memory")


def test_hidden_links_count_for_nothing(files, tmp_path):
    expected = data_hash(pack(files, tmp_path / "x.tar"), tmp_path / "memory")
    with opened(tmp_path / "y.tar") as add:
        for path, content in files.items():
            add(path, content)
        add("train/.link", b"", type=tarfile.SYMTYPE, linkname="/etc")
    assert data_hash(tmp_path / "y.tar", tmp_path / "memory") == expected


def test_encrypted_zips_are_refused(files, tmp_path):
    data = bytearray(pack(files, tmp_path / "x.zip").read_bytes())
    start = 0
    while (start := data.find(b"PK\1\2", start) + 1) > 0:
        data[start - 1 + 8] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(UserError, match=r"x\.zip is encrypted"):
        data_hash(tmp_path / "x.zip", tmp_path / "memory")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_undecodable_names_are_refused(files, tmp_path, kind):
    archive = pack(files | {"train/a/qq.png": picture()}, tmp_path / f"x.{kind}")
    data = archive.read_bytes().replace(b"a/qq.png", b"a/\xff\xfe.png")
    if kind == "tar":
        place = data.index(b"a/\xff\xfe.png") - 6
        header = bytearray(data[place : place + 512])
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        data = data[:place] + bytes(header) + data[place + 512 :]
    archive.write_bytes(data)
    assert data_hash(archive, tmp_path / "memory")
    with pytest.raises(UserError, match=r"train/a/\\xff\\xfe\.png \(its name is not UTF-8\)"):
        built(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: {}, "holds no class folder"),
        (lambda files: {"one/1.png": b"x", "one/2.png": b"x"}, r"one class folder \(one\)"),
        (lambda files: {"train/a/1.png": b"x"}, r"x\.zip holds train but no test"),
        (lambda files: {"top/train/a/1.png": b"x"}, r"x\.zip/top holds train but no test"),
        (lambda files: files | {"train/c/1.txt": b"x"}, r"x\.zip/train/c holds no image"),
        (lambda files: files | {"train/c/d/1.png": b"x"}, "one folder deeper"),
        (lambda files: files | {"train/c/1.png": b"x"}, r"x\.zip/test lacks the class folder 'c'"),
        (lambda files: {"a/1.png": b"x", "b/1.png": b"x"}, "holds one image"),
    ],
)
def test_mistakes_of_the_layout_get_the_folders_messages(files, tmp_path, change, words):
    with pytest.raises(UserError, match=words):
        data_hash(pack(change(files), tmp_path / "x.zip"), tmp_path / "memory")


def test_other_files_are_no_archives(tmp_path):
    (tmp_path / "x.txt").write_text("x")
    with pytest.raises(UserError, match="neither a folder nor an archive"):
        open_source(tmp_path / "x.txt")
    with pytest.raises(UserError, match="does not exist"):
        open_source(tmp_path / "x.zip")
    for kind in KINDS:
        (tmp_path / f"x.{kind}").write_text("this is no archive" * 99)
        with pytest.raises(UserError, match=r"x\.\S+ is damaged, incomplete or no archive"):
            open_source(tmp_path / f"x.{kind}")


def test_unreadable_images_are_named(files, tmp_path):
    archive = pack(files | {"train/a/bad.png": b"none", "test/Ö/cut.png": picture()[:60]}, tmp_path / "x.tar")
    with pytest.raises(UserError, match=r"2 images in .*x\.tar cannot be read.*test/Ö/cut\.png|train/a/bad\.png"):
        built(archive, tmp_path / "out")


def test_an_archive_that_changes_between_the_jobs_is_refused(files, tmp_path):
    archive = pack(files, tmp_path / "x.zip")
    built(archive, tmp_path / "out")
    again = {key: tmp_path / "out" / key for key in ("index", "classes", "source")} | {"crops": tmp_path / "new.npy"}
    pack(files | {"train/a/0.png": picture()}, archive)
    with pytest.raises(UserError, match=r"x\.zip/train/a/0\.png has changed"):
        write_crops(**again)
    pack({path: content for path, content in files.items() if path != "train/a/0.png"}, archive)
    with pytest.raises(UserError, match=r"x\.zip holds no train/a/0\.png any more"):
        write_crops(**again)
    archive.unlink()
    with pytest.raises(UserError, match="does not exist"):
        write_crops(**again)
    assert not list(tmp_path.glob("*new*"))


def test_a_tree_lists_what_the_folder_lists(files, tmp_path):
    folder = sources.Folder(unpack(files, tmp_path / "data"))
    for kind in ("zip", "tar"):
        tree = Archive(pack(files, tmp_path / f"x.{kind}"))
        for place in ("", "train", "train/a"):
            assert tree.entries(place) == folder.entries(place) == tree.below(place).entries()
