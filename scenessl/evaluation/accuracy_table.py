"""Accuracy of every model and seed on train, validation and test, with the epoch that was selected.

A pretext task shows each image in several views. Its accuracy is the mean over images of the share of views that are
right; the 95 % interval is Wilson's with the number of *images*, since views of one image are not independent. Balanced
accuracy, macro F1, `calibration`, loss, chance and flag (see `flags`) are of the views of the test part.
"""

from collections.abc import Collection, Sequence

import numpy as np

from scenessl.evaluation.calibration import calibration_error, mean_confidence
from scenessl.evaluation.cells import rounded
from scenessl.evaluation.class_tables import confusion_of
from scenessl.evaluation.flags import flag, loss_on_test
from scenessl.evaluation.metrics import balanced_accuracy, macro_f1, wilson_interval
from scenessl.evaluation.runs import Predictions, Run

COLUMNS = (
    "model",
    "task",
    "init",
    "train",
    "seed",
    "train_accuracy",
    "validation_accuracy",
    "test_accuracy",
    "test_low",
    "test_high",
    "test_accuracy_unleaked",
    "balanced_accuracy",
    "macro_f1",
    "calibration_error",
    "confidence",
    "test_loss",
    "chance",
    "flag",
    "n_train",
    "n_validation",
    "n_test",
    "n_test_unleaked",
    "views",
    "selected_epoch",
    "planned_epochs",
    "rule",
    "why",
)


def accuracy_rows(runs: Sequence[Run], leaked: Collection[int]) -> list[dict]:
    """Return a row of COLUMNS per run; `leaked` are ids of test images with a copy in train."""
    return [_row(run, leaked) for run in runs]


def _row(run: Run, leaked: Collection[int]) -> dict:
    """Return one run's row; a part without images has empty accuracies."""
    scores = {part: image_scores(run.predictions, part) for part in ("train", "validation", "test")}
    test = scores["test"][1]
    low, high = wilson_interval(test.mean(), len(test)) if len(test) else (None, None)
    kept = test[~np.isin(scores["test"][0], list(leaked))]
    selection = run.selection
    return {
        "model": run.model,
        "task": run.settings["task"],
        "init": run.settings["init"],
        "train": run.settings["train"],
        "seed": run.seed,
        **{f"{part}_accuracy": _mean(values) for part, (_, values) in scores.items()},
        "test_low": rounded(low),
        "test_high": rounded(high),
        "test_accuracy_unleaked": _mean(kept),
        **_beside(run),
        "test_loss": rounded(loss_on_test(run.predictions)),
        "chance": rounded(1 / len(run.predictions.names)),
        "flag": flag(run.predictions),
        **{f"n_{part}": len(values) for part, (_, values) in scores.items()},
        "n_test_unleaked": len(kept),
        "views": run.predictions.views,
        "selected_epoch": selection["selected_epoch"],
        "planned_epochs": selection["planned_epochs"],
        "rule": selection["rule"],
        "why": selection["why"],
    }


def _beside(run: Run) -> dict[str, float | str]:
    """Return the figures beside accuracy, of the rows (images x views) of the test part; empty without any."""
    counts = confusion_of(run)
    return {
        "balanced_accuracy": rounded(balanced_accuracy(counts) if counts.any() else None),
        "macro_f1": rounded(macro_f1(counts) if counts.any() else None),
        "calibration_error": rounded(calibration_error(run.predictions)),
        "confidence": rounded(mean_confidence(run.predictions)),
    }


def image_scores(predictions: Predictions, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of a part's images [n] and the share of each image's views that are right, 0..1 [n]."""
    rows = predictions.rows(part)
    images, position = np.unique(predictions.image[rows], return_inverse=True)
    shown = np.bincount(position, minlength=len(images))
    return images, np.bincount(position, weights=predictions.right[rows], minlength=len(images)) / shown


def _mean(scores: np.ndarray) -> float | str:
    """Return the rounded mean, empty without scores."""
    return rounded(scores.mean()) if len(scores) else ""
