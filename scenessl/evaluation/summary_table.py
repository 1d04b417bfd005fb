"""Figures of every model over its seeds: mean, standard deviation, 95 % interval (t), and how many trainings."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev

from scenessl.evaluation.cells import rounded
from scenessl.evaluation.repetitions import t_interval, trainings

MEASURES = (
    "train_accuracy",
    "validation_accuracy",
    "test_accuracy",
    "test_accuracy_unleaked",
    "balanced_accuracy",
    "macro_f1",
    "calibration_error",
    "confidence",
)
"""Columns of accuracy.csv that are summed up; all are shares, 0..1."""
COLUMNS = ("model", "measure", "seeds", "trainings", "mean", "deviation", "low", "high", "least", "most")


def summary_rows(accuracies: Sequence[Mapping], models: Mapping[str, Mapping]) -> list[dict]:
    """Return a row of COLUMNS per model and measure that it has; deviation and interval are empty for one training.

    Args:
        accuracies: rows of `accuracy_table`, one per model and seed.
        models: the published models.
    """
    rows: dict[str, list[Mapping]] = {}
    for row in accuracies:
        rows.setdefault(row["model"], []).append(row)
    values = {
        (model, measure): [row[measure] for row in found if row[measure] != ""]
        for model, found in rows.items()
        for measure in MEASURES
    }
    return [_row(*key, found, trainings(models, key[0], len(found))) for key, found in values.items() if found]


def _row(model: str, measure: str, values: Sequence[float], independent: int) -> dict:
    """Sum up one figure of one model."""
    interval = t_interval(values) if independent > 1 else None
    low, high = interval or (None, None)
    return {
        "model": model,
        "measure": measure,
        "seeds": len(values),
        "trainings": independent,
        "mean": rounded(mean(values)),
        "deviation": rounded(stdev(values)) if independent > 1 else "",
        "low": rounded(None if low is None else max(0.0, low)),
        "high": rounded(None if high is None else min(1.0, high)),
        "least": rounded(min(values)),
        "most": rounded(max(values)),
    }
