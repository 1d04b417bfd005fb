"""The confusion matrix of one model on the test part, row by row in per cent of the true class."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure

from scenessl.data.parts import PARTS
from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import (
    BODY,
    FAINT,
    INK,
    MM_PER_POINT,
    MUTED,
    SMALL,
    TEXT_WIDTH,
    canvas,
    look,
    panel,
    plain,
    save,
    shortened,
    text_width,
)

ANNOTATED = 20  # with more classes the numbers would be too small to read
LARGEST_NAME = 34.0  # mm
_BLUES = LinearSegmentedColormap.from_list("row_share", ["#ffffff", "#cfe1f2", "#6aaed6", "#2070b4", "#08306b"])


def draw(*, predictions: Sequence[Path | str], output: Path | str) -> None:
    """Draw the confusion matrix of the test part, summed over the files (one per seed) and over an image's views.

    The colour grows with the square root of the share, so that a few confused images can be seen beside the diagonal.
    Up to 20 classes every cell that is not empty carries its per cent, up to 8 also its count.

    Args:
        predictions: predictions.npz of every seed that counts.
        output: the figure, .svg or .png.

    Raises:
        UserError: A file cannot be read, holds no row of the test part, or the files differ in their classes.
    """
    if not predictions:
        raise UserError("a confusion matrix needs at least one file of predictions.")
    names, counts = _counts(predictions[0])
    for path in predictions[1:]:
        others, more = _counts(path)
        if others != names:
            raise UserError(f"{path} has other classes than {predictions[0]}. Delete both and run again.")
        counts = counts + more
    with look():
        save(_figure(counts, names), output)


def _counts(path: Path | str) -> tuple[list[str], np.ndarray]:
    """Class names, and int64 [K, K]: rows the true class, columns the predicted one."""
    found = inputs.arrays(path, ["part", "target", "probabilities", "names"])
    names = [plain(name) for name in found["names"]]
    test = found["part"] == PARTS.index("test")
    if not test.any():
        raise UserError(f"{path} holds no prediction of the test part. Delete it and run again.")
    target = found["target"][test].astype(np.int64)
    predicted = found["probabilities"][test].argmax(axis=1)
    cells = np.bincount(target * len(names) + predicted, minlength=len(names) ** 2)
    return names, cells.reshape(len(names), len(names))


def _figure(counts: np.ndarray, names: list[str]) -> Figure:
    totals = counts.sum(axis=1)
    rows = [(name, f" ({total})") for name, total in zip(names, totals, strict=True)]
    size, longest = _label_size(len(names)), LARGEST_NAME if len(names) <= 40 else 26.0
    margin = min(longest + 8, max(text_width(name + total, size) for name, total in rows) + 1) + 2
    side = min(TEXT_WIDTH - margin - 24, max(58.0, len(names) * 9.5))
    upright = max(text_width(name, size) for name in names) > side / len(names) - 1
    below = (min(longest, max(text_width(name, size) for name in names)) if upright else 3) + 2
    figure = canvas(margin + 6 + side + 18, 2 + side + below + 7)
    axes = panel(figure, margin + 6, 2, side, side)
    with np.errstate(invalid="ignore"):
        shares = counts / totals[:, None]  # a class without test images: NaN, drawn grey
    _cells(axes, shares)
    _names(axes, rows, size, pitch=side / len(names), room=margin - 2, longest=longest if upright else None)
    if len(names) <= ANNOTATED:
        _numbers(axes, shares, counts)
    _scale(figure, axes.collections[0], margin + 6 + side + 3, side)
    return figure


def _cells(axes: Axes, shares: np.ndarray) -> None:
    """Cells as vectors: viewers blur a matrix that is stored as a tiny picture."""
    classes = len(shares)
    edges = {"edgecolors": FAINT, "linewidth": 0.3} if classes <= ANNOTATED else {"linewidth": 0}
    axes.set_facecolor(FAINT)
    # Far more cells than can be read: rasterised, since every vector cell costs two hundred bytes.
    raster = {"rasterized": True} if classes > 60 else {}
    axes.pcolormesh(np.ma.masked_invalid(shares), cmap=_BLUES, norm=PowerNorm(0.5, 0, 1), **edges, **raster)
    axes.set_ylim(classes, 0)
    for spine in axes.spines.values():
        spine.set(visible=True)


def _label_size(classes: int) -> float:
    """Points of the class names: as large as a row allows, 4.2 to 8."""
    return max(4.2, min(BODY, 95 / classes / MM_PER_POINT / 1.08))


def _names(
    axes: Axes, rows: list[tuple[str, str]], size: float, *, pitch: float, room: float, longest: float | None
) -> None:
    """Names of rows (with their totals, in `room` mm) and of columns; `pitch` is the height of a row in mm.

    Columns' names stand upright and are at most `longest` mm, or lie within the pitch where that is None.
    """
    step = math.ceil(1.05 * size * MM_PER_POINT / pitch)  # with very many classes, every second or third name
    centres = np.arange(0, len(rows), step) + 0.5
    shown = rows[::step]
    left = [shortened(name, room - text_width(total, size), size) + total for name, total in shown]
    axes.set_yticks(centres, left, fontsize=size)
    axes.set_xticks(centres, [shortened(name, longest or pitch, size) for name, _ in shown],
                    fontsize=size, rotation=90 if longest else 0)  # fmt: skip
    axes.tick_params(length=0, pad=2)
    every = "" if step == 1 else f" (one name in {step} is written)"
    axes.set_xlabel(f"predicted class{every}", fontsize=BODY)
    axes.set_ylabel("true class (predictions)", fontsize=BODY)


def _numbers(axes: Axes, shares: np.ndarray, counts: np.ndarray) -> None:
    classes = len(shares)
    size = max(5.0, BODY - 0.13 * classes)
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = 100 * shares[row, column]
        text = f"{share:.1f}" if classes <= 8 else f"{share:.0f}" if share > 0.5 else "<1"
        if classes <= 8:
            text += f"\n({counts[row, column]})"
        ink = "white" if shares[row, column] > 0.35 else INK
        axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, color=ink)


def _scale(figure: Figure, cells: object, left: float, side: float) -> None:
    bar = figure.colorbar(cells, cax=panel(figure, left, 2, 3, min(side, 60)))
    bar.set_ticks([0, 0.01, 0.05, 0.1, 0.25, 0.5, 1], labels=["0", "1", "5", "10", "25", "50", "100"])
    bar.ax.tick_params(labelsize=SMALL - 0.5, pad=1.5)
    bar.ax.minorticks_off()
    bar.outline.set(linewidth=0.4, edgecolor=MUTED)
    bar.set_label("% of the true class", fontsize=SMALL, labelpad=2)
