"""Inversion of one model: the images that drive its chosen filters, one by one and together."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures import inputs
from scenessl.figures.overlay import read_image
from scenessl.figures.style import BODY, MUTED, TINY, canvas, look, number, picture, save, write

KEYS = ("images", "filters", "weight_sums", "start", "end", "moved", "natural_max", "natural_image")
COLUMNS = 3
CELL, REAL, GAP, LABEL = 36.0, 17.0, 4.0, 12.0  # mm


def draw(*, inversion: Path | str, crops: Path | str, output: Path | str) -> None:
    """Draw the images of all filters and of their sum, each beside the real image that excites the filter most.

    Args:
        inversion: .npz with images uint8 [F + 1, S, S, 3] (the last maximises the sum), filters and weight_sums [F],
            and start, end, moved, natural_max and natural_image [F + 1]: the objective before and after, on average
            over small motions, and its highest on a real image, and which that is.
        crops: uint8 [images, 1 or 3, S, S] as .npy.
        output: the figure, .svg or .png.

    Raises:
        UserError: A file cannot be read or its arrays do not fit together.
    """
    found = inputs.arrays(inversion, KEYS)
    count = len(found["filters"])
    wanted = {name: count + 1 for name in KEYS} | {"filters": count, "weight_sums": count}
    wrong = [key for key, length in wanted.items() if len(found[key]) != length]
    if wrong or found["images"].ndim != 4 or found["images"].dtype != np.uint8:
        raise UserError(f"{inversion}: {', '.join(wrong) or 'images'} do not fit {count} filters. Make it again.")
    stored = inputs.images(crops)
    real = [read_image(stored, int(image), crops) for image in found["natural_image"]]
    with look():
        save(_figure(found, real, count), output, photographs=True)


def _figure(found: dict[str, np.ndarray], real: list[np.ndarray], count: int) -> Figure:
    columns = min(COLUMNS, count + 1)
    rows = -(-(count + 1) // columns)
    wide = CELL + 0.8 + REAL
    figure = canvas(columns * (wide + GAP) - GAP + 0.6, rows * (CELL + LABEL))
    for index in range(count + 1):
        row, column = divmod(index, columns)
        left, top = 0.3 + column * (wide + GAP), 0.3 + row * (CELL + LABEL)
        picture(figure, left, top, CELL, stretched(found["images"][index]))
        picture(figure, left + CELL + 0.8, top, REAL, real[index])
        write(figure, left, top + CELL + 1.2, _title(found, index, count), BODY)
        write(figure, left, top + CELL + 5.2, _rise(found, index), TINY, color=MUTED)
    return figure


def _title(found: dict[str, np.ndarray], index: int, count: int) -> str:
    if index == count:
        return f"sum of the {count} filters" if count > 1 else "sum (the one filter)"
    return f"filter {int(found['filters'][index])},  weight sum {number(float(found['weight_sums'][index]))}"


def _rise(found: dict[str, np.ndarray], index: int) -> str:
    keys = ("start", "end", "moved", "natural_max")
    start, end, moved, natural = (number(float(found[key][index])) for key in keys)
    return f"{start} → {end},  moved {moved};  real {natural}"


def stretched(image: np.ndarray) -> np.ndarray:
    """Spread the values of one uint8 image over the whole range; the hundredth at either end is cut off.

    Ascent leaves images of little contrast, which print as gray.
    """
    low, high = np.percentile(image, (1, 99))
    spread = (image.astype(np.float64) - low) / max(high - low, 1.0)
    return np.round(255 * spread.clip(0, 1)).astype(np.uint8)
