"""Numbers of one cell in two runs: which changed, and whether they moved in one direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.records.judgments import FAILURES
from harness.statistics.changed import ChangeTest, sign_test

CLOSE = 1e-9
"""Numbers that differ by no more are the same: means of the same numbers in another order."""
NUMBER, MOVES = "number", ("lower number", "higher number")

Codes = NDArray[np.int8]


class Numbers(NamedTuple):
    """The outcomes of a cell on some items, and its numbers, NaN where it failed."""

    outcomes: Codes
    values: NDArray[np.float64]


def moves_between(one: Numbers, other: Numbers) -> NDArray[np.intp]:
    """How the outcome of each item changed: 0 it did not, 1 a lower number, 2 a higher one, 3 from or to a failure."""
    both = (one.outcomes == 0) & (other.outcomes == 0)
    change = np.where(both, np.nan_to_num(other.values) - np.nan_to_num(one.values), 0.0)
    moved = np.select([change < -CLOSE, change > CLOSE], [1, 2], 0)
    return np.where(~both & (one.outcomes != other.outcomes), 3, moved).astype(np.intp)


def number_flips(one: Numbers, other: Numbers) -> list[tuple[str, str, int]]:
    """Outcomes that changed, most frequent first: what it was, what it became, and on how many items."""
    moves, names = moves_between(one, other), (NUMBER, *FAILURES)
    found = [(NUMBER, name, int((moves == at).sum())) for at, name in enumerate(MOVES, 1)]
    failed = moves == 3
    pairs, counts = np.unique(np.stack([one.outcomes[failed], other.outcomes[failed]]), axis=1, return_counts=True)
    found += [(names[a], names[b], int(count)) for (a, b), count in zip(pairs.T.tolist(), counts, strict=True)]
    return sorted((each for each in found if each[2]), key=lambda each: -each[2])


def number_tests(one: Numbers, other: Numbers) -> tuple[int, dict[Literal["toward-last", "failures"], ChangeTest]]:
    """How many items moved, and sign tests of the moves to higher numbers and to failures."""
    moves = moves_between(one, other)
    up, down = int((moves == 2).sum()), int((moves == 1).sum())
    to, back = ((other.outcomes > 0) & (one.outcomes == 0)).sum(), ((one.outcomes > 0) & (other.outcomes == 0)).sum()
    return int((moves > 0).sum()), {"toward-last": sign_test(up, down), "failures": sign_test(int(to), int(back))}


def number_texts_of(numbers: Numbers, rows: Sequence[int]) -> list[str]:
    """The number of each of some items, or the failure."""
    names = (NUMBER, *FAILURES)
    return [names[numbers.outcomes[at]] if numbers.outcomes[at] else f"{numbers.values[at]:.6g}" for at in rows]
