"""Test images and their nearest train images in the features of each model, one row a model."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.overlay import read_image
from scenessl.figures.style import (
    MUTED,
    PALETTE,
    SMALL,
    TEXT_HEIGHT,
    TEXT_WIDTH,
    TINY,
    canvas,
    look,
    percent,
    picture,
    plain,
    save,
    shortened,
    text_width,
    wrapped,
    write,
)

OF_QUERIES = ("query", "query_label", "neighbours", "neighbour_label", "similarity")
KEYS = (*OF_QUERIES, "share_right", "chance", "tested", "names")
RIGHT, WRONG = PALETTE[2], PALETTE[1]  # bluish green and vermilion, told apart by the colour blind; texts say it too
FRAME, TINIER = 1.5, 5.3  # points, of a frame's width and of a name that has little room
MOST = 12  # neighbours in a row
QUERY, NAMES, LARGEST, LEAST = 19.0, 21.0, 16.0, 6.0  # mm: most of a query's side, of models' names, of a neighbour
GAP, GROUP, UNDER, ABOVE, LINE = 1.0, 3.0, 3.6, 4.6, 3.3  # mm
TWO_LINES, ROOMY = 6.6, 8.5  # mm: below a query; of a neighbour beside which four lines have room
LEFT = 0.4 + QUERY + 2 * GAP  # mm, where the rows begin
FOOT = 3 * LINE + 1  # mm, at most
Found = dict[str, np.ndarray]


def draw(*, neighbours: Mapping[str, Path | str], crops: Path | str, output: Path | str) -> None:
    """Draw every query and, a row per model, its nearest train images: ticked where they are of its class.

    Args:
        neighbours: .npz of every model, by model, in the order of the rows: query int [q] and query_label int [q],
            the same for all; neighbours int, neighbour_label int and similarity float [q, k]; share_right and chance,
            0..1; tested, the number of test images; names str [K].
        crops: uint8 [images, 1 or 3, S, S] as .npy.
        output: the figure, .svg or .png.

    Raises:
        UserError: A file cannot be read, models have other queries, or the crops lack an image.
    """
    if not neighbours:
        raise UserError("a figure of neighbours needs at least one model.")
    found = {model: inputs.arrays(path, KEYS) for model, path in neighbours.items()}
    first = next(iter(found.values()))
    for model, arrays in found.items():
        same = np.array_equal(arrays["query"], first["query"])
        if not same or arrays["neighbours"].shape != first["neighbours"].shape:
            raise UserError(f"{neighbours[model]} has other queries than the other models. Delete it and run again.")
    wanted = {int(image) for arrays in found.values() for key in ("query", "neighbours") for image in arrays[key].flat}
    stored = inputs.images(crops)
    images = {image: read_image(stored, image, crops) for image in sorted(wanted)}
    with look():
        save(_figure(found, images), output, photographs=True)


def _figure(found: dict[str, Found], images: dict[int, np.ndarray]) -> Figure:
    first = next(iter(found.values()))
    queries, count = _fitting(*first["neighbours"].shape, models=len(found))
    pitch = (TEXT_WIDTH - LEFT - NAMES) / count
    cell = _cell(queries, pitch - GAP, len(found))
    row = cell + UNDER
    side = min(QUERY, max(cell, len(found) * row - TWO_LINES))
    group = max(len(found) * row, side + TWO_LINES) + GROUP
    bottom = ABOVE + queries * group - GROUP
    foot = _foot(found, queries)
    figure = canvas(TEXT_WIDTH, bottom + 1 + LINE * (foot.count("\n") + 1))
    _head(figure, count, first["neighbours"].shape[1])
    for place in range(queries):
        top = ABOVE + place * group
        shown = images[int(first["query"][place])]
        picture(figure, 0.4, top, side, shown)
        name = wrapped(first["names"][first["query_label"][place]], 0.88 * QUERY, SMALL)  # bold is wider
        write(figure, 0.4, top + side + 0.6, name, SMALL, weight="bold")
        for line, (model, arrays) in enumerate(found.items()):
            _model(figure, (LEFT, top + line * row, cell), model, arrays, place)
            for nth, image in enumerate(arrays["neighbours"][place, :count].tolist()):
                copy = np.array_equal(images[image], shown)
                at = (LEFT + NAMES + nth * pitch, top + line * row, cell, pitch - 0.4)
                _neighbour(figure, at, images[image], *_verdict(arrays, place, nth, copy=copy))
    write(figure, 0.4, bottom + 0.6, foot, SMALL)
    return figure


def _fitting(queries: int, neighbours: int, *, models: int) -> tuple[int, int]:
    """How many queries and neighbours a page shows: all, as far as the pictures stay recognisable."""
    group = max(models * (LEAST + UNDER), LEAST + TWO_LINES) + GROUP
    return min(queries, max(1, int((TEXT_HEIGHT - ABOVE - FOOT) // group))), min(neighbours, MOST)


def _cell(queries: int, across: float, models: int) -> float:
    """Side of a neighbour in mm: the whole text width where the page's height allows it."""
    group = (TEXT_HEIGHT - ABOVE - FOOT + GROUP) / queries - GROUP
    return max(LEAST, min(LARGEST, across, group / models - UNDER, group - TWO_LINES))


