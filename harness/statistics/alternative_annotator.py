"""The alternative-annotator test: whether a judge can replace an annotator (Calderon et al., arXiv 2501.10970).

Each annotator in turn is left out, and the judge and the annotator are compared with the remaining ones. On an item
the judge's advantage is 1 if it agrees with the remaining ones at least as often as the annotator does, and the
annotator's advantage is 1 in the opposite case. The judge wins against an annotator if it is significantly less than ε
worse; the winning rate ω is the share of the annotators that it wins against. The paper recommends to replace
annotators at ω ≥ 0.5.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import SHAPE, Array

EPSILON = 0.2
"""The tolerated disadvantage of a judge, since it costs less than a person; the paper's value for experts."""

FEWEST = 30
"""The least items of an annotator, as the paper recommends."""


class Advantage(NamedTuple):
    """The judge against one annotator.

    Attributes:
        n: items that the annotator and at least one other labelled.
        judge: share of them on which the judge does at least as well.
        annotator: share of them on which the annotator does at least as well.
        p_value: one-sided, for the hypothesis that the judge is worse by ε or more; None with too few items.
    """

    n: int
    judge: float
    annotator: float
    p_value: float | None


class AlternativeTest(NamedTuple):
    """The test over all annotators.

    Attributes:
        winning_rate: ω, None where no annotator has enough items.
        advantages: of each annotator.
        advantage: ρ, the mean over the annotators with enough items of the share of items on which the judge does at
            least as well; None where there is none.
        error: standard error of ρ over clusters, with two pseudo-items; NaN without ρ.
        n: items that ρ rests on.
        clusters: clusters of these items.
    """

    winning_rate: float | None
    advantages: tuple[Advantage, ...]
    advantage: float | None
    error: float
    n: int
    clusters: int


def alternative_test(
    judged: NDArray[np.int8],
    codes: NDArray[np.int8],
    *,
    clusters: NDArray[np.int64] | None = None,
    classes: int = SHAPE[0],
    epsilon: float = EPSILON,
    level: float = 0.95,
) -> AlternativeTest:
    """Compare a judge with each annotator; the false discovery rate is controlled (Benjamini and Yekutieli 2001).

    Args:
        judged: outcome of each item; from `classes` on it is a failure, which agrees with no annotator.
        codes: items × annotators, −1 where there is none.
        clusters: the cluster of each item; None where items are independent.
        classes: how many there are.
        epsilon: the tolerated disadvantage.
        level: 1 - the false discovery rate.
    """
    said, answers = codes >= 0, np.where(judged < classes, judged, -2)
    group = np.arange(len(codes)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    advantages, won = [], []
    for at in range(codes.shape[1]):
        others, there = np.delete(codes, at, axis=1), np.delete(said, at, axis=1)
        rows = np.flatnonzero(said[:, at] & there.any(axis=1))
        count = there[rows].sum(axis=1)
        judge = ((others[rows] == answers[rows, None]) & there[rows]).sum(axis=1) / count
        person = ((others[rows] == codes[rows, at, None]) & there[rows]).sum(axis=1) / count
        ahead, behind = (judge >= person).astype(float), (person >= judge).astype(float)
        p_value = _p_behind(behind - ahead, group[rows], epsilon) if len(rows) >= FEWEST else None
        share = (float(ahead.mean()), float(behind.mean())) if len(rows) else (math.nan, math.nan)
        advantages.append(Advantage(len(rows), *share, p_value))
        if p_value is not None:
            won.append((rows, ahead))
    tested = [one.p_value for one in advantages if one.p_value is not None]
    rate = sum(_rejected(tested, 1 - level)) / len(tested) if tested else None
    return AlternativeTest(rate, tuple(advantages), *_mean_advantage(won, group))


def _mean_advantage(
    won: list[tuple[NDArray[np.intp], Array]], group: NDArray[np.intp]
) -> tuple[float | None, float, int, int]:
    """ρ, its delete-one-cluster jackknife error, and the items and clusters that it rests on.

    Each annotator counts alike, however many items each labelled.

    Args:
        won: of each annotator, the items and whether the judge does at least as well on each.
        group: number of the cluster of each item.
    """
    if not won:
        return None, math.nan, 0, 0
    touched = np.unique(np.concatenate([rows for rows, _ in won]))
    here, numbers = np.unique(group[touched], return_inverse=True)
    place = np.zeros(int(group.max()) + 1, np.intp)
    place[here] = np.arange(len(here))
    without: Array = np.zeros(len(here))
    for rows, ahead in won:
        sizes = np.bincount(place[group[rows]], minlength=len(here))
        sums = np.bincount(place[group[rows]], weights=ahead, minlength=len(here))
        left = len(rows) - sizes
        rest = np.where(left > 0, (ahead.sum() - sums) / np.maximum(left, 1), ahead.mean())
        without += rest / len(won)
    value = float(np.mean([float(ahead.mean()) for _, ahead in won]))
    gaps = np.sort(np.square(without - value))
    worth = len(touched) ** 2 / float(np.square(np.bincount(numbers)).sum())
    variance = (len(here) - 1) / len(here) * float(gaps.sum())
    error = math.sqrt(variance * worth / (worth + 2) + 2 / (worth + 2) ** 2 / 4)
    return value, error, len(touched), len(here)


def _p_behind(gaps: Array, group: NDArray[np.intp], epsilon: float) -> float:
    """One-sided p-value that the mean gap is epsilon or more: the paired t-test, over clusters where there are some.

    An error is never less than that of one item that differs, so that equal gaps prove no more than
    their number can.
    """
    n, mean = len(gaps), float(gaps.mean())
    sums = np.bincount(np.unique(group, return_inverse=True)[1], weights=gaps - mean)
    count = len(sums)
    if count < 2:
        return 1.0
    error = math.sqrt(count / (count - 1) * float(sums @ sums)) / n
    error = max(error, math.sqrt(2) / (n + 2))
    from scipy.special import stdtr  # not at the top: only this needs scipy

    return float(stdtr(count - 1, (mean - epsilon) / error))


def _rejected(p_values: list[float], rate: float) -> list[bool]:
    """The rejected hypotheses; the false discovery rate is controlled under any dependence."""
    m = len(p_values)
    harmonic = sum(1 / k for k in range(1, m + 1))
    order = sorted(range(m), key=lambda k: p_values[k])
    last = max((k for k, at in enumerate(order, 1) if p_values[at] <= k * rate / (m * harmonic)), default=0)
    found = [False] * m
    for at in order[:last]:
        found[at] = True
    return found
