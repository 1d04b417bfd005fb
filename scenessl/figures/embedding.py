"""The t-SNE maps of one model: a panel for each number of images, the points coloured by class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import (
    BODY,
    FAINT,
    INK,
    MUTED,
    PALETTE,
    SMALL,
    TEXT_HEIGHT,
    TEXT_WIDTH,
    TINY,
    canvas,
    look,
    number,
    panel,
    save,
    shortened,
    text_width,
    write,
)

# Eleven colours and seven markers: 77 classes look different, and neighbours in the legend differ in both.
COLOURS = (*PALETTE, "#8c4a2f", "#222222", "#a3b200")
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
DRAWN = ("points", "label", "perplexity")
SCORES = ("silhouette", "purity", "silhouette_features", "purity_features", "purity_chance", "purity_best")
LARGEST, LEAST, GAP, ABOVE, BELOW = 110.0, 50.0, 5.0, 5.0, 13.5  # mm
NAME, LINE = 36.0, 3.5  # mm: the most of a name in the legend, and from line to line there
ROUNDS = 10  # in which points are laid down, so that no class covers all others
VECTORS = 5000  # points; more are drawn as pixels


def draw(*, embedding: Path | str, classes: Path | str, output: Path | str) -> None:
    """Draw the maps side by side, below each how well the classes part, and one legend.

    Args:
        embedding: .npz with counts, purity_k and, for each count c, points_c float [c, 2], label_c int [c],
            perplexity_c and the SCORES, in the map and among the features.
        classes: classes.json, the names by label.
        output: the figure, .svg or .png.

    Raises:
        UserError: A file cannot be read, or points and labels do not fit together.
    """
    found = inputs.arrays(embedding, ["counts", "purity_k"])
    counts = found["counts"].tolist()
    inputs.arrays(embedding, [f"{key}_{count}" for key in (*DRAWN, *SCORES) for count in counts])
    names = [str(name) for name in inputs.settings(classes, ["classes"])["classes"]]
    for count in counts:
        points, labels = found[f"points_{count}"], found[f"label_{count}"]
        if points.shape != (len(labels), 2) or not np.isfinite(points).all() or labels.max(initial=-1) >= len(names):
            raise UserError(f"{embedding}: points and labels of {count} images do not fit. Delete it and run again.")
    with look():
        save(_figure(found, counts, names), output)


def _figure(found: dict[str, np.ndarray], counts: Sequence[int], names: Sequence[str]) -> Figure:
    columns = len(counts) if len(counts) <= 3 else 2
    rows = -(-len(counts) // columns)
    entries = _entries(sorted({int(label) for count in counts for label in found[f"label_{count}"]}), names)
    across = _across(entries)
    legend = LINE * -(-len(entries) // across)
    high = (TEXT_HEIGHT - legend - 2) / rows - ABOVE - BELOW
    side = max(LEAST, min(LARGEST, (TEXT_WIDTH - 0.6 - (columns - 1) * GAP) / columns, high))
    figure = canvas(TEXT_WIDTH, rows * (ABOVE + side + BELOW) + legend + 2)
    first = (TEXT_WIDTH - columns * side - (columns - 1) * GAP) / 2
    for place, count in enumerate(counts):
        row, column = divmod(place, columns)
        left, top = first + column * (side + GAP), row * (ABOVE + side + BELOW)
        images, used = len(found[f"label_{count}"]), number(float(found[f"perplexity_{count}"]))
        write(figure, left, top + 0.6, f"{images:,} test images", BODY, weight="bold")
        write(figure, left + side, top + 0.9, f"perplexity {used}", SMALL, ha="right", color=MUTED)
        _map(figure, (left, top + ABOVE, side), found[f"points_{count}"], found[f"label_{count}"])
        _scores(figure, (left, top + ABOVE + side, side), found, count)
    figure.legend(handles=entries, ncols=across, loc="lower center", bbox_to_anchor=(0.5, 0), borderpad=0,
                  borderaxespad=0.2, handletextpad=0.2, columnspacing=1.2, labelspacing=0.35, handlelength=1.4,
                  fontsize=SMALL)  # fmt: skip
    return figure


def _map(figure: Figure, place: tuple[float, float, float], points: np.ndarray, labels: np.ndarray) -> None:
    """One map at (left, top, side), its axes without numbers: t-SNE has no unit."""
    left, top, side = place
    axes = panel(figure, left, top, side, side)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, edgecolor=FAINT)
    size = 0.2 * side / len(points) ** 0.25  # of a marker in points; what covers each other less is larger
    for start in range(ROUNDS):
        turn = np.arange(start, len(points), ROUNDS)
        for label in np.unique(labels[turn]):
            own = points[turn[labels[turn] == label]]
            axes.scatter(*own.T, s=size**2, marker=MARKERS[label % len(MARKERS)], color=COLOURS[label % len(COLOURS)],
                         linewidths=0, alpha=0.85, rasterized=len(points) > VECTORS)  # fmt: skip
    middle = (points.min(0) + points.max(0)) / 2
    reach = 0.54 * max(np.ptp(points, axis=0).max(), 1e-6)
    axes.set(xlim=(middle[0] - reach, middle[0] + reach), ylim=(middle[1] - reach, middle[1] + reach))


def _scores(figure: Figure, place: tuple[float, float, float], found: dict[str, np.ndarray], count: int) -> None:
    """The scores below a map that ends at (left, bottom, side), as a small table."""
    left, bottom, side = place
    size = SMALL if side > 70 else TINY
    ends = [left + side * share for share in (0.47, 0.67, 0.84, 1.0)]
    lines = (
        ("", ("map", "features", "chance", "at best"), MUTED),
        ("silhouette", (*_of(found, count, "silhouette", "silhouette_features"), "", ""), INK),
        (
            f"purity, {int(found['purity_k'])} nearest",
            _of(found, count, "purity", "purity_features", "purity_chance", "purity_best"),
            INK,
        ),
    )
    for row, (name, values, tint) in enumerate(lines):
        top = bottom + 3.4 + 3.7 * row
        write(figure, left, top, name, size, va="baseline")
        for end, value in zip(ends, values, strict=True):
            if value:
                write(figure, end, top, value, size, ha="right", va="baseline", color=tint)


def _of(found: dict[str, np.ndarray], count: int, *keys: str) -> tuple[str, ...]:
    """The scores of one map as text, two digits; a dash for one that is not defined."""
    values = [float(found[f"{key}_{count}"]) for key in keys]
    return tuple(f"{value:.2f}".replace("-", "−") if np.isfinite(value) else "–" for value in values)


def _entries(labels: Sequence[int], names: Sequence[str]) -> list[Line2D]:
    """What the legend shows: the classes that are on the maps."""
    return [
        Line2D([], [], linestyle="", marker=MARKERS[label % len(MARKERS)], color=COLOURS[label % len(COLOURS)],
               markeredgewidth=0, markersize=4.5, label=shortened(names[label], NAME, SMALL))
        for label in labels
    ]  # fmt: skip


def _across(entries: Sequence[Line2D]) -> int:
    """How many columns of the legend fit the width, as few as its lines need."""
    widest = max((text_width(entry.get_label(), SMALL) for entry in entries), default=NAME)
    lines = -(-len(entries) // max(1, int(TEXT_WIDTH // (widest + 8))))
    return max(1, -(-len(entries) // max(1, lines)))
