"""Invented trajectories and label-efficiency results, in the formats of the result files, with their tables."""

from pathlib import Path

import numpy as np
from synthetic_looks import write_npz

from scenessl.evaluation import label_table, trajectory_tables
from scenessl.files import write_csv

BLOCKS = tuple(f"features.{place}" for place in range(4))
EPOCHS = (0, 1, 3, 6)
ACCURACIES = {"rotation": (0.878, 0.88, 0.883, 0.884), "perturbation": (0.878, 0.85, 0.846, 0.842)}
LABELS = (1, 10, 0)
FEW = {  # accuracy at each number of labels
    "imagenet": (0.4, 0.78, 0.878),
    "rotation": (0.52, 0.82, 0.884),
    "perturbation": (0.45, 0.75, 0.842),
    "random": (0.1, 0.14, 0.22),
}
DRAWS = 3


def write_curves(root: Path, published: dict, targets: np.ndarray, accuracies=None, few=None, cka=None) -> None:
    """Write what a study asks for of both: npz files, then their tables.

    Args:
        root: the study's results folder.
        published: its configuration.
        targets: labels of the test images.
        accuracies: of the frozen features by pretext and epoch, in place of ACCURACIES.
        few: by start and number of labels, in place of FEW.
        cka: of the last block with the latest epoch, in place of 0.97.
    """
    for seed in published["seeds"]:
        for name in (published.get("trajectory") or {}).get("models", []):
            arrays = _trajectory((ACCURACIES | (accuracies or {}))[name], targets, seed, cka)
            write_npz(root / f"trajectory/{name}_seed{seed}.npz", arrays)
        if published.get("label_efficiency"):
            starts = {start: (FEW | (few or {}))[start] for start in published["label_efficiency"]["starts"]}
            write_npz(root / f"label_efficiency/seed{seed}.npz", _few(starts, targets, seed))
    write_curve_tables(root, published)


def write_curve_tables(root: Path, published: dict) -> None:
    """Write the tables from the npz files that are there."""
    found = trajectory_tables.read_trajectories(root, published)
    labels = label_table.read_labels(root, published)
    tables = {}
    if found:
        tables["trajectory"] = (trajectory_tables.trajectory_rows(found), trajectory_tables.COLUMNS)
        tables["similarity"] = (trajectory_tables.similarity_rows(found), trajectory_tables.SIMILARITY)
    if labels:
        tables["label_efficiency"] = (label_table.label_rows(labels), label_table.COLUMNS)
        tables["label_gains"] = (label_table.gain_rows(labels, published["models"]), label_table.GAINS)
    for name, (rows, columns) in tables.items():
        write_csv(root / f"tables/{name}.csv", rows, columns)


def answered(targets: np.ndarray, accuracy: float, shift: int = 0) -> np.ndarray:
    """Give answers of which a share is right: the first of a fixed order of the images, moved by `shift`."""
    order = np.roll(np.random.default_rng(1).permutation(len(targets)), shift)
    wrong = order[round(accuracy * len(targets)) :]
    predicted = targets.copy()
    predicted[wrong] = (targets[wrong] + 1) % (targets.max() + 1)
    return predicted.astype(np.int16)


def _trajectory(accuracies: tuple, targets: np.ndarray, seed: int, cka: float | None) -> dict:
    """One pretext; seeds differ a little."""
    predicted = [answered(targets, value + 0.002 * (seed % 3) * (at > 0)) for at, value in enumerate(accuracies)]
    start = np.linspace(1, 0.9, 4)[:, None] - np.linspace(0, 0.3, 4)[None] * np.linspace(0, 1, 4)[:, None]
    start[0] = 1
    latest = start[::-1].copy()
    latest[2, -1] = 0.97 if cka is None else cka
    return {
        "epochs": np.array(EPOCHS, np.int32),
        "blocks": np.array(BLOCKS),
        "target": targets.astype(np.int16),
        "predicted": np.stack(predicted),
        "validation": np.array(accuracies, np.float32),
        "cka_start": start.astype(np.float32),
        "cka_latest": latest.astype(np.float32),
        "distance": (np.linspace(0, 0.2, 4)[:, None] * np.linspace(0.5, 1, 4)[None]).astype(np.float32),
        "sampled": np.array(100, np.int32),
    }


def _few(starts: dict, targets: np.ndarray, seed: int) -> dict:
    """All starts and draws; a draw moves all accuracies alike and their differences a little."""
    rows = []
    for place, (start, values) in enumerate(starts.items()):
        for count, value in zip(LABELS, values, strict=True):
            for draw in range(DRAWS if count else 1):
                moved = value + 0.01 * draw + 0.002 * ((place + draw + seed) % 3) * (count > 0)
                rows.append((start, count, draw, count * 15 or 255, answered(targets, moved, 7 * draw)))
    names = ("start", "labels", "draw", "used", "predicted")
    arrays = {name: np.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    return arrays | {"target": targets.astype(np.int16)}
