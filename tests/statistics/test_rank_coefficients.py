"""Coefficients against scipy, and limits against all rankings of a few systems."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from harness.statistics import rank_coefficients
from harness.statistics.rank_coefficients import certain_orders, coefficients, intervals_of, most_rho

SCORES = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=3, max_size=9)


@given(SCORES)
def test_coefficients_are_those_of_scipy(pairs):
    one, other = np.array(pairs, float).T
    tau, rho = coefficients(one[None], other[None])[0]
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert np.isnan([tau, rho]).all()
        return
    assert tau == pytest.approx(kendalltau(one, other).statistic, abs=1e-12)
    assert rho == pytest.approx(spearmanr(one, other).statistic, abs=1e-12)


def test_infinite_scores_are_first_and_last_and_rows_without_a_score_are_undefined():
    one = np.array([[np.inf, 0.0, 1.0, -np.inf], [0.0, np.nan, 1.0, 2.0]])
    other = np.array([[3.0, 1.0, 2.0, 0.0], [0.0, 1.0, 2.0, 3.0]])
    found = coefficients(one, other)
    assert found[0] == pytest.approx([1, 1])
    assert np.isnan(found[1]).all()


def test_many_rows_are_computed_in_parts(monkeypatch):
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 50, 6))
    whole = coefficients(one, other)
    monkeypatch.setattr("harness.statistics.rank_coefficients.CELLS_AT_ONCE", 100)
    assert (coefficients(one, other) == whole).all()
    assert coefficients(one[:0], other[:0]).shape == (0, 2)


@pytest.mark.parametrize("systems", [3, 4, 5, 6])
def test_no_ranking_has_a_larger_rho_than_its_tau_allows(systems):
    rankings = np.array(list(itertools.permutations(range(systems))), float)
    for tau, rho in coefficients(np.tile(np.arange(float(systems)), (len(rankings), 1)), rankings):
        assert rho <= most_rho(tau, systems) + 1e-12
        assert -rho <= most_rho(-tau, systems) + 1e-12
    assert most_rho(1.0, systems) == 1


def test_an_order_is_certain_where_the_difference_excludes_0():
    rng = np.random.default_rng(2)
    scores = np.array([0.0, 0.05, 1.0])
    drawn = scores + 0.1 * rng.normal(size=(400, 3))
    assert certain_orders(scores, drawn, np.zeros(3), 0.95).tolist() == [[0, 0, -1], [0, 0, -1], [1, 1, 0]]
    drawn[0] = np.nan
    assert certain_orders(scores, drawn, np.zeros(3), 0.95)[2].tolist() == [1, 1, 0]


def test_an_error_of_0_makes_no_order_certain():
    scores = np.array([0.0, 0.5, 1.0])
    still = np.tile(scores, (400, 1))
    assert not certain_orders(scores, still, np.full(3, 0.2), 0.95).any()
    assert not certain_orders(scores, np.full((400, 3), np.nan), np.full(3, 0.2), 0.95).any()


def test_an_interval_reaches_away_from_0_as_far_as_the_orders_allow():
    scores = np.arange(4.0)
    drawn = [np.tile(scores, (10, 1)), np.tile(scores[[0, 2, 1, 3]], (10, 1))]
    estimate = coefficients(*drawn)[0]
    orders = np.sign(scores[:, None] - scores).astype(np.int8)
    (tau, rho) = intervals_of(estimate, drawn, [orders, np.zeros((4, 4), np.int8)], 0.95)
    assert (tau.low, tau.high) == (pytest.approx(2 / 3), 1)  # nothing is certain about one ranking
    assert (rho.low, rho.high) == (pytest.approx(0.8), 1)
    swapped = np.sign(drawn[1][0][:, None] - drawn[1][0]).astype(np.int8)
    tau, rho = intervals_of(estimate, drawn, [orders, swapped], 0.95)
    assert (tau.low, tau.high) == (pytest.approx(2 / 3), pytest.approx(2 / 3))  # one pair is certainly in reverse
    tau, rho = intervals_of(-estimate, [drawn[0], -drawn[1]], [orders, np.zeros((4, 4), np.int8)], 0.95)
    assert (tau.low, tau.high) == (-1, pytest.approx(-2 / 3))
    assert (rho.low, rho.high) == (-1, pytest.approx(-0.8))
    nothing = np.full((5, 4), np.nan)
    tau, _ = intervals_of(estimate, [nothing, nothing], [orders, orders], 0.95)
    assert (tau.low, tau.undefined_share) == (None, 1)


def test_tables_that_are_larger_than_what_is_held_at_a_time_are_taken_row_by_row(monkeypatch):
    one, other = np.random.default_rng(3).random((2, 4, 5))
    whole = coefficients(one, other)
    monkeypatch.setattr(rank_coefficients, "CELLS_AT_ONCE", 7)
    assert np.array_equal(coefficients(one, other), whole)
