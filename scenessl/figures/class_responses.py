"""What filters answer to each class: mean activations over real images as a heat map, models side by side."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from scenessl.evaluation.selectivity import class_means
from scenessl.figures import inputs
from scenessl.figures.style import (
    BODY,
    SMALL,
    TEXT_WIDTH,
    TINY,
    canvas,
    look,
    panel,
    plain,
    save,
    shortened,
    text_width,
    write,
)

KEYS = ("filters", "further_filters", "responses", "response_images")
HEADER, ROW, GAP, BAR = 12.0, 5.2, 3.0, 15.0  # mm
WIDEST = 9.0  # mm of a column
COLOURS = "RdBu_r"


def draw(*, inversions: Mapping[str, Path | str], index: Path | str, classes: Path | str, output: Path | str) -> None:
    """Draw classes (rows) by filters (columns, grouped by model): mean activation, in standard deviations.

    Args:
        inversions: .npz of every model, see `explain.inversion.invert`.
        index: index.csv, for the images' labels.
        classes: classes.json, for their names.
        output: the figure, .svg or .png.

    Raises:
        UserError: a file cannot be read.
    """
    names = [plain(name) for name in inputs.settings(classes, ["classes"])["classes"]]
    labels = inputs.numbers(index, inputs.table(index, ["label"]), "label").astype(int)
    found = {model: inputs.arrays(path, KEYS) for model, path in inversions.items()}
    means = {
        model: class_means(arrays["responses"], labels[arrays["response_images"]], len(names))
        for model, arrays in found.items()
    }
    filters = {
        model: [*map(str, arrays["filters"]), *(f"({one})" for one in arrays["further_filters"])]
        for model, arrays in found.items()
    }
    with look():
        save(_figure(names, filters, means), output)


def _figure(names: list[str], filters: dict[str, list[str]], means: dict[str, np.ndarray]) -> Figure:
    label = min(34.0, max(text_width(name, SMALL) for name in names) + 2)
    columns = sum(map(len, filters.values()))
    cell = min(WIDEST, (TEXT_WIDTH - label - GAP * (len(filters) - 1)) / columns)
    height = HEADER + ROW * len(names)
    figure = canvas(max(label + columns * cell + GAP * (len(filters) - 1) + 0.5, 90), height + BAR)
    limit = max(float(np.nanmax(np.abs(values))) for values in means.values()) or 1.0
    for row, name in enumerate(names):
        write(figure, label - 1, HEADER + ROW * (row + 0.5), shortened(name, label - 2, SMALL), SMALL,
              ha="right", va="center")  # fmt: skip
    left = label
    for model, values in means.items():
        width = cell * len(filters[model])
        axes = panel(figure, left, HEADER, width, ROW * len(names))
        axes.imshow(values, cmap=COLOURS, vmin=-limit, vmax=limit, aspect="auto", interpolation="none")
        axes.set(xticks=[], yticks=[])
        write(figure, left + width / 2, 0.6, shortened(model, width, BODY), BODY, ha="center", weight="bold")
        for column, one in enumerate(filters[model]):
            write(figure, left + (column + 0.5) * cell, HEADER - 0.6, one, TINY,
                  ha="center", va="bottom", rotation=0 if cell > 7.5 else 40)  # fmt: skip
        left += width + GAP
    bar = panel(figure, label, height + 3, 60, 2.5)
    bar.imshow(np.linspace(-1, 1, 256)[None], cmap=COLOURS, aspect="auto", extent=(-limit, limit, 0, 1))
    bar.set(yticks=[])
    write(figure, label, height + 10.5, "mean over the class minus mean over all images, in standard deviations", SMALL)
    return figure
