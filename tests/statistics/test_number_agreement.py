import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from harness.statistics.number_agreement import (
    icc_agreement,
    icc_consistency,
    is_constant,
    kendall,
    pearson,
    spearman,
)

ALL = (pearson, spearman, kendall, icc_agreement, icc_consistency)

JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
"""The ratings of Shrout and Fleiss (1979), table 2: six targets and four judges."""


def world(kind: str, n: int = 300):
    rng = np.random.default_rng(4)
    truth = rng.normal(size=n)
    x, y = truth + 0.7 * rng.normal(size=n), truth + 0.7 * rng.normal(size=n) + 0.3
    return (np.clip(np.round(x + 3), 1, 5), np.clip(np.round(y + 3), 1, 5)) if kind == "grades" else (x, y)


@pytest.mark.parametrize("kind", ["normal", "grades"])
def test_coefficients_are_those_of_scipy(kind):
    x, y = world(kind)
    assert pearson(x, y)[0] == pytest.approx(stats.pearsonr(x, y).statistic)
    assert spearman(x, y)[0] == pytest.approx(stats.spearmanr(x, y).statistic)
    assert kendall(x, y)[0] == pytest.approx(stats.kendalltau(x, y, variant="b").statistic)


def mean_squares(table):
    """Mean squares of a two-way table without replication: of rows, of columns, and of what they leave."""
    n, k = table.shape
    rows, columns, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    of_rows, of_columns = k * ((rows - mean) ** 2).sum() / (n - 1), n * ((columns - mean) ** 2).sum() / (k - 1)
    left = ((table - rows[:, None] - columns + mean) ** 2).sum() / ((n - 1) * (k - 1))
    return of_rows, of_columns, left


def icc_of(table):
    """ICC(2,1) and ICC(3,1) by the formulas of Shrout and Fleiss (1979), for any number of judges."""
    n, k = table.shape
    rows, columns, left = mean_squares(table)
    return (rows - left) / (rows + (k - 1) * left + k * (columns - left) / n), (rows - left) / (rows + (k - 1) * left)


def test_the_formulas_give_what_shrout_and_fleiss_published():
    assert icc_of(JUDGES) == pytest.approx((0.29, 0.71), abs=0.005)


@pytest.mark.parametrize("kind", ["normal", "grades"])
def test_intraclass_correlations_are_those_of_shrout_and_fleiss_for_two_raters(kind):
    for x, y in (world(kind), world(kind, 25), (JUDGES[:, 0], JUDGES[:, 1]), (JUDGES[:, 2], JUDGES[:, 3])):
        agreement, consistency = icc_of(np.column_stack([x, y]))
        assert icc_agreement(x, y)[0] == pytest.approx(agreement)
        assert icc_consistency(x, y)[0] == pytest.approx(consistency)


@pytest.mark.parametrize("kind", ["normal", "grades"])
@pytest.mark.parametrize("coefficient", ALL)
def test_influences_are_what_leaving_out_an_item_changes(coefficient, kind):
    x, y = world(kind)
    value, influence = coefficient(x, y)
    without = np.array([value - coefficient(np.delete(x, at), np.delete(y, at))[0] for at in range(len(x))])
    assert np.corrcoef(without, influence)[0, 1] > 0.999
    assert without @ without == pytest.approx(influence @ influence, rel=0.05)
    assert influence.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("coefficient", ALL)
def test_equal_columns_agree_and_no_item_moves_that(coefficient):
    x, _ = world("grades")
    value, influence = coefficient(x, x.copy())
    assert value == pytest.approx(1)
    assert np.abs(influence).max() < 1e-12


def test_a_judge_that_is_too_strict_loses_in_absolute_agreement_alone():
    x, y = world("normal")
    assert icc_agreement(x - 2, y)[0] < icc_agreement(x, y)[0] - 0.2
    assert icc_consistency(x - 2, y)[0] == pytest.approx(icc_consistency(x, y)[0])


@given(
    st.integers(3, 12).flatmap(
        lambda n: st.tuples(*(arrays(np.float64, n, elements=st.integers(0, 4).map(float)) for _ in range(2)))
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_items_and_a_change_of_unit_change_nothing(pair, random):
    x, y = pair
    if is_constant(x) or is_constant(y):
        return
    order = list(range(len(x)))
    random.shuffle(order)
    for coefficient in ALL:
        value, influence = coefficient(x, y)
        assert -1 <= value <= 1
        moved, of_each = coefficient(x[order], y[order])
        assert moved == pytest.approx(value, abs=1e-12)
        assert of_each == pytest.approx(influence[order], abs=1e-9)
        assert coefficient(10 * x + 3, 10 * y + 3)[0] == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3.0, 3.0, 3.0], True), ([0.0, 0.0], True), ([0.1 + 0.2, 0.3], True), ([3.0, 3.001], False), ([4.0], True)],
)
def test_constant_columns_are_found_despite_rounding(values, expected):
    assert is_constant(np.array(values)) is expected
