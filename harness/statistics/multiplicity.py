"""Many comparisons at once, by one coherent procedure: pooled-score max-T, single step.

All statements about a family of pairs use one error and one critical value: the interval `d ± reach`, the adjusted
p-value, `distinguishable` (p ≤ 1 - level, equivalent to 0 outside the interval), rank sets, equivalence and gates. They
therefore never contradict each other.

The critical value is the quantile of the largest `|Z_i - Z_j| / sd(Z_i - Z_j)` over the pairs of the family, `Z` normal
with the covariance of the figures (Hothorn, Bretz and Westfall 2008). One pair has the normal quantile itself. Where
items lie in clusters, a pair with ν degrees of freedom reaches as many errors as Student's t has at the tail
probability of that normal quantile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.intervals import normal_quantile
from harness.statistics.pairs import Judgments, PairedErrors, Statistic, by_first, paired_errors

MAX_PAIRS = 20_000
"""With more pairs (200 evaluators) Bonferroni's single-step rule replaces joint draws."""

DRAWS_AT_ONCE = 512
"""Joint draws in memory at once."""

ONE_THREAD = 1 << 18
"""Multiplications of a matrix product up to which OpenBLAS uses one thread: its others would keep processors busy
that score other metrics at the time."""

KERNEL = 16
"""Columns that a kernel of OpenBLAS takes at once; in multiples of it, parts have the bytes of the whole."""

Method = Literal["max-t", "bonferroni"]


@dataclass(frozen=True, slots=True, eq=False)
class CriticalLaw:
    """The law of the largest standardised difference over a family of pairs.

    Attributes:
        pairs: how many there are.
        maxima: sorted draws of the largest; None where no draws are needed or Bonferroni's rule serves.
    """

    pairs: int
    maxima: Array | None

    @classmethod
    def of(
        cls, covariance: Array, first: NDArray[np.intp], second: NDArray[np.intp], *, resamples: int, seed: int
    ) -> CriticalLaw:
        """The law for pairs of figures with this covariance."""
        if not 1 < len(first) <= MAX_PAIRS:
            return cls(len(first), None)
        return cls(len(first), np.sort(largest_differences(covariance, first, second, resamples, seed)))

    @property
    def method(self) -> Method:
        """How it is known."""
        return "bonferroni" if self.pairs > MAX_PAIRS else "max-t"

    def critical(self, level: float) -> float:
        """The quantile; infinite where the draws are too few for the level.

        It counts as the p-values do, so that `p ≤ 1 - level` exactly where a score exceeds it.
        """
        if self.maxima is None:
            return normal_quantile(1 - (1 - level) / max(1, self.pairs))
        draws = len(self.maxima)
        above = math.floor((1 - level) * (draws + 1) + 1e-9)
        return float(self.maxima[draws - above]) if above else math.inf

    def p_values(self, scores: Array) -> Array:
        """Adjusted two-sided p-values of scores on the normal scale."""
        if self.maxima is None:
            tails = np.array([math.erfc(score / math.sqrt(2)) for score in scores])
            adjusted: Array = np.minimum(1.0, tails * max(1, self.pairs))
            return adjusted
        draws = len(self.maxima)
        reached: Array = np.searchsorted(self.maxima, scores, side="left").astype(float)
        p_values: Array = (1.0 + draws - reached) / (draws + 1)
        return p_values


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """A family of pairs of evaluators on one figure; arrays are evaluators × evaluators.

    Attributes:
        differences: figure of the row less figure of the column.
        errors: standard error of the difference, NaN where the pair is not of the family.
        reach: half the width of the simultaneous interval, NaN in the same case.
        p_values: adjusted for the family; 1 where the pair is not of the family.
        worth: effective number of independent items of the pair, NaN in the same case.
        degrees: degrees of freedom of the pair, NaN in the same case; None where the normal distribution serves.
        law: of the largest standardised difference.
        critical: the critical value on the normal scale; infinite where draws are too few for the level.
        level: confidence level of the family.
    """

    differences: Array
    errors: Array
    reach: Array
    p_values: Array
    worth: Array
    degrees: Array | None
    law: CriticalLaw
    critical: float
    level: float

    @property
    def method(self) -> Method:
        """How the critical value is known: `max-t` or `bonferroni`."""
        return self.law.method

    @property
    def pairs(self) -> int:
        """How many pairs the family has."""
        return self.law.pairs

    def p_beyond(self, one: int, other: int, margin: float) -> float:
        """Adjusted two-sided p-value of the hypothesis that the difference is `margin`, for gates.

        It is at most 1 - level exactly where `margin` lies outside the simultaneous interval.
        """
        score = abs(float(self.differences[one, other]) - margin) / float(self.errors[one, other])
        degrees = None if self.degrees is None else self.degrees[one, other]
        return float(self.law.p_values(np.atleast_1d(normal_scores(np.asarray(score), degrees)))[0])


