"""One logistic regression on frozen features, fitted to the end with a fixed penalty: the same rule for every point.

A penalty that does not have to be chosen takes no labels for its choice and makes the points of a curve comparable,
whatever number of labels they rest on.
"""

import torch
from torch import Tensor

from scenessl.evaluation.logistic import fit_path
from scenessl.evaluation.probes import STILL, WITHOUT_VALIDATION


def standardised(features: Tensor, train: Tensor) -> Tensor:
    """Give features [n, d] mean 0 and deviation 1 over the rows `train`, labelled or not; constants become 0."""
    deviation, mean = torch.std_mean(features[train], dim=0, correction=0)
    return (features - mean) * torch.where(deviation > STILL * mean.abs(), 1 / deviation, 0.0)


def answers(features: Tensor, labels: Tensor, chosen: Tensor, classes: int) -> Tensor:
    """Fit a classifier to the images `chosen` and give what it says of all n: int64 [n].

    Args:
        features: standardised, float32 [n, d].
        labels: int64 [n], of which those of `chosen` are looked at.
        chosen: ids of the images with labels.
        classes: how many there are.
    """
    (fit,) = fit_path(features[chosen], labels[chosen], classes, [WITHOUT_VALIDATION])
    return fit(features).argmax(1)
