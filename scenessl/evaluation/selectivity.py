"""What filters answer to: how much of their response to real images goes by class, or by the view of an image.

Shares are epsilon squared (Kelley 1935, PNAS 21, 554-559): eta squared, less what chance alone gives it. With many
classes and few images, that is much.
"""

from dataclasses import dataclass

import numpy as np

MEDIUM = 0.06  # share of the variance that Cohen (1988) calls a medium effect
LEVEL = 0.05  # of significance, after Holm's correction over the filters


@dataclass(frozen=True)
class Selectivity:
    """For F filters: the share of the variance that goes by what was varied, 0..1, and the p-value of a test."""

    share: np.ndarray
    p: np.ndarray


def class_means(responses: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Give the mean response to each class, in standard deviations from the mean over all images: [classes, F].

    `responses` are [n, F], `labels` int [n]. NaN for a class without images, 0 for a filter that always says the same.
    """
    values = responses.astype(float)
    spread = values.std(0)
    standard = (values - values.mean(0)) / np.where(spread > 0, spread, 1)
    rows = [standard[labels == label] for label in range(classes)]
    return np.stack([own.mean(0) if len(own) else np.full(values.shape[1], np.nan) for own in rows])


def by_class(responses: np.ndarray, labels: np.ndarray) -> Selectivity:
    """Compare classes by an analysis of variance of responses [n, F] to images of `labels` [n]."""
    from scipy.stats import f_oneway  # an import that figures need not wait for

    values = responses.astype(float)
    groups = [values[labels == label] for label in np.unique(labels)]
    total = ((values - values.mean(0)) ** 2).sum(0)
    within = sum(((group - group.mean(0)) ** 2).sum(0) for group in groups)
    share = _share(within, len(values) - len(groups), total, len(values) - 1)
    groups = [group for group in groups if len(group) > 1]
    with np.errstate(all="ignore"):
        p = f_oneway(*groups).pvalue if len(groups) > 1 else np.ones(values.shape[1])
    return Selectivity(share, np.nan_to_num(p, nan=1.0))


def by_view(responses: np.ndarray) -> Selectivity:
    """Compare three or more views of the same images: responses [m, views, F].

    The share is that of the variance within images; the test is Friedman's.
    """
    from scipy.stats import friedmanchisquare  # an import that figures need not wait for

    values = responses.astype(float)
    centred = values - values.mean(1, keepdims=True)
    images, views = values.shape[:2]
    within = ((centred - centred.mean(0)) ** 2).sum((0, 1))
    share = _share(within, (images - 1) * (views - 1), (centred**2).sum((0, 1)), images * (views - 1))
    with np.errstate(all="ignore"):
        p = [friedmanchisquare(*values[:, :, at].T).pvalue for at in range(values.shape[2])]
    return Selectivity(share, np.nan_to_num(np.array(p), nan=1.0))


def _share(within: np.ndarray, freedom: int, total: np.ndarray, overall: int) -> np.ndarray:
    """Give epsilon squared of sums of squares [F] and their degrees of freedom; 0 where negative or undefined."""
    if not freedom:
        return np.zeros(len(total))
    known = total > 0
    ratio = (within / freedom) / (np.where(known, total, 1) / overall)
    return np.where(known, 1 - ratio, 0).clip(0)
