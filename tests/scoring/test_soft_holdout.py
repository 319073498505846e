"""The best by numbers and soft verdicts, chosen on a part of the items and measured on the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import FAILURES, Usage
from harness.records.label_set import number_set
from harness.records.scores import CellScore
from harness.scoring.holdout import NO_EVALUATOR
from harness.scoring.score import DatasetScores
from harness.scoring.soft_holdout import with_held_out
from harness.scoring.soft_scores import SoftData, with_soft
from harness.statistics.holdout import held_out

N = 120
RNG = np.random.default_rng(4)
TRUTH = RNG.normal(5, 2, N)
DATA = SoftData(
    [TRUTH + noise * RNG.normal(size=N) for noise in (3.0, 0.8, 3.0)],
    np.where(np.arange(N) < 100, TRUTH + RNG.normal(size=N), np.nan),
    None,
    scored=[True] * 3,
    label_set=number_set(-10, 20),
    ids=[f"i{at:03}" for at in range(N)],
)


def held(data=DATA, name="pearson", share=0.4, seed=1):
    cells = tuple(
        CellScore(Cell("d", "s", "judge", (f"m{k}",)), N, N, (), (N, *(0 for _ in FAILURES)), {}, Usage())
        for k in range(len(data.values))
    )
    score = ScoreSpec((name,), resamples=100, holdout=share)
    scored = with_soft(DatasetScores("d", cells, {}, None), data, score, seed)
    return with_held_out(scored, data, score, seed).winner


@pytest.mark.parametrize("name", ["pearson", "mae", "rmse", "spearman"])
def test_the_best_is_chosen_on_some_labelled_items_and_measured_on_the_others(name):
    winner = held(name=name)
    found = winner.held_out
    assert found.cell == winner.cell == "d/s/judge:m1"
    assert (found.chosen_on, found.figure.n) == (60, 40)
    assert found.figure.low < found.figure.value < found.figure.high
    assert found.chosen_value is not None


def test_the_order_of_the_items_has_no_influence():
    turned = DATA.part(np.ones(N, bool))
    order = np.random.default_rng(1).permutation(N)
    turned = replace(DATA, values=[one[order] for one in DATA.values], y=DATA.y[order],
                     ids=[DATA.ids[at] for at in order])  # fmt: skip
    one, other = held().held_out, held(turned).held_out
    assert one.figure.value == pytest.approx(other.figure.value)
    assert one.chosen_value == pytest.approx(other.chosen_value)


def test_clusters_are_held_out_whole():
    group = np.repeat(np.arange(N // 4), 4)
    found = held(replace(DATA, group=group)).held_out
    assert found.figure.unit == "cluster"
    assert found.figure.n % 4 == 0
    out = held_out(DATA.ids, group, 0.4, seed=3)
    assert all(len(set(out[group == one])) == 1 for one in set(group))


def test_nothing_is_held_out_where_none_is_wanted_or_no_value_is_better():
    assert held(share=None).held_out is None
    assert held(name="bias").held_out is None
    unlabelled = replace(DATA, y=np.full(N, np.nan))
    assert held(unlabelled).held_out is None


def test_a_metric_that_is_undefined_on_the_part_to_choose_on_chooses_none():
    still = replace(DATA, values=[np.full(N, 3.0)] * 2, scored=[True] * 2)
    assert held(still).held_out is None
    rare = replace(still, values=[np.where(np.arange(N) == 0, 4.0, 3.0)] * 2)
    found = [held(rare, seed=seed).held_out for seed in range(12)]
    assert {one.figure.reason for one in found if one.cell is None} == {NO_EVALUATOR}
    assert any(one.cell is not None for one in found)
