"""One logistic regression on frozen features, fitted to the end with a fixed penalty: the same rule for every point.

A penalty that does not have to be chosen takes no labels for its choice and makes the points of a curve comparable,
whatever number of labels they rest on.
"""

from torch import Tensor

from scenessl.evaluation.logistic import fit_path, mean_and_scale
from scenessl.evaluation.probes import WITHOUT_VALIDATION


def standardised(features: Tensor, train: Tensor) -> Tensor:
    """Give features [n, d] mean 0 and deviation 1 over the rows `train`, labelled or not; constants become 0."""
    mean, scale = mean_and_scale(features[train])
    return (features - mean) * scale


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
