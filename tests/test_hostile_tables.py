"""Tables that people open in a spreadsheet: no cell is a formula, and our own readers get the true names back."""

import csv
import random
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_study import PUBLISHED, make_study
from PIL import Image

from scenessl.data.index import write_index
from scenessl.evaluation.tables import write_tables
from scenessl.files import read_csv, read_json, write_csv
from scenessl.formulas import guard, unguard
from scenessl.report.readers.files import Files

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
NAMES = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    " =1",
    "＝1",
    "'90s",
    "''",
    'a";=HYPERLINK("x")',
    "salt, pepper",
    "-",
    "plain",
]
SIGNS = st.text(st.sampled_from(list("=+-@'\"＝;,| \t\r\n1.eax")), max_size=12) | st.text(max_size=12)


def cells_of(text, separator):
    """What a spreadsheet makes of a file when it splits lines at `separator`."""
    return [cell for row in csv.reader(text.splitlines(keepends=True), delimiter=separator) for cell in row]


def is_formula(cell):
    return cell.lstrip().startswith(tuple("=+-@＝＋－＠")) and not NUMBER.fullmatch(cell)


@settings(max_examples=1000, deadline=None)
@given(SIGNS)
@example("\t=1")
@example("\n\r\t;'=1")
def test_guarded_text_comes_back_and_none_is_a_formula(text):
    assert unguard(guard(text)) == text
    assert not is_formula(guard(text))
    assert not any(is_formula(piece) for piece in re.split(r"[;\t\r\n]", guard(text)) if piece != text)
    if NUMBER.fullmatch(text) or text.isalnum():
        assert guard(text) == text


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(SIGNS, st.floats(allow_nan=False, allow_infinity=False), st.integers()), max_size=4))
def test_a_table_is_read_back_exactly_and_its_numbers_are_unharmed(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    write_csv(path, [dict(zip("abc", row, strict=True)) for row in rows], list("abc"))
    found = read_csv(path)
    assert [(row["a"], float(row["b"]), int(row["c"])) for row in found] == [(a, b, c) for a, b, c in rows]


def test_semicolons_begin_no_formula_either(tmp_path):
    write_csv(tmp_path / "t.csv", [{"a": "x;=1+1", "b": -0.5}, {"a": "y;\t@z", "b": -3}], ["a", "b"])
    text = (tmp_path / "t.csv").read_text()
    for separator in ",;":
        assert not [cell for cell in cells_of(text, separator) if is_formula(cell)]
    assert ",-0.5\n" in text and ",-3\n" in text


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A data set whose folders and files are called like formulas."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in NAMES:
            folder = root / split / name.replace("/", "⁄")
            folder.mkdir(parents=True)
            for number in range(2):
                pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"={number} {split}.png")
    return root


def test_class_and_file_names_like_formulas_reach_every_reader(photos, tmp_path):
    data = tmp_path / "data"
    paths = {key: data / name for key, name in (("index", "index.csv"), ("classes", "classes.json"))}
    paths |= {"audit": data / "audit.json", "source": data / "source.json"}
    write_index(root=photos, **paths)
    names = read_json(paths["classes"])["classes"]
    assert sorted(names) == sorted(name.replace("/", "⁄").strip() for name in NAMES)
    text = paths["index"].read_text(encoding="utf-8")
    assert not [cell for separator in ",;" for cell in cells_of(text, separator) if is_formula(cell)]
    for rows in (read_csv(paths["index"]), Files(tmp_path).table("data/index.csv")):
        assert {row["class"] for row in rows} == set(names)
        assert all(
            (photos / row["path"]).is_file() and row["class"] == row["path"].split("/")[1].strip() for row in rows
        )


def test_every_table_is_guarded(tmp_path):
    published = PUBLISHED | {"models": {name: dict(entry) for name, entry in PUBLISHED["models"].items()}}
    for entry in published["models"].values():
        entry["reasons"] = dict.fromkeys(entry["reasons"], "=HYPERLINK(1);+2")
    root = make_study(tmp_path / "toy", published)
    names = random.Random(0).sample(NAMES, 2)
    for path in root.glob("models/[ab]/seed*/predictions.npz"):
        np.savez(path, **(dict(np.load(path)) | {"names": np.array(names)}))
    for path in write_tables(root, published, root / "tables"):
        text = path.read_text(encoding="utf-8")
        assert not [cell for cell in cells_of(text, ",") if is_formula(cell)]
        for row in read_csv(path):
            assert row.get("reason", "=HYPERLINK(1);+2") == "=HYPERLINK(1);+2"
    assert {row["class"] for row in read_csv(root / "tables/per_class.csv") if row["model"] == "a"} == set(names)
