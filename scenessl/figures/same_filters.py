"""The same filters in several models: the image that drives each of them, models in rows, filters in columns."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.inversion import stretched
from scenessl.figures.style import BODY, MUTED, SMALL, TEXT_WIDTH, canvas, look, number, picture, save, wrapped, write

KEYS = ("filters", "further_filters", "images", "further_images", "end", "further_end")
LABEL, GAP, HEADER, BELOW = 26.0, 2.0, 6.0, 7.0  # mm
LARGEST_CELL = 34.0
Cell = tuple[np.ndarray, float, bool]  # the synthetic image, what it reaches, whether the model chose the filter


def draw(*, inversions: Mapping[str, Path | str], output: Path | str) -> None:
    """Draw a grid of the filters that the first model chose, inverted in every model.

    Args:
        inversions: .npz of every model, the first of which gives the filters; see `explain.inversion.invert`.
        output: the figure, .svg or .png.

    Raises:
        UserError: a file cannot be read or lacks a filter.
    """
    found = {model: inputs.arrays(path, KEYS) for model, path in inversions.items()}
    filters = next(iter(found.values()))["filters"].tolist()
    rows = {model: [cell(arrays, one) for one in filters] for model, arrays in found.items()}
    with look():
        save(_figure(filters, rows), output, photographs=True)


def cell(arrays: dict[str, np.ndarray], wanted: int) -> Cell:
    """Find one filter among those that a model chose or else among the further ones."""
    for prefix in ("", "further_"):
        at = np.flatnonzero(arrays[f"{prefix}filters"] == wanted)
        if len(at):
            return arrays[f"{prefix}images"][at[0]], float(arrays[f"{prefix}end"][at[0]]), not prefix
    raise UserError(f"an inversion lacks filter {wanted}. Delete explain/inversion and run again.")


def _figure(filters: list[int], rows: dict[str, list[Cell]]) -> Figure:
    side = min(LARGEST_CELL, (TEXT_WIDTH - LABEL) / len(filters) - GAP)
    figure = canvas(LABEL + len(filters) * (side + GAP), HEADER + len(rows) * (side + BELOW))
    for column, one in enumerate(filters):
        write(figure, LABEL + column * (side + GAP) + side / 2, 1, f"filter {one}", BODY, ha="center")
    for row, (model, cells) in enumerate(rows.items()):
        top = HEADER + row * (side + BELOW)
        write(figure, 0.3, top + side / 2, wrapped(model, LABEL - 2, BODY, lines=3), BODY, va="center")
        for column, (image, end, is_chosen) in enumerate(cells):
            left = LABEL + column * (side + GAP)
            picture(figure, left, top, side, stretched(image))
            said = f"{number(end)}{'' if is_chosen else ', not chosen'}"
            write(figure, left, top + side + 1, said, SMALL, color=MUTED)
    return figure