def all_pairs(evaluators: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the two evaluators of every pair."""
    return np.triu_indices(evaluators, 1)


def compare_pairs(
    statistic: Statistic,
    judgments: Judgments,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> Comparisons:
    """Compare some pairs of evaluators, with simultaneous inference over all of them.

    Args:
        statistic: the figure.
        judgments: of all evaluators, every one of which has a value.
        first: position of one evaluator of each pair.
        second: position of the other.
        resamples: joint draws.
        seed: of the draws.
        level: confidence level of the family.
    """
    found = paired_errors(statistic, judgments, first, second, level)
    return simultaneous(found, first, second, resamples=resamples, seed=seed, level=level)


def simultaneous(
    found: PairedErrors,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> Comparisons:
    """Simultaneous inference over pairs whose errors are known; the other arguments as for `compare_pairs`."""
    differences = found.values[first] - found.values[second]
    # A pair that differs on no item has no error: its score is NaN, and the pair is reported as undefined.
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = normal_scores(np.abs(differences) / found.errors, found.degrees)
    law = CriticalLaw.of(found.covariance, first, second, resamples=resamples, seed=seed)
    critical, p_values = law.critical(level), law.p_values(scores)
    reach = reach_of(critical, found.degrees, len(first)) * found.errors
    size = len(found.values)

    def matrix(values: Array, otherwise: float) -> Array:
        full = np.full((size, size), otherwise)
        full[first, second], full[second, first] = values, values
        return full

    return Comparisons(
        found.values[:, None] - found.values[None, :],
        matrix(found.errors, math.nan),
        matrix(reach, math.nan),
        matrix(p_values, 1.0),
        matrix(found.worth, math.nan),
        None if found.degrees is None else matrix(found.degrees, math.nan),
        law,
        critical,
        level,
    )


def normal_scores(statistics: Array, degrees: Array | None) -> Array:
    """Statistics with Student's t as the normal scores of the same tail probability."""
    if degrees is None:
        return statistics
    from scipy.special import ndtri, stdtr  # not at the top: only clusters need scipy

    tails = stdtr(degrees, -statistics)
    return np.where(tails > 0, -ndtri(np.maximum(tails, 1e-300)), 37.0)


def reach_of(critical: float, degrees: Array | None, pairs: int) -> Array:
    """How many errors each pair's interval reaches to either side, from the critical value on the normal scale."""
    if degrees is None or math.isinf(critical):
        return np.full(pairs, critical)
    from scipy.special import ndtr, stdtrit  # not at the top: only clusters need scipy

    return np.asarray(-stdtrit(degrees, ndtr(-critical)))


def largest_differences(
    covariance: Array, first: NDArray[np.intp], second: NDArray[np.intp], resamples: int, seed: int
) -> Array:
    """Draws of the largest `|Z_i - Z_j| / sd(Z_i - Z_j)` over the pairs, `Z` normal with this covariance.

    Pairs are walked by their first evaluator, so a draw costs one subtraction a pair.
    """
    variances = covariance[first, first] + covariance[second, second] - 2 * covariance[first, second]
    largest_variance = float(np.diag(covariance).max(initial=0.0))
    varies = variances > 1e-12 * largest_variance
    first, second = first[varies], second[varies]
    inverse = 1 / np.sqrt(variances[varies])
    factor = triangular_factor(covariance)
    generator = np.random.Generator(np.random.PCG64(seed))
    # Single precision holds more digits of a draw than any figure is shown with, and takes half the time.
    walked = [(one, others, inverse[part][:, None].astype(np.float32)) for part, one, others in by_first(first, second)]
    maxima = np.zeros(resamples, np.float32)
    space = np.empty((len(factor), DRAWS_AT_ONCE), np.float32)
    for done in range(0, resamples, DRAWS_AT_ONCE):
        normal = generator.standard_normal((len(factor), min(DRAWS_AT_ONCE, resamples - done)))
        drawn = _product(factor, normal).astype(np.float32)
        largest = maxima[done : done + drawn.shape[1]]
        for one, others, scale in walked:
            gaps = np.subtract(drawn[others], drawn[one], out=space[: len(scale), : len(largest)])
            np.abs(gaps, out=gaps)
            gaps *= scale
            np.maximum(largest, gaps.max(axis=0), out=largest)
    return maxima.astype(float)


def _product(factor: Array, drawn: Array) -> Array:
    """`factor @ drawn`, so many columns at a time that one thread does it."""
    step = ONE_THREAD // factor.size // KERNEL * KERNEL
    if not step or drawn.shape[1] <= step:
        return np.asarray(factor @ drawn)
    return np.concatenate([factor @ drawn[:, at : at + step] for at in range(0, drawn.shape[1], step)], axis=1)


def triangular_factor(covariance: Array) -> Array:
    """Lower triangular `L` with `L L' = covariance`, also where evaluators are copies of each other or constant.

    An eigenvalue decomposition would do, but its signs differ between machines, and so would the draws.
    """
    size = len(covariance)
    factor = np.zeros_like(covariance)
    for k in range(size):
        rest = covariance[k:, k] - factor[k:, :k] @ factor[k, :k]
        if rest[0] > 1e-12 * covariance[k, k]:
            factor[k:, k] = rest / math.sqrt(rest[0])
    return factor


def holm(p_values: Array) -> Array:
    """Holm's adjusted p-values (1979): valid under any dependence."""
    order = np.argsort(p_values, kind="stable")
    steps = np.minimum(1.0, p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def rejected_over_families(families: Sequence[Array], alpha: float) -> list[NDArray[np.bool_]]:
    """Holm's step-down rule over families of p-values that are adjusted within each family.

    A p-value is rejected at `alpha` over the number of families that are not rejected as a whole. With one p-value in
    each family this is Holm's procedure (1979). The chance of any false rejection is at most `alpha` under any
    dependence: a family with a true hypothesis cannot leave before that hypothesis is rejected.

    Args:
        families: adjusted p-values, one array for each family.
        alpha: the error rate of all families together.
    """
    rejected = [np.zeros(len(one), bool) for one in families]
    while True:
        left = sum(not found.all() for found in rejected)
        again = [np.asarray(one * max(1, left) <= alpha) for one in families]
        if all((new <= old).all() for new, old in zip(again, rejected, strict=True)):
            return rejected
        rejected = [old | new for new, old in zip(again, rejected, strict=True)]


def benjamini_hochberg(p_values: Array) -> Array:
    """Benjamini and Hochberg's adjusted p-values (1995): q-values that control the false discovery rate."""
    count = len(p_values)
    order = np.argsort(-p_values, kind="stable")
    adjusted = np.empty_like(p_values, dtype=float)
    steps = np.minimum(1.0, p_values[order] * count / np.arange(count, 0, -1))
    adjusted[order] = np.minimum.accumulate(steps)
    return adjusted
