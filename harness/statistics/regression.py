"""How strongly an outcome goes with a variable, and how much of that quality cannot explain.

All figures are computed from sums of products by cluster, so that leaving one cluster out is a subtraction and every
error is the delete-one-cluster jackknife (CR3; MacKinnon, Nielsen and Webb 2023). The order of the items and the names
of the clusters change not even the rounding.

A label is a coarse and noisy measure of quality. A regression of the verdict on length *and* the label therefore leaves
quality to load on length: a judge without any length bias gets a coefficient (errors in variables). So nothing here
controls for the label. `Bound` shows what the errors of the label can explain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array

COLLINEAR = 1e-9
"""Least share of a column's variance that the other columns leave unexplained; below, it is collinear."""

AT_ONCE = 1 << 15
"""Clusters left out at once."""


class Slope(NamedTuple):
    """The change of an outcome with one unit of a variable.

    Attributes:
        value: the slope.
        error: its standard error over clusters.
    """

    value: float
    error: float


class Bound(NamedTuple):
    """What a slope can be beside quality that the label shows with unknown error (Klepper and Leamer 1984).

    Attributes:
        least: its lower end; one of the two ends has no error in the label, the other none in the verdict.
        greatest: its upper end.
        low: lower end with its sampling error.
        high: upper end with its sampling error.
    """

    least: float
    greatest: float
    low: float
    high: float


class Sums(NamedTuple):
    """Sums of products of columns by cluster.

    Attributes:
        by_cluster: clusters × columns × columns.
        whole: over all clusters, columns × columns.
    """

    by_cluster: Array
    whole: Array


def slopes_of(
    outcomes: Array, variable: Array, covariates: Sequence[Array], clusters: NDArray[np.int64]
) -> list[Slope] | None:
    """Slopes of some outcomes on a variable in linear regressions with an intercept; None if not identified.

    They are not identified where the variable is constant, or collinear with the covariates, or where that depends on
    one cluster.

    Args:
        outcomes: items × outcomes.
        variable: of each item.
        covariates: held constant; one that is itself collinear is left out.
        clusters: of each item.
    """
    held = _held([*covariates], variable)
    if held is None or len(np.unique(clusters)) < 2:
        return None
    sums = _sums(np.column_stack([*held, _centred(variable), outcomes]), clusters)

    def slopes(products: Array) -> Array:
        rest = partialled(products, len(held))
        return _ratio(rest[..., 0, 1:], _varying(rest, products)[..., None])

    return _slopes(sums, slopes)


def quality_bound(
    judge: Array,
    label: Array,
    variable: Array,
    covariates: Sequence[Array],
    clusters: NDArray[np.int64],
    quantile: float,
) -> Bound | None:
    """Klepper and Leamer's bound of the slope of a variable beside quality; None if it is not identified.

    It is not identified either where judge and label may have nothing in common at equal values of the variable: then
    any slope is possible.

    With quality of weight b the slope is `cov(judge, x) / var(x) - b · cov(label, x) / var(x)`, where b lies between
    the regression of the judge on the label given x (a label without error) and its reverse (a judge without error).

    Args:
        judge: the verdict of each item as a number.
        label: the label of each item as a number.
        variable: of each item.
        covariates: held constant.
        clusters: of each item.
        quantile: how many standard errors the sampling error reaches.
    """
    held = _held([*covariates], variable)
    if held is None or len(np.unique(clusters)) < 2:
        return None
    sums = _sums(np.column_stack([*held, _centred(variable), judge, label]), clusters)

    def ends(products: Array) -> Array:
        rest = partialled(products, len(held))
        of_judge, of_label = (_ratio(rest[..., 0, at], _varying(rest, products)) for at in (1, 2))
        given = partialled(rest, 1)
        judges, labels, both = given[..., 0, 0], given[..., 1, 1], given[..., 0, 1]
        found = [of_judge - weight * of_label for weight in (_ratio(both, labels), _ratio(judges, both))]
        return np.stack([*found, both], axis=-1)

    found = _slopes(sums, ends)
    if found is None or found[2].value <= quantile * found[2].error:
        return None
    lower, upper = sorted(found[:2])
    low, high = lower.value - quantile * lower.error, upper.value + quantile * upper.error
    return Bound(lower.value, upper.value, float(low), float(high))