def _head(figure: Figure, count: int, neighbours: int) -> None:
    """What stands above the columns."""
    wrong, right = "name: another class", "✓ class of the test image"
    text = f"the {count} nearest train images" if count > 1 else "the nearest train image"
    text += f" of {neighbours} found" if count < neighbours else ""
    end = TEXT_WIDTH - 0.4
    keywords = {"va": "baseline"}
    write(figure, 0.4, 3, "test image", SMALL, color=MUTED, **keywords)
    write(figure, LEFT + NAMES, 3, text, SMALL, color=MUTED, **keywords)
    write(figure, end, 3, wrong, SMALL, color=WRONG, ha="right", **keywords)
    write(figure, end - text_width(wrong, SMALL) - 4, 3, right, SMALL, color=RIGHT, ha="right", **keywords)


def _model(figure: Figure, place: tuple[float, float, float], model: str, arrays: Found, query: int) -> None:
    """What stands before a model's row: its name, how many are right, and how similar they are."""
    left, top, cell = place
    name = wrapped(model, NAMES - 2, SMALL, lines=2 if cell > ROOMY else 1)
    right = int((arrays["neighbour_label"][query] == arrays["query_label"][query]).sum())
    high, low = (float(pick(arrays["similarity"][query])) for pick in (np.max, np.min))
    said = f"{right} of {arrays['neighbours'].shape[1]} right"
    said += f"\ncosine {high:.2f}–{low:.2f}".replace("-", "−") if cell > ROOMY else ""
    write(figure, left, top - 0.3, name, SMALL)
    write(figure, left, top - 0.2 + LINE * (name.count("\n") + 1), said, TINY, color=MUTED)


def _verdict(arrays: Found, query: int, nth: int, *, copy: bool) -> tuple[str, str]:
    """What is written below a neighbour, a tick or its class, and the colour of text and frame."""
    label = int(arrays["neighbour_label"][query, nth])
    right = label == int(arrays["query_label"][query])
    said = "✓" if right else plain(arrays["names"][label])
    return said + (" (copy)" if copy else ""), RIGHT if right else WRONG


def _neighbour(
    figure: Figure, place: tuple[float, float, float, float], image: np.ndarray, said: str, tint: str
) -> None:
    """One neighbour at (left, top), of (side, room for its text) mm."""
    left, top, side, room = place
    for spine in picture(figure, left, top, side, image).spines.values():
        spine.set(edgecolor=tint, linewidth=FRAME)
    size = TINY if text_width(said, TINY) <= room else TINIER
    write(figure, left, top + side + 2.6, shortened(said, room, size), size, color=tint, va="baseline")


def _foot(found: dict[str, Found], queries: int) -> str:
    """What stands below: the share of right neighbours over the whole test part."""
    first = next(iter(found.values()))
    asked, count = first["neighbours"].shape
    shares = ", ".join(f"{model} {percent(float(arrays['share_right']))} %" for model, arrays in found.items())
    chance = percent(float(first["chance"]))
    text = f"Right among the {count} nearest of all {int(first['tested']):,} test images: {shares} (chance {chance} %)."
    text += f" {queries} of {asked} test images are shown." if queries < asked else ""
    return wrapped(text, TEXT_WIDTH - 1, SMALL, lines=3)
