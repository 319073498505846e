"""Probability samples of items to label: strata, allocation, and what a design costs in variance.

A sample is made in rounds, each without replacement from the items that no round drew before. Every item has a random
number that stays (Ohlsson 1995, permanent random numbers), and a round takes the smallest ones: of all items left
(uniform), or of those left in each stratum. So in every stratum the items of all rounds together are those with its
smallest numbers. Given how many these are they are a simple random sample of the stratum, since no size of a round
depends on a label; inference is conditional on these sizes (Holt and Smith 1979, post-stratification). An item of
stratum h then has the inclusion probability n_h / N_h, and with p_t the probability with which round t drew it from
what was left in the stratum, 1 - Π (1 - p_t) is that same number.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array

Ints = NDArray[np.int64]

MOST_STRATA = 4
"""Strata of disagreement: one where all agree, and up to three of the others."""
SMALLEST_STRATUM = 10
"""Items that a stratum holds at least; smaller ones are joined with a neighbour."""
FEWEST_DRAWN = 5
"""Items that are drawn from each stratum at least, so that each has a variance."""
PROPORTIONAL = 0.5
"""Share of a stratified round that is allocated in proportion to what is left (a defensive mixture, Hesterberg 1995).

No item then has less than half of the probability that the uniform draw gives it, whatever the judges agree on.
"""
LEAST_ERROR = 0.02
"""Expected share of wrong judgments where all cells agree: they may all be wrong."""


def disagreement(outcomes: NDArray[np.int8]) -> Array:
    """For each item the share of cells whose outcome is not the most frequent one.

    Args:
        outcomes: items × cells, codes from 0.
    """
    items, cells = outcomes.shape
    if not items or not cells:
        return np.zeros(items)
    most = np.zeros(items, dtype=np.int64)
    for code in np.unique(outcomes):
        most = np.maximum(most, (outcomes == code).sum(axis=1))
    return np.asarray(1 - most / cells)


def strata_of(share: Array) -> Ints:
    """Strata by disagreement: 0 where all cells agree, the others in up to three parts, more disagreement last.

    Args:
        share: as `disagreement` gives it.
    """
    differs = share > 0
    strata = np.zeros(len(share), dtype=np.int64)
    if differs.any():
        cuts = np.unique(np.quantile(share[differs], np.linspace(0, 1, MOST_STRATA)[1:-1]))
        strata[differs] = 1 + np.searchsorted(cuts, share[differs], side="left")
    return _numbered(_joined(strata))


def _joined(strata: Ints) -> Ints:
    """Strata that are too small joined with the next one below, the lowest with the next one above."""
    found = _numbered(strata)
    while len(sizes := np.bincount(found, minlength=1)) > 1 and sizes.min() < SMALLEST_STRATUM:
        small = int(sizes.argmin())
        found = _numbered(np.where(found == small, max(1, small) - 1 if small else 1, found))
    return found


def _numbered(strata: Ints) -> Ints:
    return np.asarray(np.unique(strata, return_inverse=True)[1], dtype=np.int64)


def shares_of(share: Array, strata: Ints) -> Array:
    """The mean disagreement of each stratum.

    Args:
        share: disagreement of each item.
        strata: of each item.
    """
    return np.asarray(np.bincount(strata, share) / np.bincount(strata))


def spreads_of(shares: Array) -> Array:
    """The expected standard deviation of a judge's error in each stratum, `sqrt(e (1 - e))`.

    Args:
        shares: mean disagreement of each, taken for the share of wrong judgments e.
    """
    expected = np.clip(shares, LEAST_ERROR, 0.5)
    return np.sqrt(expected * (1 - expected))


def allocated(n: int, left: Ints, spreads: Array, drawn: Ints) -> Ints:
    """How many items of each stratum a round of n draws.

    Half in proportion to what is left and half to that times the expected spread (Neyman 1934); every stratum gets
    `FEWEST_DRAWN` over all rounds as far as it has them and n allows.

    Args:
        n: items of the round, at most those that are left.
        left: items of each stratum that no round drew.
        spreads: as `spreads_of` gives them.
        drawn: items of each stratum that earlier rounds drew.
    """
    n = min(n, int(left.sum()))
    floor = np.minimum(left, np.maximum(0, FEWEST_DRAWN - drawn))
    while floor.sum() > n:
        floor[int(floor.argmax())] -= 1
    wanted = PROPORTIONAL * left / max(1, left.sum())
    weighted = left * spreads
    wanted = wanted + (1 - PROPORTIONAL) * weighted / max(float(weighted.sum()), 1e-300)
    found = floor.copy()
    while (missing := n - int(found.sum())) > 0:
        open_ = found < left
        gap = np.where(open_, np.maximum(n * wanted - found, 0.0), 0.0)
        if not gap.sum():
            gap = np.where(open_, left - found, 0).astype(float)
        parts = np.minimum(np.floor(missing * gap / gap.sum()).astype(np.int64), left - found)
        if not parts.sum():
            parts[int(np.where(open_, gap, -1.0).argmax())] = 1
        found = found + parts
    return found


def combined_probability(parts: Sequence[Array]) -> Array:
    """The probability of being drawn in any round: `1 - Π (1 - p_t)`.

    Args:
        parts: of each round, the probability with which it draws an item that no round drew before.
    """
    kept = np.ones_like(np.asarray(parts[0], dtype=float))
    for part in parts:
        kept = kept * (1 - np.asarray(part, dtype=float))
    return np.asarray(1 - kept)


def effective_size(weights: Array) -> float:
    """How many equally weighted items these are worth: `(Σ w)² / Σ w²` (Kish 1965)."""
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def variance_cost(drawn: Ints, sizes: Ints) -> float:
    """Kish's design effect of a stratified sample: n times the sum of squared weights, over their squared sum.

    A figure that has nothing to do with the strata has this many times the variance that a uniform sample gives.

    Args:
        drawn: items of each stratum that were drawn.
        sizes: items of each stratum.
    """
    there = drawn > 0
    weights = np.repeat(sizes[there] / drawn[there], drawn[there])
    return len(weights) / effective_size(weights) if len(weights) else 1.0
