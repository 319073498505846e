"""Figures and standard errors against three other implementations and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from harness.statistics import agreement

counts = st.lists(st.integers(0, 40), min_size=9, max_size=9).map(lambda flat: np.reshape(flat, (3, 3)))
varied = counts.filter(lambda table: np.count_nonzero(table.sum(0)) > 1 and np.count_nonzero(table.sum(1)) > 1)


def with_failures(verdicts, failed=(0, 0, 0)):
    return np.column_stack([verdicts, failed]).astype(float)


def items_of(table):
    """Reference and judgment of every item that a table counts."""
    rows, columns = np.indices(table.shape)
    repeats = table.astype(int).ravel()
    return np.repeat(rows.ravel(), repeats), np.repeat(columns.ravel(), repeats)


@given(varied)
def test_kappa_is_that_of_sklearn(table):
    human, judge = items_of(table)
    ours = agreement.kappa(with_failures(table), agreement.identity_weights())
    assert ours == pytest.approx(cohen_kappa_score(human, judge), abs=1e-12)
    linear = agreement.kappa(with_failures(table), agreement.linear_weights())
    assert linear == pytest.approx(cohen_kappa_score(human, judge, weights="linear", labels=[0, 1, 2]), abs=1e-12)


@given(varied)
def test_failure_is_a_fourth_class_for_sklearn_too(table):
    table = with_failures(table, (3, 1, 2))
    human, judge = items_of(table)
    ours = agreement.kappa(table, agreement.identity_weights())
    assert ours == pytest.approx(cohen_kappa_score(human, judge), abs=1e-12)


@given(varied)
@pytest.mark.parametrize(
    ("weights", "name"), [(agreement.identity_weights(), None), (agreement.linear_weights(), "linear")]
)
def test_standard_error_is_that_of_statsmodels(weights, name, table):
    theirs = cohens_kappa(table, wt=name)
    table = with_failures(table)
    ours = agreement.standard_error(table, agreement.kappa_influence(table, weights))
    assert agreement.kappa(table, weights) == pytest.approx(theirs.kappa, abs=1e-12)
    assert float(ours) ** 2 == pytest.approx(theirs.var_kappa, abs=1e-12)


@pytest.mark.parametrize(
    ("table", "value", "error"),
    [
        ([[25, 19, 15], [8, 9, 2], [3, 1, 6]], 0.221274830622, 0.080019627119),
        ([[14, 15, 22], [28, 2, 5], [24, 28, 8]], -0.245833989054, 0.047712235367),
        ([[25, 8, 4], [9, 13, 24], [14, 3, 10]], 0.157374517375, 0.072290402074),
        ([[24, 3, 6], [7, 6, 24], [26, 17, 2]], -0.077040255014, 0.065218341419),
        ([[22, 28, 26], [15, 28, 29], [29, 3, 14]], -0.003311883995, 0.050906312257),
    ],
)
def test_ac1_and_its_error_are_those_of_irrcac(table, value, error):
    """Figures of `irrCAC.raw.CAC(pairs, digits=12).gwet()`, version 0.4.4, which needs other packages' old releases."""
    n = np.sum(table)
    table = with_failures(table)
    assert float(agreement.ac1(table)) == pytest.approx(value, abs=1e-11)
    ours = float(agreement.standard_error(table, agreement.ac1_influence(table))) * (n / (n - 1)) ** 0.5
    assert ours == pytest.approx(error, abs=1e-11)


def test_ac1_with_failures_by_hand():
    table = with_failures([[4, 0, 0], [0, 4, 0], [0, 0, 0]], (0, 0, 2))
    pi = np.array([8 / 20, 8 / 20, 2 / 20])
    expected = (pi * (1 - pi)).sum() / 2
    assert agreement.ac1(table) == pytest.approx((0.8 - expected) / (1 - expected))


def test_one_failure_among_right_answers_lowers_every_figure():
    before, after = with_failures(np.diag([50, 20, 30])), with_failures(np.diag([49, 20, 30]), (1, 0, 0))
    for figure in (agreement.accuracy, agreement.ac1, lambda t: agreement.kappa(t, agreement.linear_weights())):
        assert figure(after) < figure(before)


