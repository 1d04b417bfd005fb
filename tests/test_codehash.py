"""Which code a rule depends on: the closure of imports, and a hash that sees what code does and nothing else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scenessl.errors import UserError
from scenessl.study import codehash
from scenessl.study.codehash import Code

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "pack/__init__.py": "",
    "pack/low.py": '"""Low."""\n\ndef f(x):\n    """Doc."""\n    return x + 1  # why\n',
    "pack/inner/__init__.py": "",
    "pack/inner/near.py": "from . import sibling\nfrom ..low import f\n",
    "pack/inner/sibling.py": "NUMBER = 3\n",
    "pack/late.py": "import json\n\ndef g():\n    import pack.inner.near as near\n    return near\n",
    "pack/alone.py": "from pack.low import f\n",
    "scripts/do.py": "from pack.late import g\nprint(g())\n",
}


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def code(root):
    return Code(root, "pack")


def hash_of(root, text, name="pack/low.py"):
    (root / name).write_text(text, encoding="utf-8")
    return code(root).code_hash("low")[name]


def test_closure_follows_relative_and_late_imports(root):
    everything = {name for name in FILES if name.startswith("pack")} - {"pack/alone.py"}
    assert set(code(root).sources("late")) == everything | {"pack/inner/__init__.py"}


def test_closure_of_a_module_without_imports_is_itself(root):
    assert code(root).sources("inner.sibling") == ["pack/inner/sibling.py"]


def test_importing_a_name_counts_its_module_and_package(root):
    assert code(root).sources("alone") == ["pack/__init__.py", "pack/alone.py", "pack/low.py"]


def test_scripts_are_followed_and_several_modules_join(root):
    joined = set(code(root).sources("scripts/do.py")) | set(code(root).sources("alone"))
    assert set(code(root).sources("scripts/do.py", "pack.alone")) == joined
    assert "scripts/do.py" in code(root).code_hash("scripts/do.py")


def test_imports_in_a_circle_end(root):
    (root / "pack/low.py").write_text("import pack.alone\n", encoding="utf-8")
    assert "pack/low.py" in code(root).sources("alone")


@pytest.mark.parametrize(
    "same",
    [
        "def f(x):\n    return x + 1\n",
        '"""Other."""\n# more\ndef f(x):\n    """Else."""\n\n    return (x\n            + 1)\n',
        "def f(x): return x + 0x1\n",
    ],
)
def test_comments_docstrings_and_layout_do_not_count(root, same):
    assert hash_of(root, same) == hash_of(root, FILES["pack/low.py"])


@pytest.mark.parametrize(
    "other",
    [
        "def f(x):\n    return x + 2\n",
        "def f(x):\n    return x + 1.0\n",
        "def f(x):\n    return x + True\n",
        "def f(x=None):\n    return x + 1\n",
        "def f(x):\n    return x - 1\n",
        "def f(x):\n    print('text that is no docstring')\n    return x + 1\n",
    ],
)
def test_what_code_does_counts(root, other):
    assert hash_of(root, other) != hash_of(root, FILES["pack/low.py"])


@pytest.mark.parametrize(
    ("one", "other"),
    [("x = None", "x = []"), ("return_ = {**a}", "return_ = {None: a}"), ("a[:1]", "a[1:]"), ("f(a, b)", "f(a)(b)")],
)
def test_empty_fields_do_not_hide_a_difference(root, one, other):
    assert hash_of(root, one) != hash_of(root, other)


def test_only_the_changed_file_changes(root):
    before = code(root).code_hash("late")
    (root / "pack/inner/sibling.py").write_text("NUMBER = 4\n", encoding="utf-8")
    after = code(root).code_hash("late")
    assert {name for name in before if before[name] != after[name]} == {"pack/inner/sibling.py"}
    assert all(re.fullmatch("[0-9a-f]{12}", digits) for digits in after.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("from pack.nowhere import f\n", "low.py, line 1: imports pack.nowhere, which does not exist"),
        ("def f(:\n", "low.py: is not valid Python"),
    ],
)
def test_broken_code_is_named(root, text, message):
    (root / "pack/low.py").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(message)):
        code(root).sources("alone")


@pytest.mark.parametrize("wrong", ["nowhere", "scripts/nothing.py"])
def test_what_does_not_exist_is_refused(root, wrong):
    with pytest.raises(UserError, match="there is no such"):
        code(root).sources(wrong)


def test_this_repository_lists_itself():
    found = codehash.sources("study.codehash")
    assert {"scenessl/__init__.py", "scenessl/errors.py", "scenessl/study/codehash.py"} <= set(found)
    assert list(codehash.code_hash("scenessl.study.codehash")) == found


@pytest.mark.parametrize(
    "module, stranger",
    [
        ("training.features", "training.loop"),  # else an edit of the loop would compute all cached features again
        ("training.features", "training.augmentation"),
        ("evaluation.predict", "training.augmentation"),
        ("evaluation.predict", "training.loop"),
    ],
)
def test_what_only_infers_does_not_stand_on_how_trainings_go(module, stranger):
    assert f"scenessl/{stranger.replace('.', '/')}.py" not in Code(Path(__file__).parents[1]).sources(module)


def test_planning_imports_nothing_heavy():
    heavy = ("torch", "numpy", "pandas", "matplotlib", "PIL", "weasyprint")
    modules = "codehash, local, preflight, schema"
    program = f"import sys; from scenessl.study import {modules}; print(*[m for m in {heavy} if m in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.slow
def test_the_hash_is_the_same_in_every_python(root):
    here = str(code(root).code_hash("late"))
    program = f"from scenessl.study.codehash import Code; print(Code({str(root)!r}, 'pack').code_hash('late'))"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    compared = 0
    for version in ("3.11", "3.12", "3.13", "3.14"):
        try:
            done = subprocess.run(
                [f"python{version}", "-c", program], capture_output=True, text=True, env=environment, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        assert done.stdout.strip() == here, version
        compared += 1
    if compared < 2:
        pytest.skip("only one version of Python is installed")
