"""Prediction-powered inference with unequal probabilities: unbiased, and PPI++ where they are equal."""

import math

import numpy as np
import pytest

from harness.statistics.inverse_probability import Design, _influence, weighted_interval, weighted_mean, weighted_rate
from harness.statistics.prediction_powered import corrected_mean, corrected_rate
from harness.statistics.win_rate import TIES

N = 600


def world(seed, n=150):
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, N, p=[0.5, 0.1, 0.4]).astype(np.int8)
    outcomes = np.where(rng.random(N) < 0.7, truth, rng.choice(4, N)).astype(np.int8)
    labelled = np.isin(np.arange(N), rng.permutation(N)[:n])
    return outcomes, np.where(labelled, truth, -1).astype(np.int8)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("clustered", [False, True])
def test_equal_probabilities_give_the_estimate_of_ppi_and_nearly_its_error(ties, clustered):
    outcomes, labels = world(1)
    clusters = np.arange(N) // 3 if clustered else None
    known = corrected_rate(outcomes, labels, ties, clusters=clusters)
    design = Design(np.full(N, 0.25))
    fixed = weighted_rate(outcomes, labels, design, ties, power=known.power, clusters=clusters)
    assert fixed.value == pytest.approx(known.value, abs=1e-12)
    assert fixed.human == pytest.approx(known.human, abs=1e-12)
    assert fixed.error == pytest.approx(known.error, rel=0.03)
    assert fixed.human_error == pytest.approx(known.human_error, rel=0.03)
    assert fixed.units == known.units
    free = weighted_rate(outcomes, labels, design, ties, clusters=clusters)
    assert 0 <= free.power <= 1
    assert free.power == pytest.approx(known.power, abs=0.15)
    assert free.error <= fixed.error + 1e-12


def test_a_weight_counts_as_that_many_items():
    human, judge = np.array([1.0, 0.0]), np.zeros(4)
    labelled = np.array([True, True, False, False])
    found = weighted_mean(human, judge, labelled, Design(np.array([0.25, 0.75, np.nan, np.nan])))
    assert found.value == pytest.approx(0.75)
    assert found.power == 0


def test_strata_take_the_place_of_probabilities_only_where_each_holds_two_labels():
    strata = np.repeat([0, 1], [8, 4])
    probabilities = np.repeat([0.25, 0.5], [8, 4])
    both = np.isin(np.arange(12), [0, 1, 8, 9, 10])
    weights, used = Design(probabilities, strata).of_labelled(both)
    assert weights.tolist() == pytest.approx([4, 4, 4 / 3, 4 / 3, 4 / 3])
    assert set(used) == {0, 1}
    lacking = np.isin(np.arange(12), [0, 1, 8])
    weights, used = Design(probabilities, strata).of_labelled(lacking)
    assert weights.tolist() == pytest.approx([4.8, 4.8, 2.4])
    assert set(used) == {0}


def test_the_estimate_is_unbiased_where_hard_items_are_drawn_more_often_and_the_unweighted_one_is_not():
    rng = np.random.default_rng(3)
    hard = rng.random(2_000) < 0.2
    truth = rng.random(2_000) < np.where(hard, 0.2, 0.8)
    judge = np.where(rng.random(2_000) < np.where(hard, 0.5, 0.95), truth, ~truth).astype(float)
    probabilities = np.where(hard, 0.2, 0.04)
    weighted, plain = [], []
    for seed in range(300):
        labelled = np.random.default_rng([4, seed]).random(2_000) < probabilities
        values = truth[labelled].astype(float)
        weighted.append(weighted_mean(values, judge, labelled, Design(probabilities)).value)
        plain.append(corrected_mean(values, judge[labelled], judge[~labelled]).value)
    error = np.std(weighted) / math.sqrt(300)
    assert abs(np.mean(weighted) - truth.mean()) < 3.5 * error
    assert abs(np.mean(plain) - truth.mean()) > 10 * error


def test_strata_lower_the_variance_of_what_they_explain():
    rng = np.random.default_rng(5)
    strata = np.repeat([0, 1], 500)
    truth = rng.random(1_000) < np.where(strata == 1, 0.9, 0.1)
    labelled = np.isin(np.arange(1_000), [*rng.permutation(500)[:50], *(500 + rng.permutation(500)[:50])])
    values, judge = truth[labelled].astype(float), rng.random(1_000)
    with_strata = weighted_mean(values, judge, labelled, Design(np.full(1_000, 0.1), strata))
    without = weighted_mean(values, judge, labelled, Design(np.full(1_000, 0.1)))
    assert with_strata.value == pytest.approx(without.value, abs=0.02)
    assert with_strata.error < 0.75 * without.error


