"""Accuracy of classifiers on few labels, and what a start gains over the one that it was itself trained from."""

from collections.abc import Mapping
from pathlib import Path
from statistics import mean

import numpy as np

from scenessl.arrays import read_arrays
from scenessl.evaluation.cells import rounded, significant
from scenessl.evaluation.metrics import paired_difference, wilson_interval
from scenessl.evaluation.repetitions import MCNEMAR, Difference, better_of, corrected_over, over_seeds

COLUMNS = ("start", "seed", "labels", "draw", "used", "n_test", "test_accuracy", "test_low", "test_high")
GAINS = ("start", "control", "labels", "n", "over", "difference", "low", "high", "p", "p_holm", "verdict")
KEYS = ("start", "labels", "draw", "used", "predicted", "target")
Found = Mapping[int, Mapping[str, np.ndarray]]
Right = dict[tuple[str, int, int, int], np.ndarray]  # start, labels, seed, draw -> bool [n_test]


def read_labels(root: Path | str, published: Mapping) -> Found:
    """Read what classifiers on few labels said, by seed.

    Raises:
        UserError: a file is missing or damaged.
    """
    asked = published["seeds"] if published.get("label_efficiency") else []
    paths = {seed: Path(root) / f"label_efficiency/seed{seed}.npz" for seed in asked}
    return {seed: read_arrays(path, KEYS) for seed, path in paths.items()}


def label_rows(found: Found) -> list[dict]:
    """Return a row of COLUMNS per start, seed, number of labels per class (0 for all) and draw."""
    return [_row(seed, arrays, place) for seed, arrays in found.items() for place in range(len(arrays["start"]))]


def _row(seed: int, arrays: Mapping[str, np.ndarray], place: int) -> dict:
    right = arrays["predicted"][place] == arrays["target"]
    low, high = wilson_interval(right.mean(), len(right))
    counts = {key: int(arrays[key][place]) for key in ("labels", "draw", "used")}
    shares = {"test_accuracy": rounded(right.mean()), "test_low": rounded(low), "test_high": rounded(high)}
    return {"start": str(arrays["start"][place]), "seed": seed} | counts | {"n_test": len(right)} | shares


def gain_rows(found: Found, models: Mapping[str, Mapping]) -> list[dict]:
    """Return a row of GAINS per start that is a pretext's, whose own start is there too, and number of labels.

    The draws of a seed are averaged, and seeds count as trainings (paired t). Of one seed, the draws of the labels are
    what is repeated, and the images where there is one draw; `over` says which, `n` how many. All rows are one family,
    over which Holm's method corrects; `verdict` goes by the corrected p.
    """
    right = {
        (str(arrays["start"][at]), int(arrays["labels"][at]), seed, int(arrays["draw"][at])): arrays["predicted"][at]
        == arrays["target"]
        for seed, arrays in found.items()
        for at in range(len(arrays["start"]))
    }
    starts = list(dict.fromkeys(key[0] for key in right))
    pretexts = [start for start in starts if start in models and models[start]["task"] != "scenes"]
    pairs = [(start, models[start]["init"].partition("@")[0]) for start in pretexts]
    counts = sorted({key[1] for key in right}, key=lambda count: count or np.inf)
    asked = [(pair, count) for pair in pairs if pair[1] in starts for count in counts]
    judged = {key: _judged(right, *key) for key in asked}
    corrected = corrected_over({key: one.p for key, (*_, one) in judged.items()})
    return [_row_of_gain(key, *judged[key], corrected[key]) for key in asked]


def _judged(right: Right, pair: tuple[str, str], labels: int) -> tuple[str, int, Difference]:
    """Compare a start with its control at one number of labels: over what, how many of it, and the difference."""
    tests: dict[int, list[dict]] = {}
    for (start, count, seed, draw), own in right.items():
        if (start, count) == (pair[0], labels):
            tests.setdefault(seed, []).append(vars(paired_difference(own, right[pair[1], labels, seed, draw])))
    over, rows = _repeated(tests)
    judged = over_seeds(rows, len(rows))
    return over, rows[0]["n"] if judged.test == MCNEMAR else judged.trainings, judged


def _row_of_gain(
    key: tuple[tuple[str, str], int], over: str, n: int, judged: Difference, corrected: float | None
) -> dict:
    """Write the row of one comparison."""
    (start, control), labels = key
    return {
        "start": start,
        "control": control,
        "labels": labels,
        "n": n,
        "over": over,
        **{name: rounded(getattr(judged, name)) for name in ("difference", "low", "high")},
        "p": "" if judged.p is None else significant(judged.p),
        "p_holm": "" if corrected is None else significant(corrected),
        "verdict": better_of(judged.low, judged.high, corrected),
    }


def _repeated(tests: Mapping[int, list[dict]]) -> tuple[str, list[dict]]:
    """Say what was repeated, and give a row for each: seeds, else draws, else the one test on the images."""
    if len(tests) > 1:
        return "seeds", [{"difference": mean(row["difference"] for row in rows)} for rows in tests.values()]
    (rows,) = tests.values()
    return ("draws" if len(rows) > 1 else "test images"), rows
