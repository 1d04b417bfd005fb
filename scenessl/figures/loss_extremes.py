"""The training views with the lowest and with the largest loss, as the network saw them."""

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import (
    BODY,
    INK,
    MUTED,
    SMALL,
    TEXT_HEIGHT,
    TEXT_WIDTH,
    TINY,
    VALIDATION,
    canvas,
    look,
    number,
    picture,
    save,
    shortened,
    text_width,
    write,
)

EXTREMES = ("image", "loss", "target", "predicted", "probability")
GAP, HEADER, LABEL = 4.5, 7.0, 15.0  # mm
SMALLEST_CELL = 8.0  # mm; with very many views the figure rather leaves the page
FEWEST, MOST = 5, 8  # columns
TITLES = ("lowest loss", "largest loss")


def draw(*, extremes: Path | str, output: Path | str) -> None:
    """Draw two blocks of views, the most extreme first, each with its loss, true and predicted output.

    Args:
        extremes: .npz as `scenessl.explain.loss_extremes.write_loss_extremes` makes it.
        output: the figure, .svg or .png.

    Raises:
        UserError: The file cannot be read or its arrays do not fit together.
    """
    found = inputs.arrays(extremes, ("views", "names", "quantiles", *EXTREMES))
    views = found["views"]
    wrong = [key for key in EXTREMES if found[key].shape != views.shape[:2]]
    if wrong or views.ndim != 5 or views.dtype != np.uint8 or len(views) != len(TITLES) or not views.shape[1]:
        raise UserError(f"{extremes}: {', '.join(wrong) or 'views'} do not fit together. Delete it and run again.")
    with look():
        save(_figure(found), output, photographs=True)


def _figure(found: dict[str, np.ndarray]) -> Figure:
    count = found["views"].shape[1]
    cell, columns = max((_cell(count, columns), columns) for columns in range(FEWEST, MOST + 1))
    pitch, columns = TEXT_WIDTH / columns, min(columns, count)
    block = HEADER + math.ceil(count / columns) * (cell + LABEL)
    figure = canvas(max(columns * pitch, 85), len(TITLES) * block)
    for side, title in enumerate(TITLES):
        write(figure, 0.3, side * block + 0.6, title, BODY, weight="bold")
        for place in range(count):
            row, column = divmod(place, columns)
            left, top = 0.3 + column * pitch, side * block + HEADER + row * (cell + LABEL)
            picture(figure, left, top, cell, found["views"][side, place].transpose(1, 2, 0))
            _labels(figure, left, top + cell + 1, _lines(found, (side, place)), room=pitch - 1)
    middle = number(float(found["quantiles"][2]))
    left = 0.3 + text_width(TITLES[1], BODY) * 1.25 + 2  # bold is wider
    write(figure, left, block + 0.75, f"(half of all views are below {middle})", SMALL, color=MUTED)
    return figure


def _cell(count: int, columns: int) -> float:
    """Side of a view in mm, when `count` views a block stand in `columns` columns."""
    down = (TEXT_HEIGHT / len(TITLES) - HEADER) / math.ceil(count / columns) - LABEL
    return max(SMALLEST_CELL, min(TEXT_WIDTH / columns - GAP, down))


def _lines(found: dict[str, np.ndarray], place: tuple[int, int]) -> dict[str, str]:
    """What stands below a view, line by line, with the line's colour."""
    loss, chance, target, predicted = (found[key][place] for key in ("loss", "probability", "target", "predicted"))
    return {
        f"loss {loss:{'.2f' if loss >= 1 else '.2g'}}, p {_chance(float(chance))}".replace("-", "−"): INK,
        f"true {found['names'][target]}": INK,
        f"predicted {found['names'][predicted]}": INK if target == predicted else VALIDATION,
    }


def _labels(figure: Figure, left: float, top: float, lines: dict[str, str], *, room: float) -> None:
    size = SMALL if room > 28 else TINY
    for line, (text, colour) in enumerate(lines.items()):
        write(figure, left, top + 3.4 * line, shortened(text, room, size), size, color=colour)


def _chance(probability: float) -> str:
    """A probability with two decimals, one below a hundredth with one significant digit."""
    if probability >= 0.01:
        return f"{probability:.2f}"
    return f"{probability:.0e}" if probability < 1e-4 else f"{probability:.1g}"
