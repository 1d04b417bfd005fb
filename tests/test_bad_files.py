"""Odd names, odd things in folders, files that may not be read: used, left out or named, through the whole report."""

import csv
import json
import os
import socket
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape
from PIL import Image
from pypdf import PdfReader
from synthetic_study import write_study

from scenessl.data.cache import write_crops
from scenessl.data.identity import data_hash
from scenessl.data.index import write_index
from scenessl.data.names import printable
from scenessl.data.parts import write_parts
from scenessl.data.sources import open_source
from scenessl.errors import UserError
from scenessl.files import read_csv, read_json, write_json
from scenessl.report import text_data
from scenessl.report.evidence import read_evidence
from scenessl.report.render import paper, render_html, write_report

ROOT = Path(__file__).parent.parent
FRENCH = "caf\u00e9"
NAMES = [
    "line\nbreak.png",
    "tab\tand\rreturn.png",
    "quo\"te's, comma;.png",
    "-leading --dash.png",
    " spaces .png",
    "back\\slash%s{x}.png",
    "<img src=x onerror=alert(1)>.png",
    "{{ 7 * 7 }}.png",
    "=cmd|' !A0.png",
    "\u05e9\u05dc\u05d5\u05dd.png",  # right to left
    "evil\u202egnp.png",  # "evil" and then reversed: looks like evil.png
    "zero\u200bwidth\u2028line.png",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f308.png",
    unicodedata.normalize("NFC", FRENCH) + ".png",
    unicodedata.normalize("NFD", FRENCH) + ".png",
    "Case.png",
    "cASE.PNG",
    "n" * 251 + ".png",
    "con.png",
    "semi;rm -rf $HOME`id`.png",
]


def picture(number):
    return Image.fromarray(np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8))


