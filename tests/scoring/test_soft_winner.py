"""The best cell by soft verdicts and numbers, corrected for the choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import FAILURES, Usage
from harness.records.label_set import number_set
from harness.records.scores import CellScore
from harness.scoring.soft_metric import find_soft_metric
from harness.scoring.soft_scores import SoftData, soft_figure
from harness.scoring.soft_winner import FAILED, best_by_soft
from harness.scoring.winner import FEW, ONE

N = 80


def numbers(noise, n=N, group=None, seed=3):
    rng = np.random.default_rng(seed)
    truth = rng.normal(5, 2, n)
    judges = [truth + each * rng.normal(size=n) for each in noise]
    people = truth + rng.normal(size=n)
    return SoftData(judges, people, group, scored=[True] * len(noise), label_set=number_set(-20, 30))


def best(data: SoftData, name="pearson", failed=()):
    metric, score, cells = find_soft_metric(name), ScoreSpec((name,)), []
    for k in range(len(data.values)):
        n = len(data.y)
        lost = failed[k] if failed else 0
        outcomes = (n - lost, lost, *(0 for _ in FAILURES[1:]))
        figure = {name: soft_figure(metric, k, data, score, 0)}
        cells.append(CellScore(Cell("d", "s", "judge", (f"m{k}",)), n, n, (), outcomes, figure, Usage()))
    found = best_by_soft("d", name, cells, data)
    return found, {one.cell.id: one.figures[name] for one in cells}


@pytest.mark.parametrize("name", ["pearson", "spearman", "kendall", "icc", "icc-consistency"])
def test_the_best_of_equal_judges_is_corrected_downwards_and_its_upper_end_is_kept(name):
    found, figures = best(numbers([1.0] * 6), name)
    own = figures[found.cell]
    assert found.method == "hybrid"
    assert found.low < found.corrected < own.value == found.value
    assert found.low < own.low
    assert found.high == own.high
    assert found.tried == 6


@pytest.mark.parametrize("name", ["mae", "rmse"])
def test_where_lower_values_are_better_the_best_is_corrected_upwards(name):
    found, figures = best(numbers([1.0] * 6), name)
    own = figures[found.cell]
    assert own.value == min(one.value for one in figures.values())
    assert 0 < found.low == own.low < own.value < found.corrected < found.high
    assert found.high > own.high


def test_one_that_is_far_better_needs_next_to_no_correction():
    found, figures = best(numbers([0.3, 6.0, 6.0, 6.0]))
    own = figures[found.cell]
    assert found.corrected == pytest.approx(own.value, abs=0.002)
    assert found.low == pytest.approx(own.low, abs=0.02)


def test_clusters_widen_the_corrected_interval():
    data = numbers([1.0] * 4, n=40)
    twice = SoftData([np.repeat(one, 3) for one in data.values], np.repeat(data.y, 3), np.repeat(np.arange(40), 3),
                     scored=data.scored, label_set=data.label_set)  # fmt: skip
    blind = replace(twice, group=None)
    wide, narrow = best(twice)[0], best(blind)[0]
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_the_order_of_cells_and_items_has_no_influence():
    data = numbers([1.0, 1.1, 1.2])
    turned = data.part(np.arange(N)[::-1])
    one, other = best(data)[0], best(turned)[0]
    assert (one.corrected, one.low, one.high) == pytest.approx((other.corrected, other.low, other.high), rel=1e-9)


def test_copies_of_the_best_and_faultless_judges_have_a_finite_correction():
    data = numbers([1.0])
    same = replace(data, values=[data.y] * 3, scored=[True] * 3)
    for name in ("pearson", "mae"):
        found, _ = best(same, name)
        assert found.low <= found.corrected <= found.high
        assert np.isfinite([found.low, found.corrected, found.high]).all()


def test_a_correction_stays_within_the_range_of_the_metric():
    found, _ = best(numbers([4.0] * 8, n=20), "mae")
    assert found.low >= 0
    found, _ = best(numbers([0.05] * 8, n=20), "pearson")
    assert -1 <= found.low <= found.high <= 1


def test_there_is_no_correction_for_one_cell_for_few_items_or_for_many_failures():
    assert best(numbers([1.0]))[0].reason == ONE
    few = best(numbers([1.0, 1.0], n=10))[0]
    assert few.corrected is None
    assert few.reason
    failing = best(numbers([0.5, 2.0]), failed=[20, 0])[0]
    assert (failing.corrected, failing.reason) == (None, FAILED)
    alone = best(numbers([0.5, 2.0]), failed=[0, 20])[0]
    assert (alone.corrected, alone.reason) == (None, FEW)


def test_a_metric_without_influences_is_not_corrected_and_says_so():
    rng = np.random.default_rng(1)
    y = (rng.random(N) < 0.5).astype(float)
    data = SoftData([rng.random(N), rng.random(N)], y, None)
    found, _ = best(data, "ece")
    assert found.corrected is None
    assert "ece" in found.reason
    found, _ = best(data, "brier")
    assert found.high > found.corrected >= found.value
