"""What would make two runs differ, looked for in the code: clocks, chance without a seed, orders that nobody set.

A finding is mended, or stands in ALLOWED with the reason why no result depends on it.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted([*ROOT.glob("scenessl/**/*.py"), *ROOT.glob("workflow_scripts/*.py"), *ROOT.glob("rules/**/*.smk")])
PYTHON = [path for path in MODULES if path.suffix == ".py"]

CLOCKS_AND_CHANCE = {"time", "random", "uuid", "secrets", "socket", "getpass"}
NOT_OURS = {
    "hash", "id", "datetime.now", "datetime.today", "datetime.utcnow", "date.today", "datetime.datetime.now",
    "os.urandom", "os.getpid", "os.uname", "os.getlogin", "os.times", "platform.node", "platform.uname", "os.cpu_count",
    "tempfile.gettempdir", "np.random.RandomState",
}  # fmt: skip
SEEDED = {"np.random.default_rng", "np.random.Generator", "np.random.SeedSequence", "np.random.PCG64"}
TORCH = {"rand", "randn", "randint", "randperm", "bernoulli", "multinomial", "normal"}
LISTINGS = {"listdir", "scandir", "walk", "glob", "iglob", "rglob", "iterdir"}
ANY_ORDER = {"sorted", "set", "frozenset", "any", "all", "len", "min", "max"}
IN_ORDER = {"list", "tuple", "enumerate", "zip", "map", "iter", "next", "fromkeys", "join", "Counter", "array", "stack"}

REMOVED = "what is found is removed, in whatever order"
LOOKED_UP = "only makes a dict in which one looks up by name"
ALLOWED = {
    ("scenessl/data/drawn.py", "folder.parent.glob"): REMOVED,
    ("scenessl/data/folders.py", "set in labels"): LOOKED_UP,
    ("scenessl/data/nearby.py", "folder.glob"): REMOVED,
    ("scenessl/data/sources.py", "os.cpu_count"): "how many threads decode; what they give comes in the source's order",
    ("scenessl/data/trees.py", "os.scandir"): "entries are sorted two lines on",
    ("scenessl/estimate/clocks.py", "import time"): "measures; what it finds stands below benchmarks/ and on the page",
    ("scenessl/estimate/paces.py", "import time"): "likewise",
    ("scenessl/explain/predicted.py", "set in take"): LOOKED_UP,
    ("scenessl/files.py", "folder.glob"): REMOVED,
    ("scenessl/models/device.py", "os.getpid"): "chooses among equal cards when all are taken",
    ("scenessl/models/device.py", "tempfile.gettempdir"): "where the locks of the cards lie",
    ("scenessl/report/checkout.py", "os.walk"): "`project_files` sorts",
    ("scenessl/report/checkout.py", "project.iterdir"): "`project_files` sorts",
    ("scenessl/study/folders.py", "import time"): "since when a run holds a study is said to whoever comes second",
    ("scenessl/study/folders.py", "os.getpid"): "who holds a study is said to whoever comes second",
    ("scenessl/study/folders.py", "os.uname"): "who holds a study is said to whoever comes second",
    ("scenessl/study/keys.py", "path.parent.glob"): REMOVED,
    ("scenessl/study/planning.py", "os.cpu_count"): "only resolves `auto`, once per study, and is recorded",
    ("scenessl/study/states.py", "rglob"): REMOVED,
    ("scenessl/study/texts.py", "id"): "tells nodes of one file apart",
    ("scenessl/training/loop.py", "import time"): "how long an epoch took is said in the log, and nowhere else",
    ("scenessl/training/precision_choice.py", "import time"): "only resolves `auto`, once per study, and is recorded",
    ("scenessl/training/state.py", "os.getpid"): "who holds a lock is said to whoever waits for it",
    ("scenessl/training/state.py", "os.uname"): "who holds a lock is said to whoever waits for it",
}


def name_of(node):
    """The dotted name of an expression; its last part alone where the root is no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}".lstrip(".")
    return ""


def parents_of(tree):
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def imports(tree):
    """Modules that know the time or chance."""
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        yield from (f"import {name}" for name in names if name.partition(".")[0] in CLOCKS_AND_CHANCE)


