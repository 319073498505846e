"""Many comparisons at once: adjusted p-values of all pairs, so that a long leaderboard finds no more by luck."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.clusters import t_quantile
from harness.statistics.intervals import normal_quantile
from harness.statistics.pairs import paired_errors

MAX_PAIRS = 20_000
"""Beyond so many pairs (200 evaluators) Holm's rule stands in for resampling."""

DRAWS_AT_ONCE = 10_000
"""Joint draws held in memory at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """All pairs of evaluators on one figure; arrays are evaluators × evaluators.

    Attributes:
        differences: figure of the row less figure of the column.
        errors: paired standard error of the difference.
        p_values: adjusted for all pairs; 1 on the diagonal.
        method: `max-t` or `holm`.
        critical: how many standard errors reach to either side of a difference, for intervals that hold all true
            differences together with probability `level`: the single-step max-T quantile, or Bonferroni's beside
            Holm. No interval leaves out 0 where the test finds nothing.
        level: confidence level.
    """

    differences: Array
    errors: Array
    p_values: Array
    method: str
    critical: float
    level: float


def compare_all(
    values: Array, covariance: Array, *, resamples: int, seed: int, level: float = 0.95, degrees: int | None = None
) -> Comparisons:
    """Compare every evaluator with every other.

    A pair whose paired standard error is 0 gets the p-value 1. Either both judged alike, or the items show no
    variation to measure the difference by (a faultless judge against one that always says the same, say): then no
    p-value would be honest, and the two stay indistinguishable.

    Args:
        values: the figure of each evaluator.
        covariance: of these figures.
        resamples: joint draws for the step-down max-T procedure.
        seed: of the draws.
        level: confidence level of `critical`.
        degrees: units (items, or clusters of them) less one, for Student's t; None for the normal distribution.
    """
    first, second = np.triu_indices(len(values), 1)
    return compare_pairs(
        values, covariance, first, second, resamples=resamples, seed=seed, level=level, degrees=degrees
    )


def compare_pairs(
    values: Array,
    covariance: Array,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
    degrees: int | None = None,
) -> Comparisons:
    """Compare some pairs of evaluators, adjusted for these pairs alone; the p-value of every other pair stays 1.

    Arguments as for `compare_all`, and the positions of the two of each pair.
    """
    differences = values[:, None] - values[None, :]
    errors = paired_errors(covariance)
    tested = errors[first, second] > 0
    first, second = first[tested], second[tested]
    statistics = np.abs(differences[first, second]) / errors[first, second]
    method = "max-t" if len(first) <= MAX_PAIRS else "holm"
    if method == "max-t":
        adjusted, largest = _max_t(statistics, first, second, covariance, errors, resamples, seed, degrees)
        critical = _single_step(largest, level)
    else:
        adjusted = holm(_two_sided(statistics, degrees))
        critical = _quantile(1 - (1 - level) / max(1, len(first)), degrees)
    p_values = np.ones_like(covariance)
    p_values[first, second] = p_values[second, first] = adjusted
    return Comparisons(differences, errors, p_values, method, critical, level)


def holm(p_values: Array) -> Array:
    """Holm's adjusted p-values: valid under any dependence, and free of resampling."""
    order = np.argsort(p_values, kind="stable")
    steps = np.minimum(1.0, p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def _max_t(
    statistics: Array,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    covariance: Array,
    errors: Array,
    resamples: int,
    seed: int,
    degrees: int | None,
) -> tuple[Array, Array]:
    """Step-down max-T (Westfall and Young 1993, Romano and Wolf 2005) with Gaussian multipliers.

    Multipliers on the items, `Z·Phi / n`, are jointly normal with the covariance of the figures; so that is drawn,
    and n does not matter. The pairs are walked from the least to the most significant with a running maximum, which
    gives the maximum over each step's remaining pairs in one pass.

    Returns:
        The adjusted p-values, and the maximum over all pairs in each draw.
    """
    order = np.argsort(-statistics, kind="stable")
    pairs = [(int(first[k]), int(second[k]), 1 / errors[first[k], second[k]], statistics[k]) for k in order]
    factor = triangular_factor(covariance)
    generator = np.random.Generator(np.random.PCG64(seed))
    reached = np.zeros(len(pairs))
    maxima = np.empty(resamples)
    for done in range(0, resamples, DRAWS_AT_ONCE):
        size = min(DRAWS_AT_ONCE, resamples - done)
        drawn = factor @ generator.standard_normal((len(factor), size))
        if degrees is not None:
            drawn /= np.sqrt(generator.chisquare(degrees, size) / degrees)
        largest, gap = np.zeros(size), np.empty(size)
        for step in range(len(pairs) - 1, -1, -1):
            x, y, inverse, observed = pairs[step]
            np.subtract(drawn[x], drawn[y], out=gap)
            gap *= inverse
            np.abs(gap, out=gap)
            np.maximum(largest, gap, out=largest)
            reached[step] += np.count_nonzero(largest >= observed)
        maxima[done : done + size] = largest
    adjusted = np.empty(len(pairs))
    adjusted[order] = np.maximum.accumulate((1 + reached) / (resamples + 1))
    return adjusted, maxima


def _single_step(maxima: Array, level: float) -> float:
    """The largest statistic that single-step max-T would not find significant; infinite where draws are too few.

    It counts as the p-values do, so that intervals and tests cannot contradict each other.
    """
    p_values = np.arange(1, len(maxima) + 1) / (len(maxima) + 1)
    significant = int(np.count_nonzero(p_values <= 1 - level))
    return float(np.sort(maxima)[-significant]) if significant else math.inf


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


def _quantile(level: float, degrees: int | None) -> float:
    """How many standard errors reach to either side of one difference."""
    return normal_quantile(level) if degrees is None else t_quantile(level, degrees)


def _two_sided(statistics: Array, degrees: int | None) -> Array:
    if degrees is None:
        return np.array([math.erfc(t / math.sqrt(2)) for t in statistics])
    from scipy.special import stdtr  # not at the top: only clusters need scipy

    return np.asarray(2 * stdtr(degrees, -statistics), dtype=float)
