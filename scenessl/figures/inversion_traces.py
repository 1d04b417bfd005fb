"""The rise of every inversion's objective against its steps, and the highest value that a real image reaches."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import BODY, INK, SMALL, TEXT_WIDTH, TINY, canvas, colour, look, panel, plain, save, write

COLUMNS = 6
LEFT, HEIGHT, ABOVE, TITLE, GAP, BELOW = 9.0, 22.0, 5.5, 4.0, 6.0, 15.0  # mm


def draw(*, inversions: Mapping[str, Path | str], output: Path | str, names: Mapping[str, str] | None = None) -> None:
    """Draw a block of panels per model: one panel per filter, the last for their sum, each with its own scale.

    Args:
        inversions: .npz of every model, by model, with trace [F + 1, steps + 1], natural_max [F + 1] and filters [F].
        output: the figure, .svg or .png.
        names: what to call a model in the figure; its own name by default.

    Raises:
        UserError: There is no model, or a file cannot be read or its arrays do not fit together.
    """
    if not inversions:
        raise UserError("the traces of inversions need at least one model.")
    found = {(names or {}).get(model, model): _read(path) for model, path in inversions.items()}
    with look():
        save(_figure(found), output)


def _read(path: Path | str) -> dict[str, np.ndarray]:
    found = inputs.arrays(path, ["trace", "natural_max", "filters"])
    count = len(found["filters"]) + 1
    if found["trace"].ndim != 2 or len(found["trace"]) != count or len(found["natural_max"]) != count:
        raise UserError(f"{path}: trace and natural_max do not fit {count - 1} filters and their sum. Make it again.")
    return found


def _figure(found: dict[str, dict[str, np.ndarray]]) -> Figure:
    rows = {name: -(-len(arrays["trace"]) // COLUMNS) for name, arrays in found.items()}
    height = sum(ABOVE + count * (TITLE + HEIGHT + GAP) for count in rows.values())
    figure = canvas(TEXT_WIDTH, height + BELOW - GAP)
    top = 0.0
    for position, (name, arrays) in enumerate(found.items()):
        write(figure, 0.5, top + 0.8, plain(name), BODY, weight="bold")
        for index in range(len(arrays["trace"])):
            row, column = divmod(index, COLUMNS)
            pitch = TEXT_WIDTH / COLUMNS
            axes = panel(figure, column * pitch + LEFT, top + ABOVE + row * (TITLE + HEIGHT + GAP) + TITLE,
                         pitch - LEFT - 1.5, HEIGHT)  # fmt: skip
            _trace(axes, arrays, index, colour(position))
        top += ABOVE + rows[name] * (TITLE + HEIGHT + GAP)
    write(figure, TEXT_WIDTH / 2, height - GAP + 5.2, "step", SMALL, ha="center")
    _legend(figure)
    return figure


def _trace(axes: Axes, arrays: dict[str, np.ndarray], index: int, ink: str) -> None:
    trace, natural = arrays["trace"][index], float(arrays["natural_max"][index])
    axes.plot(np.arange(len(trace)), trace, color=ink, linewidth=1.1)
    axes.axhline(natural, color=INK, linewidth=0.8, linestyle="--")
    last = index == len(arrays["filters"])
    title = "sum" if last else f"filter {int(arrays['filters'][index])}"
    axes.set_title(title, fontsize=SMALL, loc="left", pad=2.5)
    axes.set_xticks([0, len(trace) - 1])
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3))
    axes.tick_params(labelsize=TINY, pad=1.5)
    axes.margins(y=0.08)
    axes.grid(axis="y")


def _legend(figure: Figure) -> None:
    entries = [
        Line2D([], [], color=INK, linewidth=1.1, label="objective (mean of the filter's map; last panel: their sum)"),
        Line2D([], [], color=INK, linewidth=0.8, linestyle="--", label="highest value of any real test image"),
    ]
    figure.legend(handles=entries, loc="lower center", ncols=2, bbox_to_anchor=(0.5, 0.0))
