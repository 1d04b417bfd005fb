"""What single settings are worth: every trial against the same training as set, on the same validation images.

Of one view per image the difference is judged as everywhere (exact McNemar test, Newcombe's interval); of several views
by the images' own shares of right views (paired t over images; a sign test where all differ alike). Holm's method
corrects over the trials of a model that are of one kind, the sweep or the ablations. One training each: nothing here
says how much another would differ.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

import numpy as np
from scipy import stats

from scenessl.arrays import read_arrays
from scenessl.evaluation.cells import rounded, significant, words
from scenessl.evaluation.metrics import paired_difference, wilson_interval
from scenessl.evaluation.repetitions import ROUNDING, better_of, corrected_over, t_interval
from scenessl.study.trials import planned

COLUMNS = (
    "model",
    "form",
    "kind",
    "setting",
    "value",
    "epochs",
    "train_images",
    "n_validation",
    "validation_accuracy",
    "validation_low",
    "validation_high",
    "train_accuracy",
    "gap",
    "difference",
    "low",
    "high",
    "p",
    "family",
    "p_holm",
    "verdict",
)
KEYS = ("kind", "setting", "value", "validation", "train", "epochs", "train_images", "views")
DIVERGED = "diverged"
Found = Mapping[tuple[str, str], Mapping[str, np.ndarray]]


def read_trials(root: Path | str, published: Mapping) -> Found:
    """Read the trials of a study by form and model.

    Raises:
        UserError: a file is missing or damaged.
    """
    paths = {key: Path(root) / f"trials/{key[0]}/{key[1]}.npz" for key in planned(published)}
    return {key: read_arrays(path, KEYS) for key, path in paths.items()}


def trial_rows(found: Found) -> list[dict]:
    """Return a row of COLUMNS per trial, in the order of the plan; differences are to the training as set, the first.

    `gap` is train minus validation accuracy. `verdict` is "a" where the trial is better than the training as set, "b"
    where it is worse, "open", DIVERGED, or empty for the training as set.
    """
    return [row for key, arrays in found.items() for row in _rows(*key, arrays)]


def _rows(form: str, model: str, arrays: Mapping[str, np.ndarray]) -> list[dict]:
    """Return the rows of one model."""
    scores, kinds = arrays["validation"].astype(float), arrays["kind"].tolist()
    tests = [_test(own, scores[0], int(arrays["views"])) for own in scores]
    families = {kind: [at for at, own in enumerate(kinds) if own == kind] for kind in dict.fromkeys(kinds[1:])}
    corrected = {}
    for members in families.values():
        corrected |= corrected_over({at: tests[at][3] for at in members})
    sizes: dict = {key: int(arrays[key]) for key in ("epochs", "train_images")} | {"n_validation": scores.shape[1]}
    named = {"model": model, "form": form}
    return [
        named
        | {"kind": kinds[at], "setting": str(arrays["setting"][at])}
        | {"value": words(json.loads(arrays["value"][at])) if at else ""}
        | sizes
        | _accuracies(scores[at], arrays["train"][at].astype(float))
        | (_judged(tests[at], corrected[at], len(families[kinds[at]]), scores[at]) if at else NOT_JUDGED)
        for at in range(len(kinds))
    ]


def _accuracies(validation: np.ndarray, train: np.ndarray) -> dict[str, object]:
    """Return the accuracies of one trial, empty where it diverged."""
    keys = ("validation_accuracy", "validation_low", "validation_high", "train_accuracy", "gap")
    if np.isnan(validation).any():
        return dict.fromkeys(keys, "")
    accuracy, own = validation.mean(), train.mean()
    values = (accuracy, *wilson_interval(accuracy, len(validation)), own, own - accuracy)
    return dict(zip(keys, map(rounded, values), strict=True))


def _test(own: np.ndarray, kept: np.ndarray, views: int) -> tuple[float | None, ...]:
    """Compare the images' scores [n] with those as set: difference, low, high and p; None where there is none."""
    if np.isnan(own).any() or np.isnan(kept).any():
        return None, None, None, None
    if views == 1:
        found = paired_difference(own > 0.5, kept > 0.5)
        return found.difference, found.low, found.high, found.p
    apart = (own - kept).tolist()
    difference, interval = mean(apart), t_interval(apart)
    if interval:
        return difference, *interval, float(stats.ttest_1samp(apart, 0).pvalue)
    if abs(difference) < ROUNDING:
        return difference, None, None, None
    # all differ alike, so that there is no spread for t: the exact sign test
    return difference, difference, difference, float(stats.binomtest(len(apart), len(apart)).pvalue)


NOT_JUDGED = dict.fromkeys(COLUMNS[COLUMNS.index("difference") :], "")  # the training as set


def _judged(
    test: Sequence[float | None], corrected: float | None, family: int, scores: np.ndarray
) -> dict[str, object]:
    """Return the columns of a trial's comparison."""
    low, high, p = test[1:]
    return {
        **dict(zip(("difference", "low", "high"), map(rounded, test[:3]), strict=True)),
        "p": "" if p is None else significant(p),
        "family": family,
        "p_holm": "" if corrected is None else significant(corrected),
        "verdict": DIVERGED if np.isnan(scores).any() else better_of(low, high, corrected),
    }
