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

from harness.statistics.agreement import Array

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
        per_item: the judge's advantage on each item, averaged over the annotators; NaN where it is undefined.
    """

    winning_rate: float | None
    advantages: tuple[Advantage, ...]
    per_item: Array


def alternative_test(
    judged: NDArray[np.int8], codes: NDArray[np.int8], *, epsilon: float = EPSILON, level: float = 0.95
) -> AlternativeTest:
    """Compare a judge with each annotator; the false discovery rate is controlled (Benjamini and Yekutieli 2001).

    Args:
        judged: outcome of each item; a failure agrees with no annotator.
        codes: items × annotators, −1 where there is none.
        epsilon: the tolerated disadvantage.
        level: 1 - the false discovery rate.
    """
    items, annotators = codes.shape
    said = codes >= 0
    won = np.full((items, annotators), np.nan)
    advantages = []
    for at in range(annotators):
        others, there = np.delete(codes, at, axis=1), np.delete(said, at, axis=1)
        rows = np.flatnonzero(said[:, at] & there.any(axis=1))
        count = there[rows].sum(axis=1)
        judge = ((others[rows] == judged[rows, None]) & there[rows]).sum(axis=1) / count
        person = ((others[rows] == codes[rows, at, None]) & there[rows]).sum(axis=1) / count
        ahead, behind = (judge >= person).astype(float), (person >= judge).astype(float)
        won[rows, at] = ahead
        p_value = _p_behind(behind - ahead, epsilon) if len(rows) >= FEWEST else None
        share = (float(ahead.mean()), float(behind.mean())) if len(rows) else (math.nan, math.nan)
        advantages.append(Advantage(len(rows), *share, p_value))
    tested = [one.p_value for one in advantages if one.p_value is not None]
    rate = sum(_rejected(tested, 1 - level)) / len(tested) if tested else None
    known = ~np.isnan(won)
    per_item = np.full(items, np.nan)
    some = known.any(axis=1)
    per_item[some] = np.where(known, won, 0.0)[some].sum(axis=1) / known[some].sum(axis=1)
    return AlternativeTest(rate, tuple(advantages), per_item)


def _p_behind(gaps: Array, epsilon: float) -> float:
    """One-sided p-value of the paired t-test that the mean gap is epsilon or more."""
    n, mean = len(gaps), float(gaps.mean())
    error = float(gaps.std(ddof=1)) / math.sqrt(n)
    if error == 0:
        return 0.0 if mean < epsilon else 1.0
    from scipy.special import stdtr  # not at the top: only this needs scipy

    return float(stdtr(n - 1, (mean - epsilon) / error))


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
