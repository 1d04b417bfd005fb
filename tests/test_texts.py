"""A mistake in a configuration's text is said with file and line, whatever YAML or Snakemake would make of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from project import Project

from scenessl.errors import UserError
from scenessl.study.texts import demand_configurations, main, read_yaml

ROOT = Path(__file__).resolve().parents[1]
FILES = [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]
LAUGHS = ["a0: &a0 [x, x, x, x, x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 6)}]" for i in range(1, 20))]
LINES = [
    ("title: [1,\n  2", 2, "not closed"),
    ("a: 1\n\tb: 2", 2, "not with tabs"),
    ("title: a: b", 1, "quotes"),
    ("a:\n  b: 1\n c: 2", 3, "indented alike"),
    ("a: 1\nb: *c", 2, "'c'"),
    ("title: 'x", 1, "quotation mark"),
    ("- a\nb: 1", 2, "block"),
    ("a: 1\nb: \x01", 2, "\\x01"),
    ("a: 1\n---\nb: 2", 2, "document"),
    ("title: @x", 1, "quotes"),
    ('title: !!python/object/apply:os.system ["touch run"]', 1, "tag"),
    ("a: 1\ndate: 2026-13-45", 2, "2026-13-45"),
    ("date: 2026-01-01T00:00:00+99:99", 1, "put it in quotes"),
    ("epochs: " + "9" * 5000, 1, "999"),
    ("a: !!bool perhaps", 1, "perhaps"),
    ("a: !!timestamp soon", 1, "soon"),
    ("a: 1\nb: &b {c: *b}", 2, "an alias stands within what it names"),
    ("a: &a [*a]", 1, "an alias stands within what it names"),
    ("study: a\nseeds: 1\nstudy: b", 3, "'study' stands twice, first in line 1"),
    ("a:\n  b: {c: 1, c: 1}", 2, "'c' stands twice"),
    ("? [1]\n: 2", 1, "unhashable"),
    ("a: " + "[" * 100 + "]" * 100, 1, "32 levels"),
    ("\n".join(LAUGHS), 1, "more than 20,000 values"),
]


def complaint(*paths):
    """Give the message about some files, an empty text where there is none."""
    try:
        demand_configurations(paths)
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_what_stands_here_is_read_as_yaml_reads_it(file):
    assert complaint(file) == ""
    assert read_yaml(file) == yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("text", "line", "words"), LINES, ids=[str(number) for number in range(len(LINES))])
def test_a_mistake_is_said_with_file_and_line(tmp_path, text, line, words):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    message = complaint(path)
    assert message.startswith(f"{path}, line {line}: ")
    assert words in message
    assert len(message.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"- a\n", "not a mapping"),
        (b"12", "12 is not a mapping"),
        (b"a: 1\nb: \xff", "line 2: is no UTF-8"),
        ("a: 1\n".encode("utf-16"), "is no UTF-8"),
        (b"a: " + b"[" * 600, "32 levels"),
        (b"# " + b"x" * 2_000_000, "larger than 2 MB"),
        (b"__use_yte__: true\na: ?1/0", "__use_yte__"),
        (b"pathvars: 3", "pathvars"),
    ],
)
def test_a_file_that_is_no_configuration_is_named(tmp_path, content, words):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    assert complaint(path).startswith(str(path))
    assert words in complaint(path)


def test_all_files_with_mistakes_are_named(tmp_path, capsys):
    (tmp_path / "a.yaml").write_text("a: 1\na: 2", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("a: 1", encoding="utf-8")
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "nowhere.yaml", tmp_path]
    lines = complaint(*paths).splitlines()
    assert [line.split(".yaml")[0].split(":")[0] for line in lines] == [
        str(tmp_path / "a"),
        str(tmp_path / "nowhere"),
        str(tmp_path),
    ]
    assert main([str(path) for path in paths]) == 1
    assert capsys.readouterr().err.count("error: ") == 3
    assert main([str(tmp_path / "b.yaml")]) == 0


def test_a_device_is_not_read_for_ever():
    assert "is no file" in complaint("/dev/zero")


WHOLE = (ROOT / "studies" / "demo.yaml").read_text(encoding="utf-8")
ODD = ["\t", "\n", " ", "{", "}", "[", "]", ": ", "- ", "&a ", "*a", "!x ", "? ", "|", ">", "'", '"', "%", "@", "\x00"]
ODD += [
    "\ufeff",
    "\u2028",
    "\x85",
    "---\n",
    "...\n",
    "<<: *a\n",
    "0o17",
    "1:30",
    "no",
    "0123",
    "2026-01-02",
    "\U0001f469",
]


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_text_that_is_cut_and_stuffed_is_read_or_refused_by_name(tmp_path_factory, data):
    text = WHOLE
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.sampled_from([0, 0, 1, 5, 200])))
        text = text[:start] + data.draw(st.sampled_from(ODD) | st.text(max_size=4)) + text[end:]
    path = tmp_path_factory.getbasetemp() / "stuffed.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    message = complaint(path)
    assert message == "" or message.startswith(str(path))
    assert len(message.splitlines()) <= 1


@pytest.mark.slow
def test_snakemake_says_that_a_key_stands_twice(project):
    result = Project(project.folder, ("config.yaml", "studies/demo.yaml")).snakemake("-n", delta="seeds: 1\nseeds: 2")
    assert result.returncode != 0
    assert "delta.yaml, line 2: the key 'seeds' stands twice" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_make_has_the_files_read_before_snakemake():
    for goal, files in (
        ("demo", "config.yaml studies/demo.yaml"),
        ("report", "config.yaml"),
        ("draft", "config.yaml"),
        ("estimate", "config.yaml"),
    ):
        made = subprocess.run(["make", "-n", goal], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert re.search(rf"-m scenessl.study.texts {files}\n.*-m snakemake", made), made


def test_as_a_module_it_needs_nothing_installed_but_yaml(tmp_path):
    command = [sys.executable, "-m", "scenessl.study.texts", str(ROOT / "config.yaml")]
    subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
