"""Figures of single classes, against scikit-learn and krippendorff, and their influences as derivatives."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from harness.statistics import agreement, classes

SIZES = (2, 3, 5)


def drawn(seed, size, n=60):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, size, n)
    judged = np.where(rng.random(n) < 0.6, labels, rng.integers(0, size, n))
    return labels, judged


def table_of(labels, judged, size):
    counts = np.zeros((size, size + 1))
    np.add.at(counts, (labels, np.minimum(judged, size)), 1)
    return counts


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_recall_precision_and_f1_are_those_of_sklearn(size, seed):
    labels, judged = drawn(seed, size)
    table = table_of(labels, judged, size)
    for at in range(size):
        for mine, theirs in (
            (classes.recall, sk.recall_score),
            (classes.precision, sk.precision_score),
            (classes.f1, sk.f1_score),
        ):
            expected = theirs(labels, judged, labels=[at], average="macro")
            assert float(mine(table, at)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_balanced_accuracy_is_that_of_sklearn(size):
    labels, judged = drawn(4, size)
    expected = sk.balanced_accuracy_score(labels, judged)
    assert float(classes.balanced_accuracy(table_of(labels, judged, size))) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_weighted_kappas_are_those_of_sklearn(size):
    labels, judged = drawn(5, size)
    table = table_of(labels, judged, size)
    for name, weights in (("linear", agreement.linear_weights), ("quadratic", agreement.quadratic_weights)):
        expected = sk.cohen_kappa_score(labels, judged, weights=name)
        assert float(agreement.kappa(table, weights(size))) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [3, 5, 10])
@pytest.mark.parametrize("seed", range(4))
def test_ordinal_alpha_is_that_of_krippendorff(size, seed):
    labels, judged = drawn(seed, size)
    expected = krippendorff.alpha(
        reliability_data=np.array([labels, judged], float), level_of_measurement="ordinal", value_domain=range(size)
    )
    assert float(classes.ordinal_alpha(table_of(labels, judged, size))) == pytest.approx(expected, abs=1e-10)


def test_a_failure_lowers_every_figure_that_it_counts_for():
    labels, judged = drawn(6, 3)
    before = table_of(labels, judged, 3)
    after = before.copy()
    after[1, 1] -= 5
    after[1, 3] += 5
    assert classes.ordinal_alpha(after) < classes.ordinal_alpha(before)
    assert classes.recall(after, 1) < classes.recall(before, 1)
    assert classes.balanced_accuracy(after) < classes.balanced_accuracy(before)


def test_figures_without_items_are_undefined():
    one = np.zeros((3, 4))
    one[0, 0] = 9
    assert float(classes.recall(one, 0)) == 1
    for figure in (classes.recall, classes.precision, classes.f1):
        assert np.isnan(figure(one, 1))
    assert np.isnan(classes.balanced_accuracy(one))
    assert np.isnan(classes.ordinal_alpha(one))
    assert np.isnan(classes.ordinal_alpha(np.zeros((3, 4))))


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_influences_sum_to_zero_and_are_derivatives(seed, size):
    rng = np.random.default_rng(seed)
    table = rng.integers(1, 20, (size, size + 1)).astype(float)
    functions = [(classes.balanced_accuracy, classes.balanced_accuracy_influence)]
    for at in range(size):
        functions += [
            (lambda t, at=at: classes.recall(t, at), lambda t, at=at: classes.recall_influence(t, at)),
            (lambda t, at=at: classes.precision(t, at), lambda t, at=at: classes.precision_influence(t, at)),
            (lambda t, at=at: classes.f1(t, at), lambda t, at=at: classes.f1_influence(t, at)),
        ]
    for value, influence in functions:
        found = influence(table)
        assert float((found * table).sum()) == pytest.approx(0, abs=1e-9)
        moved = table * (1 - 1e-6)
        moved[0, 1] += 1e-6 * table.sum()
        assert float((value(moved) - value(table)) / 1e-6) == pytest.approx(found[0, 1], abs=1e-3)
