"""How small a difference can be and still be found, and how many items it needs."""

import math

import numpy as np
import pytest
from scipy.stats import norm, studentized_range

from harness.scoring.metric import find_metric
from harness.statistics import multiplicity, planning
from harness.statistics.pairs import Judgments, Statistic

KAPPA = Statistic(find_metric("kappa").value, find_metric("kappa").influence, (3, 4))
ACCURACY = Statistic(find_metric("accuracy").value, find_metric("accuracy").influence, (3, 4))


def joint(n, skill, seed=4):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, n)
    columns = np.where(rng.random((n, 2)) < skill, rows[:, None], rng.integers(0, 3, (n, 2)))
    return np.bincount(rows * 16 + columns[:, 0] * 4 + columns[:, 1], minlength=48).reshape(1, 3, 4, 4)


def detectable(n, skill, way="loss", statistic=KAPPA, critical=1.96):
    return float(planning.alternatives(statistic, joint(n, skill), way).detectable(n, critical)[0])


@pytest.mark.parametrize("evaluators", [2, 3, 12, 63])
def test_the_critical_value_of_equals_is_that_of_the_studentized_range(evaluators):
    drawn = planning.equal_critical(evaluators, level=0.95, resamples=100_000, seed=1)
    assert drawn == pytest.approx(studentized_range.ppf(0.95, evaluators, np.inf) / math.sqrt(2), rel=0.01)


def test_one_evaluator_has_nobody_to_be_compared_with():
    assert planning.equal_critical(1, level=0.95, resamples=100, seed=1) == 0


def test_a_good_evaluator_must_lose_more_than_it_must_gain_to_be_found():
    assert detectable(300, 0.9) > 1.2 * detectable(300, 0.9, "gain")
    assert math.isnan(detectable(40, 0.97, "gain"))


def test_more_items_and_smaller_critical_values_find_less():
    assert detectable(600, 0.6) < detectable(150, 0.6) < detectable(40, 0.6)
    assert detectable(150, 0.6, critical=3.3) > detectable(150, 0.6)


@pytest.mark.parametrize(("skill", "n"), [(0.6, 80), (0.9, 80), (0.9, 300)])
def test_what_can_be_detected_is_found_in_four_of_five_runs(skill, n):
    """Draws from the alternative itself, and the test as it is used."""
    pilot = joint(20_000, skill)
    found = planning.alternatives(KAPPA, pilot, "loss")
    effect = float(found.detectable(n, norm.isf(0.025))[0])
    share = float(np.interp(effect, found.effects[:, 0], planning.SHARES))
    mixed = planning.replaced(KAPPA, pilot, "loss", share)[0]
    rng, hits = np.random.default_rng(5), 0
    for _ in range(300):
        cells = np.repeat(np.arange(48), rng.multinomial(n, mixed.ravel() / mixed.sum()))
        judgments = Judgments(cells // 16, np.column_stack([cells // 4 % 4, cells % 4]))
        held = multiplicity.compare_pairs(KAPPA, judgments, *multiplicity.all_pairs(2), resamples=1, seed=1)
        hits += bool(held.p_values[0, 1] <= 0.05 and held.differences[0, 1] > 0)
    assert 0.72 <= hits / 300 <= 0.9


def test_the_units_needed_find_the_effect_and_fewer_do_not():
    one = planning.alternatives(ACCURACY, joint(200, 0.7), "loss").at(0.1)
    found = planning.units_for(one, 50, float, lambda _: 1.96, fewest=20)
    assert float(one.surplus(found, 1.96)[0, 0]) >= 0 > float(one.surplus(found - 1, 1.96)[0, 0])
    assert one.chance(found, 1.96) == pytest.approx(0.8, abs=0.01)
    assert one.chance(found // 4, 1.96) < 0.5


def test_an_effect_beyond_reach_has_no_alternative_and_too_few_draws_no_number():
    found = planning.alternatives(ACCURACY, joint(200, 0.95), "gain")
    assert found.at(0.5) is None
    assert planning.units_for(found.at(0.02), 50, float, lambda _: math.inf, fewest=20) is None


def test_an_effect_that_is_easily_found_needs_the_fewest_there_can_be():
    one = planning.alternatives(ACCURACY, joint(200, 0.9), "loss").at(0.8)
    assert planning.units_for(one, 500, float, lambda _: 1.96, fewest=20) == 20


def test_pilots_drawn_again_spread_around_what_the_pilot_says():
    pilot = joint(150, 0.7)
    again = planning.redrawn(pilot[0], 150, seed=1)
    low, high = planning.range_of(planning.alternatives(KAPPA, again, "loss").detectable(150, 1.96))
    assert low < detectable(150, 0.7) < high < 0.5
    assert planning.range_of(np.array([np.nan] * 3 + [0.1])) == (0.1, math.inf)


def test_a_win_rate_is_lost_and_gained():
    from harness.generation.win_rates import rate_statistic

    counts = np.array([[[[30, 5, 10, 0], [5, 5, 5, 0], [10, 5, 25, 0], [0, 0, 0, 0]]]])
    for way in ("loss", "gain"):
        found = planning.alternatives(rate_statistic("half"), counts, way)
        assert 0.1 < float(found.detectable(100, 1.96)[0]) < 0.25
