"""A sheet of labelled samples of a pretext task: what the network was shown, and what it had to answer."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import SMALL, TEXT_HEIGHT, TEXT_WIDTH, canvas, look, picture, save, shortened, write

GAP, BLOCK_GAP, HEADER = 1.2, 6.0, 5.0  # mm
LARGEST_CELL = 40.0  # mm
MARK = "#e69f00"


def draw(*, samples: Path | str, output: Path | str) -> None:
    """Draw samples with images as rows and their views as columns; with one or two views, rows stand side by side.

    Args:
        samples: .npz with `images` uint8 [n, views, S, S, 3], `labels` str [views] (the same for every image, drawn as
            column headers) or str [n, views] (drawn above each view), and perhaps `boxes` int [n, views, 3] or [n, 3]:
            row, column (of the upper left pixel) and side of a painted square, which is then circled.
        output: the figure, .svg or .png.

    Raises:
        UserError: The file cannot be read or its arrays do not fit together.
    """
    found = inputs.arrays(samples, ["images", "labels"])
    images, labels, boxes = found["images"], found["labels"], found.get("boxes")
    _check(samples, images, labels, boxes)
    if boxes is not None:
        boxes = np.broadcast_to(boxes if boxes.ndim == 3 else boxes[:, None], (*images.shape[:2], 3))
    with look():
        save(_figure(images, labels, boxes), output, photographs=True)


def _check(path: Path | str, images: np.ndarray, labels: np.ndarray, boxes: np.ndarray | None) -> None:
    shape = images.shape
    if images.ndim != 5 or images.dtype != np.uint8 or shape[4] != 3 or shape[2] != shape[3] or 0 in shape:
        raise UserError(f"{path}: images are {images.dtype} {list(shape)}, not uint8 [n, views, S, S, 3].")
    if labels.shape not in (shape[:2], shape[1:2]):
        raise UserError(f"{path}: labels {list(labels.shape)} do not fit {list(shape[:2])} views. Make it again.")
    if boxes is not None and boxes.shape not in ((*shape[:2], 3), (shape[0], 3)):
        raise UserError(f"{path}: boxes {list(boxes.shape)} do not fit {list(shape[:2])} views. Make it again.")


def _figure(images: np.ndarray, labels: np.ndarray, boxes: np.ndarray | None) -> Figure:
    count, views = images.shape[:2]
    blocks = max(1, min(count, 4 // views))  # images that stand side by side
    rows = -(-count // blocks)
    one_header = labels.ndim == 1
    across = (TEXT_WIDTH - BLOCK_GAP * (blocks - 1) - GAP * blocks * (views - 1)) / (blocks * views)
    down = (TEXT_HEIGHT - HEADER) / rows - GAP - (0 if one_header else HEADER)
    cell = min(LARGEST_CELL, across, down)
    width = blocks * (views * (cell + GAP) - GAP) + (blocks - 1) * BLOCK_GAP
    pitch = cell + GAP + (0 if one_header else HEADER)
    figure = canvas(width + 0.6, (HEADER if one_header else 0) + rows * pitch)
    for number in range(count):
        row, block = divmod(number, blocks)
        for view in range(views):
            left = 0.3 + block * (views * (cell + GAP) - GAP + BLOCK_GAP) + view * (cell + GAP)
            top = HEADER + row * pitch
            if row == 0 or not one_header:
                label = labels[view] if one_header else labels[number, view]
                _label(figure, left + cell / 2, top - HEADER + 0.6, label, cell)
            axes = picture(figure, left, top, cell, images[number, view])
            if boxes is not None:
                _circle(axes, boxes[number, view], images.shape[2])
    return figure


def _label(figure: Figure, centre: float, top: float, label: str, cell: float) -> None:
    write(figure, centre, top, shortened(label, cell, SMALL + 0.5), SMALL + 0.5, ha="center")


def _circle(axes: Axes, box: np.ndarray, side: int) -> None:
    """A ring around a painted square, light within dark, so that it shows on every image."""
    row, column, size = (int(value) for value in box)
    centre = (column + (size - 1) / 2, row + (size - 1) / 2)
    radius = max(1.25 * size, 0.045 * side)
    for colour, width in (("black", 1.8), (MARK, 1.0)):
        axes.add_patch(Circle(centre, radius, fill=False, edgecolor=colour, linewidth=width))
