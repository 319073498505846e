"""How small a difference can be and still be found, and how many units it needs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import studentized_range
from statsmodels.stats.power import TTestPower

from harness.statistics import clusters, multiplicity, pairs, planning


@pytest.mark.parametrize("evaluators", [2, 3, 12, 63])
@pytest.mark.parametrize("degrees", [9, 119])
def test_the_critical_value_of_equals_is_that_of_the_studentized_range(evaluators, degrees):
    drawn = planning.equal_critical(evaluators, level=0.95, resamples=100_000, seed=1, degrees=degrees)
    assert drawn == pytest.approx(studentized_range.ppf(0.95, evaluators, degrees) / math.sqrt(2), rel=0.01)


def test_one_evaluator_has_nobody_to_be_compared_with():
    assert planning.equal_critical(1, level=0.95, resamples=100, seed=1, degrees=9) == 0


def test_the_critical_value_of_equals_is_that_of_all_their_pairs():
    covariance = 0.7 + 0.3 * np.eye(6)
    held = multiplicity.compare_all(np.zeros(6), covariance, resamples=50_000, seed=2, degrees=49)
    drawn = planning.equal_critical(6, level=0.95, resamples=50_000, seed=1, degrees=49)
    assert drawn == pytest.approx(held.critical, rel=0.01)


@given(arrays(float, (5, 3), elements=st.floats(-1, 1)))
def test_a_covariance_like_another_has_its_paired_errors(factor):
    errors = pairs.paired_errors(factor @ factor.T)
    again = pairs.paired_errors(planning.covariance_like(errors))
    assert again == pytest.approx(errors, abs=1e-5)


def t_critical(degrees):
    return clusters.t_quantile(0.95, degrees)


@pytest.mark.parametrize("effect", [0.05, 0.1, 0.3, 0.5])
def test_units_are_those_of_a_paired_t_test(effect):
    """Held against statsmodels, whose power is exact; ours adds two quantiles and takes 0.84 for the second."""
    found = planning.units_for(effect, 1 / math.sqrt(50), 50, t_critical, fewest=2)
    assert found == pytest.approx(TTestPower().solve_power(effect_size=effect, power=0.8, alpha=0.05), abs=2, rel=0.002)


@given(st.floats(0.01, 0.9), st.floats(0.001, 0.5), st.integers(8, 5_000))
def test_with_the_units_needed_the_effect_is_detectable_and_with_fewer_it_is_not(effect, error, units):
    found = planning.units_for(effect, error, units, t_critical, fewest=8)

    def detectable(count):
        return pairs.detectable(error * math.sqrt(units / count), t_critical(count - 1))

    assert detectable(found) <= effect * (1 + 1e-9)
    assert found == 8 or detectable(found - 1) >= effect * (1 - 1e-9)


def test_no_number_of_units_is_enough_where_draws_are_too_few():
    assert planning.units_for(0.1, 0.05, 100, lambda _: math.inf, fewest=20) is None


def test_the_number_settles_also_where_it_would_swing():
    swings = {99: 2.0, 807: 1.9, 750: 2.0}
    found = planning.units_for(0.1, 0.1, 100, lambda degrees: swings.get(degrees, 2.0), fewest=20)
    assert found >= 750
    with_noise = planning.units_for(0.1, 0.1, 100, lambda degrees: 2.0 + 0.1 * (degrees % 2), fewest=20)
    assert planning.units_for(0.1, 0.1, 100, lambda _: 2.0, fewest=20) <= with_noise <= 900


def test_a_detectable_difference_is_found_in_four_of_five_runs():
    assert planning.chance_to_find(pairs.detectable(0.03, 2.4), 0.03, 2.4) == pytest.approx(0.8, abs=0.001)
    assert planning.chance_to_find(0.001, 0.1, 1.96) < 0.03
