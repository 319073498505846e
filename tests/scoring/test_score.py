"""Judgments to scores."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from harness.records.judgments import OUTCOMES
from harness.scoring.score import score_cells
from support.labelled import QUICK, Labelled, cells, judge, labels, score
from support.paths import SUPPORT

CODES = labels(120)
GOOD, POOR = judge(CODES, 0.8, 1), judge(CODES, 0.3, 2)


def figures(codes=CODES, outcomes=GOOD, clusters=None, **options):
    return score(Labelled(codes, clusters), {"m": outcomes}, replace(QUICK, **options)).scores[0].figures


def test_a_score_counts_and_estimates():
    found = score(Labelled(CODES), {"good": GOOD, "poor": POOR}).scores
    assert [s.cell.models for s in found] == [("good",), ("poor",)]
    kappa = found[0].figures["kappa"]
    assert kappa.value == pytest.approx(cohen_kappa_score(CODES, GOOD))
    assert kappa.low < kappa.value < kappa.high
    assert (kappa.n, kappa.method, kappa.resamples, kappa.unit, kappa.units, kappa.systems) == (
        (120, "bootstrap", 400, "item", 120, 2)
    )
    assert len(kappa.seed) == 32
    assert np.array(found[0].table)[:, :3].sum() == found[0].n == found[0].items == 120
    assert found[0].usage == (1000, 10, 5, 0.0025, 0, ())


def test_every_metric_stands_beside_the_listed_ones():
    names = {name for name in figures(metrics=("kappa",)) if "." not in name}
    assert names >= {"kappa", "accuracy", "ac1", "kappa-linear", "kappa-ab"}


@pytest.mark.parametrize("method", ["bootstrap", "percentile", "bca", "analytic"])
def test_every_method_gives_an_interval_around_the_value(method):
    for name in ("kappa", "accuracy", "ac1", "kappa-linear", "kappa-ab"):
        figure = figures(interval=method, resamples=2000)[name]
        assert figure.low < figure.value < figure.high, name
        assert figure.method == method
        assert (figure.seed == "") == (figure.resamples == 0) == (method == "analytic")


def test_a_wider_level_is_a_wider_interval():
    narrow, wide = (figures(level=level, resamples=4000)["kappa"] for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_another_evaluator_or_metric_changes_nobodys_interval():
    alone = score(Labelled(CODES), {"good": GOOD}, replace(QUICK, metrics=("kappa",))).scores[0].figures
    among = score(Labelled(CODES), {"poor": POOR, "good": GOOD, "same": GOOD}).scores
    assert {name: replace(figure, systems=1) for name, figure in among[1].figures.items()} == dict(alone)
    assert among[2].figures["kappa"].seed != among[1].figures["kappa"].seed
    assert score(Labelled(CODES), {"good": GOOD}, seed=8).scores[0].figures["kappa"].low != alone["kappa"].low


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(120)))
def test_the_order_of_items_changes_nothing(order):
    order = np.array(order)
    assert figures(CODES[order], GOOD[order]) == figures()


def test_failures_count_as_disagreement_and_bounds_enclose():
    outcomes = judge(CODES, 0.7, 3, failing=0.15)
    found = score(Labelled(CODES), {"m": outcomes}).scores[0]
    table = np.array(found.table)
    failed = table[:, 3:].sum()
    assert list(found.outcomes) == [int((outcomes == k).sum()) for k in range(len(OUTCOMES))]
    for name in ("kappa", "accuracy", "ac1", "kappa-linear"):
        got = {ending: found.figures[f"{name}.{ending}"] for ending in ("failures-wrong", "failures-right")}
        assert got["failures-wrong"].value <= found.figures[name].value < got["failures-right"].value
        assert all(figure.low is None and figure.reason and figure.n == 120 for figure in got.values())
        assert found.figures[f"{name}.complete-case"].n == 120 - failed
    answered = outcomes < 3
    expected = cohen_kappa_score(CODES[answered], outcomes[answered])
    assert found.figures["kappa.complete-case"].value == pytest.approx(expected)
    fourth = np.where(answered, outcomes, 3)
    assert found.figures["kappa"].value == pytest.approx(cohen_kappa_score(CODES, fourth))


def test_without_failures_all_companions_are_the_value():
    found = figures()
    for ending in ("complete-case", "failures-wrong", "failures-right"):
        assert found[f"kappa.{ending}"].value == found["kappa"].value


def test_a_judge_that_only_failed_agrees_with_nobody():
    found = figures(outcomes=np.full(120, OUTCOMES.index("refused")))
    assert found["accuracy"].value == 0
    assert found["kappa"].value == 0
    assert found["accuracy.complete-case"].value is None
    assert found["accuracy.complete-case"].reason == "every judgment failed"
    assert found["accuracy.failures-right"].value == found["kappa.failures-right"].value == 1
    assert found["kappa-ab.failures-wrong"].value < 0


def test_worst_case_is_undefined_where_every_world_is():
    found = figures(np.ones(30, dtype=np.int8), np.full(30, 3))
    assert found["kappa-ab"].value is None
    assert found["kappa-ab.failures-wrong"].value is None


def test_below_twenty_items_there_are_no_intervals():
    found = figures(CODES[:19], GOOD[:19])
    assert found["accuracy"].value is not None
    assert found["accuracy"].low is None
    assert found["accuracy"].method == "none"
    assert "fewer than 20" in found["accuracy"].reason
    assert figures(CODES[:20], GOOD[:20])["accuracy"].low is not None


def test_undefined_is_none_with_a_reason():
    found = figures(np.zeros(40, dtype=np.int8), np.zeros(40))
    assert found["kappa"].value is None
    assert "chance" in found["kappa"].reason
    assert found["accuracy"].value == 1
    assert found["accuracy"].flags == ("degenerate",)


def test_a_constant_judge_is_flagged():
    kappa = figures(outcomes=np.zeros(120))["kappa"]
    assert kappa.value == 0
    assert kappa.flags == ("degenerate",)
    assert figures()["kappa"].flags == ()
    still = figures(outcomes=np.zeros(120), interval="analytic")["kappa"]
    assert (still.low, still.high) == (0, 0)


def test_an_interval_that_cannot_be_computed_says_why():
    perfect = figures(outcomes=CODES, interval="bca")["kappa"]
    assert perfect.value == 1
    assert perfect.low is None
    assert "spread" in perfect.reason


def test_undefined_resamples_are_told():
    codes = np.zeros(25, dtype=np.int8)
    codes[0] = 2
    kappa = figures(codes, codes, interval="percentile", resamples=4000)["kappa"]
    assert kappa.undefined_share == pytest.approx(0.36, abs=0.04)
    assert "undefined-resamples" in kappa.flags


def test_items_without_a_label_are_left_out():
    codes = np.append(CODES, np.full(30, -1, dtype=np.int8))
    outcomes = np.append(GOOD, np.full(30, 4, dtype=np.int8))
    found = score(Labelled(codes), {"m": outcomes}).scores[0]
    assert found.figures == figures()
    assert (found.n, found.items, found.outcomes[4]) == (120, 150, 30)


def test_without_labels_nothing_is_defined():
    found = score(Labelled(np.full(50, -1, dtype=np.int8)), {"m": GOOD[:50]})
    assert found.scores[0].n == 0
    assert {(f.value, f.reason) for f in found.scores[0].figures.values()} == {(None, "no reference labels")}
    assert found.contests == {"kappa": None, "accuracy": None}


def test_clusters_are_the_unit():
    codes, clusters = np.repeat(CODES, 2), np.repeat(np.arange(120), 2)
    kappa = figures(codes, np.repeat(GOOD, 2), clusters)["kappa"]
    single = figures(interval="analytic")["kappa"]
    assert (kappa.unit, kappa.units, kappa.n, kappa.method, kappa.resamples) == ("cluster", 120, 240, "clustered", 2000)
    assert kappa.design_effect == pytest.approx(2, rel=0.02)
    assert kappa.value == pytest.approx(single.value)
    assert kappa.high - kappa.low == pytest.approx(single.high - single.low, rel=0.1)
    assert kappa.flags == ()


def test_clusters_without_items_of_a_figure_do_not_count_for_it():
    codes, clusters = CODES.copy(), np.arange(120) // 4
    codes[:40] = 1
    assert figures(codes, GOOD, clusters)["kappa"].units == 30
    assert figures(codes, GOOD, clusters)["kappa-ab"].units == 20


@pytest.mark.parametrize(
    ("count", "has_interval", "flags"), [(29, True, ("few-clusters",)), (7, False, ("few-clusters",))]
)
def test_few_clusters_warn_and_fewer_give_nothing(count, has_interval, flags):
    kappa = figures(clusters=np.arange(120) % count)["kappa"]
    assert kappa.flags == flags
    assert (kappa.low is not None) == has_interval
    assert ("clusters" in kappa.reason) != has_interval


def test_one_cluster_and_few_items_in_clusters_have_neither_interval_nor_effect():
    one = figures(clusters=np.zeros(120, dtype=np.int64))["kappa"]
    assert one.low is one.design_effect is None
    few = figures(CODES[:10], GOOD[:10], np.arange(10))["accuracy"]
    assert "fewer than 20" in few.reason


def test_a_constant_judge_in_clusters_is_flagged_too():
    kappa = figures(outcomes=np.zeros(120), clusters=np.arange(120) // 2)["kappa"]
    assert kappa.flags == ("degenerate",)
    assert kappa.design_effect == 2  # nothing is known of the correlation, so the worst is taken
    assert kappa.low < kappa.value == 0 < kappa.high


NOT_ITEMS_BY_CELLS = r"^outcomes are \(\d+,( \d+)?\), not items × cells = \(120, 1\)$"
NO_POSITIONS = "^outcomes must be positions in "


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        (np.zeros((119, 1)), NOT_ITEMS_BY_CELLS),
        (np.zeros((121, 1)), NOT_ITEMS_BY_CELLS),
        (np.zeros((120, 2)), NOT_ITEMS_BY_CELLS),
        (np.zeros((120, 0)), NOT_ITEMS_BY_CELLS),
        (np.zeros(120), NOT_ITEMS_BY_CELLS),
        (np.r_[np.zeros(119), len(OUTCOMES)][:, None], NO_POSITIONS),
        (np.r_[-1, np.zeros(119)][:, None], NO_POSITIONS),
    ],
)
def test_outcomes_that_do_not_fit_are_refused(outcomes, reason):
    with pytest.raises(ValueError, match=reason):
        score_cells(cells("m"), Labelled(CODES), outcomes.astype(np.int8), QUICK, 7, [(0, 0, 0)], [None])


def test_contests_find_what_differs_and_leave_out_what_cannot_be_compared():
    undefined = np.zeros(120)
    found = score(Labelled(CODES), {"good": GOOD, "poor": POOR, "copy": GOOD, "still": undefined})
    kappa = found.contests["kappa"]
    assert kappa.members == (2, 0, 1, 3)  # by their ids
    one = kappa.held_against(0, 1)
    assert one.is_distinguishable
    assert not kappa.held_against(0, 2).is_distinguishable
    assert kappa.rank_sets()[0] == kappa.rank_sets()[2] == (1, 2)
    assert one.value == pytest.approx(found.scores[0].figures["kappa"].value - found.scores[1].figures["kappa"].value)
    error = kappa.comparisons.errors[1, 2]  # positions among the members
    assert 1.96 * error < one.value - one.low == pytest.approx(kappa.comparisons.critical * error)
    small = score(Labelled(CODES[:19]), {"good": GOOD[:19]})
    assert small.contests["kappa"] is None


def test_contest_on_few_items_of_one_cell_leaves_that_cell_out():
    ties = np.where(np.arange(120) < 110, 1, GOOD)
    found = score(Labelled(CODES), {"good": GOOD, "ties": ties, "poor": POOR}, replace(QUICK, metrics=("kappa-ab",)))
    assert found.contests["kappa-ab"].members == (0, 2)


def test_clusters_make_contests_wider():
    codes, clusters = np.repeat(CODES, 2), np.repeat(np.arange(120), 2)
    twice = {"good": np.repeat(GOOD, 2), "poor": np.repeat(POOR, 2)}
    clustered = score(Labelled(codes, clusters), twice).contests["kappa"]
    reach, naive = (
        contest.comparisons.reach[0, 1] for contest in (clustered, score(Labelled(codes), twice).contests["kappa"])
    )
    assert reach > 1.35 * naive
    assert reach > 1.959964 * clustered.comparisons.errors[0, 1]


def test_a_hundred_thousand_items_and_ten_cells_are_fast():
    codes = labels(100_000)
    outcomes = np.column_stack([judge(codes, 0.5, k) for k in range(10)])
    named = cells(*(f"m{k}" for k in range(10)))
    start = time.process_time()
    score_cells(named, Labelled(codes), outcomes, replace(QUICK, resamples=10_000), 7, [(0, 0, 0)] * 10, [None] * 10)
    assert time.process_time() - start < 10  # a generous bound: about 0.2 s in all threads


def test_scoring_independent_items_imports_no_scipy():
    program = (
        "import sys, numpy as np; from support.labelled import *; "
        "codes = labels(50); score(Labelled(codes), {'m': codes});"
        "board_of(score(Labelled(codes), {'m': codes}));"
        "sys.exit(bool({'scipy', 'sklearn', 'openai'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT.parent)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert done.returncode == 0


def test_a_difference_says_all_that_can_be_said_of_it():
    found = score(Labelled(CODES), {"good": GOOD, "poor": POOR, "copy": GOOD}, replace(QUICK, margin=0.9))
    kappa, accuracy = found.contests["kappa"], found.contests["accuracy"]
    one = kappa.held_against(1, 0)
    assert one.to == "fair/direct/judge:good"
    assert one.low < one.value < one.high < 0
    assert one.high - one.low == pytest.approx(2 * kappa.comparisons.reach[1, 2])
    assert 0 < one.detectable_gain < one.detectable < 1
    assert one.is_distinguishable
    assert one.is_equivalent
    assert one.p_value == kappa.comparisons.p_values[1, 2]
    assert one.exact_p is None
    right = np.column_stack([GOOD == CODES, POOR == CODES])
    only = [int((right[:, k] & ~right[:, 1 - k]).sum()) for k in (0, 1)]
    assert accuracy.held_against(1, 0).exact_p == pytest.approx(binomtest(min(only), sum(only)).pvalue)
    copy = kappa.held_against(2, 0)
    assert (copy.value, copy.p_value, copy.is_distinguishable, copy.is_equivalent) == (0, 1, False, True)
    assert copy.low < -0.02 < 0.02 < copy.high


def test_only_an_interval_within_the_margin_makes_two_equivalent():
    judges = {"good": GOOD, "poor": POOR}
    assert score(Labelled(CODES), judges).contests["kappa"].held_against(1, 0).is_equivalent is None
    narrow = score(Labelled(CODES), judges, replace(QUICK, margin=0.01)).contests["kappa"].held_against(1, 0)
    assert narrow.is_equivalent is False


def test_what_cannot_be_compared_has_no_difference_but_a_reason():
    ties = np.where(np.arange(120) < 110, 1, GOOD)
    found = score(Labelled(CODES), {"good": GOOD, "ties": ties}, replace(QUICK, metrics=("kappa-ab",)))
    difference = found.contests["kappa-ab"].held_against(1, 0)
    assert (difference.low, difference.p_value, difference.is_distinguishable) == (None, None, False)
    assert difference.reason == "fair/direct/judge:ties rests on too little to be compared"


def test_too_few_draws_for_an_interval_are_told():
    found = score(
        Labelled(CODES), {"good": GOOD, "poor": POOR, "copy": GOOD}, replace(QUICK, resamples=100, level=0.9999)
    )
    difference = found.contests["kappa"].held_against(1, 0)
    assert (difference.low, difference.is_distinguishable) == (None, False)
    assert "too few resamples" in difference.reason


def test_kappa_is_not_compared_where_nearly_all_labels_are_the_same():
    codes = np.zeros(40, dtype=np.int8)
    codes[0] = 2
    found = score(Labelled(codes), {"right": codes, "near": np.zeros(40, dtype=np.int8)})
    kappa, accuracy = found.contests["kappa"], found.contests["accuracy"]
    assert kappa.rank_sets() == {}
    difference = kappa.held_against(1, 0)
    assert (difference.value, difference.low, difference.p_value) == (-1, None, None)
    assert difference.reason == (
        "only 1 of 40 items have another label than the most frequent one, kappa needs 5: compare by accuracy"
    )
    assert accuracy.held_against(1, 0).low < 0 < accuracy.held_against(1, 0).high


def test_a_few_large_clusters_are_refused_for_all_alike():
    clusters = np.r_[np.zeros(70, int), np.repeat(np.arange(1, 26), 2)]
    contest = score(Labelled(CODES, clusters), {"good": GOOD, "poor": POOR}).contests["kappa"]
    assert contest.comparisons is None
    assert contest.held_against(1, 0).reason.startswith("a few large clusters hold most items")


def test_exact_tests_ask_for_independent_items():
    clustered = score(Labelled(CODES, np.arange(120) // 2), {"good": GOOD, "poor": POOR})
    assert clustered.contests["accuracy"].held_against(1, 0).exact_p is None


def test_the_best_is_measured_on_items_that_its_choice_did_not_see():
    judges = {"good": GOOD, "poor": POOR}
    held = score(Labelled(CODES), judges, replace(QUICK, holdout=0.4)).winner.held_out
    assert held.cell == "fair/direct/judge:good"
    assert (held.chosen_on, held.figure.n) == (72, 48)
    assert held.figure.low < held.figure.value < held.figure.high
    assert score(Labelled(CODES), judges).winner.held_out is None


def test_few_items_held_out_are_counted_and_no_more():
    held = score(Labelled(CODES[:30]), {"good": GOOD[:30]}, replace(QUICK, holdout=0.5)).winner.held_out
    assert held.figure.value is not None
    assert "fewer than 20" in held.figure.reason


def test_nothing_to_choose_on_is_told():
    still = np.zeros(120, np.int8)
    held = score(Labelled(still), {"still": still}, replace(QUICK, holdout=0.5)).winner.held_out
    assert (held.cell, held.figure.value) == (None, None)
    assert "no cell has a value" in held.figure.reason
    unlabelled = Labelled(np.full(120, -1, np.int8))
    assert score(unlabelled, {"still": still}, replace(QUICK, holdout=0.5)).winner.held_out is None
