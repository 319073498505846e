"""Mean numbers corrected by labels: coverage of the truth, systems, differences, failures and what is undefined."""

from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.correct.means import LabelledNumbers, _estimate, _influence
from harness.records.experiment import ScoreSpec
from harness.statistics.prediction_powered import corrected_mean

SCORE = ScoreSpec(("pearson",), resamples=200)


def world(seed=0, n=400, labelled=100, shift=0.8):
    """Labels of some items, NaN for others, and the numbers of a judge that is too mild."""
    rng = np.random.default_rng(seed)
    truth = np.clip(np.round(rng.normal(6, 2, n)), 1, 10)
    judge = np.clip(truth + rng.normal(shift, 1, n), 1, 10)
    y = np.where(np.arange(n) < labelled, truth, np.nan)
    return y, judge, float(truth.mean())


def items(y, group=None, unit=0.9):
    return LabelledNumbers(y, group, unit, SCORE)


def test_the_estimate_is_that_of_prediction_powered_inference():
    y, judge, _ = world()
    found, corrected = _estimate(items(y), judge, 0.95)
    given = ~np.isnan(y)
    expected = y[given].mean() - corrected.power * (judge[given].mean() - judge[~given].mean())
    assert found.corrected.value == pytest.approx(expected)
    assert 0.5 < corrected.power < 1
    assert (found.items, found.labelled) == (400, 100)


def test_a_mild_judge_is_corrected_and_labels_alone_are_less_precise():
    y, judge, truth = world()
    found, _ = _estimate(items(y), judge, 0.95)
    assert found.judge.low > truth
    assert found.corrected.low < truth < found.corrected.high
    assert found.corrected.high - found.corrected.low < found.human.high - found.human.low
    assert found.gain > 1.5


def test_intervals_hold_the_truth():
    held = {"human": 0, "corrected": 0}
    population = world(999, n=400_000)[2]
    for seed in range(200):
        y, judge, _ = world(seed, n=200, labelled=40)
        found, _ = _estimate(items(y), judge, 0.95)
        for name in held:
            figure = getattr(found, name)
            held[name] += figure.low <= population <= figure.high
    assert min(held.values()) >= 180


def test_clusters_widen_the_interval():
    y, judge, _ = world(labelled=120)
    group = np.repeat(np.arange(100), 4)
    one, _ = _estimate(items(np.repeat(y[:100], 4)), np.repeat(judge[:100], 4), 0.95)
    other, _ = _estimate(items(np.repeat(y[:100], 4), group), np.repeat(judge[:100], 4), 0.95)
    assert other.human.unit == "cluster"
    assert other.human.high - other.human.low > 1.7 * (one.human.high - one.human.low)


def test_failed_judgments_have_no_influence():
    y, judge, _ = world()
    judge[[3, 300]] = np.nan
    found, _ = _estimate(items(y), judge, 0.95)
    assert found.judge.n == 398
    given = ~np.isnan(y)
    filled = np.where(np.isnan(judge), found.judge.value, judge)
    assert found.corrected.value == corrected_mean(y[given], filled[given], filled[~given]).value


def test_influences_have_the_error_of_the_estimate():
    y, judge, _ = world()
    _, corrected = _estimate(items(y), judge, 0.95)
    influence = _influence(items(y), judge, corrected)
    assert influence.sum() == pytest.approx(0, abs=1e-12)
    assert float(np.sqrt(influence @ influence)) == pytest.approx(corrected.error, rel=1e-9)


@pytest.mark.parametrize(("labelled", "reason"), [(0, "no reference labels"), (19, "fewer than 20 items")])
def test_few_labels_have_a_reason(labelled, reason):
    y, judge, _ = world(labelled=labelled)
    found, _ = _estimate(items(y), judge, 0.95)
    assert found.corrected.low is None
    assert found.corrected.reason.startswith(reason)


def test_a_judge_that_always_failed_corrects_nothing():
    y, judge, _ = world()
    found, corrected = _estimate(items(y), np.full_like(judge, np.nan), 0.95)
    assert (found.judge.value, corrected) == (None, None)
    assert found.corrected == found.human


def test_equal_labels_and_numbers_have_an_interval_with_width():
    y = np.where(np.arange(100) < 40, 7.0, np.nan)
    found, _ = _estimate(items(y), np.full(100, 7.0), 0.95)
    assert found.corrected.value == 7
    assert found.corrected.high - found.corrected.low > 0.01
