"""Invented repeats of classifiers, in the format of the result file, with their tables."""

from pathlib import Path

import numpy as np
from synthetic_curves import answered
from synthetic_looks import write_npz

from scenessl.evaluation.repeat_table import COLUMNS, SPREAD, read_repeats, repeat_rows, spread_rows
from scenessl.files import read_csv, write_csv
from scenessl.study.manifest import repeats_file

MOVED = (0.0, 0.004, -0.004)  # accuracy of each repeat minus the published one


def write_repeats(root: Path, published: dict, targets: np.ndarray, moved=None) -> None:
    """Write the repeats that a study asks for, then their tables.

    Args:
        root: the study's results folder, with the table of accuracies.
        published: its configuration.
        targets: labels of the test images.
        moved: by model, in place of MOVED.
    """
    asked = published.get("repeats")
    if not asked:
        return
    first = published["seeds"][0]
    table = read_csv(root / "tables/accuracy.csv")
    own = {row["model"]: round(float(row["test_accuracy"]) * len(targets)) / len(targets) for row in reversed(table)}
    accuracies = [{"model": name, "test_accuracy": round(value, 6)} for name, value in own.items()]
    rows = [
        (name, first + at, 4, answered(targets, own[name] + change))
        for name in asked["models"]
        for at, change in enumerate((moved or {}).get(name, MOVED))
    ]
    names = ("model", "seed", "selected_epoch", "predicted")
    arrays = {name: np.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    write_npz(root / repeats_file(published), arrays | {"target": targets.astype(np.int16)})
    repeats = repeat_rows(read_repeats(root, published), accuracies)
    write_csv(root / "tables/repeats.csv", repeats, COLUMNS)
    write_csv(root / "tables/repeat_spread.csv", spread_rows(repeats), SPREAD)