@pytest.mark.parametrize(
    ("value", "influence"),
    [
        (agreement.accuracy, agreement.accuracy_influence),
        (agreement.ac1, agreement.ac1_influence),
        *(
            (lambda t, w=w: agreement.kappa(t, w), lambda t, w=w: agreement.kappa_influence(t, w))
            for w in (agreement.identity_weights(), agreement.linear_weights())
        ),
    ],
    ids=["accuracy", "ac1", "kappa", "kappa-linear"],
)
def test_influence_is_the_derivative_and_sums_to_zero(value, influence):
    table = with_failures([[30, 5, 8], [6, 9, 4], [3, 7, 25]], (2, 0, 3))
    n, small = table.sum(), 1e-5
    slopes = influence(table)
    assert (table * slopes).sum() == pytest.approx(0, abs=1e-9)
    for cell in np.ndindex(3, 4):
        more = (1 - small) * table
        more[cell] += small * n
        assert (value(more) - value(table)) / small == pytest.approx(slopes[cell], abs=1e-3)
    assert np.allclose(influence(np.stack([table, 2 * table])), slopes)


def test_a_constant_judge_has_kappa_zero_and_error_zero():
    table = with_failures([[20, 0, 0], [7, 0, 0], [11, 0, 0]])
    for weights in (agreement.identity_weights(), agreement.linear_weights()):
        assert agreement.kappa(table, weights) == 0
        assert agreement.standard_error(table, agreement.kappa_influence(table, weights)) == 0


def test_one_class_on_both_sides_is_undefined_and_not_zero_or_one():
    table = with_failures(np.diag([30, 0, 0]))
    assert np.isnan(agreement.kappa(table, agreement.identity_weights()))
    assert agreement.ac1(table) == agreement.accuracy(table) == 1


def test_no_items_are_undefined():
    empty = np.zeros((3, 4))
    assert np.isnan(agreement.accuracy(empty))
    assert np.isnan(agreement.ac1(empty))
    assert np.isnan(agreement.kappa(empty, agreement.identity_weights()))
    assert np.isnan(agreement.kappa_influence(empty, agreement.identity_weights())).all()


@given(counts.filter(np.any))
def test_swapping_a_and_b_on_both_sides_changes_nothing(table):
    swapped = with_failures(table[::-1, ::-1], (2, 1, 3))
    table = with_failures(table, (3, 1, 2))
    for figure in (
        agreement.accuracy,
        agreement.ac1,
        lambda t: agreement.kappa(t, agreement.identity_weights()),
        lambda t: agreement.kappa(t, agreement.linear_weights()),
    ):
        assert figure(swapped) == pytest.approx(figure(table), abs=1e-12)


COIN = np.array([[25.0, 0, 25, 0], [0, 0, 0, 0], [25, 0, 25, 0]])


def test_ac1_over_the_classes_that_can_occur_is_that_of_irrcac():
    """A coin on labels without ties: `irrCAC.raw.CAC(...).gwet()` gives 0, three classes give 1/3."""
    occurring = np.array([True, False, True])
    assert agreement.ac1(COIN) == pytest.approx(1 / 3)
    assert agreement.ac1(COIN, occurring) == 0
    two = np.array([[30.0, 10, 0], [5, 55, 0]])
    three = np.zeros((3, 4))
    three[np.ix_([0, 2], [0, 2])] = two[:, :2]
    assert agreement.ac1(three, occurring) == pytest.approx(agreement.ac1(two))
    error = agreement.standard_error(three, agreement.ac1_influence(three, occurring))
    assert error == pytest.approx(agreement.standard_error(two, agreement.ac1_influence(two)))
    assert agreement.ac1(three, np.ones(3, bool)) == agreement.ac1(three)


def test_a_tie_where_none_can_occur_is_a_disagreement_that_names_no_class():
    occurring = np.array([True, False, True])
    table, failing = COIN.copy(), COIN.copy()
    table[0, 1] = failing[0, 3] = 10
    assert agreement.ac1(table, occurring) == agreement.ac1(failing, occurring)
    influence = agreement.ac1_influence(table, occurring)
    assert (influence * table).sum() == pytest.approx(0, abs=1e-12)
    step = 1e-6
    for row, column in ((0, 0), (0, 1), (2, 0), (2, 3)):
        moved = table.copy()
        moved[row, column] += step * table.sum()
        slope = (agreement.ac1(moved, occurring) - agreement.ac1(table, occurring)) / step
        assert slope == pytest.approx(influence[row, column], rel=1e-3, abs=1e-4)


def test_tables_laid_out_are_the_same_tables_with_each_cell_in_one_piece() -> None:
    tables = np.arange(72.0).reshape(2, 3, 3, 4)
    found = agreement.laid_out(tables)
    assert found.tolist() == tables.tolist()
    assert found.transpose(2, 3, 0, 1).flags.c_contiguous
    assert agreement.laid_out(tables[:1]).tolist() == [tables[0].tolist()] * 2
