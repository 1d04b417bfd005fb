"""What users write reaches programs as it stands: no shell and no make expands it."""

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenessl.files import read_csv
from scenessl.report.checkout import project_files
from scenessl.study.local import KEYS, read_local, remember

ROOT = Path(__file__).resolve().parents[1]
CODE = [ROOT / name for name in project_files(ROOT)]
PYTHON = [path for path in CODE if path.suffix == ".py" and path.parent.name != "tests"]
WORKFLOW = [path for path in CODE if path.suffix == ".smk" or path.name == "Snakefile"]
VALUES = {
    "make function": "$(shell touch MARK)",
    "command": "$$(touch MARK)",
    "backticks": "`touch MARK`",
    "quotes": "it's \"so\"'; touch MARK; '",
    "line": "a\ntouch MARK #",
    "line and backslash": "a\\\ntouch MARK",
    "variable": "$HOME ${HOME} $x %s {0} {wildcards.x}",
    "signs": "a b\t*?[x]~#;&|<>!\\",
    "option": "--help",
    "Unicode": "é\u202e\U0001f600",
}

# --- make and the set-up ----------------------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path):
    """Runs make with a Python that only notes how it was called; gives the calls and what lies in the folder."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name, text in (
        ("install.sh", "exit 0"),
        ("python", 'printf "%s\\0" "$@" >>../../CALLS; printf "\\n\\0" >>../../CALLS'),
    ):
        (tmp_path / name).write_text(f"#!/bin/bash\ncd {tmp_path}/x/y\n{text}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "x/y").mkdir(parents=True)

    def make(target, venv="v", environment=(), **values):
        (tmp_path / venv / "bin").mkdir(parents=True)
        shutil.copy(tmp_path / "python", tmp_path / venv / "bin")
        command = ["make", "-s", target, f"VENV={venv}", *(f"{key}={value}" for key, value in values.items())]
        known = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | dict(environment)
        done = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert not [path for path in tmp_path.rglob("*") if "MARK" in path.name and "touch" not in path.name]
        calls = (tmp_path / "CALLS").read_text().split("\0\n\0")[:-1]
        return {call.split("\0")[1]: call.split("\0")[2:] for call in calls}  # what follows -m, by module

    return make


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@needs_make
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_make_hands_over_every_value_as_it_stands(made, value):
    values = {key: f"{key} {value}" for key in KEYS} | {"STUDY": value}
    called = made("report", **values)
    assert set(called["scenessl.study.local"]) == {f"{key}={text}" for key, text in values.items() if key != "STUDY"}
    assert called["scenessl.study.texts"] == [f"studies/{value}.yaml"]
    assert called["snakemake"] == ["--configfile", f"studies/{value}.yaml", "--config", f"study=NAME {value}"]


@needs_make
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_make_finds_the_environment_wherever_it_lies(made, value):
    if "/" not in value:
        assert made("demo", venv=value)["snakemake"] == ["--configfile", "config.yaml", "studies/demo.yaml"]


@needs_make
def test_nothing_from_the_environment_is_expanded(made):
    called = made("draft", environment={"STUDY": "$(shell touch MARK)", "DATA": "$(shell touch MARK)"}.items())
    assert called["snakemake"] == ["draft", "--nolock", "--configfile", "studies/$(shell touch MARK).yaml"]


PLACE = """set -euo pipefail
die() { echo "$1" >&2; exit 1; }
venv="$1"
source <(sed -n '/^place_venv()/,/^}/p' "$2")
place_venv
"""


@pytest.mark.parametrize(
    "name", ["a b", "a;touch MARK", "$(touch MARK)", "`touch MARK`", "a'b", 'a"b', "a&b", "a\nb", "plain"]
)
def test_snakemake_never_gets_a_path_that_a_shell_would_expand(tmp_path, name):
    (tmp_path / name).mkdir()
    command = ["bash", "-c", PLACE, "bash", f"{name}/.venv", str(ROOT / "install.sh")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    place = os.path.realpath(tmp_path / name / ".venv")
    assert re.fullmatch(r"[\w./-]+", place)
    assert not (tmp_path / "MARK").exists()


# --- Snakemake --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_data_folder_of_any_name_is_read_and_nothing_is_run(project):
    """In the folder of the workflow itself, so that a command would leave its mark there."""
    folder = project.folder / 'it\'s "$(touch MARK)" `touch MARK`;touch MARK {wildcards.x} {0} %s' / "photos"
    rng = np.random.default_rng(0)
    for place in ("train/a", "train/b", "test/a", "test/b"):
        (folder / place).mkdir(parents=True)
        for number in range(4):
            Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).save(
                folder / place / f"$(touch MARK) {number}.png"
            )
    words = project.folder / "words.yaml"
    words.write_text('"4b": "$(touch MARK) `touch MARK` {wildcards.x} {0}"\n')
    given = {"DATA": str(folder), "FIRST_NAME": "Ada", "LAST_NAME": "Lovelace", "NUMBER": "1"}
    remember(project.folder / "local.yaml", given | {"WORDS": str(words)})
    try:
        assert read_local(project.folder / "local.yaml")["studies"]["scene15"]["data"] == str(folder)
        done = project.snakemake("results/scene15/data/index.csv", "results/scene15/configuration.yaml", "--cores", "1")
        assert done.returncode == 0, done.stderr[-3000:]
        assert len(read_csv(project.folder / "results/scene15/data/index.csv")) == 16
        assert not list(project.folder.rglob("MARK"))
    finally:
        (project.folder / "local.yaml").unlink()
        shutil.rmtree(project.folder / "results", ignore_errors=True)


# --- the code itself --------------------------------------------------------------------------------------------------

FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execv", "os.spawnv", "pty.spawn",
    "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput", "yaml.load", "yaml.unsafe_load",
    "yaml.full_load", "pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.loads", "shelve.open", "joblib.load",
    "torch.hub.load", "tempfile.mktemp", "numpy.fromfile", "shell",
}  # fmt: skip


def called(call):
    """The dotted name of what is called."""
    parts, node = [], call.func
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id if isinstance(node, ast.Name) else "?"]))


def keywords(call):
    return {word.arg: getattr(word.value, "value", word.value) for word in call.keywords}


def faults(tree):
    """What in a module could run text, unpickle, or hand a command to a shell."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name, given = called(node), keywords(node)
        if name in FORBIDDEN_CALLS:
            yield f"{name}, line {node.lineno}"
        if "shell" in given or given.get("allow_pickle", False) is not False:
            yield f"shell or allow_pickle, line {node.lineno}"
        if name == "torch.load" and given.get("weights_only") is not True:
            yield f"torch.load without weights_only, line {node.lineno}"
        if (
            name.startswith("subprocess.")
            and node.args
            and isinstance(node.args[0], ast.JoinedStr | ast.Constant | ast.BinOp)
        ):
            yield f"a command as text, line {node.lineno}"


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_runs_text_or_a_pickle(path):
    assert list(faults(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        *("os.system(x)", "subprocess.run(f'a {b}')", "subprocess.run(c, shell=True)", "torch.load(p)", "yaml.load(x)"),
        *("np.load(p, allow_pickle=True)", "pickle.loads(x)", "eval(x)", "torch.load(p, weights_only=False)"),
    ],
)
def test_the_search_finds_each_of_them(code):
    assert list(faults(ast.parse(code)))


def test_no_rule_has_a_command_for_the_shell():
    assert len(WORKFLOW) > 5
    for path in WORKFLOW:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(shell|run|wrapper|notebook|cwl)\s*:", text, re.MULTILINE), path
        assert not re.search(r"\b(shell|os\.system|os\.popen|eval|exec)\s*\(", text), path
