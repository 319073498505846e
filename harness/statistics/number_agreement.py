"""Agreement of two columns of numbers: Pearson, Spearman, Kendall's tau-b and intraclass correlations.

Each function gives the coefficient and the influence of each item on it, so that the sum of squared influences is the
variance of the coefficient where items are independent. The coefficients of correlation are those of scipy; the
intraclass correlations are those of McGraw and Wong (1996) for two raters: `icc_agreement` is ICC(A,1), which Shrout
and Fleiss (1979) call ICC(2,1), and `icc_consistency` is ICC(C,1), their ICC(3,1).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from harness.statistics.agreement import Array
from harness.statistics.concordance import concordance

CONSTANT = 1e-12
"""Numbers whose standard deviation is at most this share of their size count as equal."""


def is_constant(values: Array) -> bool:
    """Whether all numbers are the same, apart from rounding."""
    return len(values) < 2 or float(np.ptp(values)) <= CONSTANT * float(np.abs(values).max())


def pearson(x: Array, y: Array) -> tuple[float, Array]:
    """The product-moment correlation. Neither column may be constant."""
    from scipy import stats  # not at the top: it takes a second

    value = _inside(stats.pearsonr(x, y).statistic)
    a, b = _standard(x), _standard(y)
    return value, _centred(a * b - value / 2 * (a**2 + b**2)) / len(x)


def spearman(x: Array, y: Array) -> tuple[float, Array]:
    """The correlation of ranks, ties with their mean rank. Neither column may be constant.

    The influence includes what an item does to the ranks of the others.
    """
    from scipy import stats  # not at the top: it takes a second

    value = _inside(stats.spearmanr(x, y).statistic)
    n = len(x)
    u, v = (_centred(stats.rankdata(values) / n) for values in (x, y))
    of_both = u * v + _above(x, v) + _above(y, u)
    of_x, of_y = u**2 + 2 * _above(x, u), v**2 + 2 * _above(y, v)
    s, t = float(u @ u) / n, float(v @ v) / n
    moved = _centred(of_both) / math.sqrt(s * t) - value / 2 * (_centred(of_x) / s + _centred(of_y) / t)
    return value, _centred(moved) / n


def kendall(x: Array, y: Array) -> tuple[float, Array]:
    """Kendall's tau-b. Neither column may be constant."""
    from scipy import stats  # not at the top: it takes a second

    value = _inside(stats.kendalltau(x, y).statistic)
    n = len(x)
    same, opposite = concordance(x, y)
    untied_x, untied_y = (_untied(values) / (n - 1) for values in (x, y))
    s, t = float(untied_x.mean()), float(untied_y.mean())
    moved = 2 * _centred((same - opposite) / (n - 1)) / math.sqrt(s * t)
    moved -= value * (_centred(untied_x) / s + _centred(untied_y) / t)
    return value, moved / n


def pearson_without(x: Array, y: Array) -> Array:
    """The product-moment correlation without each item in turn; NaN where a column is then constant."""
    sums = _sums_without(x, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _known(sums.both / np.sqrt(sums.of_x * sums.of_y))


def icc_agreement_without(x: Array, y: Array) -> Array:
    """ICC(A,1) without each item in turn; NaN where it is then undefined."""
    sums, n = _sums_without(x, y), len(x) - 1
    gaps = x - y
    shift = (float(gaps.sum()) - gaps) / n
    total = (sums.of_x + sums.of_y) / (n - 1) + shift**2 - (sums.of_x + sums.of_y - 2 * sums.both) / (n - 1) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        return _known(2 * sums.both / (n - 1) / total)


def icc_consistency_without(x: Array, y: Array) -> Array:
    """ICC(C,1) without each item in turn; NaN where it is then undefined."""
    sums = _sums_without(x, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _known(2 * sums.both / (sums.of_x + sums.of_y))


def icc_agreement(x: Array, y: Array) -> tuple[float, Array]:
    """ICC(A,1): one minus is what noise and a shift between the two columns add to the variance of an item."""
    n, a, b, shift = len(x), _centred(x), _centred(y), float(x.mean() - y.mean())
    within = float(((a - b) ** 2).sum()) / (n - 1)
    both, total = 2 * float(a @ b) / (n - 1), (float(a @ a) + float(b @ b)) / (n - 1) + shift**2
    value = _inside(both / (total - within / n))
    moved = 2 * a * b - value * (a**2 + b**2 + 2 * shift * (a - b))
    return value, _centred(moved) / total / n


def icc_consistency(x: Array, y: Array) -> tuple[float, Array]:
    """ICC(C,1): as `icc_agreement`, without the shift."""
    a, b = _centred(x), _centred(y)
    total = float(a @ a) + float(b @ b)
    value = _inside(2 * float(a @ b) / total)
    return value, _centred(2 * a * b - value * (a**2 + b**2)) / total


class _Sums(NamedTuple):
    """Sums of squares and products about the means, without each item in turn."""

    of_x: Array
    of_y: Array
    both: Array


def _sums_without(x: Array, y: Array) -> _Sums:
    """The sums without each item; those that are rounding alone are 0."""
    a, b = _centred(x), _centred(y)
    factor = len(x) / (len(x) - 1)
    of_x, of_y = (float(one @ one) - factor * one**2 for one in (a, b))
    for sums, one in ((of_x, a), (of_y, b)):
        sums[sums <= CONSTANT * float(one @ one)] = 0.0
    both = np.where((of_x > 0) & (of_y > 0), float(a @ b) - factor * a * b, 0.0)
    return _Sums(of_x, of_y, both)


def _known(values: Array) -> Array:
    """Coefficients between −1 and 1; NaN where they are not finite."""
    found: Array = np.where(np.isfinite(values), np.clip(values, -1.0, 1.0), np.nan)
    return found


def _inside(value: float) -> float:
    return min(1.0, max(-1.0, float(value)))


def _centred(values: Array) -> Array:
    found: Array = values - values.mean()
    return found


def _standard(values: Array) -> Array:
    found: Array = _centred(values) / values.std()
    return found


def _above(values: Array, weights: Array) -> Array:
    """For each item the mean weight of all items above it, half of that of the items level with it."""
    order = np.argsort(values, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    ordered = values[order]
    first, last = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    found: Array = (sums[-1] - (sums[first] + sums[last]) / 2) / len(values)
    return found


def _untied(values: Array) -> Array:
    """For each item, how many others have another value."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: Array = (len(values) - counts[places]).astype(float)
    return found