def instrumented_slope(
    judge: Array, labels: Array, variable: Array, covariates: Sequence[Array], clusters: NDArray[np.int64]
) -> Slope | None:
    """The slope of a variable with quality measured by one annotator and instrumented by the mean of the others.

    Each annotator in turn, stacked two-stage least squares. It is right where the errors of annotators are
    independent of each other. None if it is not identified.

    Args:
        judge: the verdict of each item as a number.
        labels: items × annotators as numbers, NaN where there is none.
        variable: of each item.
        covariates: held constant.
        clusters: of each item.
    """
    held = _held([*covariates], variable)
    known = ~np.isnan(labels)
    if held is None:
        return None
    parts, groups = [], []
    for at in range(labels.shape[1]):
        others = np.delete(known, at, axis=1)
        rows = known[:, at] & others.any(axis=1)
        mean = np.where(others, np.delete(labels, at, axis=1), 0.0).sum(axis=1)[rows] / others.sum(axis=1)[rows]
        same = [column[rows] for column in (*held, _centred(variable))]
        parts.append(np.column_stack([*same, mean, labels[rows, at], judge[rows]]))
        groups.append(clusters[rows])
    columns, group = np.concatenate(parts), np.concatenate(groups)
    if len(np.unique(group)) < 2:
        return None
    sums = _sums(columns, group)

    def slope(products: Array) -> Array:
        rest = partialled(products, len(held))
        of_x, of_mean = rest[..., 0, :], rest[..., 1, :]  # each with x, the mean, the annotator and the judge
        above = of_x[..., 3] * of_mean[..., 2] - of_mean[..., 3] * of_x[..., 2]
        below = _varying(rest, products) * of_mean[..., 2] - of_mean[..., 0] * of_x[..., 2]
        return _ratio(above, below)[..., None]

    found = _slopes(sums, slope)
    return None if found is None else found[0]


def partialled(products: Array, count: int) -> Array:
    """Sums of products after a regression of every column on the first `count` columns; NaN if one is collinear.

    Args:
        products: `(..., columns, columns)`.
        count: columns to hold constant.
    """
    rest = np.array(products, float)
    for at in range(count):
        pivot = rest[..., :1, :1]
        pivot = np.where(pivot > COLLINEAR * products[..., at : at + 1, at : at + 1], pivot, np.nan)
        rest = rest[..., 1:, 1:] - rest[..., 1:, :1] * rest[..., :1, 1:] / pivot
    return rest


def _varying(rest: Array, products: Array) -> Array:
    """The sum of squares of the variable, the first of the columns that are left; NaN where it is collinear."""
    at = products.shape[-1] - rest.shape[-1]
    left = rest[..., 0, 0]
    return np.where(left > COLLINEAR * products[..., at, at], left, np.nan)


def _held(covariates: list[Array], variable: Array) -> list[Array] | None:
    """The columns to hold constant, the intercept first; None where they determine the variable."""
    held = [np.ones(len(variable))]
    for covariate in covariates:
        if _is_free(covariate, held):
            held.append(_centred(covariate))
    return held if _is_free(variable, held) else None


def _centred(column: Array) -> Array:
    """The column less its mean, which does not depend on the order of the items."""
    return np.asarray(column - np.sort(column).mean())


def _is_free(column: Array, others: Sequence[Array]) -> bool:
    """Whether a column varies, and is not determined by others."""
    design = np.column_stack([*others])
    spread = float(np.square(column - column.mean()).sum())
    rest = column - design @ np.linalg.lstsq(design, column, rcond=None)[0]
    return spread > 0 and float(rest @ rest) > COLLINEAR * spread


def _sums(columns: Array, clusters: NDArray[np.int64]) -> Sums:
    """Sums of products by cluster, items and clusters in an order made of their contents alone."""
    order = np.lexsort(columns.T)
    columns, group = columns[order], np.unique(clusters[order], return_inverse=True)[1]
    count, size = int(group.max()) + 1, columns.shape[1]
    by_cluster = np.empty((count, size, size))
    for one in range(size):
        for other in range(one, size):
            products = np.bincount(group, weights=columns[:, one] * columns[:, other], minlength=count)
            by_cluster[:, one, other] = by_cluster[:, other, one] = products
    by_cluster = by_cluster[np.lexsort(by_cluster.reshape(count, -1).T)]
    return Sums(by_cluster, by_cluster.sum(axis=0))


def _slopes(sums: Sums, statistic: Callable[[Array], Array]) -> list[Slope] | None:
    """Figures of sums with their jackknife errors; None where a figure is undefined, also without some cluster."""
    count, values = len(sums.by_cluster), statistic(sums.whole)
    squares = np.zeros_like(values)
    for begin in range(0, count, AT_ONCE):
        gaps = statistic(sums.whole - sums.by_cluster[begin : begin + AT_ONCE]) - values
        squares += np.square(gaps).sum(axis=0)
    if not (np.isfinite(values).all() and np.isfinite(squares).all()):
        return None
    errors = np.sqrt((count - 1) / count * squares)
    return [Slope(float(value), float(error)) for value, error in zip(values, errors, strict=True)]


def _ratio(above: Array, below: Array) -> Array:
    """Quotient, NaN where the divisor is 0."""
    return np.asarray(above / np.where(below != 0, below, math.nan))
