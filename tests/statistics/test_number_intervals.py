import numpy as np
import pytest
from scipy import stats

from harness.statistics.number_agreement import (
    icc_agreement,
    icc_agreement_without,
    icc_consistency,
    icc_consistency_without,
    pearson,
    pearson_without,
)
from harness.statistics.number_intervals import (
    correlation_interval,
    error_of,
    mean_interval,
    root_interval,
    tail_degrees,
)


def columns(n, seed=2):
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    return truth + rng.normal(size=n), truth + rng.normal(size=n)


def test_a_large_normal_sample_has_about_fishers_interval():
    x, y = columns(4_000)
    found = correlation_interval(*pearson(x, y), None, 0.95)
    assert (found.low, found.high) == pytest.approx(stats.pearsonr(x, y).confidence_interval(0.95), abs=0.004)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_perfect_correlation_has_an_interval_with_width(sign):
    x, _ = columns(40)
    value, influence = pearson(x, sign * x)
    found = correlation_interval(value, influence, None, 0.95)
    assert found.low is not None
    assert found.high - found.low > 0.02
    assert found.low <= value <= found.high
    assert found.error == 0


def test_clusters_that_repeat_their_items_widen_the_interval():
    x, y = columns(40)
    group = np.repeat(np.arange(40), 3)
    one = correlation_interval(*pearson(x, y), None, 0.95)
    repeated = pearson(np.repeat(x, 3), np.repeat(y, 3))
    blind, clustered = (correlation_interval(*repeated, each, 0.95) for each in (None, group))
    widths = [found.high - found.low for found in (one, blind, clustered)]
    assert widths[1] < 0.75 * widths[0]
    assert widths[2] == pytest.approx(widths[0], rel=0.15)
    assert clustered.design_effect > 2


def test_clusters_of_one_item_are_independent_items():
    x, y = columns(40)
    value, influence = pearson(x, y)
    one, other = (correlation_interval(value, influence, group, 0.95) for group in (None, np.arange(40) * 7))
    assert one[:2] == other[:2]


@pytest.mark.parametrize(("n", "group"), [(19, None), (40, np.arange(40) // 8)])
def test_few_items_or_clusters_have_no_interval(n, group):
    x, y = columns(n)
    value, influence = pearson(x, y)
    found = correlation_interval(value, influence, group, 0.95)
    assert (found.low, found.high) == (None, None)
    assert found.reason.startswith("fewer than")
    assert mean_interval(1.0, influence, group, 0.95, unit=0.1, is_positive=True).low is None


def test_means_of_large_samples_have_the_t_interval():
    values = np.random.default_rng(3).normal(5, 2, size=2_000)
    influence = (values - values.mean()) / len(values)
    expected = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    for is_positive in (True, False):
        found = mean_interval(float(values.mean()), influence, None, 0.95, unit=0.1, is_positive=is_positive)
        assert (found.low, found.high) == pytest.approx(expected, abs=0.002)


def test_a_mean_of_equal_values_has_an_interval_with_width_that_is_not_negative():
    found = mean_interval(0.0, np.zeros(50), None, 0.95, unit=0.4, is_positive=True)
    assert found.low == 0
    assert 0.01 < found.high < 0.05
    assert found.error == 0


def test_the_order_of_the_items_does_not_change_the_error():
    x, y = columns(60)
    group, order = np.arange(60) // 3, np.random.default_rng(1).permutation(60)
    influence = pearson(x, y)[1]
    assert error_of(influence[order], group[order], 0.95)[:4] == error_of(influence, group, 0.95)[:4]


@pytest.mark.parametrize(
    ("influence", "degrees"),
    [(np.zeros(30), np.inf), (np.tile([1.0, -1.0], 15), np.inf), (np.eye(30)[0], 60 / 29)],
)
def test_degrees_of_freedom_fall_with_the_items_that_carry_the_variance(influence, degrees):
    assert tail_degrees(influence) == pytest.approx(degrees)


def test_normal_influences_have_about_as_many_degrees_of_freedom_as_items():
    assert tail_degrees(np.random.default_rng(1).normal(size=20_000)) == pytest.approx(20_000, rel=0.05)


@pytest.mark.parametrize(
    ("coefficient", "without"),
    [
        (pearson, pearson_without),
        (icc_agreement, icc_agreement_without),
        (icc_consistency, icc_consistency_without),
    ],
)
def test_coefficients_without_an_item_are_those_of_the_other_items(coefficient, without):
    x, y = columns(25)
    expected = [coefficient(np.delete(x, at), np.delete(y, at))[0] for at in range(25)]
    assert without(x, y) == pytest.approx(expected)


@pytest.mark.parametrize("without", [pearson_without, icc_agreement_without, icc_consistency_without])
def test_a_coefficient_that_rests_on_one_item_is_unknown_without_it(without):
    x, y = np.eye(25)[0], np.eye(25)[0] * 2
    assert np.isnan(without(x, y)[0]) or abs(without(x, y)[0]) < 1e-9
    found = correlation_interval(1.0, np.zeros(25), None, 0.95, without=without(x, y))
    assert -1 <= found.low < 0.5


def test_an_extreme_item_widens_the_interval_of_a_correlation():
    x, y = columns(60)
    plain = correlation_interval(*pearson(x, y), None, 0.95, without=pearson_without(x, y))
    x[0], y[0] = 30.0, -30.0
    extreme = correlation_interval(*pearson(x, y), None, 0.95, without=pearson_without(x, y))
    assert extreme.high - extreme.low > 3 * (plain.high - plain.low)


def test_the_root_of_a_mean_square_has_an_interval_that_one_item_does_not_blow_up():
    values = np.random.default_rng(5).normal(size=50)
    plain = root_interval(values, None, 0.95, unit=0.1)
    assert 0 < plain.low < np.sqrt((values**2).mean()) < plain.high < 1.6
    for share in (np.zeros(50), np.eye(50)[3] * 4):
        found = root_interval(share, None, 0.95, unit=0.1)
        assert found.low == 0
        assert np.sqrt((share**2).mean()) < found.high < 3
    assert root_interval(values[:10], None, 0.95, unit=0.1).low is None
