"""Agreement of two rankings of systems that rest on the same comparisons: Kendall's tau-b and Spearman's rho.

A judge ranks the systems whose responses it compares, and so do the people who labelled the same items. A ranking is by
win rate or by Bradley-Terry strength; a tie of two responses counts as half a win for each. Where every comparison
includes one and the same system, that system has a win rate of 1/2, and the others have theirs against it.

Intervals come from a bootstrap over clusters (items where they are independent) that makes both rankings again. Chance
moves both coefficients towards 0: a sample has close systems in the wrong order, and a draw from the sample more often.
The percentiles alone therefore cover far below their level where systems are close. The end away from 0 is stretched
to the value that the coefficient has if every pair of systems whose order is uncertain in one of the rankings were
ordered alike in both. The interval is conservative. †Stretching is no standard of the literature; the simulation is
`tests/simulations/rankings.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.bradley_terry import bradley_terry
from harness.statistics.intervals import NO_INTERVAL, Interval
from harness.statistics.rank_coefficients import CELLS_AT_ONCE, certain_orders, coefficients, intervals_of

RESAMPLES = 1_000
"""Draws behind an interval."""
FEWEST_SYSTEMS = 3
"""Two systems have one order, which a win rate describes."""
PSEUDO = 0.25
"""Pseudo-wins each way of two systems that were compared, in draws alone: their strengths are finite."""
DIGITS = 8
"""Decimals of a Bradley-Terry strength, so that equal strengths are tied."""
STEPS = 60
"""The most Newton steps of a fit."""
CLOSE = 1e-10
"""The largest step of a strength, in log-odds, that counts as converged."""
LARGEST_STEP = 2.0
"""Far from the maximum a full step can overshoot."""
FARTHEST = 5.0
"""The largest strength at which the fits of draws start."""

FEW_SYSTEMS = f"fewer than {FEWEST_SYSTEMS} systems were compared"
CONSTANT = "all systems are tied in one of the rankings"
UNCONNECTED = "the comparisons do not connect all systems"
UNORDERED = "no finite Bradley-Terry strengths fit some systems, whose order is therefore unknown"


class Games(NamedTuple):
    """Comparisons of two systems each, judged by people and by a judge.

    Attributes:
        first: a system of each comparison, 0 to `systems - 1`.
        second: another one.
        people: twice the score of the first by people: 2 won, 1 tied, 0 lost.
        judge: the same by the judge.
        clusters: the cluster of each comparison, None where they are independent.
        systems: how many there are, each in at least one comparison.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    people: NDArray[np.int64]
    judge: NDArray[np.int64]
    clusters: NDArray[np.int64] | None
    systems: int


class RankAgreement(NamedTuple):
    """Agreement of the rankings by people and by a judge.

    Attributes:
        kendall: tau-b; NaN where it is undefined.
        spearman: rho; NaN in the same cases.
        reason: why they are undefined, "" where they are not.
        kendall_interval: of tau-b, without ends where there were no draws.
        spearman_interval: of rho.
    """

    kendall: float
    spearman: float
    reason: str
    kendall_interval: Interval = NO_INTERVAL
    spearman_interval: Interval = NO_INTERVAL


class Rankings(NamedTuple):
    """The agreement by each way to rank."""

    win_rate: RankAgreement
    bradley_terry: RankAgreement


class _Design(NamedTuple):
    """What all draws share: the pairs that met (pairs × 2), the cell of each comparison, the starts of the fits."""

    games: Games
    pairs: NDArray[np.int64]
    places: NDArray[np.int64]
    met: NDArray[np.bool_]

    def wins(self, counts: Array, side: int) -> Array:
        """Wins of the row against the column by people (0) or the judge (1), draws × systems × systems."""
        systems = self.games.systems
        scores = counts.reshape(len(counts), len(self.pairs), 3, 3).sum(axis=3 - side)
        wins: Array = np.zeros((len(counts), systems, systems))
        wins[:, self.pairs[:, 0], self.pairs[:, 1]] = scores[..., 2] + scores[..., 1] / 2
        wins[:, self.pairs[:, 1], self.pairs[:, 0]] = scores[..., 0] + scores[..., 1] / 2
        return wins


