"""Files appear whole or not at all: on a full disk, in a folder that cannot be written, from images that cannot."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_study import TRAINING, delta, tiny_project, write_images

from scenessl.arrays import write_arrays
from scenessl.data.cache import write_crops
from scenessl.errors import UserError
from scenessl.figures import style
from scenessl.files import atomic, write_csv, write_json, write_text
from scenessl.models import weights
from scenessl.training.state import State

ROOT = Path(__file__).parents[1]


@contextmanager
def disk(folder: Path, *options: str) -> Iterator[Path]:
    """Mount a disk of its own on a folder; skip where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options or ["size=400k"]), "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs root, to mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder: Path, option: str) -> None:
    """Give a disk another size, or make it read-only."""
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)


# --- every writer goes through `atomic` -------------------------------------------------------------------------------

METHODS = {"write_text", "write_bytes", "savefig", "to_csv", "tofile", "save", "savez", "savez_compressed", "savetxt"}
FUNCTIONS = {"save_file", "open_memmap", "imsave"}
OPENERS = {"open", "fdopen", "ZipFile", "memmap"}
OURS = {"weights", "state", "self", "style"}  # their `save` writes nothing but through this very check
ELSEWHERE = {
    ("scenessl/data/cache.py", "open"): "reserves room in a temporary file that `atomic` gave",
    ("scenessl/data/drawn.py", "save"): "fills a temporary folder, which is renamed when it is whole",
    ("scenessl/data/nearby.py", "open"): "a lock",
    ("scenessl/estimate/paces.py", "save"): "noise, in a temporary folder that goes with the probe",
    ("scenessl/figures/style.py", "save"): "into memory",
    ("scenessl/files.py", "open"): "asks the temporary file of `atomic` whether it takes more",
    ("scenessl/joblog.py", "open"): "a log",
    ("scenessl/training/state.py", "open"): "a lock",
    ("scenessl/training/state.py", "save"): "into memory",
    ("scenessl/page/pictures.py", "save"): "into memory",
    ("scenessl/models/device.py", "open"): "a lock",
    ("scenessl/study/folders.py", "open"): "a lock",
}


def called(node: ast.AST) -> tuple[str, str]:
    """Name what a call calls, and the name before the dot."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute):
        return function.attr, function.value.id if isinstance(function.value, ast.Name) else "?"
    return getattr(function, "id", ""), ""


def writes(node: ast.AST) -> bool:
    """Tell whether a node of the source writes a file."""
    name, owner = called(node)
    if name in OPENERS:
        texts = [
            leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
        ]
        return any(set(text) <= set("rwaxbt+") and set(text) & set("wax+") for text in texts)
    return name in FUNCTIONS or (name in METHODS and owner not in {"", *OURS})


def writers(path: Path) -> set[str]:
    """Name what writes files in a module outside every `with atomic(…)`."""
    tree = ast.parse(path.read_bytes())
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.With)]
    atomic_ones = [block for block in blocks if "atomic" in {called(item.context_expr)[0] for item in block.items}]
    inside = {id(node) for block in atomic_ones for node in ast.walk(block)}
    return {called(node)[0] for node in ast.walk(tree) if writes(node) and id(node) not in inside}


def test_every_file_is_written_through_atomic():
    modules = [*ROOT.glob("scenessl/**/*.py"), *ROOT.glob("workflow_scripts/*.py")]
    found = {(str(path.relative_to(ROOT)), name) for path in modules for name in writers(path)}
    assert found == set(ELSEWHERE)


@pytest.mark.parametrize(
    "line",
    ["open(p, 'w')", "p.open(mode='ab')", "p.write_text('x')", "np.save(p, a)", "ZipFile(p, 'w')", "a.tofile(p)"],
)
def test_a_writer_of_its_own_would_be_found(tmp_path, line):
    (tmp_path / "own.py").write_text(f"{line}\nwith open(p, 'rb') as file:\n    weights.save(file)\n")
    (tmp_path / "good.py").write_text(f"with atomic(q) as p:\n    {line}\n")
    assert len(writers(tmp_path / "own.py")) == 1 and not writers(tmp_path / "good.py")


# --- a full disk, writer by writer ------------------------------------------------------------------------------------

NUMBERS = torch.rand(300_000, generator=torch.Generator().manual_seed(0))


def save_figure(path: Path) -> None:
    figure = style.canvas(170, 100)
    style.panel(figure, 0, 0, 170, 100).imshow(NUMBERS.reshape(500, 600).numpy())
    style.save(figure, path)


def save_crops(path: Path) -> None:
    """Reserve room for crops; no image is read before that."""
    index, classes, source = (path.parents[1] / name for name in ("index.csv", "classes.json", "source.json"))
    write_csv(index, [{"image": number, "path": f"{number}.png"} for number in range(200)], ("image", "path"))
    write_json(classes, {"grayscale": True})
    (path.parents[1] / "images" / "a").mkdir(parents=True, exist_ok=True)
    write_json(source, {"root": str(path.parents[1] / "images"), "layout": "folders"})
    write_crops(index=index, classes=classes, source=source, crops=path)


WRITERS = {
    "weights.safetensors": lambda path: weights.save({"numbers": NUMBERS}, path, network="toy"),
    "state.pt": lambda path: State(path.parent, "x").save("state", {"numbers": NUMBERS}),
    "torch.pt": lambda path: _with(path, lambda temporary: torch.save({"numbers": NUMBERS}, temporary)),
    "predictions.npz": lambda path: write_arrays(path, {"numbers": NUMBERS.numpy()}),
    "array.npy": lambda path: _with(path, lambda temporary: np.save(temporary, NUMBERS.numpy())),
    "crops.npy": save_crops,
    "figure.svg": save_figure,
    "figure.png": save_figure,
    "table.csv": lambda path: write_csv(path, ({"number": float(number)} for number in NUMBERS), ("number",)),
    "text.html": lambda path: write_text(path, "ä" * 300_000),
}


def _with(path, write):
    with atomic(path) as temporary:
        write(temporary)


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_message_and_leaves_nothing(tmp_path, name):
    with disk(tmp_path / "small") as small:
        with pytest.raises(UserError, match=rf"cannot write .*{name}: No space left on device\. Free disk"):
            WRITERS[name](small / name)
        assert list(small.iterdir()) == []


def test_a_full_disk_keeps_the_file_that_was_there(tmp_path):
    with disk(tmp_path / "small") as small:
        write_text(small / "table.csv", "old\n")
        with pytest.raises(UserError, match="No space"):
            WRITERS["table.csv"](small / "table.csv")
        assert (small / "table.csv").read_text() == "old\n" and len(list(small.iterdir())) == 1


def test_a_read_only_disk_is_one_message(tmp_path):
    with disk(tmp_path / "small") as small:
        remount(small, "ro")
        with pytest.raises(UserError, match=r"cannot write .*table\.csv: Read-only file system"):
            write_text(small / "table.csv", "x")


def test_a_mistake_of_another_kind_is_not_called_a_full_disk(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic(tmp_path / "x.csv"):
        raise ZeroDivisionError
    with pytest.raises(UserError, match=r"^another$"), atomic(tmp_path / "x.csv"):
        raise UserError("another")
    assert list(tmp_path.iterdir()) == []


# --- what a job says --------------------------------------------------------------------------------------------------

JOB = """
import sys
from scenessl.joblog import job
with job(sys.argv[1]):
    {body}
