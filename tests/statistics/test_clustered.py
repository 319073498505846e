"""Intervals of figures and means of items in clusters."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scoring.estimates import smoothing_of
from harness.scoring.metric import find_metric
from harness.statistics import clustered, intervals

KAPPA, ACCURACY = find_metric("kappa"), find_metric("accuracy")


def interval(places, groups, metric=ACCURACY):
    return clustered.table_interval(
        places, groups, (3, 4), metric.value, metric.influence, prior=smoothing_of((3, 4)), level=0.95, seed=1
    )


def test_clusters_of_one_item_have_the_interval_for_independent_items():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 3, 60)
    places = rows * 4 + np.where(rng.random(60) < 0.7, rows, 1)
    found = interval(places, np.arange(60), KAPPA)
    table = np.bincount(places, minlength=12).reshape(3, 4).astype(float)
    drawn = intervals.resampled_tables(table, smoothed=True, resamples=20_000, seed=1)
    alone = intervals.percentile_interval(KAPPA.value(drawn), 0.95)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=0.04)
    assert (found.worth, found.design_effect) == (60, 1)


def test_a_faultless_judge_in_thirty_pairs_has_an_interval():
    found = interval(np.repeat(np.arange(3), 20) * 5, np.repeat(np.arange(30), 2))
    assert 0.8 < found.low < 0.95
    assert found.high == 1
    assert found.worth == pytest.approx(30)
    assert found.error == 0


def test_one_large_cluster_is_refused_for_its_design_alone():
    groups = np.r_[np.zeros(70, int), np.repeat(np.arange(1, 36), 2)]
    for places in (np.zeros(140, int), np.arange(140) % 12):
        found = interval(places, groups)
        assert found.low is None
        assert "large clusters" in found.reason


@given(st.permutations(range(60)))
def test_the_order_of_items_changes_nothing_at_all(order):
    order = np.array(order)
    rng = np.random.default_rng(4)
    places, groups = rng.integers(0, 12, 60), np.arange(60) // 3
    assert interval(places, groups)[:2] == interval(places[order], 99 - groups[order])[:2]


@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(20), 2)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_means_have_no_zero_width(groups, value):
    found = clustered.mean_interval(np.full(40, value), groups, (0.0, 1.0), 0.95)
    assert found.low < found.high
    assert value in (found.low, found.high)
    gap = clustered.mean_interval(np.zeros(40), groups, (-1.0, 1.0), 0.95)
    assert gap.low < -0.05 < 0.05 < gap.high


def test_shares_of_independent_items_are_agresti_and_coulls():
    from statsmodels.stats.proportion import proportion_confint

    values = (np.arange(50) < 13).astype(float)
    found = clustered.mean_interval(values, None, (0.0, 1.0), 0.95)
    assert found[:2] == pytest.approx(proportion_confint(13, 50, method="agresti_coull"), abs=1e-9)


def test_too_few_items_and_clusters_say_so():
    assert "fewer than 20 items" in clustered.mean_interval(np.zeros(5), None, (0.0, 1.0), 0.95).reason
    assert "fewer than 8 clusters" in clustered.mean_interval(np.zeros(40), np.arange(40) // 10, (0, 1), 0.95).reason


def test_the_interval_of_a_mean_is_that_of_its_jackknife_and_its_effective_items():
    random = np.random.default_rng(3)
    values, group = 0.3 * np.repeat(random.random(12), 3) + 0.7 * random.random(36), np.repeat(np.arange(12), 3)
    found = clustered.mean_interval(values, group, (0.0, 1.0), 0.95)
    mean = values.mean()
    jackknife = 11 / 12 * sum((values[group != each].mean() - mean) ** 2 for each in range(12))
    sums = np.bincount(group, values - mean)
    carrying = (sums**2).sum() ** 2 / (sums**4).sum()
    correlation = max(0.0, (jackknife / (values.var(ddof=1) / 36) - 1) / 2)
    assert found.error == pytest.approx(math.sqrt(jackknife))
    assert found.design_effect == pytest.approx(1 + 2 * (carrying * correlation + 0.5) / (carrying + 0.5))
    z = 1.959963984540054
    total = found.worth + z**2
    centre = (found.worth * mean + z**2 / 2) / total
    spread = (found.worth * (values**2).mean() + z**2 / 2) / total - centre**2
    reach = z * math.sqrt(spread / total)
    assert (found.low, found.high) == pytest.approx((centre - reach, centre + reach))


def test_the_worth_of_a_table_depends_neither_on_others_nor_on_how_many_are_held_at_once(monkeypatch):
    rng = np.random.default_rng(2)
    places, groups = rng.integers(0, 12, (90, 5)), np.arange(90) // 3
    arguments = (groups, (3, 4), KAPPA.value, KAPPA.influence)
    together = clustered.table_worths(places, *arguments, level=0.95)
    alone = [clustered.table_worths(places[:, [at]], *arguments, level=0.95) for at in range(5)]
    assert [one.worth.items[0] for one in alone] == together.worth.items.tolist()
    assert [one.estimates[0] for one in alone] == together.estimates.tolist()
    monkeypatch.setattr(clustered, "MOST_COUNTS", 1)
    few = clustered.table_worths(places, *arguments, level=0.95)
    for known, again in zip(together.worth[:3], few.worth[:3], strict=True):
        assert known.tolist() == again.tolist()
