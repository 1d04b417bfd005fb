"""Score-CAM of several models side by side: the same images, layer by layer."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.overlay import Chosen, Maps, blended, is_zero, read_choice, read_image, read_maps
from scenessl.figures.style import (
    BODY,
    MUTED,
    SMALL,
    TEXT_HEIGHT,
    TEXT_WIDTH,
    TINY,
    canvas,
    check_colour_map,
    colour_bar,
    look,
    note,
    picture,
    save,
    shortened,
    text_width,
    wrapped,
    write,
)

GAP, GROUP_GAP, LINE, BELOW = 0.5, 2.2, 4.2, 13.0  # mm
LARGEST_CELL = 24.0
NONE = "No test image is classified correctly by all compared models."
UNITS = ("share of the map's own maximum", "share of the largest value of all models for this image and layer")
Found = dict[str, Maps]


def draw(
    *,
    maps: Mapping[str, Path | str],
    crops: Path | str,
    choice: Path | str,
    output: Path | str,
    colour_map: str = "jet",
    names: Mapping[str, str] | None = None,
    is_shared: bool = False,
) -> None:
    """Draw the chosen images (rows) by layer (groups of columns) and model (columns within a group).

    Args:
        maps: .npz of every model, by model, in the order of the columns; all with the same layers.
        crops: uint8 [images, 1 or 3, S, S] as .npy.
        choice: choice.json, whose numbers, order and class names the rows take.
        output: the figure, .svg or .png.
        colour_map: name of a matplotlib colour map.
        names: what to call a model in the figure; its own name by default.
        is_shared: whether the maps of an image and layer are divided by the largest value of all models, not each by
            its own.

    Raises:
        UserError: An input cannot be read, lacks a chosen image or layer, or there is no such colour map.
    """
    check_colour_map(colour_map)
    if not maps:
        raise UserError("a comparison of Score-CAM maps needs at least one model.")
    chosen = read_choice(choice)
    first = read_maps(next(iter(maps.values())), chosen)
    called = {model: (names or {}).get(model, model) for model in maps}
    found = {called[model]: read_maps(path, chosen, first.layers) for model, path in maps.items()}
    stored = inputs.images(crops)
    images = [read_image(stored, one.image, crops) for one in chosen]
    with look():
        figure = _figure(chosen, images, found, colour_map, is_shared) if chosen else _nothing()
        save(figure, output, photographs=True)


def _nothing() -> Figure:
    figure = canvas(TEXT_WIDTH, 14)
    write(figure, TEXT_WIDTH / 2, 7, NONE, BODY, ha="center", va="center")
    return figure


def _figure(chosen: list[Chosen], images: list[np.ndarray], found: Found, colour_map: str, is_shared: bool) -> Figure:
    layers = next(iter(found.values())).layers
    cell = _cell(len(chosen), len(layers), len(found))
    group = len(found) * (cell + GAP) - GAP + GROUP_GAP
    lefts = [0.2 + cell + GROUP_GAP + position * group for position in range(len(layers))]
    width = lefts[-1] + group - GROUP_GAP + 0.4
    called = [wrapped(name, cell - 0.5, TINY, lines=3) for name in found]
    header = 6.5 + 2.7 * max(name.count("\n") + 1 for name in called)
    bottom = header + len(chosen) * (LINE + cell)
    figure = canvas(max(width, 80), bottom + BELOW)
    _headers(figure, lefts, layers, called, cell=cell, bottom=header - 0.6)
    for row, one in enumerate(chosen):
        top = header + row * (LINE + cell)
        _line(figure, top, one, {name: float(maps.confidence[row]) for name, maps in found.items()}, width)
        picture(figure, 0.2, top + LINE, cell, images[row])
        for position, left in enumerate(lefts):
            peak = max(float(maps.maps[row, position].max()) for maps in found.values()) if is_shared else None
            for column, maps in enumerate(found.values()):
                heat = maps.maps[row, position]
                place = (left + column * (cell + GAP), top + LINE, cell)
                _map(figure, place, blended(images[row], heat, colour_map, peak), zero=is_zero(heat))
    colour_bar(figure, lefts[0], bottom + 2, width - lefts[0] - 1, colour_map=colour_map)
    write(figure, (lefts[0] + width) / 2, bottom + 9.2, UNITS[is_shared], SMALL, ha="center")
    return figure


def _cell(rows: int, layers: int, models: int) -> float:
    """Side of an image in mm: the whole text width where the page's height allows it."""
    columns = 1 + layers * models
    across = (TEXT_WIDTH - 0.6 - layers * GROUP_GAP - layers * (models - 1) * GAP) / columns
    return min(LARGEST_CELL, across, (TEXT_HEIGHT - 15 - BELOW) / rows - LINE)


def _headers(
    figure: Figure, lefts: list[float], layers: tuple[int, ...], names: list[str], *, cell: float, bottom: float
) -> None:
    for left, layer in zip(lefts, layers, strict=True):
        middle = left + (len(names) * (cell + GAP) - GAP) / 2
        write(figure, middle, 0.6, f"features[{layer}]", BODY, ha="center", weight="bold")
        for column, name in enumerate(names):
            write(figure, left + column * (cell + GAP) + cell / 2, bottom, name, TINY, ha="center", va="bottom")
    write(figure, 0.2 + cell / 2, bottom, "image", TINY, ha="center", va="bottom")


def _line(figure: Figure, top: float, one: Chosen, confidence: dict[str, float], width: float) -> None:
    """What stands above a row: the image's number and class, and the confidence of every model in it."""
    said = "confidence " + ", ".join(f"{name} {value:.2f}" for name, value in confidence.items())
    said = shortened(said, 0.68 * width, TINY)
    title = shortened(f"{one.number}  {one.name}", 0.88 * (width - text_width(said, TINY) - 4), SMALL)  # bold is wider
    write(figure, 0.2, top + LINE - 0.7, title, SMALL, va="bottom", weight="bold")
    write(figure, width - 0.4, top + LINE - 0.7, said, TINY, va="bottom", ha="right", color=MUTED)


def _map(figure: Figure, place: tuple[float, float, float], shown: np.ndarray, *, zero: bool) -> None:
    """One map at (left, top, side), labelled where it says nothing."""
    axes = picture(figure, *place, shown)
    if zero:
        note(axes, "zero map", TINY)
