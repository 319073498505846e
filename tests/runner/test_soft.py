"""Soft verdicts of the cells of a run, and where they come from."""

from __future__ import annotations

import numpy as np
import pytest

from harness.records.experiment import Cell
from harness.records.label_set import LabelSet
from harness.runner.soft import SoftVerdicts, _of_cell, _of_single, soft_labels, verdict_shares

NAN = np.nan
CODES = np.array([0, 2, 1, 3], np.int8)
NONE = np.full((4, 3), NAN)
JUDGE = Cell("d", "s", "judge", ("x",))


def jury(weights=None) -> Cell:
    return Cell("d", "s", "jury", ("x", "y"), settings={"weights": weights})


def of(cell=JUDGE, numbers=NONE, votes=None, members=(), scales=None) -> SoftVerdicts:
    return _of_cell(cell, CODES, np.array(numbers, float), votes, members, scales or {})


def test_probability_of_the_replies_comes_first():
    found = of(numbers=[[1, 0, 0.9], [0, 1, 0.1], [1, 1, 0.5], [NAN, NAN, NAN]], scales={"s": {"min": 0, "max": 1}})
    assert found.source == "preference"
    assert found.values[:3].tolist() == [0.9, 0.1, 0.5]
    assert np.isnan(found.values[3])


def test_difference_of_scores_is_placed_on_the_scale():
    scores = [[10, 0, NAN], [2, 7, NAN], [5, 5, NAN], [NAN, NAN, NAN]]
    found = of(numbers=scores, scales={"s": {"min": 0, "max": 10}})
    assert (found.source, found.span) == ("scores", 10)
    assert found.values[:3].tolist() == [1, 0.25, 0.5]


def test_votes_of_repeats_are_shares_and_failures_abstain():
    votes = np.array([[0, 0, 2], [2, 2, 3], [0, 2, 1], [3, 3, 3]], np.int8)
    found = of(votes=votes)
    assert found.source == "votes"
    assert found.values[:3] == pytest.approx([2 / 3, 0, 0.5])
    assert np.isnan(found.values[3])


def test_members_of_a_jury_vote_with_their_weights():
    x = SoftVerdicts(Cell("d", "s", "judge", ("x",)), np.array([0, 0, 1, 3], np.int8), None, None)
    y = SoftVerdicts(Cell("d", "s", "judge", ("y",)), np.array([0, 2, 2, 3], np.int8), None, None)
    assert of(jury(), members=(x, y)).values[:3] == pytest.approx([1, 0.5, 0.25])
    assert of(jury({"x": 3, "y": 1}), members=(x, y)).values[:3] == pytest.approx([1, 0.75, 0.375])


def test_jury_of_soft_judges_averages_their_probabilities():
    x, y = (
        SoftVerdicts(Cell("d", "s", "judge", (name,)), CODES, np.array(p), "preference")
        for name, p in (("x", [0.8, 0.4, 0.5, NAN]), ("y", [0.6, 0.0, 0.5, NAN]))
    )
    found = of(jury(), members=(x, y))
    assert (found.source, found.values[:3].round(9).tolist()) == ("preference", [0.7, 0.2, 0.5])


def test_cell_with_hard_verdicts_alone_has_none():
    assert of().values is None


PASS = LabelSet(("fail", "pass"), positive="pass")
GRADES = LabelSet(("1", "2", "3"), is_ordered=True, values=(1.0, 2.0, 3.0))
TONES = LabelSet(("calm", "angry", "sad"))
LABELLED = np.array([1, 0, 1, 2], np.int8)


def of_single(cell=JUDGE, numbers=NONE, votes=None, members=(), labels=PASS, codes=LABELLED) -> SoftVerdicts:
    return _of_single(cell, codes, np.array(numbers, float), votes, members, labels)


def test_a_score_of_a_single_response_stays_as_it_is():
    found = of_single(numbers=[[-3.5, NAN, NAN], [12, NAN, NAN], [5, NAN, NAN], [NAN, NAN, NAN]])
    assert (found.source, found.is_scored) == ("scores", True)
    assert found.values[:3].tolist() == [-3.5, 12, 5]
    assert np.isnan(found.values[3])


def test_a_probability_of_the_positive_label_comes_before_a_score():
    found = of_single(numbers=[[8, NAN, 0.9], [2, NAN, 0.1], [5, NAN, 0.6], [NAN, NAN, NAN]])
    assert (found.source, found.is_scored, found.values[:3].tolist()) == ("preference", False, [0.9, 0.1, 0.6])


def test_votes_on_a_single_response_are_shares_of_the_positive_label():
    votes = np.array([[1, 1, 0], [0, 0, 2], [1, 1, 1], [2, 3, 2]], np.int8)
    found = of_single(votes=votes)
    assert (found.source, found.is_scored, found.values[:3].round(9).tolist()) == ("votes", False, [0.666666667, 0, 1])
    x, y = (SoftVerdicts(Cell("d", "s", "judge", (name,)), np.array(codes, np.int8), None, None)
            for name, codes in (("x", [1, 0, 0, 2]), ("y", [1, 0, 1, 2])))  # fmt: skip
    assert of_single(jury(), members=(x, y)).values[:3].tolist() == [1, 0, 0.5]
    assert of_single(jury({"x": 3, "y": 1}), members=(x, y)).values[:3].tolist() == [1, 0, 0.25]


def test_a_cell_whose_judgments_all_failed_has_no_values_and_is_not_one_of_labels_alone():
    found = of_single(codes=np.array([2, 3, 2, 2], np.int8))
    assert (np.isnan(found.values).all(), found.source) == (True, None)


def test_votes_of_grades_are_their_mean_and_other_labels_have_none():
    votes = np.array([[2, 1], [0, 3], [1, 1], [3, 3]], np.int8)
    graded = of_single(votes=votes, labels=GRADES, codes=np.array([1, 0, 1, 3], np.int8))
    assert graded.values[:3].tolist() == [2.5, 1, 2]
    assert of_single(votes=votes, labels=TONES).values is None


def test_labels_count_as_shares_or_numbers():
    codes = np.array([[1, 1, 0], [0, -1, -1], [-1, -1, -1]], np.int8)
    assert soft_labels(codes, PASS)[:2] == pytest.approx([2 / 3, 0])
    assert soft_labels(codes, GRADES)[:2] == pytest.approx([5 / 3, 1])
    assert np.isnan(soft_labels(codes, PASS)[2])
    assert np.isnan(soft_labels(codes, TONES)).all()
    assert verdict_shares(np.array([0, 1, 2, 5], np.int8), PASS)[:2].tolist() == [0, 1]
    assert np.isnan(verdict_shares(np.array([2, 5], np.int8), PASS)).all()
