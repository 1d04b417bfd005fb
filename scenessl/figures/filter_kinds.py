"""A few filters of each layer, enlarged: what kind each is, how much of it, and the template that it resembles."""

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.figures.kernels import Layer, draw_tiles, layers, legend, painted
from scenessl.figures.style import BODY, MUTED, SMALL, TEXT_HEIGHT, TEXT_WIDTH, canvas, look, save, shortened, write

COLUMNS, CELL, LARGEST_TILE = 4, 42.6, 22.0  # mm
SMALLEST_TILE = 8.0  # mm; with very many filters the figure rather leaves the page
HEADER, LABEL, LEGEND = 6.5, 13.0, 8.0


def draw(*, filters: Path | str, output: Path | str) -> None:
    """Draw the picked filters of all layers, each beside the template of its kind that it resembles most.

    Kernels on red, green and blue are drawn in colour, others as their leading pattern. Colour-opponent filters have no
    template. Beside a score, the share of the kernel's energy in the template, stands what 95 % of random kernels stay
    below; a score that does not exceed it is questioned.

    Args:
        filters: .npz as `scenessl.explain.filters.write_filters` makes it.
        output: the figure, .svg or .png.

    Raises:
        UserError: The file cannot be read or its arrays do not fit together.
    """
    found = layers(filters)
    with look():
        save(_figure(found), output)


def _figure(found: list[Layer]) -> Figure:
    rows = [math.ceil(len(one.picked) / COLUMNS) for one in found]
    room = (TEXT_HEIGHT - LEGEND - HEADER * len(found)) / max(sum(rows), 1) - LABEL
    tile = max(SMALLEST_TILE, min(LARGEST_TILE, room))
    figure, top = canvas(TEXT_WIDTH, sum(HEADER + count * (tile + LABEL) for count in rows) + LEGEND), 0.0
    for one, count in zip(found, rows, strict=True):
        write(figure, 0.3, top + 0.4, shortened(f"{one.name}: {one.shape}", TEXT_WIDTH - 1, BODY), BODY)
        for number in range(len(one.picked)):
            row, column = divmod(number, COLUMNS)
            left, above = 0.3 + column * CELL, top + HEADER + row * (tile + LABEL)
            _tiles(figure, left, above, tile, (one, number))
            _words(figure, left, above + tile + 1.2, (one, number))
        top += HEADER + count * (tile + LABEL)
    legend(figure, 2.5, top, in_colour=any(one.in_colour for one in found))
    write(figure, TEXT_WIDTH - 0.3, top - 0.2, "(?): no more than random", SMALL, ha="right", color=MUTED)
    return figure


def _tiles(figure: Figure, left: float, top: float, tile: float, pick: tuple[Layer, int]) -> None:
    """A picked filter and, at half its size, the template of its kind."""
    one, number = pick
    shown, template = one.shown[one.picked[number]], one.template[number]
    draw_tiles(figure, left, top, tile, [painted(shown)])
    if np.isfinite(template).all():
        beside, below = left + tile + 1.5, top + tile / 2
        draw_tiles(figure, beside, below, tile / 2, [painted(template[..., None] * _sign(shown, template))])
        write(figure, beside, below - 1, "template", SMALL, va="bottom", color=MUTED)


def _words(figure: Figure, left: float, top: float, pick: tuple[Layer, int]) -> None:
    """A picked filter's kind, number and score, beside the score that random kernels stay below."""
    one, number = pick
    index, kind = int(one.picked[number]), int(one.picked_kind[number])
    score, level = one.scores[index, kind], one.random[kind]
    said = one.kinds[kind] + (f", {one.orientation[index]:.0f}°" if one.kinds[kind] == "oriented edge" else "")
    write(figure, left, top, said + ("" if score > level else " (?)"), BODY)
    write(figure, left, top + 3.8, f"filter {index}: {score:.2f}  (random {level:.2f})", SMALL)
    if one.mixed:
        share = 100 * one.explained[index]
        write(figure, left, top + 7.2, f"leading pattern: {share:.0f} %", SMALL, color=MUTED)


def _sign(shown: np.ndarray, template: np.ndarray) -> float:
    """The sign with which a template resembles what is shown, [h, w, 1 or 3]."""
    return -1.0 if (shown.mean(-1) * template).sum() < 0 else 1.0
