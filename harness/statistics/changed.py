"""Tests of whether the verdicts of one evaluator changed between two runs, given how much its own repeats vary.

The null hypothesis: all draws for an item come from one distribution, whichever run made them. The draws of an item can
then be exchanged between the runs, and every test here is the exact distribution of its statistic over these exchanges.
Items need no labels, and items that always get the same verdict say nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array

MAX_SUPPORT = 2**16
"""Values of a statistic; a larger support is binned, for the observed value and the distribution alike."""

Counts = NDArray[np.int64]
Part = Callable[[tuple[int, ...], tuple[int, ...]], int]


class ChangeTest(NamedTuple):
    """The result of one test.

    Attributes:
        p_value: of the test.
        smallest: the smallest p-value that these data could have given; a test that cannot reject needs no correction.
    """

    p_value: float
    smallest: float


def sign_test(up: int, down: int) -> ChangeTest:
    """Exact two-sided sign test: whether moves in one direction are as frequent as moves in the other.

    Args:
        up: items that moved up.
        down: items that moved down.
    """
    from scipy.special import bdtr  # scipy.stats takes a second to import

    n = up + down
    if not n:
        return ChangeTest(1.0, 1.0)
    return ChangeTest(min(1.0, 2 * float(bdtr(min(up, down), n, 0.5))), min(1.0, 2 * 0.5**n))


def exchange_test(one: Counts, other: Counts) -> ChangeTest:
    """Permutation test of the squared distance between the verdicts of the two runs, summed over the items.

    The statistic of an item is the squared Euclidean distance between the shares of each verdict among its draws in
    either run. It is large where the draws of one run agree with each other and differ from those of the other run.

    Args:
        one: draws of the first run, items × verdicts; every item has the same number.
        other: draws of the other run, items × verdicts.
    """

    def distance(drawn: tuple[int, ...], pooled: tuple[int, ...]) -> int:
        r, all_draws = sum(drawn), sum(pooled)
        return sum((all_draws * n - r * p) ** 2 for n, p in zip(drawn, pooled, strict=True))

    return _upper_tail(_pooled(one, other), distance)


def direction_test(one: Counts, other: Counts, values: NDArray[np.int64]) -> ChangeTest:
    """Permutation test of the mean of a score of the verdicts, two-sided.

    Args:
        one: draws of the first run, items × verdicts; every item has the same number.
        other: draws of the other run, items × verdicts.
        values: the score of each verdict, integers.
    """
    groups = _pooled(one, other)
    weights = [int(value) for value in values]

    def score(drawn: tuple[int, ...], _: tuple[int, ...]) -> int:
        return sum(n * value for n, value in zip(drawn, weights, strict=True))

    up = _upper_tail(groups, score)
    down = _upper_tail(groups, lambda drawn, pooled: -score(drawn, pooled))
    p_value = min(1.0, 2 * min(up.p_value, down.p_value))
    return ChangeTest(p_value, min(1.0, 2 * min(up.smallest, down.smallest)))


def _pooled(one: Counts, other: Counts) -> Counter[tuple[tuple[int, ...], tuple[int, ...]]]:
    """How often each pair of the draws of the first run and those of both runs occurs."""
    pairs = zip(one.tolist(), (one + other).tolist(), strict=True)
    return Counter((tuple(drawn), tuple(pooled)) for drawn, pooled in pairs)


def _upper_tail(groups: Counter[tuple[tuple[int, ...], tuple[int, ...]]], part: Part) -> ChangeTest:
    """The probability that the sum of a part over all items is at least the observed one."""
    observed, patterns = 0, Counter[tuple[tuple[int, ...], int]]()
    for (drawn, pooled), items in groups.items():
        patterns[pooled, sum(drawn)] += items
    laws = {key: list(_law(*key, part)) for key in patterns}
    shifts = {key: min(value for value, _ in law) for key, law in laws.items()}
    steps = (value - shifts[key] for key, law in laws.items() for value, _ in law)
    step = reduce(math.gcd, steps, 0)
    if not step:
        return ChangeTest(1.0, 1.0)  # no exchange changes anything
    top = sum(max(value - shifts[key] for value, _ in laws[key]) * items for key, items in patterns.items())
    width = step * max(1, math.ceil(top / step / MAX_SUPPORT))
    for (drawn, pooled), items in groups.items():
        observed += items * ((part(drawn, pooled) - shifts[pooled, sum(drawn)]) // width)
    size = sum(max((value - shifts[key]) // width for value, _ in laws[key]) * items for key, items in patterns.items())
    law = _law_of_sum(laws, shifts, patterns, width, size + 1)
    tails = np.clip(np.cumsum(law[::-1])[::-1], 0.0, 1.0)
    smallest = math.prod(
        max(sum(p for value, p in laws[key] if value == max(v for v, _ in laws[key])), 0.0) ** items
        for key, items in patterns.items()
    )
    return ChangeTest(max(float(tails[observed]), smallest), smallest)


def _law_of_sum(
    laws: dict[tuple[tuple[int, ...], int], list[tuple[int, float]]],
    shifts: dict[tuple[tuple[int, ...], int], int],
    patterns: Counter[tuple[tuple[int, ...], int]],
    width: int,
    size: int,
) -> Array:
    """The distribution of a sum of independent parts, by the product of their Fourier transforms."""
    total: NDArray[np.complex128] = np.ones(size // 2 + 1, dtype=np.complex128)
    for key, items in patterns.items():
        mass = np.zeros(size)
        for value, probability in laws[key]:
            mass[(value - shifts[key]) // width] += probability
        total *= np.fft.rfft(mass) ** items
    return np.fft.irfft(total, size)


def _law(pooled: tuple[int, ...], drawn: int, part: Part) -> Iterator[tuple[int, float]]:
    """The values of an item's part over all ways to draw one run's share of its draws, with their probabilities."""
    ways = math.comb(sum(pooled), drawn)
    for taken in product(*(range(min(count, drawn) + 1) for count in pooled)):
        if sum(taken) == drawn:
            weight = math.prod(math.comb(count, n) for count, n in zip(pooled, taken, strict=True))
            yield part(taken, pooled), float(Fraction(weight, ways))
