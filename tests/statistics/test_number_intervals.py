import numpy as np
import pytest
from scipy import stats

from harness.statistics.number_agreement import pearson
from harness.statistics.number_intervals import correlation_interval, error_of, mean_interval


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
