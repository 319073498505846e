"""The sign test with its interval: exact, coherent, and never of zero width."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from harness.statistics.signs import exact_interval, lean_of

leans = st.lists(st.sampled_from([-1.0, 0.0, 1.0, np.nan]), min_size=1, max_size=60).map(np.array)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_share_is_that_of_scipy(counts):
    expected = binomtest(*counts).proportion_ci(0.95)
    assert exact_interval(*counts, 0.95) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert exact_interval(0, 0, 0.95) == (0, 1)


@given(leans)
def test_test_and_interval_never_contradict_and_neither_has_zero_width(values):
    found = lean_of(values, np.arange(len(values)), 0.95)
    if found is None:
        assert np.isnan(values).all()
        return
    first, second = int((values > 0).sum()), int((values < 0).sum())
    assert found.p_value == pytest.approx(binomtest(first, first + second).pvalue if first + second else 1)
    assert (found.p_value <= 0.05) == (not found.low <= 0 <= found.high)
    assert found.low <= found.value <= found.high
    assert found.high > found.low
    mirrored = lean_of(-values, np.arange(len(values)), 0.95)
    assert (mirrored.value, mirrored.low, mirrored.high) == (-found.value, -found.high, -found.low)


def test_a_cluster_counts_once():
    values, clusters = np.repeat([1.0, -1.0, 1.0], [4, 2, 1]), np.array([0, 0, 0, 0, 1, 1, 1])
    found = lean_of(values, clusters, 0.95)
    assert (found.leaning, found.units, found.value) == (2, 2, 0)


def test_false_claims_are_rare_and_the_detectable_effect_is_detected():
    rng = np.random.default_rng(1)
    worlds, n, noise = 400, 120, 0.3
    false = found = 0
    for _ in range(worlds):
        still = np.where(rng.random(n) < noise, rng.choice([-1.0, 1.0], n), 0.0)
        null = lean_of(still, np.arange(n), 0.95)
        false += null.p_value <= 0.05
        moved = np.where(rng.random(n) < 0.19, 1.0, still)
        found += lean_of(moved, np.arange(n), 0.95).p_value <= 0.05
    assert false / worlds <= 0.06
    # 0.19 of the items move, whatever they did before: net 0.19; the detectable effect at this noise is about 0.15.
    assert 0.13 < null.detectable < 0.18
    assert found / worlds > 0.8


def test_too_few_units_can_detect_nothing():
    found = lean_of(np.zeros(5), np.arange(5), 0.95)
    assert found.detectable is None
    assert found.high > 0.4
    assert lean_of(np.array([1.0]), np.arange(1), 0.95).p_value == 1
