"""Sentences about figures."""

from dataclasses import replace

import pytest

from harness.analysis.power import wording as power_wording
from harness.analysis.power.figures import DatasetPower, Detectable, Reach
from harness.leaderboard import wording
from harness.records.experiment import Choice
from harness.records.figures import RankSet
from harness.records.scores import Difference, Winner


def found(value, low, high, p_value=0.5, loss=0.2376, gain=0.1):
    return Difference("x", value, low, high, p_value, "max-t", loss, detectable_gain=gain)


def test_a_difference_comes_with_its_interval_and_what_could_be_found():
    assert wording.difference(found(0.04, -0.13, 0.21)) == (
        "difference +0.04 [−0.13, +0.21]; this run could detect a loss of 0.24 or a gain of 0.10"
    )


@pytest.mark.parametrize(
    ("loss", "gain", "words"),
    [
        (0.24, None, "a loss of 0.24 and no gain"),
        (None, 0.1, "no loss or a gain of 0.10"),
        (None, None, "no loss and no gain"),
    ],
)
def test_what_no_run_like_it_could_find_is_said(loss, gain, words):
    assert wording.difference(found(0.04, -0.13, 0.21, 0.5, loss, gain)).endswith(f"; this run could detect {words}")


def test_what_is_not_compared_says_why():
    bare = Difference("x", -0.04, reason="too few resamples")
    assert wording.difference(bare) == "difference −0.04, not compared: too few resamples"
    assert wording.difference(Difference("x", reason="no labels")) == "not compared: no labels"


def test_best_of_many_with_and_without_a_correction():
    winner = Winner("fair-eval", "fair-eval/x", "kappa", 12, 0.8341, -0.004, -0.1, 0.1)
    assert wording.best_of_many(winner) == (
        "best of K = 12 on fair-eval: kappa 0.834 is optimistic; corrected for the choice −0.00 [−0.10, 0.10]"
    )
    bare = Winner("fair", "fair/x", "kappa", 2, 0.5, reason="too few items")
    assert wording.best_of_many(bare) == (
        "best of K = 2 on fair: kappa 0.500 is optimistic; not corrected (too few items)"
    )


def test_long_list_names_some_and_counts_the_others():
    sentence = wording.not_distinguishable("fair", "kappa", "best", [f"m{k}" for k in range(8)], n=80, level=0.95)
    assert sentence == (
        "fair: not distinguishable from the best, best, by kappa at n = 80 (level 0.95, intervals "
        "simultaneous over all pairs): m0; m1; m2; m3; m4; and 3 more"
    )


def test_no_sentence_calls_cells_equal():
    said = [value for value in vars(wording).values() if isinstance(value, str) and value != wording.__doc__]
    assert not any("equal" in text for text in said)
    assert "equal" not in wording.degenerate("fair", "kappa", ["x"]) + wording.not_distinguishable(
        "fair", "kappa", "x", ["y"], n=80, level=0.9
    )


CHOICE = Choice(
    axis="strategy", taken="mine", spec="first", run="0123", dataset="d", dataset_digest="0", metric="kappa",
    value=-0.04, corrected=-0.061, low=-0.2, high=0.1, rank=RankSet(1, 3), cell="d/mine/judge:m", candidates=12,
    runner_up="d/direct/judge:m", is_distinguishable=False,
)  # fmt: skip


OTHER = "the best with another strategy, d/direct/judge:m"


@pytest.mark.parametrize(
    ("changed", "ending"),
    [
        ({}, f"−0.040 [−0.200, 0.100], corrected for the choice −0.061, rank 1–3; not distinguishable from {OTHER}"),
        ({"rank": RankSet(1, 1), "is_distinguishable": True}, f", rank 1; distinguishable from {OTHER}"),
        (
            {"low": None, "corrected": None, "rank": None, "is_distinguishable": None},
            f"by kappa, −0.040; not tested against {OTHER}",
        ),
        ({"runner_up": None, "is_distinguishable": None}, "rank 1–3; no cell has another strategy"),
    ],
)
def test_upstream_choice_states_its_certainty(changed, ending):
    said = wording.chosen_upstream(replace(CHOICE, **changed))
    assert said.startswith("the strategy mine is taken over from first, run 0123: d/mine/judge:m is the best of 12 by ")
    assert said.endswith(ending)


def test_choice_on_the_same_data_is_optimistic():
    assert wording.chosen_on_the_same_data("d", CHOICE).startswith(
        "d: the strategy was chosen as the best of 12 on the same data, so "
    )


def test_a_difference_that_was_found_comes_with_its_interval_and_its_p_value():
    assert (
        wording.significant(found(-0.28, -0.45, -0.11, 0.0004)) == "difference −0.28 [−0.45, −0.11], adjusted p < 0.001"
    )
    assert wording.compared_with_baseline("fair", "kappa", "better than x", ["y, so far"], n=80, level=0.95) == (
        "fair: better than x by kappa at n = 80 (level 0.95, intervals simultaneous over all pairs): y, so far"
    )


def test_equivalence_states_its_margin():
    told = [
        wording.equivalent("fair", "kappa", to, ["y"], margin=0.05, level=0.95) for to in (wording.the_best("x"), "x")
    ]
    ending = "by kappa within the margin of ±0.05 (level 0.95, intervals simultaneous over all pairs): y"
    assert told == [f"fair: equivalent to the best, x, {ending}", f"fair: equivalent to x {ending}"]


def test_what_a_run_can_detect_is_told_for_one_pair_and_for_all():
    one = Reach(1.96, Detectable(0.1), Detectable(None))
    every = Reach(2.3, Detectable(0.15), Detectable(0.12))
    power = DatasetPower("fair", "simulated", 3, 80, 80, False, ())
    assert power_wording.can_detect(power, "kappa", one, every) == (
        "fair: between two cells, can detect a loss of 0.10 and no gain in kappa; among all 3 pairs a loss of 0.15 or "
        "a gain of 0.12 (n = 80, power 0.8, by simulated judges)"
    )
    power = replace(power, cells=2, source="pilot")
    one = Reach(1.96, Detectable(None), Detectable(None))
    assert power_wording.can_detect(power, "kappa", one, every) == (
        "fair: between two cells, can detect no loss and no gain in kappa (n = 80, power 0.8, by the newest run)"
    )
    assert power_wording.cannot_detect("fair", "kappa", "n = 1") == (
        "fair: no difference in kappa can be promised to be found: n = 1"
    )
