"""Consistency of an evaluator: between both orders of the responses, and between repeats.

Codes are positions in `harness.records.judgments.OUTCOMES`; verdicts of the swapped order are mapped back to the
original order. Failures are not verdicts: an item counts only if it has verdicts to compare.

Every function gives one number for each item, NaN where the item does not count, so that the mean of the rest is
the figure and the item, never the draw, is its unit.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.codes import TIE, VERDICT_CODES, A, B, Codes
from harness.statistics.intervals import Interval


def flips(given: Codes, swapped: Codes) -> Array:
    """Whether the verdict changes with the order: 1 or 0 for each item."""
    return _where(_are_verdicts(given, swapped), given != swapped)


def first_slot_wins(given: Codes, swapped: Codes) -> Array:
    """For items on which the same slot won in both orders: 1 if it was the first slot, else 0.

    The first slot holds response a in the order given and response b in the swapped one.
    """
    first = (given == A) & (swapped == B)
    second = (given == B) & (swapped == A)
    return _where(first | second, first)


def made_ties(given: Codes, swapped: Codes, collapsed: Codes) -> Array:
    """Whether an item is a tie only because both orders were combined: 1 if neither order is a tie."""
    neither = (given != TIE) & (swapped != TIE)
    return _where(_are_verdicts(given, swapped, collapsed), neither & (collapsed == TIE))


def disagreement_within(*orders: NDArray[np.int8], classes: int = VERDICT_CODES) -> Array:
    """Share of the pairs of draws in the same order that differ.

    Args:
        orders: items × draws, for each order.
        classes: how many labels there are; the three verdicts on a pair by default. Larger codes are failures.
    """
    alike, pairs = (sum(parts) for parts in zip(*(_pairs_within(draws, classes) for draws in orders), strict=True))
    return _share(np.asarray(pairs - alike), np.asarray(pairs))


def disagreement_between(given: NDArray[np.int8], swapped: NDArray[np.int8]) -> Array:
    """Share of the pairs of one draw in each order that differ; both are items × draws."""
    alike, pairs = np.zeros(len(given)), np.ones(len(given))
    for verdict in range(VERDICT_CODES):
        alike += (given == verdict).sum(axis=1) * (swapped == verdict).sum(axis=1)
    for draws in (given, swapped):
        pairs *= (draws < VERDICT_CODES).sum(axis=1)
    return _share(pairs - alike, pairs)


def wilson_interval(share: float, n: int, level: float) -> Interval:
    """Interval for a share of n independent items (Wilson 1927): never empty, not even where the share is 0 or 1."""
    z2 = NormalDist().inv_cdf((1 + level) / 2) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if share == 0 else centre - reach  # exact at 0 and 1, without rounding
    high = 1.0 if share == 1 else centre + reach
    return Interval(low, high)


def even_chance_p(count: int, n: int) -> float:
    """Two-sided exact binomial p-value of `count` out of n against a chance of one half."""
    ways, tail = 1, 0  # integers, so that every machine gets the same result
    for chosen in range(min(count, n - count) + 1):
        tail += ways
        ways = ways * (n - chosen) // (chosen + 1)
    return min(1.0, 2 * tail / (1 << n))


def _are_verdicts(*columns: Codes) -> NDArray[np.bool_]:
    return np.asarray(np.all([codes < VERDICT_CODES for codes in columns], axis=0))


def _pairs_within(draws: NDArray[np.int8], classes: int) -> tuple[Array, Array]:
    """For each item, the pairs of its draws that agree, and all pairs."""
    counts = np.stack([(draws == label).sum(axis=1) for label in range(classes)]).astype(float)
    voters = counts.sum(axis=0)
    return (counts * (counts - 1)).sum(axis=0) / 2, voters * (voters - 1) / 2


def _share(part: Array, whole: Array) -> Array:
    quotient: Array = np.full(len(whole), np.nan)
    np.divide(part, whole, out=quotient, where=whole > 0)
    return quotient


def _where(counts: NDArray[np.bool_], holds: NDArray[np.bool_]) -> Array:
    return np.where(counts, holds.astype(float), np.nan)
