import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as oracle

from scenessl.evaluation.metrics import (
    accuracy,
    confusion_matrix,
    cross_entropy,
    mcnemar_exact,
    paired_difference,
    paired_interval,
    per_class,
    wilson_interval,
)


@pytest.fixture(params=[2, 7, 40])
def answers(request):
    random = np.random.default_rng(request.param)
    target = random.integers(0, request.param, 300)
    predicted = np.where(random.random(300) < 0.6, target, random.integers(0, request.param, 300))
    return target, predicted, request.param


def test_accuracy_and_confusion_agree_with_scikit_learn(answers):
    target, predicted, classes = answers
    assert accuracy(target, predicted) == pytest.approx(oracle.accuracy_score(target, predicted))
    expected = oracle.confusion_matrix(target, predicted, labels=range(classes))
    assert np.array_equal(confusion_matrix(target, predicted, classes), expected)


def test_per_class_agrees_with_scikit_learn(answers):
    target, predicted, classes = answers
    found = per_class(confusion_matrix(target, predicted, classes))
    precision, recall, f1, n = oracle.precision_recall_fscore_support(
        target, predicted, labels=range(classes), zero_division=0
    )
    for ours, theirs in zip(
        (found.precision, found.recall, found.f1, found.n), (precision, recall, f1, n), strict=True
    ):
        assert ours == pytest.approx(theirs)


def test_a_class_that_is_neither_shown_nor_called_scores_zero():
    found = per_class(confusion_matrix([0, 0, 1], [0, 0, 0], 3))
    assert found.recall.tolist() == [1, 0, 0]
    assert found.precision.tolist() == pytest.approx([2 / 3, 0, 0])
    assert found.f1.tolist() == pytest.approx([0.8, 0, 0])


def test_narrow_integers_do_not_overflow():
    target = np.full(5, 199, np.uint8)
    assert confusion_matrix(target, target, 200)[199, 199] == 5


def test_accuracy_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no rows"):
        accuracy(np.array([]), np.array([]))


def test_cross_entropy_agrees_with_scikit_learn(answers):
    target, _, classes = answers
    probabilities = np.random.default_rng(0).dirichlet(np.ones(classes), len(target))
    expected = oracle.log_loss(target, probabilities, labels=range(classes))
    assert cross_entropy(target, probabilities) == pytest.approx(expected)


def test_cross_entropy_of_a_certain_mistake_is_finite():
    assert cross_entropy([1], np.array([[1.0, 0.0]], np.float32)) == pytest.approx(126 * math.log(2))


@pytest.mark.parametrize("right, n", [(0, 5), (1, 5), (5, 5), (27, 30), (2790, 2985)])
def test_wilson_agrees_with_scipy(right, n):
    expected = binomtest(right, n).proportion_ci(method="wilson")
    assert wilson_interval(right / n, n) == pytest.approx(tuple(expected), abs=1e-12)


def test_mcnemar_agrees_with_the_binomial_tail_summed_by_hand():
    for a, b in product(range(8), range(8)):
        tail = sum(math.comb(a + b, k) for k in range(min(a, b) + 1)) / 2 ** (a + b)
        assert mcnemar_exact(a, b) == pytest.approx(min(1.0, 2 * tail))


def test_paired_interval_gives_the_published_example():
    # Newcombe (1998): 36 both, 12 and 2 only one, 0 neither
    assert paired_interval(36, 12, 2, 0) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_paired_interval_turns_with_the_order_and_holds_the_difference():
    for both, a, b, neither in product((0, 3, 50), (0, 1, 9), (0, 4), (0, 2, 30)):
        n = both + a + b + neither
        if not n:
            continue
        low, high = paired_interval(both, a, b, neither)
        assert -1 - 1e-12 <= low <= (a - b) / n <= high <= 1 + 1e-12
        assert paired_interval(both, b, a, neither) == pytest.approx((-high, -low))


def test_paired_interval_covers_the_truth_about_as_often_as_stated():
    random = np.random.default_rng(1)
    tables = random.multinomial(200, [0.78, 0.10, 0.05, 0.07], 2000)
    covered = [low <= 0.05 <= high for low, high in (paired_interval(*map(int, table)) for table in tables)]
    assert 0.93 < np.mean(covered) < 0.975


def test_paired_difference_counts_the_images():
    found = paired_difference([True, True, True, False, False], [True, False, False, True, False])
    assert (found.n, found.only_a_right, found.only_b_right) == (5, 2, 1)
    assert (found.accuracy_a, found.accuracy_b, found.difference) == pytest.approx((0.6, 0.4, 0.2))
    assert found.low < 0.2 < found.high and found.p == 1.0
