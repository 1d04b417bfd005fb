"""Inversion of one model: the images that drive its chosen filters, one by one and together."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.style import BODY, MUTED, SMALL, canvas, look, number, picture, save, write

KEYS = ("images", "filters", "weight_sums", "start", "end", "natural_max")
COLUMNS = 3
CELL, GAP, LABEL = 50.0, 4.0, 12.0  # mm


def draw(*, inversion: Path | str, output: Path | str) -> None:
    """Draw the images of all filters and of their sum, each with its weight sum and the rise of its activation.

    Args:
        inversion: .npz with images uint8 [F + 1, S, S, 3] (the last maximises the sum), filters and weight_sums [F],
            and start, end and natural_max [F + 1]: the objective before and after, and its highest on a real image.
        output: the figure, .svg or .png.

    Raises:
        UserError: The file cannot be read or its arrays do not fit together.
    """
    found = inputs.arrays(inversion, KEYS)
    count = len(found["filters"])
    wanted = {"weight_sums": count, "images": count + 1, "start": count + 1, "end": count + 1, "natural_max": count + 1}
    wrong = [key for key, length in wanted.items() if len(found[key]) != length]
    if wrong or found["images"].ndim != 4 or found["images"].dtype != np.uint8:
        raise UserError(f"{inversion}: {', '.join(wrong) or 'images'} do not fit {count} filters. Make it again.")
    with look():
        save(_figure(found, count), output, photographs=True)


def _figure(found: dict[str, np.ndarray], count: int) -> Figure:
    columns = min(COLUMNS, count + 1)
    rows = -(-(count + 1) // columns)
    figure = canvas(columns * (CELL + GAP) - GAP + 0.6, rows * (CELL + LABEL))
    for index in range(count + 1):
        row, column = divmod(index, columns)
        left, top = 0.3 + column * (CELL + GAP), 0.3 + row * (CELL + LABEL)
        picture(figure, left, top, CELL, stretched(found["images"][index]))
        write(figure, left, top + CELL + 1.2, _title(found, index, count), BODY)
        write(figure, left, top + CELL + 5.2, _rise(found, index), SMALL, color=MUTED)
    return figure


def _title(found: dict[str, np.ndarray], index: int, count: int) -> str:
    if index == count:
        return f"sum of the {count} filters" if count > 1 else "sum (the one filter)"
    return f"filter {int(found['filters'][index])},  weight sum {number(float(found['weight_sums'][index]))}"


def _rise(found: dict[str, np.ndarray], index: int) -> str:
    start, end, natural = (number(float(found[key][index])) for key in ("start", "end", "natural_max"))
    return f"{start} → {end}  (highest real {natural})"


def stretched(image: np.ndarray) -> np.ndarray:
    """Spread the values of one uint8 image over the whole range; the hundredth at either end is cut off.

    Ascent leaves images of little contrast, which print as gray.
    """
    low, high = np.percentile(image, (1, 99))
    spread = (image.astype(np.float64) - low) / max(high - low, 1.0)
    return np.round(255 * spread.clip(0, 1)).astype(np.uint8)
