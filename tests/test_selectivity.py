"""What filters answer to, against formulas written out and invented responses."""

import numpy as np
import pytest

from scenessl.evaluation.selectivity import by_class, by_view, class_means

RNG = np.random.default_rng(3)


def test_class_means_are_standardised_over_all_images():
    responses, labels = RNG.normal(5, 2, (60, 3)), np.arange(60) % 4
    found = class_means(responses, labels, 5)
    for label in range(4):
        expected = (responses[labels == label].mean(0) - responses.mean(0)) / responses.std(0)
        np.testing.assert_allclose(found[label], expected)
    assert np.isnan(found[4]).all()
    assert (class_means(np.ones((4, 2)), np.array([0, 0, 1, 1]), 2) == 0).all()


def test_the_share_between_classes_is_the_adjusted_r_squared_of_their_means():
    responses, labels = RNG.normal(0, 1, (80, 2)) + (np.arange(80) % 5)[:, None], np.arange(80) % 5
    found = by_class(responses, labels)
    indicator = np.eye(5)[labels]
    fitted = indicator @ np.linalg.lstsq(indicator, responses, rcond=None)[0]
    np.testing.assert_allclose(found.share, 1 - (1 - fitted.var(0) / responses.var(0)) * 79 / 75)
    assert (found.p < 1e-6).all()


def test_the_share_between_views_leaves_out_what_images_differ_by():
    images, effect = RNG.normal(0, 50, (40, 1, 2)), np.array([0.0, 1.0, 5.0])[None, :, None]
    exact = by_view(images + effect)
    np.testing.assert_allclose(exact.share, 1)
    noisy = by_view(images + effect + RNG.normal(0, 1, (40, 3, 2)))
    assert ((noisy.share > 0.6) & (noisy.share < 1)).all() and (noisy.p < 1e-6).all()


def test_noise_and_constants_answer_to_nothing():
    few = by_class(RNG.normal(0, 1, (75, 200)), np.arange(75) % 15)  # eta squared would be 0.19
    assert few.share.mean() < 0.05 and (few.share >= 0).all()
    seen = by_view(RNG.normal(0, 1, (5, 3, 200)))  # and 0.2
    assert seen.share.mean() < 0.12
    noise = by_view(RNG.normal(0, 1, (200, 4, 5)))
    assert (noise.share < 0.05).all() and noise.p.min() > 1e-3
    constant = by_view(np.ones((10, 3, 2)))
    assert (constant.share == 0).all() and (constant.p == 1).all()
    assert (by_class(RNG.normal(0, 1, (4, 2)), np.arange(4)).share == 0).all()
    assert by_class(np.ones((6, 1)), np.array([0, 0, 0, 1, 1, 1])).p == pytest.approx(1)
