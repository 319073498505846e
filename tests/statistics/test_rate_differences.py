"""Differences between corrected rates: simultaneous, paired where items hang together, and never of zero width."""

import numpy as np
import pytest

from harness.statistics.intervals import Interval
from harness.statistics.inverse_probability import Design, rate_influence, weighted_rate
from harness.statistics.rate_differences import rate_differences

LAW = (0.95, 2_000, 1)


def fixed(*ends):
    return lambda at, level: Interval(*ends[at])


def test_independent_rates_have_the_interval_of_newcombe():
    rates = np.array([0.7, 0.5])
    influences = np.zeros((2, 4))
    influences[0, 0], influences[1, 1] = 0.05, 0.05
    (found,) = rate_differences(rates, influences, None, fixed((0.6, 0.78), (0.4, 0.6)), LAW)
    assert found.value == pytest.approx(0.2)
    assert found.low == pytest.approx(0.2 - np.hypot(0.1, 0.1))
    assert found.high == pytest.approx(0.2 + np.hypot(0.08, 0.1))
    assert found.is_distinguishable
    assert not rate_differences(rates, influences, None, fixed((0.5, 0.8), (0.3, 0.7)), LAW)[0].is_distinguishable


def test_rates_that_rise_and_fall_together_have_a_narrower_difference():
    influences = np.zeros((2, 40))
    influences[0, ::2] = influences[1, 1::2] = np.random.default_rng(1).normal(0, 0.02, 20)
    ends = fixed((0.5, 0.7), (0.4, 0.6))
    apart = rate_differences(np.array([0.6, 0.5]), influences, None, ends, LAW)[0]
    together = rate_differences(np.array([0.6, 0.5]), influences, np.arange(40) // 2, ends, LAW)[0]
    assert together.high - together.low < 0.1 * (apart.high - apart.low)


def test_more_systems_have_wider_intervals_and_one_without_interval_has_none():
    levels = []

    def ends(at, level):
        levels.append(level)
        return Interval(None, None) if at == 3 else Interval(0.4, 0.6)

    influences = np.diag([0.05] * 4)
    found = rate_differences(np.full(4, 0.5), influences, None, ends, LAW)
    assert [(one.first, one.second) for one in found] == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert {one.low is None for one in found if 3 in (one.first, one.second)} == {True}
    assert not any(one.is_distinguishable for one in found)
    assert 0.98 < levels[0] < 0.995  # about Tukey's for four


def test_too_few_draws_for_the_level_fall_back_to_bonferroni_and_constant_rates_are_no_error():
    levels = []

    def ends(at, level):
        levels.append(level)
        return Interval(0.9, 1.0)

    found = rate_differences(np.ones(3), np.zeros((3, 5)), None, ends, (0.95, 5, 1))
    assert levels[0] == pytest.approx(1 - 0.05 / 3)
    assert [end for one in found for end in (one.low, one.high)] == pytest.approx([-0.1, 0.1] * 3)


@pytest.mark.parametrize("clustered", [False, True])
def test_influences_add_up_to_the_error_of_the_rate(clustered):
    rng = np.random.default_rng(4)
    truth, outcomes = rng.choice(3, 300).astype(np.int8), rng.choice(4, 300).astype(np.int8)
    labels = np.where(rng.random(300) < 0.3, truth, -1).astype(np.int8)
    clusters = np.arange(300) // 3 if clustered else None
    design = Design(np.where(np.arange(300) < 150, 0.2, 0.4))
    found = weighted_rate(outcomes, labels, design, clusters=clusters)
    parts = rate_influence(outcomes, labels, design, found.power)
    sums = parts if clusters is None else np.bincount(clusters, parts)
    scale = found.units / (found.units - 1) if clustered else 1
    assert np.sqrt(scale * (sums @ sums)) == pytest.approx(found.error)
    assert rate_influence(outcomes, np.full(300, -1, np.int8), design, 0.5).tolist() == [0.0] * 300
