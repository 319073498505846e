"""Probabilities against outcomes: the figures of scikit-learn, and the coverage of intervals in known worlds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from harness.statistics import soft
from harness.statistics.clustered import mean_interval


def world(n: int, sharpness: float = 1.0, cluster: int = 1, seed: int = 0):
    """Probabilities that are right where sharpness is 1, too bold above it and too timid below, and outcomes."""
    rng = np.random.default_rng([n, round(10 * sharpness), cluster, seed])
    group = np.arange(n) // cluster
    z = rng.normal(size=n) if cluster == 1 else 0.7 * rng.normal(size=n)[group] + 0.7 * rng.normal(size=n)
    p = 1 / (1 + np.exp(-2 * z * sharpness))
    y = (rng.random(n) < 1 / (1 + np.exp(-2 * z))).astype(float)
    return p, y, None if cluster == 1 else group


P, Y, _ = world(300)


def test_figures_are_those_of_scikit_learn():
    assert soft.brier(P, Y).mean() == pytest.approx(brier_score_loss(Y, P))
    assert soft.log_losses(P, Y).mean() == pytest.approx(log_loss(Y, P))
    assert soft.auc(P, Y > 0.5)[0] == pytest.approx(roc_auc_score(Y, P))


def test_area_counts_equal_probabilities_one_half():
    coarse = np.round(P, 1)
    assert soft.auc(coarse, Y > 0.5)[0] == pytest.approx(roc_auc_score(Y, coarse))


def test_bins_are_those_of_the_calibration_curve():
    p = np.r_[P, 0.0, 0.1, 0.5, 1.0]
    y = np.r_[Y, 0, 1, 1, 1]
    observed, predicted = calibration_curve(y, p, n_bins=soft.BINS)
    at = soft.bin_of(p)
    used = np.unique(at)
    assert predicted == pytest.approx([p[at == k].mean() for k in used])
    assert observed == pytest.approx([y[at == k].mean() for k in used])
    weights = np.bincount(at)[used] / len(p)
    assert soft.calibration_error(p, y) == pytest.approx((weights * np.abs(observed - predicted)).sum())


def test_influence_of_the_area_gives_the_variance_of_delong():
    is_a = Y > 0.5
    value, influence = soft.auc(P, is_a)
    rng = np.random.default_rng(3)
    drawn = []
    for _ in range(800):
        at = np.r_[rng.choice(np.flatnonzero(is_a), is_a.sum()), rng.choice(np.flatnonzero(~is_a), (~is_a).sum())]
        drawn.append(soft.auc(P[at], is_a[at])[0])
    assert np.sqrt((influence**2).sum()) == pytest.approx(np.std(drawn), rel=0.12)
    assert influence.sum() == pytest.approx(0, abs=1e-9)
    low, high = soft.auc_interval(value, influence, is_a, None, 0.95)
    assert low < value < high


def test_perfect_separation_has_an_interval_of_some_width():
    p, is_a = np.r_[np.full(20, 0.9), np.full(30, 0.1)], np.r_[np.ones(20, bool), np.zeros(30, bool)]
    value, influence = soft.auc(p, is_a)
    low, high = soft.auc_interval(value, influence, is_a, None, 0.95)
    assert (value, high) == (1.0, 1.0)
    assert low == pytest.approx(0.025 ** (1 / 20))
    mirrored = soft.auc_interval(*soft.auc(1 - p, is_a), is_a, None, 0.95)
    assert mirrored == pytest.approx((0.0, 1 - low))


def test_log_loss_of_a_sure_and_wrong_judge_is_finite():
    assert np.isfinite(soft.log_losses(np.array([0.0, 1.0, 0.5]), np.array([1.0, 0.0, 0.5]))).all()
    assert soft.mean_t_interval(np.ones(5), None, 0.95) == (None, None)
    assert soft.mean_t_interval(np.array([0.5]), None, 0.95) == (None, None)


def test_calibration_error_of_a_calibrated_judge_is_no_more_than_chance():
    found = soft.calibration_error_interval(P, Y, None, 0.95, 1)
    assert found.low == 0
    assert soft.calibration_error(P, Y) < 2 * found.by_chance
    bold, y, _ = world(1000, 4)
    assert soft.calibration_error_interval(bold, y, None, 0.95, 1).low > 0.02


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), min_size=2, max_size=40))
def test_intervals_hold_the_value(items):
    p, y = (np.array(column) for column in zip(*items, strict=True))
    found = soft.calibration_error_interval(p, y, None, 0.95, 1)
    assert 0 <= found.low <= soft.calibration_error(p, y) + 1e-12
    assert soft.calibration_error(p, y) <= found.high + 1e-12 <= 1 + 1e-9
    is_a = y > 0.5
    if is_a.any() and not is_a.all():
        value, influence = soft.auc(p, is_a)
        low, high = soft.auc_interval(value, influence, is_a, None, 0.95)
        assert 0 <= low <= value + 1e-9
        assert value - 1e-9 <= high <= 1


@pytest.mark.slow
@pytest.mark.parametrize("sharpness", [0.4, 1.0, 2.0])
@pytest.mark.parametrize(("n", "cluster"), [(60, 1), (200, 1), (200, 4)])
def test_intervals_cover_the_truth(n: int, cluster: int, sharpness: float):
    p, y, _ = world(200_000, sharpness, cluster)
    truth = (
        soft.calibration_error(p, y),
        soft.brier(p, y).mean(),
        soft.log_losses(p, y).mean(),
        soft.auc(p, y > 0.5)[0],
    )
    held = np.zeros(4)
    worlds = 100
    for seed in range(1, worlds + 1):
        p, y, group = world(n, sharpness, cluster, seed)
        value, influence = soft.auc(p, y > 0.5)
        found = (
            soft.calibration_error_interval(p, y, group, 0.95, seed)[:2],
            mean_interval(soft.brier(p, y), group, (0.0, 1.0), 0.95)[:2],
            soft.mean_t_interval(soft.log_losses(p, y), group, 0.95),
            soft.auc_interval(value, influence, y > 0.5, group, 0.95),
        )
        held += [low <= true <= high for (low, high), true in zip(found, truth, strict=True)]
    assert (held / worlds >= 0.88).all(), held / worlds
