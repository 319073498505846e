"""Tests of whether the verdicts of a judge changed: exact, symmetric, and calibrated."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from harness.statistics import changed
from harness.statistics.changed import direction_test, exchange_test, sign_test

VALUES = np.array([1, 0, -1, 0])


def counts(draws):
    """Draws, items × draws, as counts of the four categories."""
    return np.stack([(np.asarray(draws) == category).sum(axis=1) for category in range(4)], axis=1)


@pytest.mark.parametrize(("up", "down"), [(16, 0), (0, 16), (3, 9), (5, 5), (1, 0)])
def test_sign_test_is_the_exact_binomial_test(up, down):
    assert sign_test(up, down).p_value == pytest.approx(binomtest(up, up + down, 0.5).pvalue)
    assert sign_test(up, down).smallest == pytest.approx(min(1, 2 * 0.5 ** (up + down)))


def test_sixteen_moves_in_one_direction():
    assert sign_test(16, 0).p_value == pytest.approx(3.05e-5, rel=0.01)


def test_without_a_move_nothing_can_be_found():
    assert sign_test(0, 0) == (1.0, 1.0)
    same = counts([[0, 0]] * 5)
    assert exchange_test(same, same) == (1.0, 1.0)
    assert direction_test(same, same, VALUES) == (1.0, 1.0)


def by_enumeration(one, other, statistic):
    """The p-value of a statistic over all exchanges of the draws of every item."""
    observed = statistic(one, other)
    rows = [
        [(order[: len(a)], order[len(a) :]) for order in permutations([*a, *b])]
        for a, b in zip(one, other, strict=True)
    ]
    found = [
        statistic([left for left, _ in way], [right for _, right in way]) >= observed - 1e-9 for way in product(*rows)
    ]
    return sum(found) / len(found)


def distance(one, other):
    a, b = counts(one), counts(other)
    return (((a / a.sum(1, keepdims=True)) - (b / b.sum(1, keepdims=True))) ** 2).sum()


def rise(one, other):
    return (VALUES[np.asarray(one)].mean(1) - VALUES[np.asarray(other)].mean(1)).sum()


CASES = [
    ([[0, 0], [0, 2], [1, 0]], [[2, 2], [2, 2], [3, 0]]),
    ([[0], [0], [2]], [[2, 2], [2, 0], [2, 1]]),
    ([[0, 1], [3, 0]], [[0], [2]]),
]


@pytest.mark.parametrize(("one", "other"), CASES)
def test_p_values_are_those_of_all_exchanges(one, other):
    assert exchange_test(counts(one), counts(other)).p_value == pytest.approx(by_enumeration(one, other, distance))
    up = by_enumeration(one, other, rise)
    down = by_enumeration(one, other, lambda a, b: -rise(a, b))
    found = direction_test(counts(one), counts(other), VALUES).p_value
    assert found == pytest.approx(min(1, 2 * min(up, down)))


draws = st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(draws, st.integers(1, 3))
def test_exchanging_the_runs_changes_nothing(table, first):
    one, other = counts(np.array(table)[:, :first]), counts(np.array(table)[:, first:])
    for test in (exchange_test, lambda a, b: direction_test(a, b, VALUES)):
        there, back = test(one, other), test(other, one)
        assert there.p_value == pytest.approx(back.p_value, abs=1e-9)
        assert 0 < there.smallest <= there.p_value + 1e-12
        assert there.p_value <= 1


def test_a_support_that_is_too_large_is_binned(monkeypatch):
    rng = np.random.default_rng(5)
    one, other = counts(rng.integers(0, 3, (300, 3))), counts(rng.integers(0, 3, (300, 5)))
    exact = exchange_test(one, other).p_value
    monkeypatch.setattr(changed, "MAX_SUPPORT", 500)
    assert exchange_test(one, other).p_value == pytest.approx(exact, abs=0.1)


def test_false_alarms_stay_below_the_level_and_a_moved_judge_is_found():
    rng = np.random.default_rng(3)
    alarms = found = 0
    for _ in range(200):
        base = rng.integers(0, 2, 60) * 2
        noisy = [np.where(rng.random((60, 3)) < 0.1, 2 - base[:, None], base[:, None]) for _ in range(2)]
        moved = np.where(np.arange(60) < 9, 2 - base, base)
        other = np.where(rng.random((60, 3)) < 0.1, 2 - moved[:, None], moved[:, None])
        alarms += exchange_test(counts(noisy[0]), counts(noisy[1])).p_value <= 0.05
        found += exchange_test(counts(noisy[0]), counts(other)).p_value <= 0.05
    assert alarms <= 19, "5 % of 200, and three standard errors"
    assert found >= 150
