"""How steady verdicts are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from harness.records.judgments import OUTCOMES
from harness.statistics import consistency

A, TIE, B, FAILED = 0, 1, 2, 3


def codes(*values):
    return np.array(values, np.int8)


def said(values):
    """Numbers, None for NaN."""
    return [None if value != value else value for value in values.tolist()]


def test_a_flip_needs_two_verdicts():
    given_, swapped = codes(A, A, TIE, FAILED, B), codes(A, B, B, A, 4)
    assert said(consistency.flips(given_, swapped)) == [0, 1, 1, None, None]


def test_the_first_slot_holds_a_in_the_order_given_and_b_in_the_swapped_one():
    given_, swapped = codes(A, B, A, A, TIE, A), codes(B, A, A, TIE, B, FAILED)
    assert said(consistency.first_slot_wins(given_, swapped)) == [1, 0, None, None, None, None]


def test_a_made_tie_is_one_that_neither_order_said():
    given_, swapped = codes(A, A, TIE, TIE, A, A), codes(B, A, TIE, A, B, FAILED)
    collapsed = codes(TIE, A, TIE, TIE, A, FAILED)
    assert said(consistency.made_ties(given_, swapped, collapsed)) == [1, 0, 0, 0, 0, None]


def test_pairs_of_draws_within_orders_and_between_them():
    given_ = np.array([[A, A, A], [A, A, B], [A, FAILED, B], [A, FAILED, FAILED]], np.int8)
    swapped = np.array([[A, A, A], [B, B, B], [TIE, TIE, FAILED], [FAILED, A, 5]], np.int8)
    assert said(consistency.disagreement_within(given_)) == pytest.approx([0, 2 / 3, 1, None])
    assert said(consistency.disagreement_within(given_, swapped)) == pytest.approx([0, 1 / 3, 1 / 2, None])
    assert said(consistency.disagreement_between(given_, swapped)) == pytest.approx([0, 2 / 3, 1, 0])


@given(st.lists(st.lists(st.integers(0, len(OUTCOMES) - 1), min_size=4, max_size=4), min_size=1, max_size=20))
def test_pairs_are_counted_as_a_loop_would(votes):
    draws = np.array(votes, np.int8)
    loop = []
    for row in votes:
        pairs = [(x, y) for k, x in enumerate(row) for y in row[:k] if x < 3 and y < 3]
        loop.append(sum(x != y for x, y in pairs) / len(pairs) if pairs else None)
    assert said(consistency.disagreement_within(draws)) == pytest.approx(loop)


@pytest.mark.parametrize(("count", "n"), [(0, 20), (20, 20), (7, 31), (1, 400)])
def test_wilson_is_that_of_statsmodels(count, n):
    found = consistency.wilson_interval(count / n, n, 0.9)
    assert found[:2] == pytest.approx(proportion_confint(count, n, alpha=0.1, method="wilson"), abs=1e-12)
    assert 0 <= found.low <= count / n <= found.high <= 1


@given(st.integers(0, 60), st.integers(0, 60))
def test_even_chance_is_the_exact_binomial_test(first, second):
    expected = binomtest(first, first + second).pvalue if first + second else 1
    assert consistency.even_chance_p(first, first + second) == pytest.approx(expected)
