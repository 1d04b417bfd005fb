"""Pairs of models on the same test images, seed by seed: difference, its 95 % interval (Newcombe), exact McNemar test.

`p_holm` is corrected over the pairs of the same seed.
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from scenessl.errors import UserError
from scenessl.evaluation.cells import rounded, significant
from scenessl.evaluation.metrics import paired_difference
from scenessl.evaluation.repetitions import corrected_over
from scenessl.evaluation.runs import Run

COLUMNS = (
    "name_a",
    "name_b",
    "seed",
    "n",
    "accuracy_a",
    "accuracy_b",
    "difference",
    "low",
    "high",
    "only_a_right",
    "only_b_right",
    "p",
    "p_holm",
)
SHARES = ("accuracy_a", "accuracy_b", "difference", "low", "high")


def comparison_rows(runs: Sequence[Run], pairs: Sequence[Sequence[str]]) -> list[dict]:
    """Return a row of COLUMNS per pair of model names and seed that both have.

    Raises:
        UserError: the two did not classify the same test images into the same classes, one view each.
    """
    found = {(run.model, run.seed): run for run in runs}
    seeds = sorted({run.seed for run in runs})
    rows = [
        _row(found[a, seed], found[b, seed])
        for a, b in pairs
        for seed in seeds
        if (a, seed) in found and (b, seed) in found
    ]
    return _corrected(rows)


def _corrected(rows: Sequence[dict]) -> list[dict]:
    """Add each row's p, corrected over the pairs of its seed."""
    families: dict[int, dict[int, float]] = {}
    for place, row in enumerate(rows):
        families.setdefault(row["seed"], {})[place] = row["p"]
    corrected = {place: p for family in families.values() for place, p in corrected_over(family).items()}
    return [row | {"p_holm": significant(corrected[place])} for place, row in enumerate(rows)]


def _row(a: Run, b: Run) -> dict:
    """Compare two runs of one seed."""
    (images_a, target_a, right_a), (images_b, target_b, right_b) = _test_part(a), _test_part(b)
    same = a.predictions.names == b.predictions.names and np.array_equal(images_a, images_b)
    if not same or not np.array_equal(target_a, target_b) or not len(images_a):
        raise UserError(
            f"comparisons: {a.model} and {b.model} (seed {a.seed}) do not answer the same question about the same "
            "test images. Compare models of one task only."
        )
    figures = asdict(paired_difference(right_a, right_b))
    figures |= {key: rounded(figures[key]) for key in SHARES} | {"p": significant(figures["p"])}
    return {"name_a": a.model, "name_b": b.model, "seed": a.seed, **figures}


def _test_part(run: Run) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return image ids, targets and whether right of the test part, ordered by image."""
    found = run.predictions
    rows = np.flatnonzero(found.rows("test"))
    rows = rows[np.argsort(found.image[rows], kind="stable")]
    if found.views != 1:
        raise UserError(f"comparisons: {run.model} sees {found.views} views of each image; compare models of one view.")
    return found.image[rows], found.target[rows], found.right[rows]