def rank_agreement(games: Games, *, resamples: int = RESAMPLES, level: float, seed: int) -> Rankings:
    """Agreement of the rankings by people and by a judge.

    The result does not depend on the order of the comparisons, nor on which system of each is the first.

    Args:
        games: the comparisons.
        resamples: draws of the bootstrap, 0 for no intervals.
        level: confidence level of the intervals.
        seed: of the draws.
    """
    if reason := _undefined(games):
        nothing = RankAgreement(np.nan, np.nan, reason)
        return Rankings(nothing, nothing)
    design = _design(games)
    counts = np.bincount(design.places, minlength=9 * len(design.pairs))[None].astype(float)
    wins = [design.wins(counts, side)[0] for side in range(2)]
    rates = [win_rates(table[None], design.met)[0] for table in wins]
    strengths = [_strengths(games, side / 2) for side in (games.people, games.judge)]
    starts = [fit_strengths(table[None] + PSEUDO * design.met, np.zeros(games.systems))[0] for table in wins]
    drawn = [_scores(part, design, starts) for part in _draws(design, resamples, seed=seed)]
    found = []
    for at, (ranked, centres) in enumerate(((rates, rates), (strengths, starts))):
        estimate = coefficients(ranked[0][None], ranked[1][None])[0]
        if reason := _unranked(ranked, estimate):
            found.append(RankAgreement(np.nan, np.nan, reason))
            continue
        ends = NO_INTERVAL, NO_INTERVAL
        if drawn:
            scores = [np.concatenate([part[at][side] for part in drawn]) for side in range(2)]
            orders = [
                certain_orders(centre, score, _least_variance(table, is_log_odds=at == 1), level)
                for centre, score, table in zip(centres, scores, wins, strict=True)
            ]
            ends = intervals_of(estimate, scores, orders, level)
        found.append(RankAgreement(float(estimate[0]), float(estimate[1]), "", *ends))
    return Rankings(*found)


def _undefined(games: Games) -> str:
    """Why there is no ranking of any kind, "" where there is one."""
    if games.systems < FEWEST_SYSTEMS:
        return FEW_SYSTEMS
    met = np.eye(games.systems, dtype=bool)
    met[games.first, games.second] = met[games.second, games.first] = True
    reached = met[0]
    for _ in met:
        reached = met[reached].any(axis=0)
    return "" if reached.all() else UNCONNECTED


def _design(games: Games) -> _Design:
    is_turned = games.first > games.second
    low, high = np.minimum(games.first, games.second), np.maximum(games.first, games.second)
    people, judge = (np.where(is_turned, 2 - side, side) for side in (games.people, games.judge))
    keys, number = np.unique(low * games.systems + high, return_inverse=True)
    pairs = np.stack(np.divmod(keys, games.systems), axis=1)
    met = np.zeros((games.systems, games.systems), bool)
    met[pairs[:, 0], pairs[:, 1]] = met[pairs[:, 1], pairs[:, 0]] = True
    return _Design(games, pairs, (number * 3 + people) * 3 + judge, met)


def win_rates(wins: Array, met: NDArray[np.bool_]) -> Array:
    """Win rate of each system, ties as half a win: draws × systems; NaN for a system without comparisons in a draw.

    A system that every comparison includes has 1/2.

    Args:
        wins: of the row against the column, draws × systems × systems.
        met: whether two systems were compared at all.
    """
    scored = wins.sum(axis=2)
    with np.errstate(invalid="ignore"):
        rates: Array = scored / (scored + wins.sum(axis=1))
    is_reference = (met.sum(axis=1) * 2 == met.sum()) & (len(met) >= FEWEST_SYSTEMS)
    rates[:, is_reference] = 1 / 2
    return rates


def _strengths(games: Games, score: Array) -> Array:
    return np.round(bradley_terry(games.first, games.second, score, games.systems).values, DIGITS)


