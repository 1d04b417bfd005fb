"""Accuracy of the probes of every block, start and seed, with Wilson's 95 % interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenessl.arrays import read_arrays
from scenessl.evaluation.cells import rounded
from scenessl.evaluation.metrics import accuracy, wilson_interval

COLUMNS = (
    "start",
    "seed",
    "block",
    "method",
    "dimension",
    "n_test",
    "test_accuracy",
    "test_low",
    "test_high",
    "validation_accuracy",
)
KEYS = ("blocks", "methods", "target", "predicted", "validation", "dimension", "channels")
POOLED = "linear pooled"  # the method that takes a block's channels, not its grid


@dataclass(frozen=True)
class Probing:
    """The probes of one start and seed: the arrays that `probes.probe` describes."""

    start: str
    seed: int
    arrays: Mapping[str, np.ndarray]


def read_probings(root: Path | str, published: Mapping) -> list[Probing]:
    """Read the probes of a study in the order of its starts, then seeds; none where none are asked for.

    Args:
        root: the study's results folder.
        published: the content of its configuration.yaml: seeds and, for its starts, probes.

    Raises:
        UserError: a file is missing or damaged.
    """
    starts = (published.get("probes") or {}).get("starts", [])
    paths = {(start, seed): _path(root, start, seed) for start in starts for seed in published["seeds"]}
    return [Probing(start, int(seed), read_arrays(path, KEYS)) for (start, seed), path in paths.items()]


def _path(root: Path | str, start: str, seed: int) -> Path:
    return Path(root) / "probes" / f"{start}_seed{seed}.npz"


def probe_rows(probings: Sequence[Probing]) -> list[dict]:
    """Return a row of COLUMNS per start, seed, block and method; an accuracy that there is none of is empty."""
    return [
        _row(probing, block, method)
        for probing in probings
        for block in range(len(probing.arrays["blocks"]))
        for method in range(len(probing.arrays["methods"]))
    ]


def _row(probing: Probing, block: int, method: int) -> dict:
    """Return the row of one probe, named by its positions."""
    found = probing.arrays
    name = str(found["methods"][method])
    test = accuracy(found["target"], found["predicted"][block, method])
    low, high = wilson_interval(test, len(found["target"]))
    validation = float(found["validation"][block, method])
    return {
        "start": probing.start,
        "seed": probing.seed,
        "block": str(found["blocks"][block]),
        "method": name,
        "dimension": int(found["channels" if name == POOLED else "dimension"][block]),
        "n_test": len(found["target"]),
        "test_accuracy": rounded(test),
        "test_low": rounded(low),
        "test_high": rounded(high),
        "validation_accuracy": "" if np.isnan(validation) else rounded(validation),
    }
