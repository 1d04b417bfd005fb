"""All filters of a convolution in a single picture."""

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures.kernels import BAR, GAP, Layer, bar, draw_tiles, layers, legend, painted, pitch
from scenessl.figures.style import (
    BODY,
    MUTED,
    SMALL,
    TEXT_HEIGHT,
    TEXT_WIDTH,
    TINY,
    canvas,
    look,
    save,
    shortened,
    text_width,
    write,
)

HEADER, LEGEND, BETWEEN = 6.0, 9.0, 5.0  # mm
LABELLED = 6.0  # mm; smaller tiles have no text
LARGEST_TILE, LARGEST_SLICE, NUMBERS = 18.7, 6.0, 7.0  # mm; the filters' numbers stand left of their slices
LARGEST_TABLE = 64  # filters, and input channels, whose slices all fit the page
BRIEF = {"oriented edge": "edge", "centre-surround": "centre", "colour-opponent": "colour", "low-pass": "low-pass"}


def draw(*, filters: Path | str, layer: int, output: Path | str) -> None:
    """Draw all filters of one layer.

    Kernels on red, green and blue are drawn in colour, those on one channel in gray. Others are drawn as the pattern
    that says most of all their slices together (the first singular vector), with the share of the kernel's energy in
    it, and below this slice by slice: filters as rows, input channels as columns. With more than 64 filters or channels
    there is no room for the slices.

    Args:
        filters: .npz as `scenessl.explain.filters.write_filters` makes it.
        layer: place of the layer in the file, from 0.
        output: the figure, .svg or .png.

    Raises:
        UserError: The file cannot be read, its arrays do not fit together, or it has no such layer.
    """
    found = layers(filters)
    if not 0 <= layer < len(found):
        raise UserError(f"{filters} holds {len(found)} layers and no layer {layer + 1}. Delete it and run again.")
    with look():
        save(_figure(found[layer]), output)


def _figure(one: Layer) -> Figure:
    count = len(one.kernels)
    sliced = one.mixed and max(one.kernels.shape[:2]) <= LARGEST_TABLE
    columns, side = _columns(one, 16 if sliced else 8)
    bottom = HEADER + math.ceil(count / columns) * (side + _label(one, side))
    below = _slice_side(one, TEXT_HEIGHT - bottom - BETWEEN - LEGEND) if sliced else 0.0
    height = bottom + (BETWEEN + count * pitch(below) if sliced else 0)
    figure = canvas(TEXT_WIDTH, height + LEGEND)
    more = ", each as its leading pattern" if one.mixed else ""
    more += " with the share of its energy in it" if more and side >= LABELLED else ""
    write(figure, 0.3, 0.4, shortened(f"{one.name}: {one.shape}{more}", TEXT_WIDTH - 1, BODY), BODY)
    _tiles(figure, one, columns, side)
    if sliced:
        _slices(figure, one, bottom, below)
    legend(figure, 2.5, height + 1, in_colour=one.in_colour)
    write(figure, TEXT_WIDTH - 0.3, height + 0.8, "bar: norm, by the layer's largest", SMALL, ha="right", color=MUTED)
    return figure


def _label(one: Layer, side: float) -> float:
    """Millimetres for what stands below a tile: its strength and, on larger ones, one or two lines of text."""
    return (5.6 + 2.6 * one.mixed) if side >= LABELLED else 2.4


def _columns(one: Layer, least: int) -> tuple[int, float]:
    """Choose how many tiles stand in a line, at least `least`, and their side in mm, so that all fit the page."""
    count = len(one.kernels)
    for columns in range(least, least + count):
        side = min(LARGEST_TILE, (TEXT_WIDTH - 0.6) / (columns * pitch(1) - GAP))
        if math.ceil(count / columns) * (side + _label(one, side)) <= TEXT_HEIGHT - HEADER - LEGEND:
            break
    return columns, side


def _slice_side(one: Layer, room: float) -> float:
    """Choose the side of a slice in mm; `room` is what is left of the page's height."""
    count, channels = one.kernels.shape[:2]
    across = (TEXT_WIDTH - 0.6 - NUMBERS) / (channels * pitch(1) - GAP)
    return min(LARGEST_SLICE, across, room / (count * pitch(1)))


def _tiles(figure: Figure, one: Layer, columns: int, side: float) -> None:
    """Lay the filters out in lines of tiles, each above its strength, number, kind and share of the pattern."""
    for first in range(0, len(one.kernels), columns):
        here = range(first, min(len(one.kernels), first + columns))
        top = HEADER + first // columns * (side + _label(one, side))
        draw_tiles(figure, 0.3, top, side, [painted(one.shown[index]) for index in here])
        for place, index in enumerate(here):
            left = 0.3 + place * pitch(side)
            bar(figure, left, top + side + 0.7, side, one.strength[index])
            if side >= LABELLED:
                write(figure, left, top + side + BAR + 1.2, _labelled(one, index, side), TINY)


def _labelled(one: Layer, index: int, room: float) -> str:
    """A filter's number and, where there is room, its kind and the share of its energy in the pattern."""
    kind = BRIEF[one.kinds[one.kind[index]]] if one.kind[index] >= 0 else ""
    share = f"\n{100 * one.explained[index]:.0f} %" if one.mixed else ""
    candidates = (f"{index}  {kind}".rstrip() + share, f"{index}{share}", str(index))
    fitting = (said for said in candidates if max(text_width(line, TINY) for line in said.split("\n")) <= room)
    return next(fitting, "")


def _slices(figure: Figure, one: Layer, top: float, side: float) -> None:
    """One line per filter with its slices; all slices of a filter have one scale."""
    said = f"slices, input channels 0 to {one.kernels.shape[1] - 1} from left to right, one line per filter"
    write(figure, 0.3, top + 0.8, said, TINY, color=MUTED)
    for index, kernel in enumerate(one.kernels):
        here, largest = top + BETWEEN + index * pitch(side), float(np.abs(kernel).max())
        write(figure, NUMBERS - 1.2, here + side / 2, str(index), min(TINY, 2.6 * side), ha="right", va="center")
        draw_tiles(figure, NUMBERS, here, side, [painted(part[..., None], largest) for part in kernel])
