"""Least squares with clustered standard errors: what predicts a judge's verdict beyond human labels."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array

COLLINEAR = 1e-9
"""Least share of a column's variance that the other columns leave unexplained; below, it is collinear."""


class Coefficient(NamedTuple):
    """The change of the outcome with one unit of a variable, all others constant.

    Attributes:
        value: the coefficient.
        error: its standard error over clusters.
        clusters: how many there are.
    """

    value: float
    error: float
    clusters: int


def coefficient_of(outcome: Array, variables: Array, which: int, clusters: NDArray[np.int64]) -> Coefficient | None:
    """One coefficient of a linear regression with an intercept; None if it is not identified.

    The error is the sandwich over clusters with the factor `G/(G-1) · (n-1)/(n-k)` (Liang and Zeger 1986; the factor is
    that of Stata and statsmodels). It is not identified if the variable is constant or collinear with the others.

    Args:
        outcome: of each item.
        variables: items × variables, without the intercept.
        which: the variable in question.
        clusters: of each item.
    """
    n = len(outcome)
    design = np.column_stack([np.ones(n), variables])
    if n <= design.shape[1]:
        return None
    at = which + 1
    others = np.delete(design, at, axis=1)
    own = design[:, at]
    rest = own - others @ np.linalg.lstsq(others, own, rcond=None)[0]
    spread = float(np.square(own - own.mean()).sum())
    if spread <= 0 or float(rest @ rest) <= COLLINEAR * spread:
        return None
    fitted = np.linalg.lstsq(design, outcome, rcond=None)[0]
    residuals = outcome - design @ fitted
    _, group = np.unique(clusters, return_inverse=True)
    sums = np.bincount(group, weights=rest * residuals)
    count, size = len(sums), design.shape[1]
    if count < 2:
        return None
    factor = count / (count - 1) * (n - 1) / (n - size)
    error = math.sqrt(factor * float(sums @ sums)) / float(rest @ rest)
    return Coefficient(float(fitted[at]), error, count)
