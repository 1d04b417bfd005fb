"""Reliability diagrams: accuracy against confidence, a panel for each model that answers with the labels."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import (
    BODY,
    FAINT,
    INK,
    MUTED,
    SMALL,
    TEXT_WIDTH,
    canvas,
    colour,
    look,
    panel,
    save,
    wrapped,
)

VALUES = ("n", "confidence", "accuracy")
COLUMNS = ("model", "task", "seed", "low", "high", *VALUES)
ACROSS, LEFT, ABOVE, BELOW, GAP = 4, 11.0, 8.0, 9.5, 6.0  # panels in a row; mm
SIDE = (TEXT_WIDTH - LEFT - 4 - (ACROSS - 1) * GAP) / ACROSS  # mm


def draw(*, reliability: Path | str, accuracies: Path | str, output: Path | str, task: str = "scenes") -> None:
    """Draw the accuracy of every bin of confidence, all seeds together, beside what calibrated answers would have.

    The bars at the foot show which share of the images has such a confidence.

    Args:
        reliability: reliability.csv with the COLUMNS, a row per model, seed and bin; shares 0..1.
        accuracies: accuracy.csv with model, seed and calibration_error, which is written into the panels.
        output: the figure, .svg or .png.
        task: the models drawn are those trained for it.

    Raises:
        UserError: The table cannot be read, or holds no model of `task`.
    """
    rows = [row for row in inputs.table(reliability, COLUMNS) if row["task"] == task]
    if not rows:
        raise UserError(f"{reliability} holds no model for {task}. Delete it and run again.")
    values = np.stack([inputs.numbers(reliability, rows, name) for name in ("low", "high", *VALUES)], axis=1)
    models, errors = np.array([row["model"] for row in rows]), _errors(accuracies)
    own = {model: _together(values[models == model]) for model in dict.fromkeys(models.tolist())}
    with look():
        save(_figure({model: (bins, errors[model]) for model, bins in own.items()}), output)


def _errors(path: Path | str) -> dict[str, float]:
    """The expected calibration error of every model, mean over its seeds."""
    rows = inputs.table(path, ("model", "calibration_error"))
    values, models = inputs.numbers(path, rows, "calibration_error"), np.array([row["model"] for row in rows])
    return {str(model): float(values[models == model].mean()) for model in np.unique(models)}


def _together(bins: np.ndarray) -> np.ndarray:
    """Add up the seeds' bins [rows, 5] of one model: low, high, share of all, mean confidence, accuracy; [bins, 5]."""
    total = bins[:, 2].sum()
    merged = []
    for low in np.unique(bins[:, 0]):
        same = bins[bins[:, 0] == low]
        weights = same[:, 2]
        merged.append([low, same[0, 1], weights.sum() / total, *(weights @ same[:, 3:] / weights.sum())])
    return np.array(merged)


def _figure(found: dict[str, tuple[np.ndarray, float]]) -> Figure:
    lines = -(-len(found) // ACROSS)
    figure = canvas(TEXT_WIDTH, lines * (ABOVE + SIDE + BELOW))
    for place, (model, (bins, error)) in enumerate(found.items()):
        row, column = divmod(place, ACROSS)
        top = row * (ABOVE + SIDE + BELOW) + ABOVE
        axes = panel(figure, LEFT + column * (SIDE + GAP), top, SIDE, SIDE)
        _diagram(axes, bins, colour(place))
        axes.text(4, 95, f"error {100 * error:.2f}", va="top", fontsize=SMALL, color=INK)
        axes.set_title(wrapped(model, SIDE, BODY), loc="left", pad=3, fontsize=BODY)
        axes.set_xlabel("confidence (%)")
        if column:
            axes.tick_params(axis="y", labelleft=False)
        else:
            axes.set_ylabel("accuracy (%)")
    return figure


def _diagram(axes: Axes, bins: np.ndarray, ink: str) -> None:
    """One model: shares of the images as bars at the foot, accuracies as points, large where many."""
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=0.8, linestyle="--")
    widths = 100 * (bins[:, 1] - bins[:, 0])
    axes.bar(100 * bins[:, 0], 100 * bins[:, 2], widths, align="edge", color=FAINT, linewidth=0)
    axes.plot(100 * bins[:, 3], 100 * bins[:, 4], linewidth=0.9, color=ink)
    axes.scatter(
        100 * bins[:, 3], 100 * bins[:, 4], 3 + 60 * bins[:, 2], color=ink, linewidth=0, clip_on=False, zorder=3
    )
    axes.set(xlim=(0, 100), ylim=(0, 100), xticks=range(0, 101, 25), yticks=range(0, 101, 25))
