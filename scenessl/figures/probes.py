"""Test accuracy of the probes by block: a panel for each method, a line for each start."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import (
    BODY,
    INK,
    SMALL,
    TEXT_WIDTH,
    canvas,
    colour,
    look,
    panel,
    save,
    shortened,
    text_width,
)

VALUES = ("test_accuracy", "test_low", "test_high")
COLUMNS = ("start", "seed", "block", "method", *VALUES)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
TITLES = {"linear": "linear probe", "linear pooled": "linear probe, pooled"}
ACROSS, HEIGHT, ABOVE, BELOW, LEFT, GAP = 3, 48.0, 5.5, 9.5, 11.0, 6.0  # panels in a row; mm
LINE = 4.4  # mm, of the legend
SPREAD = 0.3  # of a block, between the outer lines, so that intervals do not cover each other


def draw(*, probes: Path | str, classes: int, output: Path | str) -> None:
    """Draw test accuracy against block for every method and start: a line with 95 % intervals, and chance.

    With several seeds, line and interval are means over them, and each seed is a faint point.

    Args:
        probes: probes.csv with the COLUMNS; accuracies 0..1 with Wilson's intervals, blocks in order.
        classes: how many there are; a guess is right once in so many.
        output: the figure, .svg or .png.

    Raises:
        UserError: The table cannot be read, or its accuracies leave 0..1.
    """
    rows = inputs.table(probes, COLUMNS)
    values = np.stack([inputs.numbers(probes, rows, name) for name in VALUES], axis=1)
    if not ((values >= 0) & (values <= 1)).all():
        raise UserError(f"{probes}: an accuracy leaves the range 0 to 1. Delete the file and run again.")
    with look():
        save(_figure(Table(rows, values), 1 / classes), output)


class Table:
    """The rows of probes.csv and what can be asked of them.

    Attributes:
        starts, blocks, methods: in the order of the rows.
        top: of the panels, in per cent: a multiple of ten above all intervals.
    """

    def __init__(self, rows: list[dict[str, str]], values: np.ndarray) -> None:
        """Take the rows and their VALUES, 0..1 [rows, 3]."""
        self._rows, self._values = rows, values
        self.starts, self.blocks, self.methods = (
            list(dict.fromkeys(row[name] for row in rows)) for name in ("start", "block", "method")
        )

        self.top = min(100, 10 * (int(10 * values.max()) + 1))

    def seeds(self, start: str, block: str, method: str) -> np.ndarray:
        """VALUES of every seed of one probe, in per cent [seeds, 3]; there may be none."""
        wanted = (start, block, method)
        return 100 * self._values[[(row["start"], row["block"], row["method"]) == wanted for row in self._rows]]


def _figure(table: Table, chance: float) -> Figure:
    methods = table.methods
    columns = 2 if len(methods) == 4 else min(ACROSS, len(methods))
    lines = -(-len(methods) // columns)
    entries = _entries(table.starts, chance)
    across = max(1, int(TEXT_WIDTH // (14 + max(text_width(entry.get_label(), SMALL) for entry in entries))))
    legend = LINE * -(-len(entries) // across)
    figure = canvas(TEXT_WIDTH, lines * (ABOVE + HEIGHT + BELOW) + legend + 1)
    width = (TEXT_WIDTH - LEFT - 1 - (columns - 1) * GAP) / columns
    for place, method in enumerate(methods):
        row, column = divmod(place, columns)
        axes = panel(figure, LEFT + column * (width + GAP), row * (ABOVE + HEIGHT + BELOW) + ABOVE, width, HEIGHT)
        _lines(axes, table, method)
        axes.axhline(100 * chance, color=INK, linewidth=0.8, linestyle="--")
        axes.set_title(shortened(_title(method), width, BODY), loc="left", pad=3)
        _frame(axes, table, first=column == 0)
    figure.legend(handles=entries, ncols=min(across, len(entries)), loc="lower center", bbox_to_anchor=(0.5, 0),
                  borderaxespad=0.2, borderpad=0, handlelength=2.4, columnspacing=1.6)  # fmt: skip
    return figure


def _lines(axes: Axes, table: Table, method: str) -> None:
    """One line per start, each a little beside the others."""
    offsets = np.linspace(-SPREAD / 2, SPREAD / 2, len(table.starts)) if len(table.starts) > 1 else [0.0]
    for index, start in enumerate(table.starts):
        found = {place: table.seeds(start, block, method) for place, block in enumerate(table.blocks)}
        found = {place + offsets[index]: values for place, values in found.items() if len(values)}
        means = np.array([values.mean(0) for values in found.values()]).reshape(-1, 3)
        bars = np.abs(means[:, 1:] - means[:, :1]).T
        style = {"color": colour(index), "marker": MARKERS[index % len(MARKERS)]}
        axes.errorbar(list(found), means[:, 0], yerr=bars, markersize=3.2, linewidth=1.1, capsize=1.6, elinewidth=0.8,
                      **style)  # fmt: skip
        for place, values in found.items():
            if len(values) > 1:
                axes.plot([place] * len(values), values[:, 0], linestyle="", markersize=2.4, alpha=0.4, **style)


def _frame(axes: Axes, table: Table, *, first: bool) -> None:
    """Number the blocks, and give only the first panel of a row its accuracies."""
    axes.set_xticks(range(len(table.blocks)), [block.removeprefix("features.") for block in table.blocks])
    axes.set_yticks(range(0, table.top + 1, 20))
    axes.set(xlim=(-0.5, len(table.blocks) - 0.5), ylim=(0, table.top), xlabel="feature block")
    axes.grid(axis="y")
    if first:
        axes.set_ylabel("test accuracy (%)")
    else:
        axes.tick_params(axis="y", labelleft=False)


def _title(method: str) -> str:
    """What a method is called above its panel."""
    count = method.removeprefix("knn ")
    return TITLES.get(method, f"{count} nearest neighbours" if count != "1" else "nearest neighbour")


def _entries(starts: list[str], chance: float) -> list[Line2D]:
    """What the legend shows."""
    named = [
        Line2D([], [], color=colour(index), marker=MARKERS[index % len(MARKERS)], label=shortened(start, 60, SMALL))
        for index, start in enumerate(starts)
    ]
    label = f"chance ({100 * chance:.1f} %)"
    return [*named, Line2D([], [], color=INK, linewidth=0.8, linestyle="--", label=label)]
