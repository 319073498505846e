"""The best of several: the order, and what is said where nothing was chosen or corrected."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from harness.records.figures import Figure
from harness.scoring.winner import FEW, NO_EVALUATOR, ONE, Measure, best_first, best_of_all
from support.labelled import QUICK, Labelled, judge, labels, score


def cell(name, **values):
    figures = {metric: SimpleNamespace(value=value) for metric, value in values.items()}
    return SimpleNamespace(cell=SimpleNamespace(id=name), figures=figures)


@pytest.mark.parametrize(
    ("metric", "values", "order"),
    [
        ("kappa", [0.1, 0.3, 0.2], [1, 2, 0]),
        ("kappa", [-0.1, 0.0, -0.2], [1, 0, 2]),
        ("kappa", [None, -0.5, 0.0], [2, 1, 0]),
        ("mae", [0.1, 0.3, 0.2], [0, 2, 1]),
        ("mae", [None, 0.5, 0.0], [2, 1, 0]),
        ("kappa", [0.2, 0.2, 0.2], [2, 1, 0]),  # by their ids
        ("kappa", [None, None, 0.1], [2, 1, 0]),
    ],
)
def test_the_best_comes_first_and_undefined_figures_last(metric, values, order):
    cells = [cell(name, **{metric: value}) for name, value in zip("cba", values, strict=True)]
    assert best_first(cells, metric) == order


FIGURE = Figure(0.5, n=40, units=40, low=0.3, high=0.7, level=0.9)
MEASURE = Measure("d", "kappa", None, None)


@pytest.mark.parametrize(
    ("figures", "cell_id", "value", "reason"),
    [
        ({"x": FIGURE}, "x", 0.5, ONE),
        ({"x": replace(FIGURE, value=None)}, None, None, NO_EVALUATOR),
        ({"x": replace(FIGURE, value=None), "y": replace(FIGURE, value=None)}, None, None, NO_EVALUATOR),
        ({"x": FIGURE, "y": replace(FIGURE, value=None)}, "x", 0.5, FEW),
        ({"x": replace(FIGURE, value=0.4), "y": replace(FIGURE, value=None)}, "x", 0.4, FEW),
    ],
)
def test_nothing_is_corrected_where_nothing_was_chosen(figures, cell_id, value, reason):
    found = best_of_all(MEASURE, figures, np.zeros((3, len(figures)), np.intp), None, 1)
    assert (found.cell, found.value, found.reason, found.tried) == (cell_id, value, reason, len(figures))
    assert (found.dataset, found.metric, found.level) == ("d", "kappa", 0.9)
    assert (found.corrected, found.low, found.high) == (None, None, None)


def test_of_equals_the_first_id_is_the_best_and_is_corrected_downwards():
    codes = labels(80)
    same = judge(codes, 0.7, 1)
    found = score(Labelled(codes), {"b": same, "a": same, "c": judge(codes, 0.3, 2)}, QUICK).winner
    assert (found.cell, found.tried, found.method, found.reason) == ("fair/direct/judge:a", 3, "hybrid", "")
    assert found.low < found.corrected <= found.value <= found.high


def test_higher_values_of_verdicts_are_better():
    codes = labels(60)
    contests = score(Labelled(codes), {"a": judge(codes, 0.8, 1), "b": judge(codes, 0.3, 2)}, QUICK).contests
    assert {one.direction for one in contests.values() if one is not None} == {"higher"}
    assert contests["kappa"].rank_sets()[0].best == 1
