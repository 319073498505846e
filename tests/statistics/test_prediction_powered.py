"""PPI++ against figures of its authors' package, by hand, and what it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics import prediction_powered as ppi
from harness.statistics import win_rate
from harness.statistics.intervals import normal_quantile
from harness.statistics.win_rate import TIES

USUAL = [[22, 3, 8], [4, 3, 5], [7, 2, 26]]
BIASED = [[14, 2, 1], [9, 5, 2], [12, 3, 12]]
ALIKE = [[3, 0, 0], [0, 2, 0], [0, 0, 3]]
CONTRARY = [[2, 3, 15], [4, 3, 5], [17, 2, 6]]

# From `ppi_mean_pointestimate` and `ppi_mean_ci` of ppi-python 0.2.3 (MIT), alpha = 0.05, with the scores of the
# tables as Y, Yhat and Yhat_unlabeled: lambda, estimate, lower end, upper end. The package itself needs numba.
RECORDED = [
    (USUAL, [310, 80, 330], "half", 0.4152124888385794, 0.4973036282086888, 0.40698127548896257, 0.587625980928415),
    (USUAL, [310, 80, 330], "lose", 0.3847791242161135, 0.4194474008539021, 0.32106436374405223, 0.5178304379637519),
    (BIASED, [420, 60, 120], "half", 0.37504065040650403, 0.44792005420054204, 0.3489391332758285, 0.5469009751252556),
    (BIASED, [420, 60, 120], "lose", 0.28849280800500304, 0.3169908276005836, 0.2079335160950262, 0.42604813910614103),
    (ALIKE, [4, 1000, 4], "half", 1.0, 0.5, 0.497250190824703, 0.502749809175297),
    (ALIKE, [4, 1000, 4], "lose", 1.0, 0.003968253968253968, 8.716011610534948e-05, 0.007849347820402586),
    (CONTRARY, [310, 80, 330], "half", 0.0, 0.45614035087719296, 0.3413718602278508, 0.5709088415265351),
    (CONTRARY, [310, 80, 330], "lose", 0.0, 0.3508771929824561, 0.22698279567160667, 0.47477159029330557),
    (USUAL, [3, 1, 4], "half", 0.04140156453715777, 0.4864649608865711, 0.38654779112560966, 0.5863821306475325),
    (USUAL, [3, 1, 4], "lose", 0.0389803685897436, 0.41103823617788465, 0.30411246800499964, 0.5179640043507696),
]

tables = st.lists(st.integers(0, 12), min_size=12, max_size=12).map(lambda each: np.array(each, float).reshape(3, 4))
others_of = st.lists(st.integers(0, 40), min_size=4, max_size=4).map(lambda each: np.array(each, float))


def items(table, others):
    """Outcomes and labels of single items with these counts."""
    table, others = np.asarray(table, int), np.asarray(others, int)
    places = np.repeat(np.arange(table.size), table.ravel())
    outcomes = np.concatenate([places % table.shape[1], np.repeat(np.arange(len(others)), others)])
    labels = np.concatenate([places // table.shape[1], np.full(others.sum(), -1)])
    return outcomes.astype(np.int8), labels.astype(np.int8)


def padded(table, others):
    return np.pad(np.asarray(table, float), ((0, 0), (0, 1))), np.append(np.asarray(others, float), 0)


@pytest.mark.parametrize(("table", "others", "ties", "power", "value", "low", "high"), RECORDED)
def test_figures_are_those_of_ppi_python(table, others, ties, power, value, low, high):
    above, _ = win_rate.score_of(ties)
    outcomes, labels = items(table, others)
    has_label = labels >= 0
    mean = ppi.corrected_mean(above[labels[has_label]], above[outcomes[has_label]], above[outcomes[~has_label]])
    for found in (mean, ppi.corrected_rate(outcomes, labels, ties)):
        reach = normal_quantile(0.95) * found.error
        assert found.power == pytest.approx(power)
        assert (found.value, found.value - reach, found.value + reach) == pytest.approx((value, low, high))
    assert ppi.rate_of_counts(*padded(table, others), ties) == (pytest.approx(value), pytest.approx(power))


def test_a_given_power_is_taken():
    # ppi_mean_ci of ppi-python 0.2.3 with lam=1 and alpha=0.1
    found = ppi.corrected_rate(*items(USUAL, [310, 80, 330]), power=1.0)
    reach = normal_quantile(0.9) * found.error
    assert found.value == pytest.approx(0.5111111111111111)
    assert found.value - reach == pytest.approx(0.41819236219630956)
    assert found.value + reach == pytest.approx(0.6040298600259126)


@given(tables, others_of, st.sampled_from(TIES))
def test_without_the_judge_it_is_the_human_estimate(table, others, ties):
    human = float(win_rate.win_rate(table.sum(axis=1), ties))
    for outcomes, labels, clusters in ((*items(table, others), None), (*items(table, others), "items")):
        units = None if clusters is None else np.arange(len(labels))
        found = ppi.corrected_rate(outcomes, labels, ties, power=0.0, clusters=units)
        assert (found.value, found.error) == pytest.approx((found.human, found.human_error), nan_ok=True)
        assert found.value == pytest.approx(human, nan_ok=True)
    assert float(ppi.rate_of_counts(table, others, ties, power=0.0)[0]) == pytest.approx(human, nan_ok=True)


def test_without_the_judge_it_is_exactly_the_human_estimate():
    labelled = np.array([1.0, 0, 0.5, 1, 0, 0, 1])
    found = ppi.corrected_mean(labelled, labelled[::-1], np.array([0.3, 0.1]), power=0.0)
    assert found.value == found.human == labelled.mean()
    assert found.error == found.human_error == pytest.approx(labelled.std() / np.sqrt(7))
    assert found.gain == 1


@given(tables, others_of, st.sampled_from(TIES))
def test_counts_say_the_same_as_items(table, others, ties):
    by_item = ppi.corrected_rate(*items(table, others), ties)
    value, power = ppi.rate_of_counts(table, others, ties)
    assert float(value) == pytest.approx(np.clip(by_item.value, 0, 1), nan_ok=True)
    if not np.isnan(value):
        assert float(power) == pytest.approx(by_item.power)
        assert 0 <= by_item.power <= 1


@given(tables, others_of)
def test_both_sides_together_win_all_that_is_won(table, others):
    one = ppi.corrected_rate(*items(table, others))
    turn = np.array([2, 1, 0, 3])
    other = ppi.corrected_rate(*items(table[[2, 1, 0]][:, turn], others[turn]))
    assert one.value + other.value == pytest.approx(1 if table.any() else np.nan, nan_ok=True)
    assert one.power == pytest.approx(other.power)


@given(tables, others_of, st.sampled_from(TIES), st.randoms(use_true_random=False))
def test_the_order_of_items_means_nothing(table, others, ties, shuffle):
    outcomes, labels = items(table, others)
    clusters = np.arange(len(labels)) // 3
    rows = list(range(len(labels)))
    shuffle.shuffle(rows)
    found = ppi.corrected_rate(outcomes, labels, ties, clusters=clusters)
    turned = ppi.corrected_rate(outcomes[rows], labels[rows], ties, clusters=clusters[rows])
    assert turned[:5] == pytest.approx(found[:5], nan_ok=True, abs=1e-9)


@pytest.mark.parametrize("ties", TIES)
def test_what_a_judge_fails_on_is_not_left_out_of_what_is_estimated(ties):
    """A judge that fails on what the humans call lost: leaving its failures out would flatter."""
    rng = np.random.default_rng(3)
    values = []
    for _ in range(300):
        labels = rng.choice(3, 600, p=[0.4, 0.2, 0.4]).astype(np.int8)
        outcomes = np.where((labels == 2) & (rng.random(600) < 0.8), 5, labels).astype(np.int8)
        known = np.where(np.arange(600) < 100, labels, -1).astype(np.int8)
        values.append(ppi.corrected_rate(outcomes, known, ties).value)
    truth = {"half": 0.5, "lose": 0.4, "dropped": 0.5}[ties]
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / np.sqrt(300))


def test_one_item_in_each_cluster_is_nearly_independence():
    outcomes, labels = items(USUAL, [310, 80, 330])
    n = len(labels)
    alone = ppi.corrected_rate(outcomes, labels, power=0.4)
    clustered = ppi.corrected_rate(outcomes, labels, power=0.4, clusters=np.arange(n)[::-1])
    assert clustered.value == alone.value
    assert clustered.error == pytest.approx(alone.error * np.sqrt(80 / 79))
    chosen = ppi.corrected_rate(outcomes, labels, clusters=np.arange(n))
    assert chosen.power == pytest.approx(ppi.corrected_rate(outcomes, labels).power, abs=0.02)


def test_every_item_twice_is_no_more_information_in_clusters():
    outcomes, labels = items(USUAL, [310, 80, 330])
    n = len(labels)
    once = ppi.corrected_rate(outcomes, labels, clusters=np.arange(n))
    twice = ppi.corrected_rate(np.tile(outcomes, 2), np.tile(labels, 2), clusters=np.tile(np.arange(n), 2))
    assert twice == pytest.approx(once)
    apart = ppi.corrected_rate(np.tile(outcomes, 2), np.tile(labels, 2), power=once.power)
    assert apart.error == pytest.approx(ppi.corrected_rate(outcomes, labels, power=once.power).error / np.sqrt(2))


def test_a_good_judge_is_worth_many_labels_and_a_useless_one_none():
    rng = np.random.default_rng(1)
    truth = rng.choice(3, 2_100, p=[0.4, 0.1, 0.5]).astype(np.int8)
    labels = np.where(np.arange(2_100) < 100, truth, -1).astype(np.int8)
    good = ppi.corrected_rate(truth, labels)
    assert good.power == pytest.approx(100 * 20 / 2_100, rel=0.1)
    assert good.gain > 10
    constant = ppi.corrected_rate(np.zeros(2_100, np.int8), labels)
    assert (constant.power, constant.value, constant.gain) == (0, constant.human, 1)


@pytest.mark.parametrize("clusters", [None, "own", "one"])
def test_little_data_is_said_to_be_little(clusters):
    units = {None: None, "own": np.arange(5), "one": np.zeros(5, int)}[clusters]
    outcomes = np.array([0, 1, 2, 0, 4], np.int8)
    nobody = ppi.corrected_rate(outcomes, np.full(5, -1, np.int8), clusters=units)
    assert np.isnan([nobody.value, nobody.error, nobody.human]).all()
    assert (nobody.units, nobody.gain) == (0, None)
    one = ppi.corrected_rate(outcomes, np.array([2, -1, -1, -1, -1], np.int8), clusters=units)
    assert (one.value, one.human, one.power) == (0, 0, 0)
    assert np.isnan(one.error)
    assert one.gain is None
    everything = ppi.corrected_rate(outcomes, np.array([2, 1, 0, 0, 0], np.int8), clusters=units)
    assert everything.value == everything.human == 0.7
    ties = ppi.corrected_rate(np.ones(5, np.int8), np.array([1, 1, 1, -1, -1], np.int8), "dropped", clusters=units)
    assert np.isnan(ties.value)
    failed = ppi.corrected_rate(np.full(5, 4, np.int8), np.array([2, 0, 0, -1, -1], np.int8), clusters=units)
    assert failed.value == failed.human == pytest.approx(2 / 3)


def test_labels_and_predictions_must_belong_together():
    with pytest.raises(ValueError, match="3 labels but 2 predictions"):
        ppi.corrected_mean([1, 0, 1], [1, 0], [1])


def test_without_labels_nothing_is_known():
    found = ppi.corrected_mean([], [], [1.0, 0.0])
    assert np.isnan([found.value, found.error]).all()
    assert (found.units, found.power) == (0, 0)


def interval(table, others, ties="half", seed=3, resamples=2_000):
    return ppi.rate_interval(*padded(table, others), ties, resamples=resamples, level=0.95, seed=seed)


def test_intervals_come_from_the_seed_and_are_as_wide_as_the_error_says():
    found = interval(USUAL, [310, 80, 330])
    assert found == interval(USUAL, [310, 80, 330])
    assert found != interval(USUAL, [310, 80, 330], seed=4)
    error = ppi.corrected_rate(*items(USUAL, [310, 80, 330])).error
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_conventions_share_their_resamples():
    table, others = padded(USUAL, [310, 80, 330])
    together = ppi.rate_intervals(table, others, resamples=500, level=0.95, seed=3)
    assert together == {ties: interval(USUAL, [310, 80, 330], ties, resamples=500) for ties in TIES}


def test_without_others_the_interval_is_that_of_the_human_labels():
    found = interval(USUAL, [0, 0, 0], resamples=20_000)
    alone = win_rate.bootstrap_interval(np.sum(USUAL, axis=1), resamples=20_000, level=0.95, seed=8)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=0.01)
    assert interval(np.zeros((3, 3)), [9, 9, 9]).low is None


def test_the_corrected_interval_keeps_its_promise_where_the_judge_misleads():
    joint = 0.5 * np.diag([0.3, 0.2, 0.5]) + 0.5 * np.outer([0.3, 0.2, 0.5], [0.7, 0.05, 0.25])
    truth, rng, held = float(win_rate.win_rate(joint.sum(axis=1))), np.random.default_rng(60), np.zeros(2)
    for seed in range(100):
        table, others = rng.multinomial(60, joint.ravel()).reshape(3, 3), rng.multinomial(600, joint.sum(axis=0))
        ours = interval(table, others, seed=seed, resamples=200)
        judge = win_rate.bootstrap_interval(table.sum(axis=0) + others, resamples=200, level=0.95, seed=seed)
        held += [ours.low <= truth <= ours.high, judge.low <= truth <= judge.high]
    assert held[0] > 88
    assert held[1] < 20


@pytest.mark.parametrize("error", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_the_interval_of_clusters_holds_the_rate_and_has_no_zero_width(value, error):
    found = ppi.clustered_interval(value, error, np.array([4.0] * 20), 0.95)
    assert 0 <= found.low <= value <= found.high <= 1
    assert found.high - found.low > 0.1
    turned = ppi.clustered_interval(1 - value, error, np.array([4.0] * 20), 0.95)
    assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low))


def test_rates_of_clusters_near_one_are_covered():
    """The normal interval of the paper covers .62 to .90 here."""
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(120), 2)
        won = np.where(rng.random(240) < 0.9, (rng.random(120) < 0.96)[group], rng.random(240) < 0.96)
        labels = np.where(won, 0, 2).astype(np.int8)
        judged = np.where(rng.random(240) < 0.8, labels, 2 - labels).astype(np.int8)
        seen = np.where(np.isin(group, rng.permutation(120)[:30]), labels, -1).astype(np.int8)
        found = ppi.corrected_rate(judged, seen, clusters=group)
        ends = ppi.clustered_interval(min(1.0, max(0.0, found.value)), found.error, np.full(30, 2.0), 0.95)
        held += ends.low <= 0.96 <= ends.high
    assert held >= 90


def test_a_judge_without_information_gains_nothing():
    gains = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, 40) * 2.0
        gains.append(ppi.corrected_mean(labels, rng.random(40), rng.random(400)).gain)
    assert np.mean(gains) == pytest.approx(1, abs=0.02)
    assert min(gains) < 1
    assert ppi.corrected_mean([0.0, 1.0], [0.0, 1.0], [0.0, 1.0]).gain is None
