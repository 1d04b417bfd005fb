"""`make check`: are the stored results whole, do they fit together, and do the tables follow from them?

Needs numpy, scipy and PyYAML, no torch and no training. `python -m scenessl.report.checks FOLDER...` checks each
FOLDER that is a study's results folder, or every finished study inside it.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path, PurePosixPath

import numpy as np

from scenessl.errors import UserError
from scenessl.evaluation.runs import PARTS, Run, read_run
from scenessl.evaluation.tables import write_tables
from scenessl.files import read_csv, read_json
from scenessl.report.provenance import NAME, read_published, sha256, stored_files, weight_files


@dataclass(frozen=True)
class Check:
    """One finding: what was checked, whether it holds, and the figures."""

    name: str
    passed: bool
    detail: str

    def __str__(self) -> str:
        """Give the line that is printed."""
        return f"{'ok    ' if self.passed else 'FAILED'}  {self.name}: {self.detail}"


def check_results(root: Path | str) -> list[Check]:
    """Check a study's stored results: hashes, agreement of predictions with the index, and every table.

    Nothing below `root` is written. A file that is missing or damaged is a failed check, not an error.
    """
    root = Path(root)
    steps: list[Callable[[Path], Iterator[Check]]] = [_hashes, _leaks, _labels, _tables]
    return [check for step in steps for check in _guarded(step, root)]


def _guarded(step: Callable[[Path], Iterator[Check]], root: Path) -> list[Check]:
    """Run one step; what it cannot read fails it."""
    try:
        return list(step(root))
    except (UserError, OSError, ValueError, KeyError, TypeError) as error:
        text = str(error) if isinstance(error, UserError | OSError) else f"a file is damaged ({error!r})"
        return [Check(step.__name__.strip("_"), False, text)]


def _hashes(root: Path) -> Iterator[Check]:
    """Compare every stored file with the hash that provenance.json states."""
    published, stated = read_published(root), read_json(root / NAME)["files"]
    weights = set(weight_files(published))
    names = sorted({*stated, *stored_files(published), *weights})
    absent = [name for name in names if name in weights and not (root / name).exists()]
    findings = {name: _fault(root, name, stated) for name in names if name not in absent}
    faults = {name: fault for name, fault in findings.items() if fault}
    yield from (Check(name, False, fault) for name, fault in faults.items())
    kept = f"; {len(absent)} weights files are not in this copy" if absent else ""
    same = len(findings) - len(faults)
    yield Check("stored files", not faults, f"{same} of {len(findings)} have the hash in {NAME}{kept}")


def _fault(root: Path, name: str, stated: Mapping[str, str]) -> str | None:
    """Say what is wrong with one stored file, or None."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        return "lies outside the study"
    if name not in stated:
        return f"is not named in {NAME}"
    if not (root / name).is_file():
        return "is missing"
    return None if sha256(root / name) == stated[name] else f"differs from the hash in {NAME}"


def _leaks(root: Path) -> Iterator[Check]:
    """Find the test images with a copy in train again, by their hashes in the index."""
    index = read_csv(root / "data" / "index.csv")
    train = {row["sha256"] for row in index if row["split"] == "train"}
    found = [int(row["image"]) for row in index if row["split"] == "test" and row["sha256"] in train]
    same = found == sorted(read_json(root / "data" / "audit.json")["leaked_images"])
    detail = f"{len(found)} test images have a copy in train" + ("" if same else ", audit.json says otherwise")
    yield Check("leaks", same, detail)


def _labels(root: Path) -> Iterator[Check]:
    """Compare the images and targets of all predictions with the index and the parts of their seed."""
    published = read_published(root)
    labels = {int(row["image"]): int(row["label"]) for row in read_csv(root / "data" / "index.csv")}
    for seed in published["seeds"]:
        parts = read_csv(root / "data" / f"parts_seed{seed}.csv")
        for model, settings in published["models"].items():
            fault = _disagreement(read_run(root, model, seed, settings), parts, labels)
            yield Check(f"predictions of {model}, seed {seed}", not fault, fault or "images and targets agree")


def _disagreement(run: Run, parts: Sequence[Mapping[str, str]], labels: Mapping[int, int]) -> str | None:
    """Say where a run's predictions disagree with parts and labels, or None."""
    found = run.predictions
    for part in PARTS:
        images = sorted(int(row["image"]) for row in parts if row["part"] == part)
        if found.images(part).tolist() != images:
            return f"other {part} images than in parts_seed{run.seed}.csv"
    if len(found.image) != len(labels) * found.views:
        return "not every image stands there once per view"
    true = np.array([labels[int(image)] for image in found.image])
    if run.settings["task"] == "scenes" and not np.array_equal(found.target, true):
        return "other targets than the labels in index.csv"
    return None


def _tables(root: Path) -> Iterator[Check]:
    """Compute every table again from the stored results and compare it byte for byte."""
    with tempfile.TemporaryDirectory() as folder:
        for computed in write_tables(root, read_published(root), folder):
            yield _same_table(f"tables/{computed.name}", root / "tables" / computed.name, computed)


def _same_table(name: str, stored: Path, computed: Path) -> Check:
    """Compare a stored table with the one computed again; name the first line that differs."""
    if not stored.is_file():
        return Check(name, False, "is missing")
    if stored.read_bytes() == computed.read_bytes():
        return Check(name, True, f"{len(read_csv(stored))} rows come out the same from the stored predictions")
    lines = [path.read_text(encoding="utf-8", errors="replace").splitlines() for path in (stored, computed)]
    pairs = enumerate(zip_longest(*lines, fillvalue="(nothing)"), start=1)
    number, (was, is_) = next((pair for pair in pairs if pair[1][0] != pair[1][1]), (0, ("other line ends", "")))
    return Check(name, False, f"line {number} is stored as {was!r} but comes out as {is_!r}")


def studies_in(folder: Path) -> list[Path]:
    """Return `folder` if it is a study's results folder, else the finished studies directly inside it.

    Raises:
        UserError: there is none.
    """
    if (folder / "configuration.yaml").exists():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{NAME}"))
    if not found:
        raise UserError(f"{folder} holds no finished study (no {NAME}). Name a study's results folder.")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the studies named on the command line; return the exit status, 0 if every check passed."""
    parser = argparse.ArgumentParser(prog="python -m scenessl.report.checks", description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="results folder of a study, or a folder of such")
    try:
        studies = [study for folder in parser.parse_args(arguments).folders for study in studies_in(folder)]
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return max([_print_checks(study) for study in studies])


def _print_checks(study: Path) -> int:
    """Print a line per check of one study; return 1 if any failed."""
    checks = check_results(study)
    print(f"{study}", *checks, sep="\n")
    failed = sum(not check.passed for check in checks)
    print(f"{len(checks) - failed} of {len(checks)} checks passed\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
