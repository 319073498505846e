"""Bounds: what failures could have been."""

from itertools import product

import numpy as np
import pytest

from harness.scoring.metric import find_metric
from harness.statistics import agreement, failures

TABLE = np.array([[12.0, 2, 3, 2], [1, 4, 2, 2], [3, 1, 9, 3]])


def test_complete_case_drops_and_all_right_moves_to_the_diagonal():
    assert failures.complete_case(TABLE).sum() == TABLE.sum() - 7
    assert np.array_equal(failures.all_right(TABLE)[:, :3], TABLE[:, :3] + np.diag([2, 2, 3]))


def every_wrong_world(table):
    """All ways to answer the failures wrongly, one by one."""
    for taken in product(*(range(int(failed) + 1) for failed in table[:, 3])):
        world = failures.complete_case(table)
        for row, one in enumerate(taken):
            first, second = (column for column in range(3) if column != row)
            world[row, first] += one
            world[row, second] += table[row, 3] - one
        yield world


@pytest.mark.parametrize("name", ["accuracy", "kappa", "kappa-linear", "ac1", "kappa-ab"])
def test_all_wrong_holds_the_worst_of_all_worlds(name):
    metric = find_metric(name)
    worlds = failures.all_wrong(TABLE)
    assert worlds.sum(axis=(1, 2)) == pytest.approx(TABLE.sum())
    assert (np.diagonal(worlds, axis1=1, axis2=2) == np.diag(TABLE[:, :3])).all()
    worst = min(float(metric.value(world)) for world in every_wrong_world(TABLE))
    assert float(metric.value(worlds).min()) <= worst + 1e-3


def test_the_bounds_enclose_kappa():
    kappa = find_metric("kappa")
    low, high = kappa.value(failures.all_wrong(TABLE)).min(), kappa.value(failures.all_right(TABLE))
    assert low < kappa.value(TABLE) < high


@pytest.mark.parametrize("classes", [2, 4, 7, 20])
def test_bounds_for_any_label_set(classes):
    rng = np.random.default_rng(classes)
    table = rng.integers(0, 9, (classes, classes + 1)).astype(float)
    right, wrong = failures.all_right(table), failures.all_wrong(table)
    assert right[:, -1].sum() == 0
    assert np.trace(right) == pytest.approx(np.trace(table) + table[:, -1].sum())
    assert failures.complete_case(table)[:, -1].sum() == 0
    assert (wrong >= 0).all()
    assert wrong.sum(axis=(1, 2)) == pytest.approx(np.full(len(wrong), table.sum()))
    assert np.trace(wrong, axis1=1, axis2=2) == pytest.approx(np.full(len(wrong), np.trace(table)))
    assert wrong.sum(axis=2) == pytest.approx(np.broadcast_to(table.sum(axis=1), wrong.shape[:2]))
    worst = float(np.min(agreement.kappa(wrong, agreement.identity_weights(classes))))
    for _ in range(200):  # no other way to be wrong is worse for kappa
        spread = table.copy()
        for row in range(classes):
            others = [column for column in range(classes) if column != row]
            spread[row, :-1][others] += table[row, -1] * rng.dirichlet(np.full(classes - 1, 0.2))
        spread[:, -1] = 0
        assert agreement.kappa(spread, agreement.identity_weights(classes)) >= worst - 1e-9
