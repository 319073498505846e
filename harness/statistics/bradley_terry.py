"""Strengths of three or more systems from comparisons of two of them at a time (Bradley and Terry 1952).

System i wins against j with the probability `1 / (1 + exp(s_j - s_i))`; a tie counts as half a win for each. The
strengths `s` are the maximum-likelihood estimates, in log-odds, and sum to 0. The standard errors are robust to
misspecification of the model (ties, dependence within prompts, intransitive games): they come from the sandwich
estimator, with the prompt as the unit, and are no less than two pseudo-comparisons of wins and losses would make them,
so that none is 0, not even where all are ties.

A difference of strengths is finite only between systems of one group: those that are linked both ways by comparisons
that were not lost, each by the next (Ford 1957). A system that never lost has strength +inf, one that never won −inf,
and one without comparisons is undefined; each has a reason. No pseudo-counts are added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.sampling import effective_size

STEPS = 200
"""The most Newton steps; a dozen are enough unless strengths differ by dozens of log-odds."""
CLOSE = 1e-12
"""The largest step of a strength, in log-odds, that counts as converged."""

UNDEFEATED = "undefeated: no finite strength fits"
WINLESS = "never won: no finite strength fits"
ABOVE = "never lost to the systems of the largest group: no finite strength fits"
BELOW = "never won against the systems of the largest group: no finite strength fits"
APART = "no comparison links it with the systems of the largest group"
NO_GROUP = "no largest group of systems that are linked both ways, to measure it by"
ALONE = "never compared"


@dataclass(frozen=True, slots=True, eq=False)
class Strengths:
    """Bradley-Terry strengths.

    Attributes:
        values: strength of each system, in log-odds; the finite ones sum to 0; ±inf and NaN have a reason.
        covariance: systems × systems, of the finite strengths; NaN elsewhere.
        least: what two pseudo-comparisons would add to it, the least variance.
        reasons: why a strength is not finite, "" where it is.
        units: how many clusters (comparisons where they are independent) the finite strengths rest on.
        is_tied: whether every comparison behind them is a tie, so that the data show no spread.
        worth: how many units of equal weight these are worth (Kish 1965); `units` where all weigh the same.
    """

    values: Array
    covariance: Array
    least: Array
    reasons: tuple[str, ...]
    units: int
    is_tied: bool = False
    worth: float = 0.0

    def errors(self) -> Array:
        """Standard error of each strength; NaN where it is not finite or rests on one unit."""
        return np.sqrt(np.maximum(np.diag(self.covariance), np.diag(self.least)))

    def difference(self, one: int, other: int) -> tuple[float, float]:
        """Strength of one system less that of another, and its standard error; NaN where that is not known.

        The difference is infinite where only one of the two is, and NaN between two infinite ones of one sign.
        """
        with np.errstate(invalid="ignore"):
            gap = float(self.values[one] - self.values[other])
        found, least = (
            float(matrix[one, one] + matrix[other, other] - 2 * matrix[one, other])
            for matrix in (self.covariance, self.least)
        )
        variance = max(found, least) if found == found else found
        return gap, float(np.sqrt(max(variance, 0.0))) if variance == variance else float("nan")


def bradley_terry(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    score: Array,
    systems: int,
    *,
    clusters: NDArray[np.int64] | None = None,
    weights: Array | None = None,
) -> Strengths:
    """Fit strengths to comparisons.

    The result does not depend on the order of the comparisons, nor, but for its own order, on that of the systems.

    Args:
        first: a system of each comparison, 0 to `systems - 1`.
        second: the other one; a comparison of a system with itself is left out.
        score: what the first one got: 1 for a win, 1/2 for a tie, 0 for a loss.
        systems: how many there are.
        clusters: the cluster (prompt) of each comparison; None where comparisons are independent.
        weights: of each comparison, the inverse of the probability with which it was drawn; None where all weigh the
            same. They are scaled to a mean of 1.
    """
    kept = first != second
    first, second, score = first[kept], second[kept], np.asarray(score, dtype=float)[kept]
    weigh = np.ones(len(score)) if weights is None else weights[kept] / max(float(weights[kept].mean()), 1e-300)
    unit = None if clusters is None else clusters[kept]
    wins: Array = np.zeros((systems, systems))
    np.add.at(wins, (first, second), weigh * score)
    np.add.at(wins, (second, first), weigh * (1 - score))
    members, values, reasons = _groups(wins)
    covariance: Array = np.full((systems, systems), np.nan)
    least = covariance.copy()
    if len(members) < 2:
        return Strengths(values, covariance, least, reasons, 0)
    fitted = _fit(wins[np.ix_(members, members)])
    values[members] = fitted
    inside = np.isin(first, members) & np.isin(second, members)
    place = np.full(systems, -1)
    place[members] = np.arange(len(members))
    cluster = None if unit is None else unit[inside]
    pairs = place[first[inside]], place[second[inside]]
    sandwich, pseudo, units, worth = _sandwich(fitted, *pairs, score[inside], weigh[inside], cluster)
    covariance[np.ix_(members, members)], least[np.ix_(members, members)] = sandwich, pseudo
    return Strengths(values, covariance, least, reasons, units, bool((score[inside] == 1 / 2).all()), worth)


def expected_score(gap: float) -> float:
    """The expected score for a difference of strengths: 0 at −inf, 1/2 at 0, 1 at +inf."""
    return float(1 / (1 + np.exp(-gap))) if gap >= 0 else float(np.exp(gap) / (1 + np.exp(gap)))


def _groups(wins: Array) -> tuple[NDArray[np.intp], Array, tuple[str, ...]]:
    """The systems of the largest group (none without a unique largest), and the strengths of the others."""
    reaches = _reachable(wins > 0)
    linked = reaches & reaches.T
    sizes = linked.sum(axis=1)
    games = (wins + wins.T).sum(axis=1)
    weight = np.array([games[row].sum() for row in linked])
    candidates = np.flatnonzero(sizes == sizes.max()) if len(sizes) else np.zeros(0, np.intp)
    candidates = candidates[weight[candidates] == weight[candidates].max()] if len(candidates) else candidates
    is_one_group = len(candidates) > 1 and bool(linked[np.ix_(candidates, candidates)].all())
    members = candidates if is_one_group else np.zeros(0, np.intp)
    values: Array = np.full(len(wins), np.nan)
    reasons = [""] * len(wins)
    for system in range(len(wins)):
        if system in members:
            continue
        above, below = _standing(system, wins, reaches, members)
        values[system] = np.inf if above else -np.inf if below else np.nan
        reasons[system] = _reason(system, wins, reaches, members, above=above, below=below)
    return members, values, tuple(reasons)


def _standing(system: int, wins: Array, reaches: NDArray[np.bool_], members: NDArray[np.intp]) -> tuple[bool, bool]:
    """Whether a system outside the largest group is above all that it is compared with, or below."""
    if len(members):
        return bool(reaches[system, members[0]]), bool(reaches[members[0], system])
    won, lost = bool(wins[system].any()), bool(wins[:, system].any())
    return won and not lost, lost and not won


def _reason(
    system: int, wins: Array, reaches: NDArray[np.bool_], members: NDArray[np.intp], *, above: bool, below: bool
) -> str:
    won, lost = bool(wins[system].any()), bool(wins[:, system].any())
    if above:
        return ABOVE if lost else UNDEFEATED
    if below:
        return BELOW if won else WINLESS
    if not (won or lost):
        return ALONE
    return APART if len(members) else NO_GROUP


def _reachable(edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which system each one reaches by comparisons that were not lost, itself included."""
    reaches = edges | np.eye(len(edges), dtype=bool)
    for between in range(len(edges)):  # Warshall 1962
        reaches |= np.outer(reaches[:, between], reaches[between])
    return reaches


