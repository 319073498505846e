"""Agreement of several annotators on the same items, and the ceiling that it sets for a judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics import clusters as designs
from harness.statistics.agreement import SHAPE, Array

Codes = NDArray[np.int8]

TIE = 1
"""Position of `tie` among the verdicts."""
MISSING = -1


class Mean(NamedTuple):
    """A mean over the annotators with its error over clusters."""

    value: float
    error: float


class Ceiling(NamedTuple):
    """A judge and the annotators, each against the majority of the other annotators on the same items.

    Attributes:
        people: the mean figure of an annotator.
        judge: the mean figure of the judge.
        difference: judge less annotator, paired.
        n: items with at least two labels.
        clusters: the clusters of these items.
        reason: why errors cannot be estimated, "" where they can.
    """

    people: Mean
    judge: Mean
    difference: Mean
    n: int
    clusters: int
    reason: str


def majority(codes: Codes, classes: int = SHAPE[0], split: int = TIE) -> Codes:
    """The majority class of each item, −1 without labels.

    Args:
        codes: items × annotators, positions in the classes, −1 where there is none.
        classes: how many there are; `a, tie, b` by default.
        split: the class of an item without a majority, `tie` by default.
    """
    counts = np.stack([(codes == one).sum(axis=1) for one in range(classes)], axis=1)
    most = counts.max(axis=1)
    is_clear = (counts == most[:, None]).sum(axis=1) == 1
    found = np.where(is_clear, counts.argmax(axis=1), split)
    return np.where(most > 0, found, MISSING).astype(np.int8)


def leave_one_out(
    codes: Codes, classes: int = SHAPE[0], split: int = TIE
) -> Iterator[tuple[int, Codes, NDArray[np.intp]]]:
    """Each annotator, the majority of the others, and the items that both of them labelled.

    Arguments as for `majority`.
    """
    for at in range(codes.shape[1] if codes.shape[1] > 1 else 0):
        others = majority(np.delete(codes, at, axis=1), classes, split)
        rows = np.flatnonzero((codes[:, at] >= 0) & (others >= 0))
        yield at, others[rows], rows


def ceiling(
    judged: Codes,
    codes: Codes,
    value: Callable[[Array], Array],
    group: NDArray[np.int64],
    *,
    shape: tuple[int, int] = SHAPE,
    split: int = TIE,
) -> Ceiling | None:
    """The figure of a judge and of a person, like for like; None where it is undefined for every annotator.

    For each annotator, judge and annotator have the same reference, the majority of the other annotators, and the
    same items, so that a judge that is exchangeable with the annotators has the same figure. Errors are the
    delete-one-cluster jackknife with two pseudo-items, one each way, so that none is 0.

    Args:
        judged: outcome of each item.
        codes: items × annotators, −1 where there is none.
        value: the figure of tables `(..., *shape)`.
        group: cluster of each item.
        shape: of a table, reference classes × judged classes and `failed`.
        split: the class of an item without a majority.
    """
    touched = np.flatnonzero((codes >= 0).sum(axis=1) >= 2)
    names, numbers = np.unique(group[touched], return_inverse=True)
    place = np.zeros(len(group), np.intp)
    place[touched] = numbers
    size, count = int(np.prod(shape)), len(names)
    sums, without, known = np.zeros(2), np.zeros((2, count)), 0
    for at, others, rows in leave_one_out(codes, shape[0], split):
        wholes, parts = [], []
        for answers in (codes[rows, at], judged[rows]):
            cells = others.astype(np.intp) * shape[1] + np.minimum(answers, shape[1] - 1)
            counts = np.bincount(place[rows] * size + cells, minlength=count * size).reshape(count, *shape)
            table = counts.sum(axis=0).astype(float)
            whole = float(value(table))
            left = value(table - counts)
            wholes.append(whole)
            parts.append(np.where(np.isnan(left), whole, left))
        if not np.isnan(wholes).any():
            sums, without, known = sums + wholes, without + parts, known + 1
    if not known:
        return None
    people, judge = (sums / known).tolist()
    gaps = without / known - np.array([[people], [judge]])
    sizes = np.sort(np.bincount(numbers)).astype(float)
    design = designs.design_of(sizes)
    kish = max(design.kish, 1.0)
    means = Mean(people, _error(gaps[0], kish)), Mean(judge, _error(gaps[1], kish))
    difference = Mean(judge - people, _error(gaps[1] - gaps[0], kish))
    return Ceiling(*means, difference, len(touched), count, design.reason)


def _error(gaps: Array, n: float) -> float:
    """The jackknife's standard error with two pseudo-items, one each way (Bonett and Price 2012)."""
    count = len(gaps)
    variance = (count - 1) / count * float(np.sort(np.square(gaps)).sum())
    return float(np.sqrt(variance * n / (n + 2) + 2 / (n + 2) ** 2))
