"""Repeats of classifiers on one set of features: the accuracy of each, and how far they lie apart.

They share the features, and with them one training of the pretext (n = 1): their spread is that of the classifier's own
randomness, and no interval over trainings can be made of it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from scenessl.arrays import read_arrays
from scenessl.evaluation.cells import rounded
from scenessl.study.manifest import repeats_file

COLUMNS = ("model", "seed", "selected_epoch", "n_test", "test_accuracy", "reported_accuracy")
SPREAD = ("model", "repeats", "mean", "deviation", "least", "most", "reported_accuracy")
KEYS = ("model", "seed", "selected_epoch", "predicted", "target")


def read_repeats(root: Path | str, published: Mapping) -> dict[str, np.ndarray]:
    """Read what the repeats of a study said; raises UserError when the file is missing or damaged."""
    return read_arrays(Path(root) / repeats_file(published), KEYS)


def repeat_rows(found: Mapping[str, np.ndarray], accuracies: Sequence[Mapping]) -> list[dict]:
    """Return a row of COLUMNS per model and seed.

    Args:
        found: what the repeats said, see `scenessl.training.repeats`.
        accuracies: rows of `accuracy_table`; of a model's rows the first is of the seed whose features are repeated on.
    """
    own = {row["model"]: row["test_accuracy"] for row in reversed(accuracies)}
    right = (found["predicted"] == found["target"]).mean(1)
    return [
        {
            "model": model,
            "seed": int(found["seed"][at]),
            "selected_epoch": int(found["selected_epoch"][at]),
            "n_test": len(found["target"]),
            "test_accuracy": rounded(right[at]),
            "reported_accuracy": own[model],
        }
        for at, model in enumerate(found["model"].tolist())
    ]


def spread_rows(rows: Sequence[Mapping]) -> list[dict]:
    """Return a row of SPREAD per model, of its rows of COLUMNS; `deviation` is the sample's, over the repeats."""
    return [
        _spread([row for row in rows if row["model"] == model]) for model in dict.fromkeys(r["model"] for r in rows)
    ]


def _spread(rows: Sequence[Mapping]) -> dict:
    """Sum up the repeats of one model."""
    values = [row["test_accuracy"] for row in rows]
    return {
        "model": rows[0]["model"],
        "repeats": len(values),
        "mean": rounded(mean(values)),
        "deviation": rounded(stdev(values)),
        "least": rounded(min(values)),
        "most": rounded(max(values)),
        "reported_accuracy": rows[0]["reported_accuracy"],
    }