"""


def run_job(log: Path, body: str, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", JOB.format(body=body), str(log)]
    return subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False, **options)


def test_a_log_that_takes_no_more_stops_no_job(tmp_path):
    with disk(tmp_path / "small") as small:
        done = run_job(small / "log", "for _ in range(50): print('x' * 20_000)\n    print('end')")
        assert done.returncode == 0 and done.stderr.endswith("end\n")


def test_a_log_that_cannot_be_begun_is_one_message(tmp_path):
    with disk(tmp_path / "small") as small:
        remount(small, "ro")
        done = run_job(small / "log", "print('x')")
        assert done.returncode == 1
        assert done.stderr.startswith(f"Error: cannot use {small / 'log'}: Read-only file system. Free disk")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("call", ["open('small/x', 'w').write('x' * 900_000)", "__import__('os').mkdir('read/x')"])
def test_what_the_system_refuses_in_a_job_is_one_message(tmp_path, call):
    with disk(tmp_path / "small"), disk(tmp_path / "read"):
        remount(tmp_path / "read", "ro")
        done = run_job(tmp_path / "log", f"__import__('os').chdir({str(tmp_path)!r}); {call}")
        assert done.returncode == 1
        assert done.stderr.startswith("Error: cannot use ") and done.stderr.count("\n") == 1
        assert (tmp_path / "log").read_text() == done.stderr


# --- jobs of the workflow ---------------------------------------------------------------------------------------------


def refused(result: subprocess.CompletedProcess, *words: str) -> None:
    """Demand a failure of one message, and no traceback."""
    text = result.stdout + result.stderr
    assert result.returncode == 1, text
    assert all(word in text for word in words), text
    assert "Traceback" not in text and "Logging error" not in text, text


@pytest.mark.slow
def test_full_disks_stop_a_study_and_room_lets_it_go_on(tmp_path):
    project = tiny_project(tmp_path / "project")
    study, training = project.folder / "results" / "tiny", f"results/tiny/{TRAINING}"
    with disk(tmp_path / "images") as images:  # from here on nothing may be written beside the images
        config = delta(write_images(images), epochs=1)
        remount(images, "ro")
        with disk(study / "data", "size=60k") as data:
            result = project.snakemake("-c1", training, delta=config)
            refused(result, "cannot write results/tiny/data/crops.npy: No space left on device")
            assert not [path for path in data.rglob("*") if path.name.startswith((".", "crops"))]
            remount(data, "size=1m")
            with disk(study / ".state" / "train", "size=3m") as states:
                result = project.snakemake("-c1", training, delta=config)
                refused(result, "cannot write results/tiny/.state/train/", "No space left on device")
                assert not (study / TRAINING).exists() and not list(states.rglob(".*"))
                remount(states, "size=40m")
                result = project.snakemake("-c1", training, delta=config)
                assert result.returncode == 0 and "going on after epoch 0" in result.stderr, result.stderr
            resumed = (study / TRAINING).read_bytes()
            (study / TRAINING).unlink()
            assert project.snakemake("-c1", training, delta=config).returncode == 0
            assert (study / TRAINING).read_bytes() == resumed


@pytest.mark.slow
def test_disks_that_take_nothing_are_named_before_the_first_job(tmp_path):
    project = tiny_project(tmp_path / "project")
    config = delta(write_images(tmp_path / "images"))
    for place in ("results", ".snakemake"):
        with disk(project.folder / place) as small:
            result = project.snakemake("-c1", delta=config)
            refused(result, "the run cannot start", "disk: the run takes about", f"free in {small}")
            remount(small, "ro")
            result = project.snakemake("-c1", delta=config)
            refused(result, "the run cannot start", f"{small} cannot be written (Read-only file system)")
