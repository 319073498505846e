"""Win rates against scipy and by hand, and what their intervals promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from harness.records.judgments import OUTCOMES
from harness.statistics import pairs, win_rate
from harness.statistics.clusters import clustered_error
from harness.statistics.win_rate import TIES

COUNTS = np.array([33.0, 12, 19])
counts_of = st.tuples(*[st.integers(0, 40)] * 3).map(lambda each: np.array(each, float))


def by_item(codes, ties):
    """The rate of a list of outcomes in so many words."""
    credit = {"half": {0: 1, 1: 0.5, 2: 0}, "lose": {0: 1, 1: 0, 2: 0}, "dropped": {0: 1, 2: 0}}[ties]
    told = [credit[code] for code in codes if code in credit]
    return sum(told) / len(told) if told else None


@pytest.mark.parametrize(("ties", "rate"), [("half", (33 + 6) / 64), ("lose", 33 / 64), ("dropped", 33 / 52)], ids=str)
def test_what_a_tie_counts_as(ties, rate):
    assert win_rate.win_rate(COUNTS, ties) == pytest.approx(rate)
    assert win_rate.win_rate([*COUNTS, 5, 7], ties) == pytest.approx(rate)  # failures are left out


@given(st.lists(st.integers(0, 6), max_size=60), st.sampled_from(TIES))
def test_a_rate_is_a_mean_over_items(codes, ties):
    counts = np.bincount(codes, minlength=7)
    rate = float(win_rate.win_rate(counts, ties))
    assert (None if rate != rate else rate) == (None if (said := by_item(codes, ties)) is None else pytest.approx(said))
    assert win_rate.rests_on(counts, ties) == sum(code in (0, 2) or (code == 1 and ties != "dropped") for code in codes)


@given(counts_of)
def test_both_sides_together_win_all_that_is_won(counts):
    turned = win_rate.of_b(counts)
    for ties in ("half", "dropped"):
        both = win_rate.win_rate(counts, ties) + win_rate.win_rate(turned, ties)
        assert np.isnan(both) or both == pytest.approx(1)
    assert win_rate.of_b(turned).tolist() == counts.tolist()


def test_without_items_or_decided_ones_there_is_no_rate():
    assert np.isnan(win_rate.win_rate([0, 0, 0]))
    assert np.isnan(win_rate.win_rate([0, 9, 0], "dropped"))
    assert win_rate.win_rate([0, 9, 0]) == 0.5
    assert np.isnan(win_rate.influence([0, 9, 0], "dropped")).all()


@given(counts_of, st.integers(0, 20), st.sampled_from(TIES))
def test_an_influence_is_how_far_one_more_item_moves_the_rate(counts, failed, ties):
    counts = np.append(counts + 5, failed)
    phi = win_rate.influence(counts, ties)
    n = counts.sum()
    assert counts @ phi == pytest.approx(0, abs=1e-9)
    tiny = 1e-6
    for outcome in range(4):
        more = counts + tiny * (np.arange(4) == outcome)
        moved = (win_rate.win_rate(more, ties) - win_rate.win_rate(counts, ties)) / tiny * n
        assert phi[outcome] == pytest.approx(moved, abs=1e-3)


def test_errors_are_those_of_a_share():
    assert win_rate.standard_error([30, 0, 10]) == pytest.approx(np.sqrt(0.75 * 0.25 / 40))
    assert win_rate.standard_error([30, 8, 10], "dropped") == pytest.approx(np.sqrt(0.75 * 0.25 / 40))
    assert win_rate.standard_error([30, 5, 5], "lose") == pytest.approx(np.sqrt(0.75 * 0.25 / 40))
    assert win_rate.standard_error([30, 0, 0]) == 0
    assert win_rate.standard_error([30, 0, 10, 60]) == pytest.approx(np.sqrt(0.75 * 0.25 / 40))


def test_every_item_twice_halves_the_variance_and_changes_nothing_for_clusters():
    codes = np.repeat(np.arange(3), COUNTS.astype(int))
    phi, twice = win_rate.influence(COUNTS), win_rate.influence(2 * COUNTS)
    assert win_rate.standard_error(2 * COUNTS) ** 2 == pytest.approx(win_rate.standard_error(COUNTS) ** 2 / 2)
    once = clustered_error(phi[codes], np.arange(64), 64)
    again = clustered_error(twice[np.tile(codes, 2)], np.tile(np.arange(64), 2), 128)
    assert again == pytest.approx(once)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=30, max_size=60), st.sampled_from(TIES))
def test_two_systems_against_one_opponent_are_compared_item_by_item(codes, ties):
    judged = np.array([*codes, (0, 2), (2, 0), (1, 1), (0, 0), (2, 2)], np.int8)
    counts = np.array([np.bincount(column, minlength=len(OUTCOMES)) for column in judged.T], float)
    influences = win_rate.influence(counts, ties)
    nothing = np.zeros(len(judged), np.int8)
    statistic = pairs.Statistic(
        lambda tables: win_rate.win_rate(tables[..., 0, :], ties),
        lambda tables: win_rate.influence(tables[..., 0, :], ties)[..., None, :],
        (1, len(OUTCOMES)),
    )
    found = pairs.paired_errors(
        statistic, pairs.Judgments(nothing.astype(int), judged.astype(int)), np.array([0]), np.array([1]), 0.95
    )
    gaps = influences[0][judged[:, 0]] - influences[1][judged[:, 1]]
    n = len(judged)
    added = sum(pairs.added_item(one[None], np.ones(1)) for one in influences)
    own = (gaps**2).sum() / n / (n - 1) + added / n**2
    assert found.errors[0] >= np.sqrt(own) * (1 - 1e-9)
    assert found.errors[0] == pytest.approx(np.sqrt(own), rel=0.5)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_that_of_scipy(wins, losses):
    p = win_rate.sign_test(wins, losses)
    if wins + losses == 0:
        assert p is None
    else:
        assert p == pytest.approx(binomtest(wins, wins + losses).pvalue)


def test_the_sign_test_of_a_large_dataset_is_quick_and_goes_on_as_that_of_a_small_one(monkeypatch):
    counted = win_rate.sign_test(4_800, 5_200)
    monkeypatch.setattr(win_rate, "MAX_BY_COUNTING", 0)
    assert win_rate.sign_test(4_800, 5_200) == pytest.approx(counted)
    assert win_rate.sign_test(500_000, 500_000) == 1
    assert win_rate.sign_test(498_000, 502_000) == pytest.approx(binomtest(498_000, 1_000_000).pvalue)


def test_a_cluster_is_won_by_who_wins_more_of_it():
    outcomes = np.array([0, 0, 2, 2, 2, 0, 1, 2, 1, 4, 0], np.int8)
    clusters = np.array([7, 7, 7, 1, 1, 1, 3, 3, 9, 9, 2])
    assert win_rate.cluster_signs(outcomes, clusters) == (2, 2)


def test_the_prior_is_a_third_for_each_outcome():
    drawn = win_rate.resampled_counts([40, 0, 0], resamples=40_000, seed=1)
    assert (drawn.sum(axis=1) == 40).all()
    assert drawn.mean(axis=0) / 40 == pytest.approx((np.array([40, 0, 0]) + 1 / 3) / 41, abs=0.001)
    assert (win_rate.resampled_counts([40, 0, 0], resamples=9, seed=1, prior=0) == [40, 0, 0]).all()
    assert win_rate.resampled_counts([0, 0, 0], resamples=9, seed=1).sum() == 0


def test_intervals_hold_the_rate_and_come_from_the_seed_alone():
    one = win_rate.bootstrap_interval(COUNTS, resamples=2000, level=0.95, seed=5)
    assert one == win_rate.bootstrap_interval([*COUNTS, 30], resamples=2000, level=0.95, seed=5)
    assert one != win_rate.bootstrap_interval(COUNTS, resamples=2000, level=0.95, seed=6)
    assert one.low < win_rate.win_rate(COUNTS) < one.high
    assert one.high - one.low == pytest.approx(2 * 1.96 * win_rate.standard_error(COUNTS), rel=0.08)
    always = win_rate.bootstrap_interval([40, 0, 0], resamples=2000, level=0.95, seed=5)
    assert 0.9 < always.low < always.high == 1
    assert win_rate.bootstrap_interval([0, 0, 0], resamples=20, level=0.95, seed=5).low is None


def test_failures_may_have_been_wins_or_losses():
    low, high = win_rate.failure_bounds([30, 0, 10], 10)
    assert (low, high) == (30 / 50, 40 / 50)
    low, high = win_rate.failure_bounds([[30, 0, 10], [0, 8, 0]], [10, 2], "dropped")
    assert low.tolist() == [0.6, 0]
    assert high.tolist() == [0.8, 1]


WORLDS = [(0.42, 0.16, 0.42), (0.6, 0.05, 0.35), (0.95, 0.02, 0.03), (0.05, 0.9, 0.05), (0.8, 0.0, 0.2)]


def coverage(shares, n, ties, *, prior, repeats, resamples):
    """How often the interval holds the rate of a world."""
    truth = float(win_rate.win_rate(shares, ties))
    drawn = np.random.default_rng(n).multinomial(n, shares, repeats)
    held = 0
    for seed, counts in enumerate(drawn):
        found = win_rate.bootstrap_interval(counts, ties, resamples=resamples, level=0.95, seed=seed, prior=prior)
        held += found.low is not None and found.low - 1e-9 <= truth <= found.high + 1e-9
    return held / repeats


@pytest.mark.parametrize("ties", ["half", "lose"])
def test_smoothing_keeps_what_intervals_promise(ties):
    smoothed = [coverage(world, 40, ties, prior=win_rate.PRIOR, repeats=100, resamples=200) for world in WORLDS]
    assert min(smoothed) > 0.88, smoothed
    assert coverage(WORLDS[2], 40, ties, prior=0, repeats=100, resamples=200) < 0.92
