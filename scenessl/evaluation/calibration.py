"""Calibration: do probabilities of 0.8 come true in 80 % of the cases?

The likeliest answer's probability (its confidence) is sorted into BINS bins of equal width; within each, mean
confidence and accuracy are compared. The expected calibration error is their mean distance, weighted by the bins'
sizes (Naeini et al. 2015; Guo et al. 2017, eq. 3). On few images it is above 0 even for a calibrated model.
"""

from collections.abc import Sequence

import numpy as np

from scenessl.evaluation.cells import rounded
from scenessl.evaluation.runs import Predictions, Run

BINS = 15
COLUMNS = ("model", "task", "seed", "low", "high", "n", "confidence", "accuracy")


def bins_of(predictions: Predictions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort the test part's rows (images x views) by confidence: rows, mean confidence and accuracy of each bin [BINS].

    Bin b holds confidences in (b / BINS, (b + 1) / BINS]; of an empty one both means are 0.
    """
    rows = predictions.rows("test")
    confidence = predictions.probabilities[rows].max(1).astype(np.float64)
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    count = np.bincount(place, minlength=BINS)
    sums = [np.bincount(place, weights=values, minlength=BINS) for values in (confidence, predictions.right[rows])]
    return count, *(total / np.maximum(count, 1) for total in sums)


def calibration_error(predictions: Predictions) -> float | None:
    """Return the expected calibration error on the test part, 0..1; None where there is none."""
    count, confidence, accuracy = bins_of(predictions)
    return float(count @ np.abs(confidence - accuracy) / count.sum()) if count.sum() else None


def mean_confidence(predictions: Predictions) -> float | None:
    """Return the mean probability of the likeliest answer on the test part; None where there is none."""
    rows = predictions.rows("test")
    return float(predictions.probabilities[rows].max(1).mean(dtype=np.float64)) if rows.any() else None


def reliability_rows(runs: Sequence[Run]) -> list[dict]:
    """Return a row of COLUMNS per run and bin that holds anything."""
    return [row for run in runs for row in _bins(run)]


def _bins(run: Run) -> list[dict]:
    """Return the rows of one run."""
    bins = zip(*bins_of(run.predictions), strict=True)
    named = {"model": run.model, "task": run.settings["task"], "seed": run.seed}
    return [
        named
        | {"low": rounded(place / BINS), "high": rounded((place + 1) / BINS), "n": int(count)}
        | {"confidence": rounded(confidence), "accuracy": rounded(accuracy)}
        for place, (count, confidence, accuracy) in enumerate(bins)
        if count
    ]
