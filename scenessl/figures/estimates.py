"""Accuracies with their intervals: read from the accuracy table and drawn as points with bars and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from scenessl.errors import UserError
from scenessl.evaluation.metrics import FEW_SEEDS, wilson_interval
from scenessl.figures import inputs
from scenessl.figures.style import MUTED, SMALL, percent

ROW, SEED, CLOUD = 8.0, 3.8, 14.0  # mm: a row at least, each of few seeds, and the cloud of many


@dataclass(frozen=True)
class Estimate:
    """The accuracy of one model and seed on one part, all 0..1."""

    model: str
    seed: int
    share: float
    low: float  # ends of Wilson's 95 % interval
    high: float


def read(path: Path | str, part: str, task: str) -> list[Estimate]:
    """Estimates of every model and seed of `task` on `part` (validation or test), in the table's order.

    A row without an accuracy of that part (there is no validation part) is left out. Raises UserError for a table
    that cannot be read or accuracies out of range.
    """
    columns = ("model", "task", "seed", f"{part}_accuracy", f"n_{part}")
    rows = [row for row in inputs.table(path, columns) if row["task"] == task]
    shares, counts = (inputs.numbers(path, rows, name) for name in columns[3:])
    if ((shares < 0) | (shares > 1)).any():
        raise UserError(f"{path}: column {columns[3]} leaves the range 0 to 1. Delete the file and run again.")
    return [
        Estimate(row["model"], int(row["seed"]), float(share), *wilson_interval(float(share), int(count)))
        for row, share, count in zip(rows, shares, counts, strict=True)
        if np.isfinite(share) and count > 0
    ]


def draw_row(axes: Axes, height: float, estimates: Sequence[Estimate], colour: str, room: float = 0.5) -> None:
    """Draw one model's seeds around `height`, spread over `room` of the axes' unit, and write the numbers at right.

    Each point is a seed, with its own interval where there are few; with several seeds a bar marks their mean.
    """
    offsets = np.linspace(-room / 2, room / 2, len(estimates)) if len(estimates) > 1 else [0.0]
    shares = np.array([estimate.share for estimate in estimates])
    bars = np.array([[estimate.share - estimate.low, estimate.high - estimate.share] for estimate in estimates])
    if len(estimates) > FEW_SEEDS:
        axes.plot(100 * shares, height + np.array(offsets), "o", color=colour, markersize=2.4, alpha=0.5, mew=0)
    else:
        places = {"x": 100 * shares, "y": height + np.array(offsets)}
        axes.errorbar(**places, xerr=100 * bars.T, fmt="o", color=colour, capsize=2, elinewidth=1.0)
    if len(estimates) > 1:
        axes.vlines(100 * shares.mean(), height - 0.36, height + 0.36, color=colour, linewidth=1.2)
    axes.annotate(
        numbers(estimates), (1, height), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
        va="center", fontsize=SMALL, annotation_clip=False,
    )  # fmt: skip


def row_height(estimates: Sequence[Sequence[Estimate]]) -> float:
    """How many mm the rows of such models need each."""
    most = max(len(seeds) for seeds in estimates)
    return CLOUD if most > FEW_SEEDS else max(ROW, SEED * most)


def scale_label(quantity: str, estimates: Sequence[Sequence[Estimate]]) -> str:
    """What stands below the scale: the quantity, and what a point is."""
    several = max(len(seeds) for seeds in estimates) > FEW_SEEDS
    return f"{quantity} (%), {'a point per seed and their mean' if several else 'with 95 % Wilson interval'}"


def numbers(estimates: Sequence[Estimate]) -> str:
    """What stands beside a row: the accuracy and its interval in %, or the mean and range over several seeds."""
    if len(estimates) == 1:
        one = estimates[0]
        return f"{percent(one.share)}  ({percent(one.low)} to {percent(one.high)})"
    shares = [estimate.share for estimate in estimates]
    return f"{percent(float(np.mean(shares)))}  (seeds {percent(min(shares))} to {percent(max(shares))})"


def lines(axes: Axes) -> None:
    """The grid behind such rows: vertical lines at the accuracies, no ticks at the names."""
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