def calls(tree):
    """Calls that give something else in another process, on another machine or at another time."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = name_of(node.func)
        given = {word.arg for word in node.keywords}
        if name in NOT_OURS or (name.startswith(("np.random.", "numpy.random.")) and name not in SEEDED):
            yield name
        if name in SEEDED and not node.args and not given:
            yield f"{name} without a seed"
        if name.startswith("torch.") and name.removeprefix("torch.") in TORCH and "generator" not in given:
            yield f"{name} without a generator"


def listings(tree):
    """Folders whose entries are not put in order at once."""
    parents = parents_of(tree)
    for node in ast.walk(tree):
        name = name_of(node.func) if isinstance(node, ast.Call) else ""
        if name.rpartition(".")[2] in LISTINGS and name != "ast.walk" and not is_ordered(node, parents):
            yield name


def is_ordered(node, parents):
    """Whether an expression is handed, perhaps through a comprehension, to what does not mind its order."""
    while (node := parents.get(node)) is not None and not isinstance(node, ast.stmt):
        if isinstance(node, ast.Call) and name_of(node.func) in ANY_ORDER:
            return True
        if isinstance(node, ast.SetComp):
            return True
    return False


def sets(tree):
    """Sets whose members are taken one after the other: text is in another order in every process."""
    parents = parents_of(tree)
    for scope in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
        name = getattr(scope, "name", "module")
        known = sets_called(scope) if name != "module" else set()  # a name of one function is none of another
        if any(is_set(one, known) and not is_ordered(one, parents) for node in ast.walk(scope) for one in taken(node)):
            yield f"set in {name}"


def sets_called(scope):
    """The names that a function gives to sets."""
    given = [node for node in ast.walk(scope) if isinstance(node, ast.Assign) and is_set(node.value, set())]
    return {target.id for node in given for target in node.targets if isinstance(target, ast.Name)}


def taken(node):
    """What is gone through member by member at a node."""
    if isinstance(node, ast.For | ast.comprehension):
        yield node.iter
    if isinstance(node, ast.Starred):
        yield node.value
    if isinstance(node, ast.Call) and name_of(node.func).rpartition(".")[2] in IN_ORDER:
        yield from node.args


def is_set(node, known):
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.Call):
        return name_of(node.func) in {"set", "frozenset"} or (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in {"union", "intersection", "difference", "symmetric_difference"}
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return any(is_set(side, known) or is_keys(side) for side in (node.left, node.right))
    return False


def is_keys(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "keys"


def everything(tree):
    """All findings; those of a set stand under the innermost function, not under the module as well."""
    found = {*imports(tree), *calls(tree), *listings(tree), *sets(tree)}
    return found - {"set in module"} if len([one for one in found if one.startswith("set in")]) > 1 else found


def findings(path, text):
    tree = ast.parse(text)
    found = everything(tree)
    return sorted(one for one in found if (path, one) not in ALLOWED)


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_depends_on_clock_chance_or_an_order_that_nobody_set(path):
    assert findings(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) == []


def test_every_exception_is_still_needed():
    for file, what in ALLOWED:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert what in everything(tree), (file, what)


@pytest.mark.parametrize(
    "code",
    [
        *(
            "import time",
            "from random import choice",
            "import uuid",
            "x = hash('a')",
            "datetime.now()",
            "os.urandom(3)",
        ),
        *("np.random.rand(3)", "np.random.seed(0)", "np.random.default_rng()", "torch.randn(3)", "platform.node()"),
        *("os.listdir('x')", "for p in path.iterdir(): pass", "[p for p in path.rglob('*')]", "list(path.glob('x'))"),
        *(
            "for x in {1, 2}: pass",
            "list(set(x))",
            "', '.join({a for a in b})",
            "[*set(x)]",
            "[x for x in a.keys() | b]",
        ),
        *(
            "def f():\n    s = set(x)\n    return list(s)",
            "def f():\n    s = {a for a in b}\n    return [y for y in s]",
        ),
    ],
)
def test_the_search_finds_each_of_them(code):
    assert findings("x.py", code)


@pytest.mark.parametrize(
    "code",
    [
        *(
            "sorted(path.iterdir())",
            "sorted(p.name for p in path.glob('*') if p)",
            "any(path.iterdir())",
            "len(set(x))",
        ),
        *(
            "for x in sorted({1, 2}): pass",
            "np.random.default_rng([seed, 1])",
            "{x for x in set(y)}",
            "torch.rand(3, generator=g)",
        ),
        *("def f():\n    s = set(x)\n    return a in s", "list(dict.fromkeys(x))", "sorted(a.keys() | b.keys())"),
    ],
)
def test_the_search_leaves_order_alone(code):
    assert findings("x.py", code) == []


def test_rules_ask_no_clock_and_list_no_folder_without_an_order():
    """Rules are no Python as a whole, so their text is looked at."""
    for path in (ROOT / "Snakefile", *(path for path in MODULES if path.suffix == ".smk")):
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.partition("#")[0]
            assert not re.search(r"\b(now|today|hash|listdir|iterdir)\(", words), (path, line)
            assert "glob(" not in words or "sorted(" in words, (path, line)
