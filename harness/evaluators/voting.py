"""Vote rules on arrays.

Codes are positions in `harness.records.judgments.OUTCOMES`: 0 `a`, 1 `tie`, 2 `b`, failures from 3 on. A voter that
failed abstains; if all failed, the most serious failure is the outcome.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.evaluators.aggregation import GRAVEST_FIRST
from harness.evaluators.mode import MemberVotes
from harness.prompting.single import SingleRule
from harness.records.judgments import FAILURES
from harness.records.label_set import LabelSet
from harness.records.rankings import mean_ranking
from harness.statistics.codes import TIE, VERDICT_CODES, A, B, Codes

Scores: TypeAlias = NDArray[np.float64]

ROUNDING = 1e-9
"""Tolerance for binary fractions: two of three votes reach a quorum of two thirds."""
_GRAVITY = np.array([0, *(len(GRAVEST_FIRST) - GRAVEST_FIRST.index(kind) for kind in FAILURES)], dtype=np.int8)
"""How serious each outcome is: an answer, then each kind of failure."""


def most_votes(codes: Codes, weights: Scores | None = None, quorum: float = 0.0) -> Codes:
    """The verdict with most votes, by the rule of `harness.evaluators.aggregation.most_votes`.

    Args:
        codes: voters × items.
        weights: the weight of each voter, all 1 by default.
        quorum: the share of the votes cast that a response needs to win, 0 to 1; with fewer it is a tie.

    Returns:
        The outcome of each item.
    """
    weigh = np.ones(len(codes)) if weights is None else weights
    for_a, for_tie, for_b = (weigh @ (codes == verdict) for verdict in (A, TIE, B))
    needed = quorum * (for_a + for_tie + for_b) - ROUNDING
    verdicts = np.full(codes.shape[1], TIE, np.int8)
    verdicts[(for_a > for_b) & (for_a >= for_tie) & (for_a >= needed)] = A
    verdicts[(for_b > for_a) & (for_b >= for_tie) & (for_b >= needed)] = B
    return _or_failure(verdicts, codes)


def most_labels(codes: Codes, labels: LabelSet, weights: Scores | None = None) -> Codes:
    """The label of single responses with most votes, by the rule of `harness.evaluators.aggregation.most_labels`.

    Args:
        codes: voters × items, codes of the label set.
        labels: the label set.
        weights: the weight of each voter, all 1 by default.

    Returns:
        The outcome of each item.
    """
    classes = len(labels.names)
    weigh = np.ones(len(codes)) if weights is None else weights
    totals = np.stack([weigh @ (codes == label) for label in range(classes)])
    is_level = totals >= totals.max(axis=0) - ROUNDING
    if labels.is_ordered:
        place = (is_level.sum(axis=0) - 1) // 2
        found = (np.cumsum(is_level, axis=0) > place).argmax(axis=0)
    else:
        votes = np.minimum(codes, classes - 1)
        counts = np.take_along_axis(is_level, votes.astype(np.intp), axis=0) & (codes < classes)
        found = np.take_along_axis(votes, counts.argmax(axis=0)[None], axis=0)[0]
    return _or_failure(found.astype(np.int8), codes, classes)


def mean_ranks(votes: MemberVotes, weights: Scores | None = None) -> tuple[Codes, Scores | None, list[str | None]]:
    """The ranking by mean rank of the voters that did not fail, which is that of their Borda count.

    Args:
        votes: with the rankings of each voter.
        weights: the weight of each voter, all 1 by default.

    Returns:
        The outcome of each item, None in place of scores, and the ranking of each item.
    """
    assert votes.rankings is not None, "judgments are rankings"
    weigh = [1.0] * len(votes.rankings) if weights is None else weights.tolist()
    found: list[str | None] = []
    for each in zip(*votes.rankings, strict=True):
        cast = [(ranking, weight) for ranking, weight in zip(each, weigh, strict=True) if ranking is not None]
        named = [ranking for ranking, _ in cast]
        found.append(mean_ranking(named, [weight for _, weight in cast]) if named else None)
    return _or_failure(np.zeros(votes.codes.shape[1], np.int8), votes.codes, 1), None, found


def mean_labels(codes: Codes, scores: Scores, rule: SingleRule, weights: Scores | None = None) -> tuple[Codes, Scores]:
    """The mean score of single responses over the voters that did not fail, and the label that it stands for.

    Args:
        codes: voters × items, codes of the label set.
        scores: voters × items, NaN where there is none.
        rule: gives the label of a score.
        weights: the weight of each voter, all 1 by default.

    Returns:
        The outcome of each item, and the means, NaN where all voters failed.
    """
    classes = len(rule.labels.names)
    failed = codes >= classes
    if weights is None:
        sums, total = np.where(failed, 0.0, scores).sum(axis=0), np.maximum((~failed).sum(axis=0), 1)
    else:
        sums, total = weights @ np.where(failed, 0.0, scores), np.maximum(weights @ ~failed, np.finfo(float).tiny)
    means = np.where(failed.all(axis=0), np.nan, sums / total)
    known = rule.labels.outcome_codes
    values, places = np.unique(np.nan_to_num(means), return_inverse=True)  # few different means
    found = np.array([known[rule.label_of(value)] for value in values.tolist()], np.int8)[places]
    return _or_failure(found, codes, classes), means


def mean_scores(codes: Codes, score_a: Scores, score_b: Scores, margin: float) -> tuple[Codes, Scores, Scores]:
    """The mean scores of each response over the voters that did not fail, and the verdict they give.

    Args:
        codes: voters × items.
        score_a: voters × items, the scores of response a, NaN where there is none.
        score_b: voters × items, the scores of response b, NaN where there is none.
        margin: means that differ by no more are a tie.

    Returns:
        The outcome of each item, and both means, NaN where all voters failed.
    """
    failed = codes >= VERDICT_CODES
    voters = np.maximum((~failed).sum(axis=0), 1)
    sums = [np.where(failed, 0.0, scores).sum(axis=0) for scores in (score_a, score_b)]
    mean_a, mean_b = (np.where(failed.all(axis=0), np.nan, total / voters) for total in sums)
    difference = mean_a - mean_b
    verdicts = np.full(codes.shape[1], TIE, np.int8)
    verdicts[difference > margin] = A
    verdicts[difference < -margin] = B
    return _or_failure(verdicts, codes), mean_a, mean_b


def _or_failure(verdicts: Codes, codes: Codes, classes: int = VERDICT_CODES) -> Codes:
    """The verdicts, with the most serious failure where all voters failed."""
    all_failed = (codes >= classes).all(axis=0)
    gravity = _GRAVITY[np.maximum(codes.astype(np.intp) - classes + 1, 0)]
    gravest = np.take_along_axis(codes, gravity.argmax(axis=0)[None], axis=0)[0]
    return np.where(all_failed, gravest, verdicts).astype(np.int8)
