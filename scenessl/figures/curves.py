"""Learning curves of one model: loss and accuracy against the epoch, their gap, and the epoch selected."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from scenessl.errors import UserError
from scenessl.evaluation.metrics import FEW_SEEDS
from scenessl.figures import inputs
from scenessl.figures.style import INK, MUTED, TRAIN, VALIDATION, canvas, look, panel, save

WIDTH, HEIGHT = 170.0, 66.0  # mm
COLUMNS = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
History = dict[str, np.ndarray]


def draw(
    *,
    histories: Sequence[Path | str],
    selections: Sequence[Path | str],
    output: Path | str,
    validation_name: str = "validation",
) -> None:
    """Draw the curves of one model from its histories and selections, one of each per seed and in the same order.

    Args:
        histories: history.csv of every seed; epoch 0 is before training, losses in nats, accuracies 0..1.
        selections: selection.json of every seed (`selected_epoch`).
        output: the figure, .svg or .png.
        validation_name: what the legend calls the second curve ("test" in a study without a validation part).

    Raises:
        UserError: A file cannot be read, lacks a column, or the numbers of histories and selections differ.
    """
    if not histories or len(histories) != len(selections):
        raise UserError(f"curves need one selection per history, got {len(histories)} and {len(selections)}.")
    runs = [_history(path) for path in histories]
    chosen = [int(inputs.settings(path, ["selected_epoch"])["selected_epoch"]) for path in selections]
    with look():
        save(_figure(runs, chosen, validation_name), output)


def _history(path: Path | str) -> History:
    rows = inputs.table(path, COLUMNS)
    return {column: inputs.numbers(path, rows, column) for column in COLUMNS}


def _figure(runs: list[History], chosen: list[int], validation_name: str) -> Figure:
    figure = canvas(WIDTH, HEIGHT)
    quantities = (("loss", "cross-entropy loss (nats)", 1.0), ("accuracy", "accuracy (%)", 100.0))
    for position, (quantity, label, factor) in enumerate(quantities):
        axes = _panel(figure, position)
        _curves(axes, runs, quantity, factor)
        _mark(axes, runs, chosen, lambda run, name=f"validation_{quantity}", by=factor: by * run[name])
        axes.set(xlabel="epoch (0 = before training)", ylabel=label)
        _frame(axes, runs, 100.0 if quantity == "accuracy" else None)
    _gap(_panel(figure, len(quantities)), runs, chosen)
    entries = _legend(runs, chosen, validation_name)
    figure.legend(handles=entries, loc="lower center", ncols=len(entries), bbox_to_anchor=(0.5, 0.0), handlelength=2.2)
    return figure


def _panel(figure: Figure, position: int) -> Axes:
    """The axes at a position, 0 to 2, from the left."""
    return panel(figure, 12 + position * 57, 4, 43, 43)


def _gap(axes: Axes, runs: list[History], chosen: list[int]) -> None:
    """The generalisation gap: how many points the accuracy on train is above the other one."""
    gaps = [{"epoch": run["epoch"], "gap": run["train_accuracy"] - run["validation_accuracy"]} for run in runs]
    _lines(axes, gaps, "gap", 100.0, color=INK)
    _mark(axes, gaps, chosen, lambda run: 100 * run["gap"])
    axes.axhline(0, color=MUTED, linewidth=0.6)
    axes.set(xlabel="epoch (0 = before training)", ylabel="gap of the accuracies (points)")
    _frame(axes, gaps, None, lowest=None)


def _curves(axes: Axes, runs: list[History], quantity: str, factor: float) -> None:
    """One line per seed; with several seeds these are thin, and their mean is thick."""
    for part, colour, dashes in (("train", TRAIN, "--"), ("validation", VALIDATION, "-")):
        _lines(axes, runs, f"{part}_{quantity}", factor, color=colour, linestyle=dashes)


def _lines(axes: Axes, runs: list[History], name: str, factor: float, **drawn: str) -> None:
    """The lines of one quantity, each seed's and their mean."""
    several = len(runs) > 1
    for run in runs:
        style = {"linewidth": 0.6, "alpha": 0.55} if several else {"marker": ".", "markersize": 4}
        axes.plot(run["epoch"], factor * run[name], **drawn, **style)
    if several:
        epochs, mean = _mean(runs, name)
        axes.plot(epochs, factor * mean, linewidth=1.6, **drawn)


def _mean(runs: list[History], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean over seeds at the epochs that every seed has: after an early stop it would be one of other seeds."""
    epochs = runs[0]["epoch"]
    for run in runs[1:]:
        epochs = np.intersect1d(epochs, run["epoch"])
    values = [run[name][np.searchsorted(run["epoch"], epochs)] for run in runs]
    return epochs, np.mean(values, axis=0)


def _mark(axes: Axes, runs: list[History], chosen: list[int], values: Callable[[History], np.ndarray]) -> None:
    """A vertical line and a point on the second curve at the epoch selected, for every seed."""
    for run, epoch in zip(runs, chosen, strict=True):
        if epoch not in run["epoch"]:
            raise UserError(f"the selected epoch {epoch} is not in the history, which ends at {run['epoch'][-1]:.0f}.")
        height = values(run)[run["epoch"] == epoch]
        axes.axvline(epoch, color=MUTED, linewidth=0.7, linestyle=":", zorder=0)
        axes.plot([epoch], height, **_ring(len(runs)), zorder=5)


def _ring(runs: int) -> dict[str, object]:
    """How a selected epoch is marked; smaller where there are many."""
    few = runs <= FEW_SEEDS
    size = {"markersize": 5.5 if few else 3.0, "markeredgewidth": 1.0 if few else 0.5}
    return {"marker": "o", "markerfacecolor": "white", "markeredgecolor": INK, **size}


def _frame(axes: Axes, runs: list[History], top: float | None, lowest: float | None = 0.0) -> None:
    """The scales: epochs, and heights from `lowest` to `top`, each as the curves have it where it is None."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    last = max(run["epoch"].max() for run in runs)
    axes.set_xlim(-0.03 * max(last, 1), 1.03 * max(last, 1))
    axes.grid(axis="y")
    axes.set_ylim(lowest, None if top is None else 1.03 * top)


def _legend(runs: list[History], chosen: list[int], validation_name: str) -> list[Line2D]:
    seeds = "" if len(runs) == 1 else f" (thick: mean of {len(runs)} seeds)"
    epochs = sorted(set(chosen))
    listed = ", ".join(map(str, epochs)) if len(epochs) <= FEW_SEEDS else f"{epochs[0]} to {epochs[-1]}"
    which = f"selected epoch{'s' if len(epochs) > 1 else ''} ({listed})"
    return [
        Line2D([], [], color=TRAIN, linestyle="--", label="train" + seeds),
        Line2D([], [], color=VALIDATION, label=validation_name + seeds),
        Line2D([], [], color=MUTED, linewidth=0.7, linestyle=":", **_ring(len(runs)), label=which),
    ]