def _fit(wins: Array) -> Array:
    """The maximum of the likelihood of one group, by Newton's method; the strengths sum to 0."""
    games = wins + wins.T
    scores = wins.sum(axis=1)
    strengths: Array = np.zeros(len(wins))
    value = _likelihood(strengths, wins)
    for _ in range(STEPS):
        expected = games * _probabilities(strengths)
        step = _inverse(_information(strengths, games)) @ (scores - expected.sum(axis=1))
        size = 1.0
        while (reached := _likelihood(strengths + size * step, wins)) < value and size > CLOSE:
            size /= 2  # far from the maximum a full step can overshoot
        strengths, value = strengths + size * step, reached
        if np.abs(size * step).max() < CLOSE:
            break
    centred: Array = strengths - strengths.mean()
    return centred


def _likelihood(strengths: Array, wins: Array) -> float:
    gaps = strengths[:, None] - strengths[None, :]
    return -float((wins * np.logaddexp(0.0, -gaps)).sum())


def _probabilities(strengths: Array) -> Array:
    gaps = strengths[:, None] - strengths[None, :]
    return np.asarray(np.exp(-np.logaddexp(0.0, -gaps)))


def _information(strengths: Array, games: Array) -> Array:
    chances = _probabilities(strengths)
    weights = games * chances * chances.T
    return np.diag(weights.sum(axis=1)) - weights


def _inverse(information: Array) -> Array:
    """The inverse among strengths that sum to 0: a shift of all changes no probability."""
    level = np.full_like(information, 1 / len(information))
    scale = float(np.trace(information)) / len(information)
    return np.linalg.inv(information + scale * level) - level / scale


def _sandwich(
    strengths: Array,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    score: Array,
    weights: Array,
    clusters: NDArray[np.int64] | None,
) -> tuple[Array, Array, int, float]:
    """The sandwich, what two pseudo-comparisons would add to it, the number G of clusters, and what these are worth.

    The sandwich is `A⁻¹ B A⁻¹` times `G / (G - 1)`, with A the information and B the weighted scores summed over
    clusters (Särndal, Swensson and Wretman 1992, section 5.10); the pseudo-comparisons would add `2 A⁻¹ / G`.
    """
    systems = len(strengths)
    games: Array = np.zeros((systems, systems))
    np.add.at(games, (first, second), weights)
    residual = weights * (score - _probabilities(strengths)[first, second])
    if clusters is None:
        squares, count = np.zeros((systems, systems)), len(first)
        np.add.at(squares, (first, second), residual**2)
        squares += squares.T
        spread, sums_of = np.diag(squares.sum(axis=1)) - squares, weights
    else:
        _, group = np.unique(clusters, return_inverse=True)
        count = int(group.max()) + 1
        sums: Array = np.zeros((count, systems))
        np.add.at(sums, (group, first), residual)
        np.add.at(sums, (group, second), -residual)
        spread, sums_of = sums.T @ sums, np.bincount(group, weights).astype(float)
    if count < 2:
        nothing = np.full((systems, systems), np.nan)
        return nothing, nothing, count, 1.0
    inverse = _inverse(_information(strengths, games + games.T))
    is_equal = float(np.ptp(weights)) <= 1e-9
    worth = float(count) if is_equal else effective_size(sums_of)
    return inverse @ spread @ inverse * (count / (count - 1)), 2 / worth * inverse, count, worth