def put(path, number=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(number).save(path, "PNG")
    return path


@pytest.fixture
def root(tmp_path):
    """A small sound data set."""
    for number, place in enumerate(("train/a", "train/b", "test/a", "test/b")):
        for more in range(3):
            put(tmp_path / "data" / place / f"{more}.png", 10 * number + more)
    return tmp_path / "data"


def made(root, out, **options):
    """Build index, crops and parts; give rows, audit and the crops."""
    out.mkdir(exist_ok=True)
    files = {key: out / key for key in ("index", "classes", "audit", "source")}
    write_index(root=root, **files, **options)
    given = {key: files[key] for key in ("index", "classes", "source")}
    write_crops(**given, crops=out / "crops.npy", side=16, transform="whole")
    write_parts(index=files["index"], parts=out / "parts", share=0.3, seed=0)
    assert read_json(files["classes"])["hash"] == data_hash(root, out / "memory")
    return read_csv(files["index"]), read_json(files["audit"]), np.load(out / "crops.npy")


def test_names_of_every_kind_come_through(root, tmp_path):
    for number, name in enumerate(NAMES):
        put(root / "train" / "a" / name, 100 + number)
    rows, audit, crops = made(root, tmp_path / "out")
    found = {row["path"]: int(row["image"]) for row in rows}
    for number, name in enumerate(NAMES):
        pixels = crops[found[f"train/a/{name}"]].transpose(1, 2, 0)
        assert np.array_equal(pixels, np.asarray(picture(100 + number))), name
    assert len(rows) == len(NAMES) + 12 and audit["unreadable"] == audit["ignored"] == []
    with open(tmp_path / "out" / "index", newline="", encoding="utf-8") as file:
        assert {len(row) for row in csv.reader(file)} == {9}
    memory = read_json(tmp_path / "out" / "memory")["files"]
    assert memory.keys() == found.keys()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_printed_on_one_line_that_says_what_they_are(name):
    assert printable(name).isprintable() and "\n" not in printable(name)
    assert printable(name) == name or not name.isprintable()
    assert printable("evil\u202egnp.png") == "evil\\u202egnp.png" and printable("a\nb") == "a\\nb"
    assert printable(os.fsdecode(b"\xff \xc3\xa9.png")) == "\\xff é.png"


def test_classes_may_have_odd_names_too(tmp_path):
    classes = ["line\nbreak", 'quo"te, comma', "-x", "<b>", "=1+1", "\u05e9\u05dc\u05d5\u05dd", "\U0001f308"]
    for number, name in enumerate(classes):
        for place in ("train", "test"):
            for more in range(3):
                put(tmp_path / "data" / place / name / f"{more}.png", 20 * number + 3 * len(place) + more)
    rows, _, _ = made(tmp_path / "data", tmp_path / "out")
    shown = read_json(tmp_path / "out" / "classes")
    assert set(shown["folders"]) == set(classes)
    assert {row["class"] for row in rows} == set(shown["classes"])
    assert all(row["class"] == shown["classes"][int(row["label"])] for row in rows)


def test_twins_of_a_class_are_not_taken_for_two(root):
    for form in ("NFC", "NFD"):
        put(root / "train" / unicodedata.normalize(form, FRENCH) / "x.png")
    with pytest.raises(UserError, match="are one class"):
        data_hash(root, root.parent / "memory")


def undecodable(place):
    """Put an image below a name of bytes that are no UTF-8; skip where the file system takes none."""
    path = Path(os.fsdecode(os.fsencode(place) + b"/\xff\xfe.png"))
    try:
        return put(path, 7)
    except OSError:
        pytest.skip("this file system takes no such names")


def test_a_name_that_is_not_utf8_is_told_by_its_bytes(root, tmp_path):
    before = data_hash(root, tmp_path / "memory")
    undecodable(root / "train" / "a").with_suffix(".txt").write_text("")
    assert data_hash(root, tmp_path / "memory") == data_hash(root, tmp_path / "memory") != before
    with pytest.raises(UserError, match=r"1 image in .*: train/a/\\xff\\xfe\.png \(its name is not UTF-8\)"):
        made(root, tmp_path / "out")
    rows, audit, _ = made(root, tmp_path / "out", unreadable="skip")
    assert audit["unreadable"] == [{"path": "train/a/\\xff\\xfe.png", "reason": "its name is not UTF-8"}]
    assert len(rows) == 12


def test_such_names_are_drawn_from_and_ignored_as_well(tmp_path):
    for name in ("a", "b"):
        for number in range(9):
            put(tmp_path / "data" / name / f"{number}.png", number)
    undecodable(tmp_path / "data" / "a").with_suffix(".gif").write_bytes(b"GIF89a")
    rows, audit, _ = made(tmp_path / "data", tmp_path / "out", unreadable="skip")
    assert audit["ignored"] == ["a/\\xff\\xfe.gif"] and len(audit["unreadable"]) == 1 and len(rows) == 18


def test_what_is_no_file_is_passed_over_by_name_and_never_waited_for(root, tmp_path):
    os.mkdir(root / "train" / "a" / "folder.jpg")
    put(root / "train" / "a" / "folder.jpg" / "inner.png")
    os.mkfifo(root / "train" / "a" / "fifo.jpg")
    os.symlink(root / "train" / "a" / "fifo.jpg", root / "train" / "b" / "link_to_fifo.jpg")
    os.symlink("/dev/zero", root / "train" / "b" / "endless.png")
    with socket.socket(socket.AF_UNIX) as bound:
        place = os.getcwd()
        os.chdir(root / "train" / "a")  # such addresses are short
        try:
            bound.bind("socket.jpg")
        finally:
            os.chdir(place)
    rows, audit, _ = made(root, tmp_path / "out")
    inner = ["train/a/fifo.jpg", "train/a/folder.jpg", "train/a/socket.jpg"]
    assert audit["ignored"] == [*inner, "train/b/endless.png", "train/b/link_to_fifo.jpg"] and len(rows) == 12
    os.mkfifo(tmp_path / "data.zip")
    with pytest.raises(UserError, match="neither a folder nor an archive"):
        data_hash(tmp_path / "data.zip", tmp_path / "memory")


def test_links_are_followed_or_named(root, tmp_path):
    outside = put(tmp_path / "elsewhere" / "x.png", 77)
    put(tmp_path / "elsewhere" / "class" / "y.png", 78)
    os.symlink(outside, root / "train" / "a" / "out_of_the_tree.png")
    for split in ("train", "test"):
        os.symlink(tmp_path / "elsewhere" / "class", root / split / "linked")
    put(tmp_path / "elsewhere" / "class" / "z.png", 79)
    rows, audit, _ = made(root, tmp_path / "out")
    paths = {row["path"] for row in rows}
    assert {"train/a/out_of_the_tree.png", "train/linked/y.png", "test/linked/z.png"} < paths
    assert len(rows) == 17 and audit["unreadable"] == audit["ignored"] == []


def test_links_that_lead_nowhere_or_in_circles_are_named(root, tmp_path):
    folder = root / "train" / "a"
    os.symlink("nothing.png", folder / "dangling.png")
    os.symlink("circle.png", folder / "circle.png")
    os.symlink("two.png", folder / "one.png")
    os.symlink("one.png", folder / "two.png")
    os.symlink(folder, folder / "round")
    with pytest.raises(UserError, match="4 images") as caught:
        made(root, tmp_path / "out")
    assert "dangling.png (it is a link to what is not there)" in str(caught.value)
    assert "circle.png (Too many levels of symbolic links)" in str(caught.value)
    rows, audit, _ = made(root, tmp_path / "out", unreadable="skip")
    assert len(audit["unreadable"]) == 4 and audit["ignored"] == ["train/a/round"] and len(rows) == 12


@pytest.mark.parametrize("target", ["/nowhere/at/all", "c"])
def test_a_class_whose_link_is_broken_is_not_lost(root, tmp_path, target):
    for split in ("train", "test"):
        os.symlink(target, root / split / "c")
    with pytest.raises(UserError, match="holds 'c', a link that leads nowhere"):
        data_hash(root, tmp_path / "memory")


def test_folders_that_hold_themselves_end(tmp_path):
    (tmp_path / "data" / "one" / "two").mkdir(parents=True)
    os.symlink(tmp_path / "data" / "one", tmp_path / "data" / "one" / "two" / "one")
    for number in range(2):
        put(tmp_path / "data" / "one" / f"{number}.png")
    with pytest.raises(UserError, match=r"holds one class folder \(one\).*Give a folder with"):
        data_hash(tmp_path / "data", tmp_path / "memory")


def test_what_systems_leave_behind_counts_for_nothing(root, tmp_path):
    before = data_hash(root, tmp_path / "memory")
    for name in (".DS_Store", "._0.png", ".hidden.png", "Thumbs.db", "desktop.ini", "__MACOSX/a/0.png", ".git/x.png"):
        for place in ("", "train", "train/a"):
            put(root / place / name)
    assert data_hash(root, tmp_path / "memory") == before
    assert made(root, tmp_path / "out")[1]["ignored"] == []


# --- permissions, sizes, changes --------------------------------------------------------------------------------------

AS_NOBODY = """
import json, os, sys
sys.path.insert(0, {project!r})
from scenessl.data.identity import data_hash
from scenessl.data.index import write_index
from scenessl.errors import UserError
os.setgroups([]); os.setgid(65534); os.setuid(65534)  # now, since it may not look where Python's modules lie
files = {{key: {out!r} + "/" + key for key in ("index", "classes", "audit", "source")}}
try:
    data_hash({root!r}, {out!r} + "/memory")
    write_index(root={root!r}, unreadable={policy!r}, **files)
    print(json.dumps(json.load(open(files["audit"]))["unreadable"]))
except UserError as error:
    print("UserError", error)
"""


def as_nobody(root, out, policy):
    """Run planning's hash and the index as a user who is not root, for whom permissions count."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    out.mkdir(exist_ok=True)
    out.chmod(0o777)
    code = AS_NOBODY.format(project=str(ROOT), root=str(root), out=str(out), policy=policy)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/")
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture
def open_path():
    """A folder that everybody may look into, which pytest's are not."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.slow
def test_images_and_folders_that_may_not_be_read_are_named(open_path):
    root = open_path / "data"
    for place in ("train/a", "train/b", "test/a", "test/b"):
        for number in range(2):
            put(root / place / f"{number}.png", number)
    secret = put(root / "train/a/secret.png")
    secret.chmod(0)
    reason = {"path": "train/a/secret.png", "reason": "Permission denied"}
    assert json.loads(as_nobody(root, open_path / "skip", "skip").splitlines()[-1]) == [reason]
    said = as_nobody(root, open_path / "stop", "stop")
    assert said.startswith("UserError 1 image in ") and "train/a/secret.png (Permission denied)" in said
    (root / "train" / "b").chmod(0)
    said = as_nobody(root, open_path / "closed", "skip")
    assert said.startswith("UserError cannot read the folder") and "train/b" in said


def test_an_image_that_becomes_readable_changes_the_hash_and_one_that_stays_so_does_not(root, tmp_path):
    place = root / "train" / "a" / "x.png"
    os.symlink(tmp_path / "later.png", place)
    before = data_hash(root, tmp_path / "memory")
    assert data_hash(root, tmp_path / "memory") == before
    put(tmp_path / "later.png")
    after = data_hash(root, tmp_path / "memory")
    assert data_hash(root, tmp_path / "memory") == after != before
    (tmp_path / "later.png").unlink()
    assert data_hash(root, tmp_path / "memory") == before


def test_a_file_of_gigabytes_is_not_read(root, tmp_path):
    with open(root / "train" / "a" / "huge.bmp", "wb") as file:
        file.truncate(50 * 10**9)
    assert data_hash(root, tmp_path / "memory")
    _, audit, _ = made(root, tmp_path / "out", unreadable="skip")
    (found,) = audit["unreadable"]
    assert found["path"] == "train/a/huge.bmp" and "its 50,000 MB are more than" in found["reason"]


@pytest.mark.parametrize("change", [lambda path: path.write_bytes(path.read_bytes()[:40]), Path.unlink])
def test_what_changes_between_index_and_crops_is_named_whatever_the_policy(root, tmp_path, change):
    made(root, tmp_path / "out", unreadable="skip")
    change(root / "test" / "a" / "1.png")
    given = {key: tmp_path / "out" / key for key in ("index", "classes", "source")}
    with pytest.raises(UserError, match=r"test/a/1\.png.*Start again"):
        write_crops(**given, crops=tmp_path / "new.npy")
    assert not (tmp_path / "new.npy").exists()


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_class_that_skipping_empties_is_an_error(root, tmp_path, split):
    for path in (root / split / "b").iterdir():
        path.write_bytes(b"no image")
    with pytest.raises(UserError, match=f"class 'b' has no {split} image that can be read"):
        made(root, tmp_path / "out", unreadable="skip")


def test_skipping_moves_no_other_image_to_another_part(tmp_path):
    for name in ("a", "b"):
        for number in range(12):
            put(tmp_path / "data" / name / f"{number}.png", number)
    before = {row["path"]: row["split"] for row in made(tmp_path / "data", tmp_path / "out")[0]}
    (tmp_path / "data" / "a" / "4.png").write_bytes(b"no image")
    after = {row["path"]: row["split"] for row in made(tmp_path / "data", tmp_path / "out", unreadable="skip")[0]}
    assert before.pop("a/4.png") and after == before


def test_an_archive_keeps_the_policy_and_the_names(root, tmp_path):
    (root / "train/a/line\nbreak.png").write_bytes(put(root / "train/a/good.png", 5).read_bytes())
    (root / "train/a/bad\n.png").write_bytes(b"no image")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for path in sorted(root.rglob("*.png")):
            archive.write(path, path.relative_to(root))
    with pytest.raises(UserError, match=r"train/a/bad\\n\.png \(not an image"):
        made(tmp_path / "x.zip", tmp_path / "zip")
    rows, audit, crops = made(tmp_path / "x.zip", tmp_path / "zip", unreadable="skip")
    assert [item["path"] for item in audit["unreadable"]] == ["train/a/bad\n.png"]
    expected = made(root, tmp_path / "folder", unreadable="skip")
    assert (rows, audit) == expected[:2] and np.array_equal(crops, expected[2])


def test_corrupt_and_endless_archives_are_named(root, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for path in sorted(root.rglob("*.png")):
            archive.write(path, path.relative_to(root))
    data = bytearray((tmp_path / "x.zip").read_bytes())
    data[data.index(b"IDAT") + 20] ^= 1
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(UserError, match=r"x\.zip is damaged.*CRC-32 for file 'test/a/0\.png'"):
        data_hash(tmp_path / "x.zip", tmp_path / "memory")
    deep = "d/" * 3000 + "x.png"
    with zipfile.ZipFile(tmp_path / "deep.zip", "w") as archive:
        archive.writestr(deep, b"x")
    with pytest.raises(UserError, match=r"deep\.zip"):
        open_source(tmp_path / "deep.zip")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*.png")):
            archive.write(path, path.relative_to(root))
        with archive.open("train/a/bomb.png", "w") as member:
            for _ in range(300):
                member.write(bytes(10**6))
    _, audit, _ = made(tmp_path / "bomb.zip", tmp_path / "bomb", unreadable="skip")
    assert "its 300 MB are more than" in audit["unreadable"][0]["reason"]


# --- the report -------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(root, tmp_path):
    """The evidence of a study whose data set had files of all these names that are no images, and equal ones."""
    for name in NAMES:
        (root / "train" / "a" / name).write_bytes(b"no image")
    undecodable(root / "train" / "a")
    put(root / "train" / "b" / "=1+1\n.png", 1)
    _, audit, _ = made(root, tmp_path / "out", unreadable="skip")
    study = write_study(tmp_path / "study")
    found = {key: audit[key] for key in ("unreadable", "duplicates", "leaks", "conflicts")}
    write_json(study / "data" / "audit.json", read_json(study / "data" / "audit.json") | found)
    return read_evidence(study)


def test_the_report_names_what_was_left_out_and_why(told):
    html = render_html(told, paper(ROOT / "templates"))
    for name in NAMES:
        assert f"<code>{escape(printable(f'train/a/{name}'))}</code> (not an image of a known format)" in html
    assert "<code>train/a/\\xff\\xfe.png</code> (its name is not UTF-8)" in html
    assert "<code>train/b/=1+1\\n.png</code>" in html
    assert not {"\u202e", "\u2028"} & set(html) and "<img src=x" not in html
    assert f"{len(NAMES) + 1} unreadable files" in html
    assert "no number of images in this report counts them" in html


def test_nothing_is_said_of_leaving_out_where_nothing_is(tmp_path):
    (found,) = text_data.audit(read_evidence(write_study(tmp_path)))
    assert "no unreadable files" in found and "left out" not in found


@pytest.mark.slow
def test_the_pdf_prints_such_names(told, tmp_path):
    write_report(told.root, ROOT / "templates", tmp_path / "report.pdf")
    pages = "".join(page.extract_text() for page in PdfReader(tmp_path / "report.pdf").pages)
    text = "".join(pages.replace("\0", "").split())  # pypdf gives two bytes for each sign of this font
    for name in ("line\\nbreak", "<imgsrc=xonerror=alert(1)>", "evil\\u202egnp", "\\xff\\xfe", "{{7*7}}", "n" * 251):
        assert f"train/a/{name}.png" in text, name
