"""The pairs of models that the configuration compares, all seeds together, corrected over the whole list.

Every pair is one test: over several independent trainings the paired t-test of the differences, of a single one the
exact McNemar test. The listed pairs are one family, over which Holm's method corrects; `verdict` goes by the corrected
p and the interval.
"""

from collections.abc import Mapping, Sequence

from scenessl.evaluation.cells import rounded, significant
from scenessl.evaluation.repetitions import Difference, better_of, corrected_over, over_seeds, trainings

COLUMNS = (
    "name_a",
    "name_b",
    "seeds",
    "trainings",
    "difference",
    "deviation",
    "low",
    "high",
    "test",
    "p",
    "family",
    "p_holm",
    "verdict",
)


def difference_rows(comparisons: Sequence[Mapping], models: Mapping[str, Mapping]) -> list[dict]:
    """Return a row of COLUMNS per pair.

    Args:
        comparisons: rows of `comparison_table`, one per pair and seed.
        models: the published models.
    """
    pairs: dict[tuple[str, str], list[Mapping]] = {}
    for row in comparisons:
        pairs.setdefault((row["name_a"], row["name_b"]), []).append(row)
    found = {
        pair: over_seeds(rows, max(trainings(models, name, len(rows)) for name in pair)) for pair, rows in pairs.items()
    }
    corrected = corrected_over({pair: one.p for pair, one in found.items()})
    return [_row(pair, one, corrected[pair], len(found)) for pair, one in found.items()]


def _row(pair: tuple[str, str], found: Difference, corrected: float | None, family: int) -> dict:
    """Write one pair's row."""
    return {
        "name_a": pair[0],
        "name_b": pair[1],
        "seeds": found.seeds,
        "trainings": found.trainings,
        **{key: rounded(getattr(found, key)) for key in ("difference", "deviation", "low", "high")},
        "test": found.test,
        "p": "" if found.p is None else significant(found.p),
        "family": family,
        "p_holm": "" if corrected is None else significant(corrected),
        "verdict": better_of(found.low, found.high, corrected),
    }
