"""Intervals against scipy, and what they promise."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from harness.scoring.metric import find_metric
from harness.statistics import intervals

TABLE = np.array([[22.0, 3, 8, 0], [4, 3, 5, 0], [7, 2, 26, 0]])
KAPPA = find_metric("kappa")


def drawn(table, *, smoothed, resamples=10_000, seed=3):
    return intervals.resampled_tables(table, smoothed=smoothed, resamples=resamples, seed=seed)


def test_smoothing_is_exactly_two_ninths_for_each_of_nine_cells():
    tables = drawn(TABLE, smoothed=True, resamples=40_000)
    assert (tables.sum(axis=(1, 2)) == TABLE.sum()).all()
    assert (tables[:, :, 3] == 0).all()
    expected = (TABLE[:, :3] + 2 / 9) / (TABLE.sum() + 2)
    assert tables[:, :, :3].mean(axis=0) / TABLE.sum() == pytest.approx(expected, abs=0.002)


def test_with_failures_only_the_verdicts_are_smoothed():
    table = TABLE.copy()
    table[:, 3] = (6, 0, 0)
    tables = drawn(table, smoothed=True, resamples=40_000)
    assert (tables[:, 1:, 3] == 0).all()
    assert tables[:, 0, 3].mean() == pytest.approx(6 * table.sum() / (table.sum() + 2), abs=0.1)


def test_the_same_seed_draws_the_same_and_another_does_not():
    assert np.array_equal(drawn(TABLE, smoothed=True), drawn(TABLE, smoothed=True))
    assert not np.array_equal(drawn(TABLE, smoothed=True), drawn(TABLE, smoothed=True, seed=4))


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_plain_intervals_are_those_of_scipy(method):
    cells = np.repeat(np.arange(12), TABLE.astype(int).ravel())

    def kappa_of(items, axis=-1):
        counts = (np.moveaxis(items, axis, -1)[..., None] == np.arange(12)).sum(axis=-2)
        return KAPPA.value(counts.reshape(*counts.shape[:-1], 3, 4))

    theirs = bootstrap(
        (cells,), kappa_of, n_resamples=20_000, method=method, vectorized=True, batch=2000, random_state=1
    )
    estimates = KAPPA.value(drawn(TABLE, smoothed=False, resamples=20_000))
    if method == "bca":
        ours = intervals.bca_interval(TABLE, KAPPA.value, estimates, 0.95)
    else:
        ours = intervals.percentile_interval(estimates, 0.95)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.012)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.012)


def test_bca_is_that_of_scipy_to_the_last_digits_on_the_same_resamples():
    cells = np.repeat(np.arange(12), TABLE.astype(int).ravel())
    asked = []

    def kappa_of(items, axis=-1):
        counts = (np.moveaxis(items, axis, -1)[..., None] == np.arange(12)).sum(axis=-2)
        tables = counts.reshape(*counts.shape[:-1], 3, 4)
        asked.append(tables)
        return KAPPA.value(tables)

    theirs = bootstrap((cells,), kappa_of, n_resamples=999, method="BCa", vectorized=True, random_state=1)
    resampled = next(tables for tables in asked if tables.ndim == 3 and len(tables) == 999)
    ours = intervals.bca_interval(TABLE, KAPPA.value, KAPPA.value(resampled), 0.95)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=1e-12)


def test_undefined_resamples_are_left_out_and_told():
    table = np.zeros((3, 4))
    table[0, 0], table[2, 2] = 19, 1
    interval = intervals.percentile_interval(KAPPA.value(drawn(table, smoothed=False)), 0.95)
    assert interval.undefined_share == pytest.approx(0.95**20, abs=0.02)
    assert (interval.low, interval.high) == (1, 1)


def test_nothing_but_undefined_resamples_give_no_interval():
    nothing = np.full(10, np.nan)
    assert intervals.percentile_interval(nothing, 0.95) == (None, None, 1.0)
    assert intervals.bca_interval(TABLE, KAPPA.value, nothing, 0.95) == (None, None, 1.0)


def test_bca_needs_resamples_on_both_sides_and_a_jackknife_that_moves():
    assert intervals.bca_interval(TABLE, KAPPA.value, np.full(10, 0.99), 0.95).low is None
    perfect = np.diag([30.0, 10, 20, 0])[:3]
    assert intervals.bca_interval(perfect, KAPPA.value, np.ones(10), 0.95).low is None


def test_wald_stays_where_values_can_lie():
    quantile = intervals.normal_quantile(0.95)
    assert quantile == pytest.approx(1.959963984540054)
    assert intervals.wald_interval(0.95, 0.1, quantile, (0, 1)).high == 1
    low, high, _ = intervals.wald_interval(0.2, 0.1, quantile, (-1, 1))
    assert (low, high) == pytest.approx((0.2 - 0.1959964, 0.2 + 0.1959964))
