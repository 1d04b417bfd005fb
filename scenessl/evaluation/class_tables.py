"""Where a model is right and what it takes for what: figures per class and the confusion matrix, on the test part."""

from collections.abc import Sequence

import numpy as np

from scenessl.evaluation.cells import rounded
from scenessl.evaluation.metrics import confusion_matrix, per_class
from scenessl.evaluation.runs import Run

PER_CLASS = ("model", "seed", "class", "n", "recall", "precision", "f1")
CONFUSION = ("model", "seed", "true", "predicted", "count")


def confusion_of(run: Run) -> np.ndarray:
    """Count the test part's rows (images x views) by true (down) and predicted target (across): int64 [K, K]."""
    found, rows = run.predictions, run.predictions.rows("test")
    return confusion_matrix(found.target[rows], found.predicted[rows], len(found.names))


def per_class_rows(runs: Sequence[Run]) -> list[dict]:
    """Return a row of PER_CLASS per run and class; n counts rows (images x views)."""
    return [row for run in runs for row in _classes_of(run)]


def _classes_of(run: Run) -> list[dict]:
    figures = per_class(confusion_of(run))
    return [
        {
            "model": run.model,
            "seed": run.seed,
            "class": name,
            "n": int(figures.n[label]),
            "recall": rounded(figures.recall[label]),
            "precision": rounded(figures.precision[label]),
            "f1": rounded(figures.f1[label]),
        }
        for label, name in enumerate(run.predictions.names)
    ]


def confusion_rows(runs: Sequence[Run]) -> list[dict]:
    """Return a row of CONFUSION per run, true and predicted class, zero counts included."""
    return [row for run in runs for row in _confusions_of(run)]


def _confusions_of(run: Run) -> list[dict]:
    counts, names = confusion_of(run), run.predictions.names
    return [
        {"model": run.model, "seed": run.seed, "true": true, "predicted": called, "count": int(counts[i, j])}
        for i, true in enumerate(names)
        for j, called in enumerate(names)
    ]
