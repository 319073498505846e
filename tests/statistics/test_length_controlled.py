"""The regression on lengths: against scikit-learn, exact refits, and worlds where length decides."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from harness.statistics.length_controlled import (
    SAME,
    SEPARATED,
    at_equal_lengths,
    changes_without,
    fit_lengths,
    length_feature,
    length_interval,
)


def world(n: int = 200, slope: float = 2.0, constant: float = 0.0, seed: int = 0):
    """Hard preferences of a judge that favours longer responses, where response a is longer on average."""
    rng = np.random.default_rng([n, seed])
    difference = rng.normal(80, 200, n)
    p = (rng.random(n) < expit(constant + slope * length_feature(difference))).astype(float)
    return p, difference


@pytest.mark.parametrize("with_difficulty", [False, True])
def test_coefficients_are_those_of_scikit_learn(with_difficulty):
    p, difference = world()
    p = np.clip(0.2 + 0.6 * p, 0, 1)  # shares, of which scikit-learn takes both outcomes with weights
    difficulty = np.random.default_rng(1).normal(size=len(p)) if with_difficulty else None
    fit = fit_lengths(p, difference, difficulty)
    model = LogisticRegression(C=1e9, fit_intercept=False, tol=1e-10, max_iter=1000)
    twice = np.vstack([fit.design, fit.design])
    model.fit(twice, np.repeat([1, 0], len(p)), sample_weight=np.r_[p, 1 - p])
    assert fit.coefficients == pytest.approx(model.coef_[0], abs=1e-4)
    equal = fit.design.copy()
    equal[:, 0] = 0
    assert fit.value == pytest.approx(model.predict_proba(equal)[:, 1].mean(), abs=1e-5)


def test_a_preference_for_length_alone_leaves_an_even_rate():
    found = [(p.mean(), fit_lengths(p, difference).value) for p, difference in (world(seed=k) for k in range(40))]
    plain, controlled = np.mean(found, axis=0)
    assert plain > 0.57
    assert controlled == pytest.approx(0.5, abs=0.02)


def test_exchanging_the_responses_mirrors_the_rate_exactly():
    p, difference = world(constant=0.7)
    one, other = fit_lengths(p, difference), fit_lengths(1 - p, -difference)
    assert one.value + other.value == pytest.approx(1, abs=1e-9)
    low, high = length_interval(one, None, 0.95)[:2]
    mirrored = length_interval(other, None, 0.95)
    assert (1 - high, 1 - low) == pytest.approx((mirrored.low, mirrored.high), abs=1e-9)


@pytest.mark.parametrize("cluster", [1, 4])
def test_one_newton_step_is_close_to_refitting_without_each_cluster(cluster):
    p, difference = world(n=80)
    difficulty = np.random.default_rng(2).normal(size=len(p))
    group = np.arange(len(p)) // cluster
    fit = fit_lengths(p, difference, difficulty)
    found = changes_without(fit, group)
    x = fit.design
    exact = []
    for one in range(group.max() + 1):
        kept = group != one
        model = LogisticRegression(C=1e9, fit_intercept=False, tol=1e-10, max_iter=1000)
        model.fit(x[kept], p[kept].astype(int))
        equal = x[kept] * [0, 1, 1]
        exact.append(fit.value - model.predict_proba(equal)[:, 1].mean())
    assert np.corrcoef(found, exact)[0, 1] > 0.99
    assert found.std() == pytest.approx(np.std(exact), rel=0.1)


def test_clusters_that_move_together_widen_the_interval():
    p, difference = world(n=60)
    narrow = length_interval(fit_lengths(p, difference), None, 0.95)
    copies = length_interval(fit_lengths(np.repeat(p, 4), np.repeat(difference, 4)), np.repeat(np.arange(60), 4), 0.95)
    alone = length_interval(fit_lengths(np.repeat(p, 4), np.repeat(difference, 4)), None, 0.95)
    assert copies.high - copies.low == pytest.approx(narrow.high - narrow.low, rel=0.1)
    assert alone.high - alone.low < 0.6 * (copies.high - copies.low)


def test_what_cannot_be_fitted_is_undefined_with_a_reason():
    p, difference = world(n=60)
    assert fit_lengths(np.full(60, 0.5), difference).reason == SAME
    assert fit_lengths((difference > 0).astype(float), difference).reason == SEPARATED
    one_sided = fit_lengths(p, np.abs(difference) + 1)
    assert "the second response longer" in one_sided.reason
    assert np.isnan(one_sided.value)
    assert "the first response longer" in fit_lengths(p, np.zeros(60)).reason
    assert fit_lengths(np.array([]), np.array([])).reason == SAME


def test_too_few_items_or_clusters_give_no_interval():
    p, difference = world(n=200)
    assert "fewer than" in length_interval(fit_lengths(p, difference), np.arange(200) // 50, 0.95).reason
    small = fit_lengths(*world(n=19, slope=0.5, seed=4))
    assert not small.reason
    assert length_interval(small, None, 0.95).low is None


def test_published_coefficients_give_a_rate_without_a_fit():
    difficulty = np.array([-1.0, 0.0, 2.0])
    assert at_equal_lengths(-1.3, 0.8, difficulty) == pytest.approx(expit(-1.3 + 0.8 * difficulty).mean())
    assert at_equal_lengths(0.0) == 0.5
