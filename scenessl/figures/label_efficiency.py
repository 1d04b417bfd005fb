"""Test accuracy of frozen features against the number of labelled images per class, a line for each start."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import INK, SMALL, TEXT_WIDTH, canvas, colour, look, panel, save

COLUMNS = ("start", "seed", "labels", "draw", "test_accuracy")
LEFT, HEIGHT, ABOVE, BELOW, LEGEND = 12.0, 62.0, 3.0, 11.0, 38.0  # mm
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def draw(*, accuracies: Path | str, classes: int, output: Path | str) -> None:
    """Draw the mean accuracy at each number of labels, and every draw and seed as a faint point.

    Args:
        accuracies: label_efficiency.csv with the COLUMNS; labels 0 stands for all.
        classes: how many there are; a guess is right once in so many.
        output: the figure, .svg or .png.

    Raises:
        UserError: The table cannot be read, or an accuracy leaves 0..1.
    """
    rows = inputs.table(accuracies, COLUMNS)
    labels, shares = (inputs.numbers(accuracies, rows, name) for name in ("labels", "test_accuracy"))
    if not ((shares >= 0) & (shares <= 1)).all():
        raise UserError(f"{accuracies}: an accuracy leaves the range 0 to 1. Delete the file and run again.")
    starts = np.array([row["start"] for row in rows])
    with look():
        save(_figure(starts, labels.astype(int), 100 * shares, 100 / classes), output)


def _figure(starts: np.ndarray, labels: np.ndarray, shares: np.ndarray, chance: float) -> Figure:
    figure = canvas(TEXT_WIDTH, ABOVE + HEIGHT + BELOW)
    axes = panel(figure, LEFT, ABOVE, TEXT_WIDTH - LEFT - LEGEND, HEIGHT)
    counts = sorted(set(labels.tolist()), key=lambda count: count or np.inf)
    for place, start in enumerate(dict.fromkeys(starts.tolist())):
        found = [shares[(starts == start) & (labels == count)] for count in counts]
        style = {"color": colour(place), "marker": MARKERS[place % len(MARKERS)]}
        axes.plot([values.mean() for values in found], label=start, linewidth=1.2, **style)
        for at, values in enumerate(found):
            if len(values) > 1:
                axes.plot([at] * len(values), values, linestyle="", markersize=2.4, alpha=0.4, **style)
    _frame(axes, counts, chance)
    return figure


def _frame(axes: Axes, counts: list[int], chance: float) -> None:
    axes.axhline(chance, color=INK, linewidth=0.8, linestyle="--", label=f"chance ({chance:.1f} %)")
    axes.set_xticks(range(len(counts)), [str(count) if count else "all" for count in counts])
    axes.set(xlabel="labelled images per class", ylabel="test accuracy (%)", ylim=(0, 100))
    axes.grid(axis="y")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), fontsize=SMALL)
