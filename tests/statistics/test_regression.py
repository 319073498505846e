"""Slopes and their errors against statsmodels, and what they say where quality confounds."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.statistics import regression
from harness.statistics.regression import instrumented_slope, quality_bound, slopes_of


def verdict(sharp):
    return np.where(np.abs(sharp) < 0.3, 0.0, np.sign(sharp))


def confounded(seed, effect=0.0, n=300, people=1, noise=0.5):
    """Responses that are longer where they are better; the judge prefers longer ones by `effect`."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    length = 0.6 * quality + 0.8 * rng.normal(size=n)
    judge = verdict(quality + effect * length + 0.5 * rng.normal(size=n))
    return judge, verdict(quality[:, None] + noise * rng.normal(size=(n, people))), length


@settings(max_examples=20)
@given(st.integers(0, 2**16))
def test_slopes_are_those_of_least_squares_and_errors_those_of_leaving_clusters_out(seed):
    rng = np.random.default_rng(seed)
    group, variables = np.repeat(np.arange(20), 3), rng.normal(size=(60, 2))
    outcome = variables @ [0.3, -0.1] + rng.normal(size=60) + np.repeat(rng.normal(size=20), 3)
    (found,) = slopes_of(outcome[:, None], variables[:, 0], [variables[:, 1], np.ones(60)], group)
    design = sm.add_constant(variables)
    assert found.value == pytest.approx(sm.OLS(outcome, design).fit().params[1])
    without = [sm.OLS(outcome[group != one], design[group != one]).fit().params[1] for one in range(20)]
    assert found.error == pytest.approx(np.sqrt(19 / 20 * np.square(np.array(without) - found.value).sum()))
    order = rng.permutation(60)
    assert slopes_of(outcome[order, None], variables[order, 0], [variables[order, 1]], 50 - group[order]) == [found]


@pytest.mark.parametrize("variable", [np.zeros(40), 2.0 * np.arange(40) + 1, (np.arange(40) == 3) * 1.0],
                         ids=["constant", "collinear", "one cluster"])  # fmt: skip
def test_a_slope_that_is_not_identified_is_none(variable):
    outcome, covariates = (np.arange(40.0) % 3)[:, None], [np.arange(40.0)]
    assert slopes_of(outcome, variable, covariates, np.arange(40)) is None
    assert quality_bound(outcome[:, 0], outcome[:, 0], variable, covariates, np.arange(40), 2.0) is None
    assert instrumented_slope(outcome[:, 0], outcome[:, [0, 0]], variable, covariates, np.arange(40)) is None


def test_one_cluster_identifies_nothing():
    rng = np.random.default_rng(1)
    one, x = np.zeros(30, np.int64), rng.random(30)
    assert slopes_of(rng.random((30, 1)), x, [], one) is None
    assert quality_bound(x, rng.random(30), rng.random(30), [], one, 2.0) is None
    assert instrumented_slope(x, rng.random((30, 2)), rng.random(30), [], one) is None


def test_quality_that_a_label_shows_with_error_is_not_taken_for_a_bias():
    """Controlling for the label claims a bias in nearly all of these worlds, in none of which there is one."""
    claimed = controlled = 0
    for seed in range(40):
        judge, labels, length = confounded(seed)
        bound = quality_bound(judge, labels[:, 0], length, [], np.arange(300), 1.97)
        assert bound.low <= bound.least <= bound.greatest <= bound.high
        claimed += not bound.low <= 0 <= bound.high
        (by_label,) = slopes_of(judge[:, None], length, [labels[:, 0]], np.arange(300))
        controlled += abs(by_label.value) > 1.97 * by_label.error
    assert claimed == 0
    assert controlled > 30


def test_a_bias_that_quality_cannot_explain_is_found():
    rng = np.random.default_rng(1)
    quality, length = rng.normal(size=(2, 400))
    judge, label = verdict(quality + 0.5 * length), verdict(quality + 0.3 * rng.normal(size=400))
    bound = quality_bound(judge, label, length, [], np.arange(400), 1.97)
    assert bound.low > 0.1


def test_annotators_instrument_each_other():
    errors, found = [], []
    for seed in range(60):
        judge, labels, length = confounded(seed, people=3, n=400)
        gappy = np.where(np.random.default_rng(seed).random(labels.shape) < 0.2, np.nan, labels)
        slope = instrumented_slope(judge, gappy, length, [], np.arange(400))
        errors.append(slope.value / slope.error)
        judge, labels, length = confounded(seed, effect=0.4, people=2, n=400)
        found.append(instrumented_slope(judge, labels, length, [], np.arange(400)).value)
    assert np.mean(np.abs(errors) > 1.97) <= 0.15
    assert abs(np.mean(errors)) < 0.5
    assert np.mean(found) > 0.12


def test_verdicts_without_anything_in_common_with_the_labels_leave_the_bound_open():
    rng = np.random.default_rng(2)
    judge, label, x = rng.normal(size=(3, 200))
    assert quality_bound(judge, label, x, [], np.arange(200), 1.97) is None


def test_many_clusters_are_left_out_in_parts(monkeypatch):
    judge, _, length = confounded(5, n=90)
    whole = slopes_of(judge[:, None], length, [], np.arange(90))
    monkeypatch.setattr(regression, "AT_ONCE", 7)
    (parts,) = slopes_of(judge[:, None], length, [], np.arange(90))
    assert parts.value == whole[0].value
    assert parts.error == pytest.approx(whole[0].error)