def test_nothing_labelled_one_label_and_everything_labelled():
    design, judge = Design(np.full(4, 0.5)), np.array([0.0, 1, 0, 1])
    assert math.isnan(weighted_mean(np.zeros(0), judge, np.zeros(4, bool), design).value)
    one = weighted_mean(np.ones(1), judge, np.array([True, False, False, False]), design)
    assert math.isnan(one.error)
    assert weighted_interval(one.value, one.error, np.ones(1), None, 0.95)[0].low is None
    every = weighted_mean(np.array([0.0, 1, 1, 1]), judge, np.ones(4, bool), Design(np.ones(4)))
    assert every.value == pytest.approx(0.75)
    assert every.power == 0
    nobody = weighted_rate(np.zeros(3, np.int8), np.full(3, -1, np.int8), Design(np.full(3, 0.5)))
    assert math.isnan(nobody.value)
    ties = weighted_rate(np.zeros(3, np.int8), np.array([1, 1, -1], np.int8), Design(np.full(3, 0.5)), "dropped")
    assert math.isnan(ties.value)


def test_a_part_of_a_design_keeps_probabilities_and_strata():
    design = Design(np.array([0.1, 0.2, 0.3]), np.array([0, 1, 1]))
    part = design.part(np.array([0, 2]))
    assert part.probabilities.tolist() == [0.1, 0.3]
    assert part.strata is not None
    assert part.strata.tolist() == [0, 1]
    assert Design(np.array([0.1, 0.2])).part(np.array([1])).strata is None
    assert design.is_equal(np.array([True, False, False]))
    assert not design.is_equal(np.array([True, True, False]))


def test_whole_clusters_of_strata_have_intervals_that_hold_the_truth_and_single_items_would_not():
    """Clusters whose items have the same label: the error is that of clusters, with g_h of them in a stratum."""
    held, narrow, rounds = 0, 0, 300
    clusters = np.repeat(np.arange(120), 4)
    strata = np.repeat(np.repeat([0, 1], [80, 40]), 4)
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        truth = np.repeat(rng.random(120) < np.repeat([0.9, 0.5], [80, 40]), 4)
        judge = np.where(rng.random(480) < 0.7, truth, ~truth).astype(float)
        drawn = np.concatenate([rng.permutation(80)[:16], 80 + rng.permutation(40)[:16]])
        labelled = np.isin(clusters, drawn)
        probabilities = np.where(strata == 0, 16 / 80, 16 / 40)
        whole = Design(probabilities, strata, clusters)
        found = weighted_mean(truth[labelled].astype(float), judge, labelled, whole, clusters=clusters)
        mean = (80 * 0.9 + 40 * 0.5) / 120
        weights, _ = whole.of_labelled(labelled)
        value = min(1.0, max(0.0, found.value))
        interval, _ = weighted_interval(value, found.error, weights, clusters[labelled], 0.95)
        held += interval.low <= mean <= interval.high
        apart = weighted_mean(truth[labelled].astype(float), judge, labelled, Design(probabilities, strata))
        narrow += abs(apart.value - mean) <= 1.96 * apart.error
    assert held >= 0.93 * rounds
    assert narrow < 0.85 * rounds


def test_a_stratum_with_one_labelled_cluster_is_joined_with_the_others():
    strata, clusters = np.repeat([0, 1], [8, 4]), np.arange(12) // 2
    labelled = np.isin(clusters, [0, 1, 4])
    weights, used = Design(np.repeat([0.5, 0.5], [8, 4]), strata, clusters).of_labelled(labelled)
    assert set(used) == {0}
    assert weights.tolist() == pytest.approx([2.0] * 6)


@pytest.mark.parametrize(
    ("probabilities", "labelled", "is_equal"),
    [
        ([0.5, 0.5], [False, False], True),
        ([0.5, np.nan], [True, False], True),
        ([0.5, 0.5], [True, True], True),
        ([0.5, 0.5 + 4e-10], [True, True], True),
        ([0.5, 0.5 + 6e-10], [True, True], False),
        ([0.5, 0.1], [True, True], False),
        ([0.5, 0.1], [True, False], True),
    ],
)
def test_probabilities_are_equal_up_to_rounding(probabilities, labelled, is_equal):
    assert Design(np.array(probabilities)).is_equal(np.array(labelled)) is is_equal


def test_the_influence_of_a_stratum_has_the_factor_of_a_sample_variance():
    values, labelled = np.array([1.0, 2.0, 6.0, 5.0]), np.array([True, True, False, True, False, True])
    strata, counts = np.array([0, 0, 0, 0, 1, 1]), np.array([3, 1])
    found, mean = _influence(values, labelled, np.array([4 / 3, 4 / 3, 4 / 3, 2.0]), strata, counts)
    assert mean == pytest.approx((4 / 3 * 9 + 10) / 6)
    expected = np.array([3.0, 3.0, 3.0, 3.0, 5.0, 5.0]) - mean
    expected[[0, 1, 3]] += 4 / 3 * np.array([-2.0, -1.0, 3.0]) * np.sqrt(3 / 2)
    assert found == pytest.approx(expected)  # one labelled item of a stratum adds nothing to its mean


def test_one_item_without_a_label_is_weighted_as_one():
    judge, human = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 1.0, 1.0])
    found = weighted_mean(human, judge, np.array([True, True, True, False]), Design(np.full(4, 0.75)), power=0.5)
    assert found.value == pytest.approx(1 + 0.5 * 4 * (2.5 - 2))
    assert found.power == pytest.approx(0.5)
