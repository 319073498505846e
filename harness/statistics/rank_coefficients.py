"""Kendall's tau-b and Spearman's rho of two rankings, and the largest values that uncertain orders allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.intervals import Interval, holding, normal_quantile, percentile_interval

CELLS_AT_ONCE = 2_000_000
"""Numbers of one table that are held at a time."""


def coefficients(one: Array, other: Array) -> Array:
    """Tau-b and rho of scores, rows × systems: rows × 2; NaN where a score is NaN or a ranking is constant.

    Tied scores have the mean of their ranks. Infinite scores are first and last.
    """
    at_once = max(1, CELLS_AT_ONCE // max(1, one.shape[1] ** 2))
    starts = range(0, len(one), at_once)
    parts = [_coefficients(one[at : at + at_once], other[at : at + at_once]) for at in starts]
    return np.concatenate(parts) if parts else np.zeros((0, 2))


def _coefficients(one: Array, other: Array) -> Array:
    orders = _orders(one), _orders(other)
    is_undefined = np.isnan(one).any(axis=1) | np.isnan(other).any(axis=1)
    found = []
    for x, y in (orders, tuple(order.sum(axis=2) for order in orders)):
        axes = tuple(range(1, x.ndim))
        with np.errstate(invalid="ignore"):
            value = (x * y).sum(axis=axes) / np.sqrt((x**2).sum(axis=axes) * (y**2).sum(axis=axes))
        found.append(np.where(is_undefined, np.nan, value))
    return np.stack(found, axis=1)


def _orders(scores: Array) -> Array:
    """Rows × systems × systems: 1 where the first is higher, −1 where lower; sums over the last are centred ranks."""
    higher = scores[:, :, None] > scores[:, None, :]
    return higher.astype(float) - higher.transpose(0, 2, 1)


def intervals_of(
    estimate: Array, drawn: Sequence[Array], orders: Sequence[NDArray[np.int8]], level: float
) -> tuple[Interval, Interval]:
    """Intervals of tau-b and rho: percentiles, stretched away from 0 as far as the uncertain orders allow.

    Args:
        estimate: tau-b and rho.
        drawn: the scores of either ranking in each draw, draws × systems.
        orders: the certain orders of either ranking (`certain_orders`).
        level: confidence level.
    """
    draws, systems = coefficients(drawn[0], drawn[1]), drawn[0].shape[1]
    pairs = systems * (systems - 1)
    alike = orders[0].astype(int) * orders[1]
    least, most = -1 + 2 * (alike > 0).sum() / pairs, 1 - 2 * (alike < 0).sum() / pairs
    limits = ((least, most), (-most_rho(-least, systems), most_rho(most, systems)))
    tau, rho = (
        _stretched(holding(percentile_interval(draws[:, at], level), float(estimate[at])), *ends)
        for at, ends in enumerate(limits)
    )
    return tau, rho


def _stretched(interval: Interval, least: float, most: float) -> Interval:
    if interval.low is None or interval.high is None:
        return interval
    low = min(interval.low, float(least)) if interval.low < 0 else interval.low
    return interval._replace(low=low, high=max(interval.high, float(most)) if interval.high > 0 else interval.high)


def most_rho(tau: float, systems: int) -> float:
    """The largest rho that rankings without ties can have, given tau (Durbin and Stuart 1951)."""
    return float(1 - (1 - tau) / (2 * (systems + 1)) * ((systems - 1) * (1 - tau) + 4))


def certain_orders(scores: Array, drawn: Array, least: Array, level: float) -> NDArray[np.int8]:
    """Which of two systems is certainly higher, systems × systems: 1 the first, −1 the second, 0 uncertain.

    It is certain where the interval of the difference excludes 0, by Bonferroni over all pairs of two rankings.

    Args:
        scores: of the systems.
        drawn: the same in each draw, draws × systems.
        least: the least variance of each score, whatever the draws show.
        level: of both rankings together.
    """
    systems = len(scores)
    known = drawn[~np.isnan(drawn).any(axis=1)]
    covariance = np.cov(known, rowvar=False) if len(known) > 1 else np.full((systems, systems), np.nan)
    spread = np.diag(covariance)
    variance = np.maximum(spread[:, None] + spread - 2 * covariance, least[:, None] + least)
    gaps = scores[:, None] - scores
    critical = normal_quantile(1 - (1 - level) / (systems * (systems - 1)))
    certain: NDArray[np.int8] = np.where(np.abs(gaps) > critical * np.sqrt(variance), np.sign(gaps), 0).astype(np.int8)
    return certain
