"""Class activation maps of one model: each view, and the map of its target laid over it."""

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.overlay import blended, is_zero
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
    check_colour_map,
    colour_bar,
    look,
    note,
    number,
    percent,
    picture,
    save,
    shortened,
    wrapped,
    write,
)

KEYS = ("views", "maps", "low", "high", "target", "predicted", "probability", "odd", "border", "even", "names")
COLUMNS, CELL, GAP, LINE, BELOW, LEGEND = 4, 38.0, 5.2, 3.6, 15.5, 13.0  # mm
SMALLEST_CELL = 8.0  # mm; with very many views the figure rather leaves the page
ODD = "counter-intuitive"
NONE = "No test image is classified correctly by all compared models, and none by this one."


def draw(*, cam: Path | str, output: Path | str, colour_map: str = "jet") -> None:
    """Draw the views side by side, each above its map, which is laid half and half over the view in gray.

    Every map is scaled from its own lowest to its own highest value, which stand below it, with the share of the
    heat in the outer ring. What was predicted wrongly is set in colour. Without any view the figure says so.

    Args:
        cam: .npz as `scenessl.explain.cam.write_cam` makes it.
        output: the figure, .svg or .png.
        colour_map: name of a matplotlib colour map.

    Raises:
        UserError: The file cannot be read, its arrays do not fit together, or there is no such colour map.
    """
    check_colour_map(colour_map)
    found = inputs.arrays(cam, KEYS)
    count = len(found["views"])
    wrong = [key for key in KEYS if key not in ("even", "names") and len(found[key]) != count]
    if wrong or found["views"].ndim != 4 or found["views"].dtype != np.uint8 or not np.isfinite(found["maps"]).all():
        raise UserError(f"{cam}: {', '.join(wrong) or 'maps'} do not fit {count} views. Delete it and run again.")
    with look():
        save(_figure(found, colour_map) if count else _nothing(), output, photographs=True)


def _nothing() -> Figure:
    figure = canvas(TEXT_WIDTH, 14)
    write(figure, TEXT_WIDTH / 2, 7, NONE, BODY, ha="center", va="center")
    return figure


def _figure(found: dict[str, np.ndarray], colour_map: str) -> Figure:
    count = len(found["views"])
    columns = min(COLUMNS, count)
    titles = [_title(found, row) for row in range(count)]
    above = 2 + LINE * max(title.count("\n") + 1 for title in titles)
    bands = math.ceil(count / columns)
    cell = max(SMALLEST_CELL, min(CELL, ((TEXT_HEIGHT - LEGEND) / bands - above - 1 - BELOW) / 2))
    pitch = above + 2 * cell + 1 + BELOW
    width = max(columns * (CELL + GAP) - GAP + 0.6, 85)
    figure = canvas(width, bands * pitch + LEGEND)
    for row in range(count):
        band, column = divmod(row, columns)
        left, top = 0.3 + column * (CELL + GAP), band * pitch + above
        image, heat = found["views"][row].transpose(1, 2, 0), found["maps"][row]
        picture(figure, left, top, cell, image)
        axes = picture(figure, left, top + cell + 1, cell, blended(image, heat, colour_map))
        if is_zero(heat):
            note(axes, "even map", SMALL)
        write(figure, left, top - 1, titles[row], BODY, va="bottom")
        _answer(figure, left, top + 2 * cell + 2.2, found, row)
    colour_bar(figure, 2.5, bands * pitch + 1.5, width - 5, colour_map=colour_map)
    said = "from the map's lowest value (0) to its highest (1)"
    write(figure, width / 2, bands * pitch + 9, said, SMALL, ha="center")
    return figure


def _title(found: dict[str, np.ndarray], row: int) -> str:
    """The target of a row, and whether it is the counter-intuitive one, in lines."""
    target = wrapped(found["names"][found["target"][row]], CELL, BODY)
    return f"{ODD}:\n{target}" if found["odd"][row] else target


def _answer(figure: Figure, left: float, top: float, found: dict[str, np.ndarray], row: int) -> None:
    """What the model predicted, the probability it gave to the target, and what the map spans."""
    right = found["predicted"][row] == found["target"][row]
    said = shortened(f"predicted {found['names'][found['predicted'][row]]}", CELL, SMALL)
    write(figure, left, top, said, SMALL, color=INK if right else VALIDATION)
    low, high = (number(float(found[key][row])) for key in ("low", "high"))
    border, even = (percent(float(share), 0) for share in (found["border"][row], found["even"]))
    facts = [
        f"probability of the target {found['probability'][row]:.2f}",
        f"map from {low} to {high}",
        f"outer ring {border} % (even: {even} %)",
    ]
    write(figure, left, top + LINE, "\n".join(facts), TINY, color=MUTED)
