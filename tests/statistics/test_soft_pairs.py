"""Errors of paired differences from influences: against a paired t test, with clusters, and never 0."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_rel

from harness.statistics.soft_pairs import influence_errors

FIRST, SECOND = np.array([0, 0, 1]), np.array([1, 2, 2])


def influence(values):
    return (values - values.mean(axis=0)) / len(values)


def test_error_of_independent_items_is_that_of_the_paired_t_test():
    values = np.random.default_rng(1).random((90, 3))
    found = influence_errors(values.mean(axis=0), influence(values), None, FIRST, SECOND, unit_error=0.0, level=0.95)
    expected = [
        abs((values[:, x] - values[:, y]).mean() / ttest_rel(values[:, x], values[:, y]).statistic)
        for x, y in zip(FIRST, SECOND, strict=True)
    ]
    assert found.errors == pytest.approx(expected)
    assert found.worth == pytest.approx([90] * 3)


def test_copies_are_never_told_apart_without_an_error():
    values = np.repeat(np.random.default_rng(1).random((50, 1)), 3, axis=1)
    found = influence_errors(values.mean(axis=0), influence(values), None, FIRST, SECOND, unit_error=0.25, level=0.95)
    assert found.errors == pytest.approx([np.sqrt(2) * 0.25 / 50] * 3)


def test_clusters_that_move_together_count_once_and_the_order_of_items_changes_nothing():
    rng = np.random.default_rng(3)
    values = rng.random((60, 3))
    known = {"unit_error": 0.25, "level": 0.95}
    four = np.repeat(values, 4, axis=0)
    group = np.repeat(np.arange(60), 4)
    alone = influence_errors(values.mean(axis=0), influence(values), None, FIRST, SECOND, **known)
    together = influence_errors(four.mean(axis=0), influence(four), group, FIRST, SECOND, **known)
    assert together.errors == pytest.approx(alone.errors, rel=0.1)
    turned = rng.permutation(240)
    mixed = influence_errors(four.mean(axis=0), influence(four)[turned], group[turned], FIRST, SECOND, **known)
    assert (mixed.errors == together.errors).all()
