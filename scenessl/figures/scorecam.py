"""Score-CAM of one model: the chosen images and their maps at every layer."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.figures import inputs
from scenessl.figures.overlay import Chosen, Maps, blended, is_zero, read_choice, read_image, read_maps
from scenessl.figures.style import (
    BODY,
    MUTED,
    SMALL,
    TEXT_WIDTH,
    canvas,
    check_colour_map,
    colour_bar,
    look,
    note,
    picture,
    save,
    text_width,
    wrapped,
    write,
)

LABEL, GAP, HEADER, BELOW = 32.0, 0.9, 6.0, 13.0  # mm
ROOM = 200.0  # mm for all rows of images
LARGEST_CELL = 33.0
NONE = "No test image is classified correctly by all compared models."


def draw(
    *, maps: Path | str, crops: Path | str, choice: Path | str, output: Path | str, colour_map: str = "jet"
) -> None:
    """Draw a grid of the chosen images (rows) by the original and the map of every layer (columns).

    Each map is divided by its own maximum and laid, half and half, over the image in gray. A map without positive
    values is drawn as zero and labelled so. Without any chosen image the figure says that there is none. Where the
    file has maps of the pretext with the same features, these follow in further columns.

    Args:
        maps: .npz with maps [n, layers, S, S] (not normalised), layers, images (ids) and confidence of the target.
        crops: uint8 [images, 1 or 3, S, S] as .npy, read only where an image was chosen.
        choice: choice.json, whose numbers, order and class names the rows take.
        output: the figure, .svg or .png.
        colour_map: name of a matplotlib colour map.

    Raises:
        UserError: An input cannot be read, lacks a chosen image, or there is no such colour map.
    """
    check_colour_map(colour_map)
    chosen = read_choice(choice)
    found = read_maps(maps, chosen)
    stored = inputs.images(crops)
    images = [read_image(stored, one.image, crops) for one in chosen]
    with look():
        save(_figure(chosen, images, found, colour_map) if chosen else _nothing(), output, photographs=True)


def _nothing() -> Figure:
    figure = canvas(TEXT_WIDTH, 14)
    write(figure, TEXT_WIDTH / 2, 7, NONE, BODY, ha="center", va="center")
    return figure


def _figure(chosen: list[Chosen], images: list[np.ndarray], found: Maps, colour_map: str) -> Figure:
    maps = found.maps if found.pretext is None else np.concatenate([found.maps, found.pretext], 1)
    titles = ["image", *(f"features[{layer}]" for layer in found.layers)]
    titles += [] if found.pretext is None else [f"pretext, [{layer}]" for layer in found.layers]
    columns = len(titles)
    label = min(LABEL, max(text_width(one.name, BODY) for one in chosen) + 9)
    label = max(label, text_width("confidence 0.00", SMALL) + 9)
    cell = min(LARGEST_CELL, ROOM / len(chosen) - GAP, (TEXT_WIDTH - label) / columns - GAP)
    lefts = [label + column * (cell + GAP) for column in range(columns)]
    width, bottom = lefts[-1] + cell + GAP, HEADER + len(chosen) * (cell + GAP)
    figure = canvas(width, bottom + BELOW)
    for left, title in zip(lefts, titles, strict=True):
        write(figure, left + cell / 2, 1, title, BODY, ha="center")
    for row, one in enumerate(chosen):
        top = HEADER + row * (cell + GAP)
        _name(figure, top + cell / 2, label - 8, one, float(found.confidence[row]))
        picture(figure, lefts[0], top, cell, images[row])
        for left, heat in zip(lefts[1:], maps[row], strict=True):
            axes = picture(figure, left, top, cell, blended(images[row], heat, colour_map))
            if is_zero(heat):
                note(axes, "zero map", SMALL)
    colour_bar(figure, lefts[1], bottom + 1.5, width - lefts[1] - 2 * GAP, colour_map=colour_map)
    write(figure, (lefts[1] + width) / 2, bottom + 9.2, "share of the map's own maximum", SMALL, ha="center")
    return figure


def _name(figure: Figure, middle: float, room: float, one: Chosen, confidence: float) -> None:
    """Number, class and confidence at the left of a row, around its `middle` and within `room` mm."""
    name = wrapped(one.name, room, BODY, lines=3)
    below = 1.7 * (name.count("\n") + 1)
    write(figure, 5, middle, str(one.number), BODY + 1, ha="right", va="center", weight="bold")
    write(figure, 6.5, middle - 1.6, name, BODY, va="center")
    write(figure, 6.5, middle + below, f"confidence {confidence:.2f}", SMALL - 0.5, color=MUTED)
