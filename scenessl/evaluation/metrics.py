"""Figures of merit of a classifier, from its stored predictions, and how sure one can be of them."""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
FEW_SEEDS = 6  # each is shown with an interval of its own; of more, which would cover each other, the spread
TINY = float(np.finfo(np.float32).tiny)  # the least probability that a logarithm is taken of


@dataclass(frozen=True)
class PerClass:
    """Figures of each class, arrays [K]; a figure whose denominator is 0 is 0."""

    n: Array  # rows that belong to the class
    recall: Array  # 0..1, right among those that belong to the class
    precision: Array  # 0..1, right among those called so
    f1: Array  # 0..1, harmonic mean of both


@dataclass(frozen=True)
class PairedDifference:
    """Two classifiers on the same images: accuracy of the first minus that of the second."""

    n: int
    accuracy_a: float
    accuracy_b: float
    difference: float  # -1..1
    low: float  # of its 95 % interval
    high: float
    only_a_right: int
    only_b_right: int
    p: float  # exact McNemar test, two-sided


def accuracy(target: Array, predicted: Array) -> float:
    """Return the share of rows [m] that are right, 0..1. Raises ValueError when there is none."""
    if not len(target):
        raise ValueError("no rows to score")
    return float(np.mean(np.asarray(target) == np.asarray(predicted)))


def confusion_matrix(target: Array, predicted: Array, classes: int) -> Array:
    """Count rows [m] by true class (down) and predicted class (across): int64 [K, K], K = `classes`."""
    cells = np.asarray(target, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def per_class(confusion: Array) -> PerClass:
    """Return recall, precision and F1 of each class from a confusion matrix [K, K]; 0 / 0 counts as 0."""
    right, true, called = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    return PerClass(
        n=true, recall=_ratio(right, true), precision=_ratio(right, called), f1=_ratio(2 * right, true + called)
    )


def balanced_accuracy(confusion: Array) -> float:
    """Return the mean recall over the classes that occur, from a confusion matrix [K, K] that is not empty: 0..1."""
    figures = per_class(confusion)
    return float(figures.recall[figures.n > 0].mean())


def macro_f1(confusion: Array) -> float:
    """Return the mean F1 over the classes that occur or are called, from a confusion matrix [K, K]: 0..1."""
    figures = per_class(confusion)
    return float(figures.f1[(figures.n > 0) | (confusion.sum(0) > 0)].mean())


def _ratio(part: Array, whole: Array) -> Array:
    """Divide, 0 where `whole` is 0."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def cross_entropy(target: Array, probabilities: Array) -> float:
    """Return the mean of -log p(target) in nats, for probabilities [m, K]; p is at least float32's least normal."""
    chosen = np.asarray(probabilities, np.float64)[np.arange(len(target)), np.asarray(target, np.int64)]
    return float(-np.log(np.maximum(chosen, TINY)).mean())


def wilson_interval(share: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval (1927) of a proportion.

    Args:
        share: the proportion found, 0..1. `share * n` need not be whole: where each of n images has several views,
            an image's score is a mean over its views.
        n: independent observations, at least 1. With n images of several views the interval is never too narrow,
            whatever the views of an image share: a score within 0..1 of mean p varies by at most p(1 - p).
        level: of confidence.
    """
    from scipy.special import ndtri  # an import that figures need not wait for

    z2 = ndtri((1 + level) / 2) ** 2
    centre = share + z2 / (2 * n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))
    low, high = (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)
    return (0.0 if share == 0 else float(low)), (1.0 if share == 1 else float(high))  # rounding left 1e-17 there


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Return the two-sided p of McNemar's test (1947) in its exact form.

    Under the null hypothesis each of the images that only one of the two gets right is equally likely to be
    either's, so their split is binomial with 1/2. Without such images p is 1.
    """
    discordant = only_a + only_b
    from scipy.stats import binomtest  # an import that figures need not wait for

    return float(binomtest(only_a, discordant, 0.5).pvalue) if discordant else 1.0


def paired_interval(both: int, only_a: int, only_b: int, neither: int, level: float = 0.95) -> tuple[float, float]:
    """Return an interval of the difference (a minus b) of two proportions found on the same n images.

    Method 10 of Newcombe, "Improved confidence intervals for the difference between binomial proportions based on
    paired data", Statistics in Medicine 17 (1998) 2635-2650: the Wilson intervals of both proportions, squared and
    added, with their correlation. It stays within -1..1 and is sound where the Wald interval is empty.
    """
    n = both + only_a + only_b + neither
    a, b = (both + only_a) / n, (both + only_b) / n
    (low_a, high_a), (low_b, high_b) = wilson_interval(a, n, level), wilson_interval(b, n, level)
    phi = _correlation(both, only_a, only_b, neither)
    low = a - b - _squared_and_added(a - low_a, high_b - b, phi)
    high = a - b + _squared_and_added(high_a - a, b - low_b, phi)
    return low, high


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Return Newcombe's estimate of the correlation, pulled to 0 by a continuity correction where it is positive."""
    n = both + only_a + only_b + neither
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    covariance = both * neither - only_a * only_b
    corrected = covariance if covariance < 0 else max(covariance - n / 2, 0.0)
    return corrected / margins**0.5


def _squared_and_added(x: float, y: float, phi: float) -> float:
    """Return sqrt(x² - 2 phi x y + y²); rounding may leave a negative zero under the root."""
    return max(x * x - 2 * phi * x * y + y * y, 0.0) ** 0.5


def paired_difference(right_a: Array, right_b: Array) -> PairedDifference:
    """Compare two classifiers by which of the same n images each gets right (bool [n], n at least 1)."""
    right_a, right_b = np.asarray(right_a, bool), np.asarray(right_b, bool)
    both, neither = int((right_a & right_b).sum()), int((~right_a & ~right_b).sum())
    only_a, only_b = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum())
    n = len(right_a)
    low, high = paired_interval(both, only_a, only_b, neither)
    return PairedDifference(
        n=n,
        accuracy_a=(both + only_a) / n,
        accuracy_b=(both + only_b) / n,
        difference=(only_a - only_b) / n,
        low=low,
        high=high,
        only_a_right=only_a,
        only_b_right=only_b,
        p=mcnemar_exact(only_a, only_b),
    )
