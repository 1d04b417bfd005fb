"""Test accuracy of every scene classifier with its 95 % interval, beside the accuracy of a guess."""

from pathlib import Path

from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures.estimates import Estimate, draw_row, lines, read, row_height, scale_label
from scenessl.figures.style import BODY, INK, SMALL, TEXT_WIDTH, canvas, colour, look, panel, save, wrapped

NAMES, NUMBERS = 42.0, 42.0  # mm left and right of the points
BELOW = 11.0  # mm


def draw(*, accuracies: Path | str, classes: int, output: Path | str, task: str = "scenes") -> None:
    """Draw the test accuracy of every model of `task`: a point per seed, of few with Wilson's interval, and chance.

    Args:
        accuracies: accuracy.csv with the columns model, task, seed, test_accuracy (0..1) and n_test.
        classes: how many classes there are; a guess is right once in so many.
        output: the figure, .svg or .png.
        task: the models drawn are those trained for it.

    Raises:
        UserError: The table cannot be read or holds no model of `task`.
    """
    estimates = read(accuracies, "test", task)
    if not estimates:
        raise UserError(f"{accuracies} holds no test accuracy of a model for {task}. Delete it and run again.")
    with look():
        save(_figure(estimates, 1 / classes), output)


def _figure(estimates: list[Estimate], chance: float) -> Figure:
    models = list(dict.fromkeys(estimate.model for estimate in estimates))
    rows = [[one for one in estimates if one.model == model] for model in models]
    height = row_height(rows) * len(models)
    figure = canvas(TEXT_WIDTH, height + BELOW + 5)
    axes = panel(figure, NAMES, 5, TEXT_WIDTH - NAMES - NUMBERS, height)
    lines(axes)
    for position, seeds in enumerate(rows):
        draw_row(axes, position, seeds, colour(position))
    axes.axvline(100 * chance, color=INK, linewidth=0.8, linestyle="--")
    axes.annotate(f"chance {100 * chance:.1f}", (100 * chance, 1), (0, 3), xycoords=("data", "axes fraction"),
                  textcoords="offset points", ha="left", fontsize=SMALL, annotation_clip=False)  # fmt: skip
    axes.set_yticks(range(len(models)), [wrapped(model, NAMES - 3, BODY) for model in models], fontsize=BODY)
    axes.set(xlim=(0, 100), ylim=(len(models) - 0.5, -0.5))
    axes.set_xlabel(scale_label("test accuracy", rows), fontsize=BODY)
    return figure
