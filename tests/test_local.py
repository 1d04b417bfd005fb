"""local.yaml: what `make report` was given once holds for every later call."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scenessl.errors import UserError
from scenessl.study.local import KEYS, main, read_local, remember, with_local

ROOT = Path(__file__).resolve().parents[1]
CONFIG = {
    "study": "scene15",
    "data": None,
    "weights": None,
    "student": {"first_name": None, "last_name": None, "number": None},
    "words": {},
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my images").mkdir()
    (tmp_path / "w.pth").write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize("number", ["0123456", "1e5", "12:30", "NO", "null", "007", "1_000", "0x1F", "é'\"#: 4"])
def test_numbers_stay_text(here, number):
    remember("local.yaml", {"NUMBER": number, "FIRST_NAME": "No"})
    assert read_local("local.yaml")["student"] == {"number": number, "first_name": "No"}
    assert with_local(CONFIG, "local.yaml")["student"]["number"] == number


def test_paths_become_absolute(here):
    remember("local.yaml", {"DATA": "my images", "WEIGHTS": "./w.pth"})
    config = with_local(CONFIG, "local.yaml")
    assert (config["data"], config["weights"]) == (str(here / "my images"), str(here / "w.pth"))


def test_later_calls_keep_what_earlier_ones_said(here):
    remember("local.yaml", {"DATA": "my images", "FIRST_NAME": "Ada"})
    remember("local.yaml", {"LAST_NAME": "Lovelace"})
    before = Path("local.yaml").read_bytes()
    assert remember("local.yaml", {}) == []
    assert Path("local.yaml").read_bytes() == before
    config = with_local(CONFIG, "local.yaml")
    assert config["data"] == str(here / "my images")
    assert config["student"] == {"first_name": "Ada", "last_name": "Lovelace", "number": None}


def test_each_study_has_its_own_data_and_all_have_one_student(here):
    (here / "flowers").mkdir()
    remember("local.yaml", {"DATA": "my images", "NUMBER": "1"})
    remember("local.yaml", {"DATA": "flowers", "NAME": "flowers"})
    assert with_local(CONFIG, "local.yaml")["data"] == str(here / "my images")
    flowers = with_local(CONFIG | {"study": "flowers"}, "local.yaml")
    assert flowers["data"] == str(here / "flowers")
    assert flowers["student"]["number"] == "1"


def test_the_command_line_is_stronger(here):
    remember("local.yaml", {"DATA": "my images", "NUMBER": "1", "FIRST_NAME": "Ada"})
    given = {"data": "/other", "student": {"number": "2"}}
    config = with_local(CONFIG | {"data": "/other", "student": {"number": "2"}}, "local.yaml", given)
    assert config["data"] == "/other"
    assert config["student"] == {"number": "2", "first_name": "Ada"}


def test_a_study_that_draws_takes_nothing(here):
    remember("local.yaml", {"DATA": "my images", "FIRST_NAME": "Ada"})
    demo = CONFIG | {"data": {"kind": "drawn"}, "student": {"first_name": "Demo"}}
    assert with_local(demo, "local.yaml") == demo


def test_words_are_read_and_joined(here):
    Path("words.yaml").write_text('"4b": Ich meine, ja.\n', encoding="utf-8")
    remember("local.yaml", {"WORDS": "words.yaml"})
    config = with_local(CONFIG | {"words": {"5": "so"}}, "local.yaml")
    assert config["words"] == {"5": "so", "4b": "Ich meine, ja."}


def test_torchvisions_weights_can_be_had_back(here):
    remember("local.yaml", {"WEIGHTS": "w.pth"})
    remember("local.yaml", {"WEIGHTS": "torchvision"})
    assert with_local(CONFIG | {"weights": "/configured.pth"}, "local.yaml")["weights"] is None


def test_without_a_file_nothing_changes(here):
    assert with_local(CONFIG, "local.yaml") == CONFIG
    assert not Path("local.yaml").exists()


@pytest.mark.parametrize("config", [None, "text", {}, {"study": 3, "student": "x", "words": []}, {"study": ["a"]}])
def test_a_broken_configuration_is_left_to_the_schema(here, config):
    remember("local.yaml", {"DATA": "my images", "FIRST_NAME": "Ada"})
    result = with_local(config, "local.yaml")
    assert isinstance(result, type(config))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"DATA": "nowhere"}, "DATA=nowhere: there is no"),
        ({"NUMBER": " "}, "NUMBER: is empty"),
        ({"DATE": "x"}, "DATE: unknown; did you mean 'DATA'?"),
        ({"NAME": "../up"}, "NAME=../up: a study's name"),
        ({"NAME": "12"}, "NAME=12: a study's name"),
        ({"FIRST_NAME": "a\x00"}, "control character"),
    ],
)
def test_a_bad_value_is_refused_and_nothing_written(here, given, message):
    with pytest.raises(UserError, match=message):
        remember("local.yaml", {"LAST_NAME": "L", **given})
    assert not Path("local.yaml").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student: {number: 0123}", "local.yaml: student.number: 83 is not text; put it in quotes"),
        ("studnt: {}", "local.yaml: studnt: unknown key; did you mean 'student'?"),
        ("studies: {a: {dat: x}}", "studies.a.dat: unknown key; did you mean 'data'"),
        ("studies: {a: {words: {4b: 3}}}", "studies.a.words.4b: 3 is not text"),
        ("studies: {a: 3}", "studies.a: 3 is not a mapping"),
        ("- a", "is not a mapping"),
        ("a: [", "local.yaml, line 1: "),
        ("student: {}\nstudent: {}", "local.yaml, line 2: the key 'student' stands twice, first in line 1"),
        ("student: !!python/object:x {}", "local.yaml, line 1: "),
    ],
)
def test_a_broken_file_is_named(here, text, message):
    Path("local.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_local("local.yaml")
    assert message in str(caught.value)


def test_an_emptied_file_is_fine(here):
    Path("local.yaml").write_text("student:\nstudies:\n  scene15:\n", encoding="utf-8")
    assert with_local(CONFIG, "local.yaml") == CONFIG


def test_the_command_reports_and_fails_in_one_line(here, capsys):
    assert main(["NUMBER=07", "FIRST_NAME=Ada B"]) == 0
    assert "NUMBER = 07" in capsys.readouterr().out
    assert yaml.safe_load(Path("local.yaml").read_text(encoding="utf-8"))["student"]["number"] == "07"
    for wrong in ("DATA=nowhere", "DATA"):
        assert main([wrong]) == 1
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_hands_over_what_was_written_behind_it_and_nothing_else():
    values = {"DATA": "/a b/it's", "FIRST_NAME": 'José "x" $y `z`', "NAME": "flowers"}
    command = ["make", "-n", "report", *(f"{key}={value}" for key, value in values.items())]
    environment = {"PATH": "/usr/bin:/bin", "NUMBER": "from the environment", "WEIGHTS": "too"}
    lines = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    (line,) = [line for line in lines if "scenessl.study.local" in line]
    words = shlex.split(line)
    handed = dict(word.split("=", 1) for word in words[words.index("scenessl.study.local") + 1 :])
    assert handed == values
    assert set(handed) <= set(KEYS)
    assert any("--config study='flowers'" in line for line in lines)


def test_as_a_module_it_needs_nothing_installed_but_yaml(here):
    command = [sys.executable, "-m", "scenessl.study.local", "NUMBER=1"]
    subprocess.run(command, cwd=here, env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    assert read_local("local.yaml")["student"] == {"number": "1"}
