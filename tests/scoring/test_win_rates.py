"""Win rates as figures: what is said of a judge, of labels, and of both."""

import numpy as np
import pytest

from harness.records.experiment import ScoreSpec
from harness.scoring.estimates import TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.scoring.win_rates import (
    CLUSTER_SIGN_TEST,
    NO_LABELS,
    NO_VERDICTS,
    NOT_DECIDED,
    SIGN_TEST,
    Seen,
    human_rates,
    judge_rates,
    sign_figure,
)
from harness.statistics.win_rate import TIES

QUICK = ScoreSpec(resamples=500)


def world(n=600, labelled=100, seed=1, skill=0.7, failing=0.0):
    """A judge's outcomes, and labels of the first items."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=[0.5, 0.1, 0.4])
    outcomes = np.where(rng.random(n) < skill, truth, rng.choice(3, n, p=[0.8, 0.1, 0.1]))
    outcomes = np.where(rng.random(n) < failing, 4, outcomes).astype(np.int8)
    return outcomes, np.where(np.arange(n) < labelled, truth, -1).astype(np.int8)


def rates(outcomes, labels, clusters=None, score=QUICK):
    human = human_rates(labels, clusters, score, 1)
    return human, judge_rates(Seen(outcomes, labels, clusters), human, score, judge_seed=2, seed=3)


def codes(*values):
    return np.array(values, np.int8)


@pytest.mark.parametrize("ties", TIES)
def test_a_judge_that_leans_is_put_right(ties):
    human, found = rates(*world(n=6_000, labelled=400))
    rate = found[ties]
    truth = {"half": 0.55, "lose": 0.5, "dropped": 5 / 9}[ties]
    assert rate.judge.low > truth + 0.01
    assert rate.corrected.low < truth < rate.corrected.high
    assert rate.corrected.high - rate.corrected.low < human[ties].high - human[ties].low
    assert 0 < rate.power <= 1
    assert rate.gain > 1.2
    assert rate.corrected.n == human[ties].n == rate.corrected.units
    assert (rate.all_lost, rate.all_won) == (rate.judge.value, rate.judge.value)


def test_intervals_come_from_their_seeds():
    one, other = rates(*world())[1], rates(*world())[1]
    assert one == other
    assert one["half"].judge.seed == f"{2:032x}"
    assert one["half"].corrected.seed == f"{3:032x}"
    assert one["half"].corrected.method == "bootstrap"


def test_failures_are_left_out_with_bounds():
    outcomes, labels = world(failing=0.2)
    _, found = rates(outcomes, labels)
    rate = found["half"]
    assert rate.judge.n == int((outcomes < 3).sum())
    assert rate.all_lost < rate.judge.value < rate.all_won
    assert rate.all_won - rate.all_lost == pytest.approx((outcomes > 2).mean())


def test_clusters_are_the_units():
    outcomes, labels = world()
    human, found = rates(outcomes, labels, np.arange(600) // 2)
    assert human["half"].unit == found["half"].judge.unit == found["half"].corrected.unit == "cluster"
    assert (human["half"].units, found["half"].judge.units, found["half"].corrected.units) == (50, 300, 50)
    assert found["half"].corrected.method == "clustered"
    assert human["half"].design_effect == pytest.approx(1, abs=0.4)
    assert found["half"].corrected.low < found["half"].corrected.value < found["half"].corrected.high


def test_every_item_twice_changes_no_clustered_figure():
    outcomes, labels = world()
    once = rates(outcomes, labels, np.arange(600))[1]["half"]
    twice = rates(np.tile(outcomes, 2), np.tile(labels, 2), np.tile(np.arange(600), 2))[1]["half"]
    assert twice.corrected.low == pytest.approx(once.corrected.low)
    assert twice.judge.high == pytest.approx(once.judge.high)


def test_with_every_item_labelled_the_judge_adds_nothing():
    outcomes, labels = world(n=100)
    human, found = rates(outcomes, labels)
    assert found["half"].power == 0
    assert found["half"].gain == 1
    assert found["half"].corrected.value == human["half"].value


@pytest.mark.parametrize(
    ("outcomes", "labels", "clusters", "reasons"),
    [
        pytest.param([0] * 30, [-1] * 30, None, ("", NO_LABELS, NO_LABELS), id="no labels"),
        pytest.param([0] * 30, [0] + [-1] * 29, None, ("", TOO_FEW_ITEMS, TOO_FEW_ITEMS), id="one label"),
        pytest.param([4] * 30, [0, 2] * 15, None, (NO_VERDICTS, "", ""), id="only failures"),
        pytest.param([0], [0], None, (TOO_FEW_ITEMS,) * 3, id="one item"),
        pytest.param([0, 2] * 15, [0, 2] * 15, [0] * 30, (TOO_FEW_CLUSTERS,) * 3, id="one cluster"),
        pytest.param([0] * 10, [0] * 10, list(range(10)), (TOO_FEW_ITEMS,) * 3, id="few items in clusters"),
        pytest.param([], [], None, (NO_VERDICTS, NO_LABELS, NO_LABELS), id="nothing at all"),
    ],
)
def test_what_is_undefined_says_why(outcomes, labels, clusters, reasons):
    units = None if clusters is None else np.array(clusters)
    human, found = rates(codes(*outcomes), codes(*labels), units)
    rate = found["half"]
    assert (rate.judge.reason, human["half"].reason, rate.corrected.reason) == reasons
    assert (rate.power is None) == (NO_LABELS in reasons)


def test_all_ties_are_half_won_and_none_decided():
    human, found = rates(np.ones(60, np.int8), np.where(np.arange(60) < 30, 1, -1).astype(np.int8))
    assert human["half"].value == found["half"].corrected.value == 0.5
    assert human["lose"].value == 0
    for figure in (human["dropped"], found["dropped"].judge, found["dropped"].corrected):
        assert (figure.value, figure.reason) == (None, NOT_DECIDED)
    assert found["dropped"].power is None


def test_a_constant_judge_is_not_relied_on():
    _, labels = world()
    human, found = rates(np.zeros(600, np.int8), labels)
    assert found["half"].power == 0
    assert found["half"].judge.value == 1
    assert found["half"].corrected.value == human["half"].value
    assert found["half"].corrected.low == pytest.approx(human["half"].low, abs=0.02)


def test_the_sign_test_counts_items_or_clusters():
    outcomes = codes(0, 0, 0, 0, 0, 0, 2, 1, 1, 5)
    alone = sign_figure(outcomes, None, QUICK)
    assert (alone.value, alone.n, alone.reason) == (0.125, 7, SIGN_TEST)
    clustered = sign_figure(outcomes, np.array([0, 0, 0, 0, 0, 1, 2, 3, 4, 5]), QUICK)
    assert (clustered.value, clustered.n, clustered.units, clustered.reason) == (1.0, 7, 3, CLUSTER_SIGN_TEST)
    assert sign_figure(codes(1, 1), None, QUICK).reason == NOT_DECIDED
    assert sign_figure(codes(), None, QUICK).reason == NO_LABELS


def test_clusters_of_ties_alone_count_for_nothing_where_ties_are_dropped():
    outcomes, labels = world(n=120)
    outcomes, cluster = np.where(outcomes == 1, 0, outcomes).astype(np.int8), np.arange(120) // 3
    tied = np.concatenate([outcomes, np.ones(90, np.int8)])
    padded, groups = np.concatenate([labels, np.full(90, -1, np.int8)]), np.concatenate([cluster, 100 + np.arange(90)])
    alone, among = rates(outcomes, labels, cluster)[1], rates(tied, padded, groups)[1]
    same = ("value", "low", "high", "n", "units", "design_effect")
    assert [getattr(among["dropped"].judge, name) for name in same] == [
        getattr(alone["dropped"].judge, name) for name in same
    ]
    assert among["half"].judge.n == 210


@pytest.mark.parametrize(("clusters", "flags"), [(20, ("few-clusters",)), (29, ("few-clusters",)), (33, ()), (50, ())])
def test_few_clusters_are_flagged(clusters, flags):
    outcomes, labels = world(n=600, labelled=100)
    units = np.concatenate([np.arange(100) % clusters, 1000 + np.arange(500)])
    assert rates(outcomes, labels, units)[1]["half"].corrected.flags == flags
