"""Which models learned nothing that their test images show: their figures are no results to be discussed.

- *Constant prediction*: every row of the test part gets the same answer, though the right answers differ.
- *Below chance*: the test accuracy is below 1/K, and the cross-entropy above ln K, what a guess among the K answers
  costs. A low accuracy alone may still be one: of a network that errs systematically, or on few images.
"""

import math

import numpy as np

from scenessl.evaluation.metrics import accuracy, cross_entropy
from scenessl.evaluation.runs import Predictions

CONSTANT, BELOW = "constant prediction", "below chance"


def flag(predictions: Predictions) -> str:
    """Return CONSTANT or BELOW, or nothing where neither holds or the test part is empty."""
    rows = predictions.rows("test")
    target, predicted = predictions.target[rows], predictions.predicted[rows]
    if not len(target):
        return ""
    if len(np.unique(predicted)) == 1 < len(np.unique(target)):
        return CONSTANT
    answers = len(predictions.names)
    is_below = accuracy(target, predicted) < 1 / answers and loss_on_test(predictions) > math.log(answers)
    return BELOW if is_below else ""


def loss_on_test(predictions: Predictions) -> float | None:
    """Return the mean cross-entropy over the rows of the test part in nats; None where there is none."""
    rows = predictions.rows("test")
    return cross_entropy(predictions.target[rows], predictions.probabilities[rows]) if rows.any() else None
