"""Strengths as figures, with a reason where there is none."""

import numpy as np
import pytest

from harness.analysis.correct.strengths import strengths_of
from harness.scoring.estimates import TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.statistics import bradley_terry as bt

MODELS_A = ["x", "y", "z"] * 20
MODELS_B = ["y", "z", "x"] * 20
VERDICTS = np.tile(np.array([0, 0, 2, 0, 1, 0], np.int8), 10)


def strengths(codes=VERDICTS, cluster=None, **columns):
    return strengths_of(("x", "y", "z"), (MODELS_A, MODELS_B), {None: codes, **columns}, cluster, 0.95)


def test_the_strongest_comes_first_with_an_interval():
    found = strengths()
    assert [each.system for each in found] == ["x", "y", "z"]
    assert sum(each.figure.value for each in found) == pytest.approx(0, abs=1e-9)
    assert all(each.figure.low < each.figure.value < each.figure.high for each in found)
    assert {(each.figure.method, each.figure.n, each.figure.units) for each in found} == {("sandwich", 40, 60)}


def test_labels_and_cells_stand_one_after_the_other_and_failures_are_left_out():
    failing = np.where(np.arange(60) < 3, 5, VERDICTS).astype(np.int8)
    found = strengths(judge=failing)
    assert [each.by for each in found] == [None] * 3 + ["judge"] * 3
    assert {each.figure.n for each in found[3:]} == {38}


def test_two_systems_have_a_win_rate_instead():
    assert strengths_of(("x", "y"), (["x"], ["y"]), {None: np.zeros(1, np.int8)}, None, 0.95) == ()


def test_infinite_strengths_stand_above_and_below():
    found = strengths(np.tile(np.array([0, 0, 2], np.int8), 20))
    assert [(each.system, each.standing, each.figure.value) for each in found] == [
        ("x", "above", None),
        ("z", "below", None),
        ("y", None, None),
    ]
    assert [each.figure.reason for each in found] == [bt.UNDEFEATED, bt.WINLESS, bt.NO_GROUP]


def test_without_labels_nobody_was_compared():
    found = strengths(np.full(60, -1, np.int8))
    assert {each.figure.reason for each in found} == {bt.ALONE}
    assert {(each.figure.n, each.standing) for each in found} == {(0, None)}


def test_little_data_has_no_interval():
    few = np.where(np.arange(60) < 12, VERDICTS, -1).astype(np.int8)
    assert {each.figure.reason for each in strengths(few)} == {TOO_FEW_ITEMS}
    assert {each.figure.reason for each in strengths(cluster=np.arange(60) % 7)} == {TOO_FEW_CLUSTERS}
    assert {each.figure.unit for each in strengths(cluster=np.arange(60) % 20)} == {"cluster"}


def test_all_ties_are_no_spread():
    found = strengths(np.ones(60, np.int8))
    assert {each.figure.value for each in found} == {0.0}
    assert {each.figure.flags for each in found} == {("degenerate",)}
