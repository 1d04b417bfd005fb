"""The points along each pretext: accuracy of the frozen features with its test against the start, and similarities."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from scenessl.arrays import read_arrays
from scenessl.evaluation.cells import rounded, significant
from scenessl.evaluation.metrics import paired_difference, wilson_interval

COLUMNS = (
    "model",
    "seed",
    "epoch",
    "n_test",
    "test_accuracy",
    "test_low",
    "test_high",
    "validation_accuracy",
    "difference",
    "low",
    "high",
    "p",
)
SIMILARITY = ("model", "seed", "epoch", "block", "images", "cka_start", "cka_latest", "distance")
KEYS = ("epochs", "blocks", "target", "predicted", "validation", "cka_start", "cka_latest", "distance", "sampled")
Found = Mapping[tuple[str, int], Mapping[str, np.ndarray]]


def read_trajectories(root: Path | str, published: Mapping) -> Found:
    """Read the trajectories of a study by pretext and seed.

    Raises:
        UserError: a file is missing or damaged.
    """
    names = (published.get("trajectory") or {}).get("models", [])
    paths = {
        (name, seed): Path(root) / f"trajectory/{name}_seed{seed}.npz" for name in names for seed in published["seeds"]
    }
    return {key: read_arrays(path, KEYS) for key, path in paths.items()}


def trajectory_rows(found: Found) -> list[dict]:
    """Return a row of COLUMNS per pretext, seed and epoch; differences are to epoch 0, on the same images."""
    return [_row(*key, arrays, place) for key, arrays in found.items() for place in range(len(arrays["epochs"]))]


def _row(model: str, seed: int, arrays: Mapping[str, np.ndarray], place: int) -> dict:
    """Return the row of one point."""
    right = arrays["predicted"] == arrays["target"]
    accuracy = right[place].mean()
    low, high = wilson_interval(accuracy, right.shape[1])
    apart = paired_difference(right[place], right[0])
    validation = float(arrays["validation"][place])
    return {
        "model": model,
        "seed": seed,
        "epoch": int(arrays["epochs"][place]),
        "n_test": right.shape[1],
        "test_accuracy": rounded(accuracy),
        "test_low": rounded(low),
        "test_high": rounded(high),
        "validation_accuracy": rounded(None if np.isnan(validation) else validation),
        **{key: rounded(getattr(apart, key)) for key in ("difference", "low", "high")},
        "p": significant(apart.p),
    }


def similarity_rows(found: Found) -> list[dict]:
    """Return a row of SIMILARITY per pretext, seed, epoch and block; a CKA that does not exist is empty.

    `images` is the number of test images that the CKA rests on.
    """
    return [
        {"model": model, "seed": seed, "epoch": int(epoch), "block": str(block), "images": int(arrays["sampled"])}
        | {key: _cell(arrays[key][row, column]) for key in SIMILARITY[5:]}
        for (model, seed), arrays in found.items()
        for row, epoch in enumerate(arrays["epochs"])
        for column, block in enumerate(arrays["blocks"])
    ]


def _cell(value: float) -> float | str:
    return rounded(None if np.isnan(value) else float(value))
