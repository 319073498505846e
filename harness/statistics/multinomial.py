"""Many draws of one multinomial: the resampled tables of an interval, at a fraction of the time of a general sampler.

A multinomial with n items is what independent Poisson counts of its cells are, given that they sum to n. So all cells
but the largest are drawn as Poisson counts, the largest gets the items that are left, and the draw is kept with a
probability in proportion to the Poisson probability of that (von Neumann's rejection): about the root of the largest
cell's share of them is kept. Poisson counts are drawn by inversion, for all draws at once: the leading bits of a random
number look a count up in a table (as the guide of Chen and Asau 1974 does), and the other bits are drawn only where the
leading ones do not decide.
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

AT_ONCE = 50_000
"""Look-ups in one call: many short calls cost more than their work."""

_BITS = 32  # of the random number of a count: a count that is rarer than 2**-32 is never drawn
_HALF = _BITS // 2  # bits that nearly always decide alone


def draws(
    generator: np.random.Generator,
    items: int,
    shares: Array,
    size: int,
    order: NDArray[np.intp] | None = None,
    out: Array | None = None,
) -> Array:
    """Counts of so many items, drawn again and again.

    Args:
        generator: the source of chance.
        items: n, at least 0.
        shares: of each cell, which sum to 1; none is negative.
        size: how many draws.
        order: in which the cells are drawn; None for their own.
        out: where to write them, cells × draws; None for a new array.

    Returns:
        Counts as floats, cells × draws, each cell in one piece; every column sums to `items`.
    """
    order = np.arange(len(shares)) if order is None else order
    counts = np.empty((len(shares), size)) if out is None else out
    possible = order[shares[order] > 0]
    largest = int(possible[np.argmax(shares[possible])])
    is_small = size < LEAST_DRAWS or not items or len(possible) < 2
    if len(possible) < len(shares):
        counts[shares <= 0] = 0
    if is_small or items > MOST_ITEMS or shares[largest] < LEAST_SHARE:
        counts[possible] = generator.multinomial(items, shares[possible], size=size).T
        return counts
    others = possible[possible != largest]
    sampler = _Poisson(items * shares[others], size)
    first, kept = _acceptance(items, items * float(shares[largest]))
    least = sampler.first.astype(float)
    done = 0
    while done < size:
        # A few more than are needed on average, so that nearly always one round is enough.
        tries = math.ceil((size - done) / math.sqrt(shares[largest]) * 1.03) + 64
        drawn = sampler.draw(generator, tries)
        place = items - first - int(sampler.first.sum()) - np.add.reduce(drawn, axis=0, dtype=np.int32)
        chance = generator.integers(0, 1 << _BITS, tries, np.uint32)
        accepted = np.flatnonzero(chance < kept.take(place, mode="clip"))[: size - done]
        now = slice(done, done + len(accepted))
        for cell, row, start in zip(others.tolist(), drawn, least, strict=True):
            np.add(row.take(accepted), start, out=counts[cell, now])
        np.add(place.take(accepted), float(first), out=counts[largest, now])
        done += len(accepted)
    return counts


class _Poisson:
    """Draws of independent Poisson counts, by inversion of their distribution functions.

    The leading bits of a random number are looked up in a table, which holds the count that they lead to, or -1 where
    the other bits decide.

    Attributes:
        first: the least count of each cell that is drawn.
    """

    def __init__(self, means: Array, size: int) -> None:
        width = int(18 * math.sqrt(means.max()) + 30)  # what lies outside is rarer than 2**-32
        self.first = np.maximum(0, np.floor(means - 8 * np.sqrt(means) - 10)).astype(np.int64)
        counts = self.first[:, None] + np.arange(width)
        steps = np.log(means)[:, None] - np.log(np.maximum(counts, 1))
        steps[:, 0] = 0.0  # relative to the first count of the table
        logs = np.cumsum(steps, axis=1)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        below = np.cumsum(weights, axis=1)
        below *= (1 << _BITS) / below[:, -1:]
        self._ends = np.rint(below).astype(np.int64)  # the first random number that gives more than a count
        self._bounds = (
            self._ends + (np.arange(len(means)) << _BITS)[:, None]
        ).ravel()  # of all cells, one after another
        self._bits = min(14, max((4 * width).bit_length(), size.bit_length() - 1))
        self._table = _looked_up(self._ends, self._bits)

    def draw(self, generator: np.random.Generator, size: int) -> NDArray[np.int16]:
        """Counts above the first ones, cells × size."""
        rows, width = self._ends.shape
        words = generator.integers(0, 1 << 64, -(-rows * size // 4), np.uint64, endpoint=False)
        leading = words.astype("<u8", copy=False).view("<u2")[: rows * size].reshape(rows, size)
        drawn = np.empty((rows, size), np.int16)
        shift = np.uint16(_HALF - self._bits)
        starts = (np.arange(rows) << self._bits)[:, None]
        step = max(1, AT_ONCE // size)
        for at in range(0, rows, step):
            places = (leading[at : at + step] >> shift) + starts[at : at + step]
            self._table.take(places, out=drawn[at : at + step], mode="clip")
        flat = drawn.reshape(-1)
        open_ones = np.flatnonzero(flat < 0)
        rest = generator.integers(0, 1 << _HALF, len(open_ones), np.int64)
        row = open_ones // size
        whole = (row << _BITS) | (leading.reshape(-1)[open_ones].astype(np.int64) << _HALF) | rest
        flat[open_ones] = np.searchsorted(self._bounds, whole, "right") - row * width
        return drawn


def _looked_up(ends: NDArray[np.int64], bits: int) -> NDArray[np.int16]:
    """The count that a random number gives by its leading bits, row after row; -1 where they do not decide.

    Args:
        ends: rows × counts, the first random number that gives more than a count; the last is past all of them.
        bits: how many leading bits.
    """
    rows, width = ends.shape
    size, shift = 1 << bits, _BITS - bits
    starts = (ends + ((1 << shift) - 1)) >> shift  # the first place that lies above
    spans = starts.copy()
    spans[:, 1:] -= starts[:, :-1]
    table = np.repeat(np.tile(np.arange(width, dtype=np.int16), rows), spans.ravel())
    inside = (ends & ((1 << shift) - 1)) > 0
    table[((ends >> shift) + (np.arange(rows) * size)[:, None])[inside]] = -1
    return table


def _acceptance(items: int, mean: float) -> tuple[int, NDArray[np.uint32]]:
    """The Poisson probabilities of the counts around a mean, relative to the largest one, and the first count.

    A place below or above stands for every count there: its probability is 0.
    """
    first = max(0, math.floor(mean - 8 * math.sqrt(mean) - 10))
    last = min(items, math.ceil(mean + 9 * math.sqrt(mean) + 20))
    steps = math.log(mean) - np.log(np.maximum(np.arange(first, last + 1), 1))
    steps[0] = 0.0
    logs = np.cumsum(steps)
    kept = np.minimum(np.exp(logs - logs.max()) * (1 << _BITS), (1 << _BITS) - 1).astype(np.uint32)
    return first - 1, np.pad(kept, 1)
