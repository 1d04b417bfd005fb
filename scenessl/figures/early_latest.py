"""Is an early epoch of the pretext as good a start as its latest? Accuracies of the classifiers on both."""

from pathlib import Path

from matplotlib.figure import Figure

from scenessl.errors import UserError
from scenessl.figures.estimates import Estimate, draw_row, lines, read, row_height, scale_label
from scenessl.figures.style import BODY, TEXT_WIDTH, canvas, colour, look, panel, save, wrapped, write

NAMES, NUMBERS = 48.0, 42.0  # mm left and right of the points
ABOVE, BELOW = 6.0, 12.0  # mm


def draw(
    *,
    accuracies: Path | str,
    early: str,
    latest: str,
    output: Path | str,
    labels: tuple[str, str] | None = None,
    task: str = "scenes",
) -> None:
    """Draw validation and test accuracy of the models `early` and `latest` with 95 % intervals.

    Args:
        accuracies: accuracy.csv with model, task, seed and accuracy (0..1) and n of validation and test.
        early: the model that starts from the pretext's early epoch.
        latest: the model that starts from its latest epoch.
        output: the figure, .svg or .png.
        labels: what to call the two; their names by default.
        task: what both models are trained for.

    Raises:
        UserError: The table cannot be read or one of the models is not in it.
    """
    parts = {}
    for part in ("validation", "test"):
        estimates = read(accuracies, part, task)
        parts[part] = [[one for one in estimates if one.model == model] for model in (early, latest)]
    for model, found in zip((early, latest), parts["test"], strict=True):
        if not found:
            raise UserError(f"{accuracies} holds no test accuracy of {model}. Delete it and run again.")
    if not all(parts["validation"]):  # a study without a validation part
        del parts["validation"]
    with look():
        save(_figure(parts, labels or (early, latest)), output)


def _figure(parts: dict[str, list[list[Estimate]]], labels: tuple[str, str]) -> Figure:
    rows = [seeds for models in parts.values() for seeds in models]
    row = row_height(rows)
    figure = canvas(TEXT_WIDTH, len(parts) * (ABOVE + 2 * row + 1) + BELOW)
    limits = _limits(parts)
    for position, (part, models) in enumerate(parts.items()):
        top = position * (ABOVE + 2 * row + 1) + ABOVE
        write(figure, NAMES, top - 1, part, BODY, va="bottom", weight="bold")
        axes = panel(figure, NAMES, top, TEXT_WIDTH - NAMES - NUMBERS, 2 * row)
        lines(axes)
        for height, estimates in enumerate(models):
            draw_row(axes, height, estimates, colour(1 - height))
        axes.set_yticks([0, 1], [wrapped(label, NAMES - 3, BODY) for label in labels], fontsize=BODY)
        axes.set(xlim=limits, ylim=(1.5, -0.5))
        if position < len(parts) - 1:
            axes.tick_params(labelbottom=False)
        else:
            axes.set_xlabel(scale_label("accuracy", rows), fontsize=BODY)
    return figure


def _limits(parts: dict[str, list[list[Estimate]]]) -> tuple[float, float]:
    """The range of all intervals with some air: the difference is small beside the whole scale."""
    every = [one for models in parts.values() for seeds in models for one in seeds]
    low, high = 100 * min(one.low for one in every), 100 * max(one.high for one in every)
    air = 0.08 * max(high - low, 1)
    return max(0, low - air), min(100, high + air)
