"""Rogan and Gladen's estimator: its formula, its interval, and where it fails."""

import math

import numpy as np
import pytest

from harness.statistics.rogan_gladen import rogan_gladen

NAN = math.nan


def world(seed, n=100, items=1_000, rate=0.7, se=0.9, sp=0.8):
    rng = np.random.default_rng(seed)
    truth = (rng.random(items) < rate).astype(float)
    judged = (rng.random(items) < np.where(truth == 1, se, 1 - sp)).astype(float)
    labelled = np.isin(np.arange(items), rng.permutation(items)[:n])
    return judged, np.where(labelled, truth, NAN), labelled.astype(float)


def test_the_estimate_is_the_formula_by_hand():
    judged = np.array([1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, NAN])
    human = np.array([1, 1, 1, 1, 0, 0, 0, 0, NAN, NAN, NAN, NAN, 1])
    found = rogan_gladen(judged, human, (~np.isnan(human)).astype(float), 0.95)
    assert (found.rate, found.sensitivity, found.specificity) == pytest.approx((8 / 12, 0.75, 0.75))
    assert found.value == pytest.approx((8 / 12 + 0.75 - 1) / 0.5)
    assert (found.with_label, found.without_label) == (4, 4)
    assert found.youden == pytest.approx(0.5)
    assert not found.is_outside


def test_weights_count_as_items():
    judged = np.array([1, 0, 1, 0, 0, 1.0])
    human = np.array([1, 1, 1, 0, 0, 0.0])
    once = rogan_gladen(judged, human, np.array([1, 2, 1, 1, 1, 1.0]), 0.95)
    twice = rogan_gladen(np.append(judged, 0.0), np.append(human, 1.0), np.ones(7), 0.95)
    assert once.sensitivity == pytest.approx(twice.sensitivity)
    assert once.specificity == pytest.approx(twice.specificity)


@pytest.mark.parametrize("clustered", [False, True])
def test_the_interval_holds_the_truth_in_nearly_all_worlds_and_narrows(clustered):
    clusters = np.arange(1_000) // 2 if clustered else None
    held, widths = 0, {40: 0.0, 200: 0.0}
    for n in widths:
        for seed in range(60):
            found = rogan_gladen(*world(seed, n), 0.95, clusters=clusters)
            held += found.interval.low <= 0.7 <= found.interval.high
            widths[n] += found.interval.high - found.interval.low
    assert held >= 108  # of 120; 95 % are 114
    assert widths[200] < 0.7 * widths[40]


def test_it_leaves_the_range_where_the_judge_is_stricter_on_the_rest_than_on_the_labelled_items():
    judged, human, weights = world(3)
    judged[np.isnan(human)] = 0.0
    found = rogan_gladen(judged, human, weights, 0.95)
    assert found.value < 0
    assert found.is_outside
    assert found.interval.low == 0


def test_a_judge_near_chance_allows_every_rate():
    found = rogan_gladen(*world(4, se=0.55, sp=0.5), 0.95)
    assert found.is_unbounded
    exact = np.array([1, 0, 1, 0, 1.0])
    none = rogan_gladen(exact, np.array([1, 1, 0, 0, NAN]), np.array([1, 1, 1, 1, 0.0]), 0.95)
    assert math.isnan(none.value)
    assert not none.is_outside


def test_the_rate_of_some_items_takes_sensitivity_and_specificity_of_all_labelled_ones():
    judged, human, weights = world(5)
    target = np.arange(1_000) < 200
    human[target] = NAN
    found = rogan_gladen(judged, human, np.where(target, 0, weights), 0.95, target=target)
    assert found.rate == pytest.approx(judged[:200].mean())
    whole = rogan_gladen(judged, human, np.where(target, 0, weights), 0.95)
    assert found.sensitivity == whole.sensitivity
    assert found.interval.low < 0.7 < found.interval.high


@pytest.mark.parametrize(
    ("judged", "human"),
    [
        ([1.0, 0.0], [NAN, NAN]),
        ([1.0, 0.0, 1.0], [1.0, 1.0, 1.0]),
        ([NAN, NAN], [1.0, 0.0]),
        ([1, 0, 1.0], [1, 0, 0.0]),
    ],
)
def test_without_labels_of_both_kinds_there_is_no_estimate(judged, human):
    human = np.array(human, float)
    found = rogan_gladen(np.array(judged, float), human, (~np.isnan(human)).astype(float), 0.95)
    assert math.isnan(found.value)
    assert found.interval.low is None
    assert not found.is_unbounded


def test_a_perfect_judge_has_an_interval_that_is_not_a_point():
    truth = np.tile([1.0, 1, 0], 40)
    found = rogan_gladen(truth, np.where(np.arange(120) < 40, truth, NAN), (np.arange(120) < 40).astype(float), 0.95)
    assert found.value == pytest.approx(2 / 3)
    assert found.interval.low < 2 / 3 < found.interval.high