def _unranked(ranked: list[Array], estimate: Array) -> str:
    """Why scores of connected systems give no agreement, "" where they do."""
    for scores in ranked:
        infinite = scores[~np.isfinite(scores)]  # a strength is NaN where no group of systems has finite ones
        if np.isnan(infinite).any() or len(np.unique(infinite)) < len(infinite):
            return UNORDERED
    return CONSTANT if np.isnan(estimate).any() else ""


def _draws(design: _Design, resamples: int, *, seed: int) -> Iterator[Array]:
    """Counts of each cell in samples of the clusters with replacement, some draws at a time."""
    generator, places, cells = np.random.Generator(np.random.PCG64(seed)), design.places, 9 * len(design.pairs)
    at_once = max(1, CELLS_AT_ONCE // max(cells, len(design.met) ** 2))
    sizes = [min(at_once, resamples - start) for start in range(0, resamples, at_once)]
    if design.games.clusters is None:
        shares = np.bincount(places, minlength=cells) / len(places)
        for size in sizes:
            yield generator.multinomial(len(places), shares, size).astype(float)
        return
    numbers = np.unique(design.games.clusters, return_inverse=True)[1]
    order = np.lexsort((places, numbers))
    parts = np.split(places[order], np.flatnonzero(np.diff(numbers[order])) + 1)
    parts.sort(key=lambda part: part.tolist())  # by contents, so that the order of the items has no influence
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    in_order = np.concatenate(parts)
    for size in sizes:
        drawn = generator.integers(0, len(parts), (size, len(parts)))
        times = [np.bincount(row, minlength=len(parts)) for row in drawn]
        yield np.stack([np.bincount(in_order, row[owners], cells) for row in times])


def _scores(counts: Array, design: _Design, starts: list[Array]) -> tuple[list[Array], list[Array]]:
    """Win rates and strengths in each draw, each by people and by the judge, draws × systems."""
    wins = [design.wins(counts, side) for side in range(2)]
    rates = [win_rates(table, design.met) for table in wins]
    strengths = [
        np.where(np.isnan(rate), np.nan, fit_strengths(table + PSEUDO * design.met, start))
        for table, rate, start in zip(wins, rates, starts, strict=True)
    ]
    return rates, strengths


def fit_strengths(wins: Array, start: Array) -> Array:
    """Bradley-Terry strengths of many tables at once, by Newton's method: draws × systems, the sum of each row 0.

    Args:
        wins: of the row against the column, draws × systems × systems; the systems are linked both ways.
        start: a strength for each system.
    """
    games, scored = wins + wins.transpose(0, 2, 1), wins.sum(axis=2)
    centred = np.clip(start, -FARTHEST, FARTHEST)
    strengths = np.repeat((centred - centred.mean())[None], len(wins), axis=0)
    one_each = np.eye(wins.shape[1])
    for _ in range(STEPS):
        chances = 1 / (1 + np.exp(strengths[:, None, :] - strengths[:, :, None]))
        weights = games * chances * chances.transpose(0, 2, 1)
        information = weights.sum(axis=2)[:, :, None] * one_each - weights + 1.0  # the sum stays 0
        step = np.linalg.solve(information, (scored - (games * chances).sum(axis=2))[:, :, None])[:, :, 0]
        largest = np.abs(step).max(axis=1, keepdims=True)
        strengths += step * np.minimum(1.0, LARGEST_STEP / np.maximum(largest, CLOSE))
        if largest.max(initial=0.0) < CLOSE:
            break
    return np.round(strengths, DIGITS)


def _least_variance(wins: Array, *, is_log_odds: bool) -> Array:
    """The least variance of a score: of independent comparisons, a win and a loss more, so that it is never 0."""
    games = wins.sum(axis=0) + wins.sum(axis=1) + 2
    share = (wins.sum(axis=1) + 1) / games
    spread = share * (1 - share)
    least: Array = 1 / (games * spread) if is_log_odds else spread / games
    return least
