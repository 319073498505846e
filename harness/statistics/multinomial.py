"""Many draws of one multinomial: the resampled tables of an interval, at a fraction of the time of a general sampler.

A multinomial with n items is what independent Poisson counts of its cells are, given that they sum to n. So all cells
but the largest are drawn as Poisson counts, the largest gets the items that are left, and the draw is kept with a
probability in proportion to the Poisson probability of that (von Neumann's rejection): about the root of the largest
cell's share of them is kept. Poisson counts are drawn by inversion, from a table with a guide to it (Chen and Asau
1974), for all draws at once.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array

LEAST_DRAWS = 500
"""Below so many draws, the tables cost more than they save."""

LEAST_SHARE = 0.1
"""Of the largest cell: with a smaller one too many draws are rejected."""

MOST_ITEMS = 100_000
"""With more items, the tables do not fit into the fast part of a processor's memory."""

_BITS = 32  # of the random number of a count: a count that is rarer than 2**-32 is never drawn


def draws(generator: np.random.Generator, items: int, shares: Array, size: int) -> Array:
    """Counts of so many items, drawn again and again.

    Args:
        generator: the source of chance.
        items: n, at least 0.
        shares: of each cell, which sum to 1; none is negative.
        size: how many draws.

    Returns:
        Counts as floats, cells × draws, each cell in one piece; every column sums to `items`.
    """
    counts = np.zeros((len(shares), size))
    possible = np.flatnonzero(shares)
    if size < LEAST_DRAWS or items > MOST_ITEMS or not items or len(possible) < 2 or shares.max() < LEAST_SHARE:
        counts[possible] = generator.multinomial(items, shares[possible], size=size).T
        return counts
    largest = int(np.argmax(shares))
    others = possible[possible != largest]
    sampler = _Poisson(items * shares[others], size)
    first, kept = _acceptance(items, items * float(shares[largest]))
    done = 0
    while done < size:
        # A few more than are needed on average, so that nearly always one round is enough.
        tries = math.ceil((size - done) / math.sqrt(shares[largest]) * 1.03) + 64
        drawn = sampler.draw(generator, tries)
        place = items - drawn.sum(axis=0) - first
        within = (place >= 0) & (place < len(kept))
        chance = generator.integers(0, 1 << _BITS, tries, np.uint32)
        accepted = np.flatnonzero(within & (chance < kept[np.where(within, place, 0)]))[: size - done]
        now = slice(done, done + len(accepted))
        for cell, row in zip(others, drawn, strict=True):
            counts[cell, now] = row[accepted]
        counts[largest, now] = place[accepted] + first
        done += len(accepted)
    return counts


class _Poisson:
    """Draws of independent Poisson counts, by inversion of their distribution functions."""

    def __init__(self, means: Array, size: int) -> None:
        width = int(18 * math.sqrt(means.max()) + 30)  # what lies outside is rarer than 2**-32
        self._first = np.maximum(0, np.floor(means - 8 * np.sqrt(means) - 10)).astype(np.int64)[:, None]
        counts = self._first + np.arange(width)
        steps = np.log(means)[:, None] - np.log(np.maximum(counts, 1))
        steps[:, 0] = 0.0  # relative to the first count of the table
        logs = np.cumsum(steps, axis=1)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        below = np.cumsum(weights, axis=1)
        below *= (1 << _BITS) / below[:, -1:]
        ends = np.minimum(np.rint(below), (1 << _BITS) - 1).astype(np.uint32)
        guided = max(
            (2 * width).bit_length(), min(12, size.bit_length() - 1)
        )  # bits: two places or more for each count
        self._shift = np.uint32(_BITS - guided)
        self._guide = _guide(ends, guided)
        self._ends = ends

    def draw(self, generator: np.random.Generator, size: int) -> NDArray[np.int64]:
        """Counts, cells × size."""
        drawn = np.empty((len(self._first), size), np.int64)
        for place, first, guide, ends in zip(drawn, self._first, self._guide, self._ends, strict=True):
            chance = generator.integers(0, 1 << _BITS, size, np.uint32)
            np.take(guide, (chance >> self._shift).astype(np.intp), out=place, mode="clip")
            late = np.flatnonzero(chance >= ends[place])
            place[late] = np.searchsorted(ends[:-1], chance[late], "right")
            place += first
        return drawn


def _guide(ends: NDArray[np.uint32], bits: int) -> NDArray[np.int64]:
    """The first count of a row that a random number can give, by the number's leading bits, flat over all rows."""
    rows, width = ends.shape
    places = (ends >> np.uint32(_BITS - bits)).astype(np.int64) + 1
    size = (1 << bits) + 1
    found = np.bincount((places + np.arange(rows)[:, None] * size).ravel(), minlength=rows * size).reshape(rows, size)
    first = np.cumsum(found[:, :-1], axis=1)
    return np.asarray(np.minimum(first, width - 1))


def _acceptance(items: int, mean: float) -> tuple[int, NDArray[np.uint32]]:
    """The Poisson probabilities of the counts around a mean, relative to the largest one, and the first count."""
    first = max(0, math.floor(mean - 8 * math.sqrt(mean) - 10))
    last = min(items, math.ceil(mean + 9 * math.sqrt(mean) + 20))
    steps = math.log(mean) - np.log(np.maximum(np.arange(first, last + 1), 1))
    steps[0] = 0.0
    logs = np.cumsum(steps)
    return first, np.minimum(np.exp(logs - logs.max()) * (1 << _BITS), (1 << _BITS) - 1).astype(np.uint32)
