"""Along the pretexts: accuracy of the frozen features against the epoch, and how far blocks move from the start."""

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import BODY, INK, SMALL, TEXT_WIDTH, canvas, colour, look, panel, save, shortened

POINTS = ("test_accuracy", "test_low", "test_high")
MOVES = ("cka_start", "distance")
LEFT, HEIGHT, ABOVE, BELOW, LEGEND = 15.0, 34.0, 5.5, 10.5, 30.0  # mm
HALF = (TEXT_WIDTH - LEGEND - 2 * LEFT) / 2  # mm, of a panel that has one beside it
BLOCKS = colormaps["viridis"]


def draw(*, trajectory: Path | str, similarity: Path | str, classes: int, output: Path | str) -> None:
    """Draw accuracy (with Wilson's 95 % intervals), linear CKA with the start, and weight distance, epoch by epoch.

    With several seeds, lines are means over them, and each seed's accuracy is a faint point in place of the interval.

    Args:
        trajectory: trajectory.csv with model, seed, epoch and POINTS, 0..1.
        similarity: similarity.csv with model, seed, epoch, block and MOVES.
        classes: how many there are; a guess is right once in so many.
        output: the figure, .svg or .png.

    Raises:
        UserError: A table cannot be read, or an accuracy leaves 0..1.
    """
    points = inputs.table(trajectory, ("model", "seed", "epoch", *POINTS))
    values = np.stack([inputs.numbers(trajectory, points, name) for name in POINTS], axis=1)
    if not ((values >= 0) & (values <= 1)).all():
        raise UserError(f"{trajectory}: an accuracy leaves the range 0 to 1. Delete the file and run again.")
    moves = inputs.table(similarity, ("model", "seed", "epoch", "block", *MOVES))
    shares = np.stack([inputs.numbers(similarity, moves, name) for name in MOVES], axis=1)
    with look():
        save(_figure((points, 100 * values), (moves, shares), 100 / classes), output)


def _figure(points: tuple[list[dict], np.ndarray], moves: tuple[list[dict], np.ndarray], chance: float) -> Figure:
    models = list(dict.fromkeys(row["model"] for row in points[0]))
    step = ABOVE + HEIGHT + BELOW
    figure = canvas(TEXT_WIDTH, step * (1 + len(models)))
    _accuracies(panel(figure, LEFT, ABOVE, 2 * HALF + LEFT, HEIGHT), points, models, chance)
    for place, model in enumerate(models, start=1):
        for column, quantity in enumerate(MOVES):
            axes = panel(figure, LEFT + column * (HALF + LEFT), place * step + ABOVE, HALF, HEIGHT)
            _blocks(axes, moves, model, quantity)
            if not column:
                axes.set_title(shortened(model, HALF, BODY), loc="left", pad=3)
            elif place == 1:
                names = list(dict.fromkeys(row["block"] for row in moves[0]))
                entries = [Line2D([], [], color=BLOCKS(at), label=name) for name, at in _shades(names).items()]
                axes.legend(handles=entries, loc="upper left", bbox_to_anchor=(1.02, 1.05), fontsize=SMALL)
    return figure


def _shades(blocks: list[str]) -> dict[str, float]:
    """The place of each block's colour, from the image upwards."""
    return {name: at for name, at in zip(blocks, np.linspace(0, 0.9, len(blocks)), strict=True)}


def _accuracies(axes: Axes, points: tuple[list[dict], np.ndarray], models: list[str], chance: float) -> None:
    """Test accuracy of the logistic regression on each pretext's frozen features, a line per pretext."""
    for place, model in enumerate(models):
        found = _by_epoch(points, {"model": model})
        means = np.array([values.mean(0) for values in found.values()])
        # Of one seed the interval of its test images; several stand beside their mean as points.
        bars = np.abs(means[:, 1:] - means[:, :1]).T if all(len(values) == 1 for values in found.values()) else None
        at = np.array(list(found)) + 0.06 * place
        axes.errorbar(
            at, means[:, 0], yerr=bars, color=colour(place), marker="o", capsize=2, linewidth=1.2, label=model
        )
        for epoch, values in found.items():
            if len(values) > 1:
                axes.plot([epoch] * len(values), values[:, 0], "o", color=colour(place), markersize=2.4, alpha=0.4)
    axes.axhline(chance, color=INK, linewidth=0.8, linestyle="--", label=f"chance ({chance:.1f} %)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.05), fontsize=SMALL)
    axes.set(ylabel="test accuracy (%)")
    _epochs(axes)


def _blocks(axes: Axes, moves: tuple[list[dict], np.ndarray], model: str, quantity: str) -> None:
    """One quantity of one pretext, a line per block, means over seeds."""
    blocks = list(dict.fromkeys(row["block"] for row in moves[0]))
    for block, at in _shades(blocks).items():
        found = _by_epoch(moves, {"model": model, "block": block})
        means = [values[:, MOVES.index(quantity)].mean() for values in found.values()]
        axes.plot(list(found), means, marker="o", markersize=2.6, linewidth=1.0, color=BLOCKS(at))
    axes.set(ylabel={"cka_start": "CKA with the start", "distance": "weight distance"}[quantity])
    axes.set_ylim((min(0.0, axes.get_ylim()[0]), 1.03) if quantity == "cka_start" else (0, None))
    _epochs(axes)


def _by_epoch(table: tuple[list[dict], np.ndarray], wanted: dict[str, str]) -> dict[int, np.ndarray]:
    """The values [seeds, quantities] of rows that are as wanted, by epoch, ascending."""
    rows, values = table
    fits = [all(row[key] == value for key, value in wanted.items()) for row in rows]
    epochs = np.array([int(row["epoch"]) if fit else -1 for row, fit in zip(rows, fits, strict=True)])
    return {int(epoch): values[epochs == epoch] for epoch in np.unique(epochs[epochs >= 0])}


def _epochs(axes: Axes) -> None:
    axes.set_xlabel("pretext epoch (0 = the start)")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.grid(axis="y")
