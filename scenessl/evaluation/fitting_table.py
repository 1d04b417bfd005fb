"""Did a training over- or underfit, from which epoch, by which figure: stated rules on its history.

- *Overfits from epoch N*: N is the first epoch from which the validation loss stays above its lowest value (of epochs
  after 0) by more than 5 % and 0.01, up to the end, while the train loss ends below where it was at that lowest value.
- *Underfits*: at the last epoch the train accuracy is below 90 %, or the validation loss is lowest there and the train
  loss still fell by more than 5 % of its whole fall since epoch 0 in that one epoch.
- *Diverged*: a loss is not a finite number; nothing else is said then.
- *No overfitting seen*: none of these. The first two can hold at once (a weak model that gets worse); both are said.

Train figures are in evaluation mode without augmentation, so that they can be set beside the validation figures.
"""

import math
from collections.abc import Mapping, Sequence

from scenessl.evaluation.cells import rounded
from scenessl.evaluation.runs import Run

COLUMNS = (
    "model",
    "seed",
    "epochs",
    "train_loss_start",
    "train_loss_end",
    "validation_loss_lowest",
    "validation_loss_lowest_epoch",
    "validation_loss_last",
    "gap_selected",
    "gap_last",
    "overfits_from",
    "verdict",
    "evidence",
)
RELATIVE_RISE = 0.05
ABSOLUTE_RISE = 0.01  # nats; 5 % of a loss near 0 would be noise
HIGH_TRAIN_ACCURACY = 0.90
STEEP = 0.05  # share of the whole fall in the last epoch above which a loss is still falling
OVERFITS, UNDERFITS, DIVERGED, NEITHER = "overfits", "underfits", "diverged", "no overfitting seen"

History = Sequence[Mapping[str, float | None]]


def fitting_rows(runs: Sequence[Run]) -> list[dict]:
    """Return a row of COLUMNS per run."""
    return [_row(run) for run in runs]


def _row(run: Run) -> dict:
    """Judge one run's history; gaps are train minus validation accuracy, as shares."""
    history = run.history
    lowest, last = _lowest(history), history[-1]
    selected = next(row for row in history if row["epoch"] == run.selection["selected_epoch"])
    overfit, underfit = overfits_from(history), underfits_by(history)
    return {
        "model": run.model,
        "seed": run.seed,
        "epochs": int(last["epoch"]),
        "train_loss_start": rounded(history[0]["train_loss"]),
        "train_loss_end": rounded(last["train_loss"]),
        "validation_loss_lowest": rounded(lowest["validation_loss"]),
        "validation_loss_lowest_epoch": int(lowest["epoch"]),
        "validation_loss_last": rounded(last["validation_loss"]),
        "gap_selected": _gap(selected),
        "gap_last": _gap(last),
        "overfits_from": "" if overfit is None else overfit,
        "verdict": verdict(overfit, underfit) if _finite(history) else DIVERGED,
        "evidence": _evidence(history, overfit, underfit),
    }


def verdict(overfit: int | None, underfit: str | None) -> str:
    """Say in words what was found."""
    found = ([UNDERFITS] if underfit else []) + ([f"{OVERFITS} from epoch {overfit}"] if overfit is not None else [])
    return "; ".join(found) or NEITHER


def overfits_from(history: History) -> int | None:
    """Return the epoch from which the run overfits by the rule above, or None."""
    lowest, last = _lowest(history), history[-1]
    level = lowest["validation_loss"] + max(RELATIVE_RISE * lowest["validation_loss"], ABSOLUTE_RISE)
    if not last["train_loss"] < lowest["train_loss"] or not last["validation_loss"] > level:
        return None
    below = [row["epoch"] for row in history if row["epoch"] > 0 and row["validation_loss"] <= level]
    return int(max(below)) + 1


def underfits_by(history: History) -> str | None:
    """Return by which figure the run underfits by the rule above, or None."""
    first, last = history[0], history[-1]
    if last["train_accuracy"] < HIGH_TRAIN_ACCURACY:
        return f"train accuracy ends at {_percent(last['train_accuracy'])}, below {_percent(HIGH_TRAIN_ACCURACY)}"
    fall, latest = first["train_loss"] - last["train_loss"], history[-2]["train_loss"] - last["train_loss"]
    if _lowest(history) is last and fall > 0 and latest > STEEP * fall:
        return f"train loss still fell by {latest:.3f} in the last epoch, of {fall:.3f} in all"
    return None


def _finite(history: History) -> bool:
    return all(math.isfinite(row[loss]) for row in history for loss in ("train_loss", "validation_loss"))


def _lowest(history: History) -> Mapping[str, float | None]:
    """Return the trained epoch of the lowest validation loss, the first of equals."""
    return min(history[1:], key=lambda row: row["validation_loss"])


def _gap(row: Mapping[str, float | None]) -> float | str:
    return rounded(row["train_accuracy"] - row["validation_accuracy"])


def _evidence(history: History, overfit: int | None, underfit: str | None) -> str:
    """Name the figures behind the verdict."""
    lowest, last = _lowest(history), history[-1]
    course = (
        f"validation loss is lowest at epoch {int(lowest['epoch'])} ({lowest['validation_loss']:.3f}) and ends at "
        f"{last['validation_loss']:.3f}; train loss meanwhile goes "
        f"from {lowest['train_loss']:.3f} to {last['train_loss']:.3f}"
    )
    if lowest is last:
        course = f"validation loss is lowest at the last epoch ({last['validation_loss']:.3f})"
    return "; ".join(([underfit] if underfit else []) + [course])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
