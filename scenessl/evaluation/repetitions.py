"""What several seeds say: how many trainings they are, intervals over them, and tests corrected for their number.

A seed counts once for every training that is independent of the others. A classifier on features that come from given
weights (ImageNet's) is trained anew with every seed, but always on the same features: its seeds are repeats on one
start, n is 1, and they have no standard deviation over trainings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np
from scipy import stats

LEVEL = 0.95
SIGNIFICANT = 1 - LEVEL  # two-sided level of the tests, which fits the intervals
GIVEN_WEIGHTS = "imagenet"  # the start that is the same for all seeds; a random one is drawn by seed
ROUNDING = 1e-9  # means of equal shares may differ by it
MCNEMAR, PAIRED_T, UNTESTED = "exact McNemar", "paired t over seeds", ""


def trainings(models: Mapping[str, Mapping], name: str, seeds: int) -> int:
    """Count the independent trainings behind `seeds` repetitions of a model or start.

    Args:
        models: the published models, with `train` ("all" or "classifier") and `init` each.
        name: one of them, or of the starts that are no model's.
        seeds: how often it was trained.

    Returns:
        `seeds`, or 1 for given weights and where only a classifier trains, on features of given weights.
    """
    while name in models and models[name]["train"] == "classifier":
        name = models[name]["init"].partition("@")[0]
    return min(seeds, 1) if name == GIVEN_WEIGHTS else seeds


def t_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Give Student's 95 % interval of the mean of independent values; None for fewer than two, or without spread.

    Values that are all equal (accuracies on few images often are) do not show how much a next one would differ.
    """
    if len(values) < 2 or np.ptp(values) < ROUNDING:
        return None
    low, high = stats.t.interval(LEVEL, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct the p values of a family of tests by Holm's step-down method (1979, Scand. J. Statist. 6, 65-70).

    The smallest of m is multiplied by m, the next by m - 1, and so on; none comes out below a smaller one's, or
    above 1. Comparing the result with a level keeps the chance of any false finding in the family below it.
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    stepped = np.minimum(1.0, np.maximum.accumulate(np.asarray(p_values, float)[order] * factors))
    corrected = np.empty(len(p_values))
    corrected[order] = stepped
    return corrected.tolist()


def corrected_over(p_values: Mapping[object, float | None]) -> dict:
    """Correct the p values of a family by Holm's method; a pair without a test counts as one whose p is 1."""
    holms = holm([1.0 if p is None else p for p in p_values.values()])
    return {key: None if p is None else own for (key, p), own in zip(p_values.items(), holms, strict=True)}


@dataclass(frozen=True)
class Difference:
    """Accuracy of one model minus another's, all seeds together.

    Attributes:
        seeds: how many there are, and `trainings` how many of them are independent.
        difference: mean over seeds, -1..1; of one training, that of the first seed, as the interval is.
        deviation: sample standard deviation over independent trainings; None for one.
        low, high: ends of the 95 % interval; None where there is none.
        test: which test `p` is of, MCNEMAR, PAIRED_T or UNTESTED.
        p: two-sided; None without a test.
    """

    seeds: int
    trainings: int
    difference: float
    deviation: float | None
    low: float | None
    high: float | None
    test: str
    p: float | None


def over_seeds(rows: Sequence[Mapping[str, float]], trainings: int) -> Difference:
    """Judge paired comparisons, one row per seed with `difference`, `low`, `high` and `p` of the test images.

    Of one training (n = 1) the test images alone can be asked: the interval and McNemar's exact test of the first
    seed. Of several, each gives one difference between models of the same seed, and a paired t-test (the t-test of
    these differences) asks whether other trainings would differ in the same direction on these images.
    """
    values = [row["difference"] for row in rows]
    if trainings < 2:
        first = rows[0]
        found = (float(first[key]) for key in ("low", "high"))
        return Difference(len(rows), 1, first["difference"], None, *found, MCNEMAR, float(first["p"]))
    interval = t_interval(values)
    if interval is None:
        return Difference(len(rows), trainings, mean(values), 0.0, None, None, UNTESTED, None)
    p = float(stats.ttest_1samp(values, 0).pvalue)
    return Difference(len(rows), trainings, mean(values), stdev(values), *interval, PAIRED_T, p)


def better_of(low: float | None, high: float | None, p: float | None) -> str:
    """Name the better of two models, "a" or "b", or say "open": found only where interval and (corrected) p agree."""
    if p is None or low is None or high is None or p >= SIGNIFICANT or low <= 0 <= high:
        return "open"
    return "a" if low > 0 else "b"
