"""The smallest detectable difference of a run, and the items that a difference needs: power at the alternative.

A worse or a better evaluator has another standard error than the pilot's, so the error is that of the alternative
(Miettinen 1968; Connor 1987; Lachin 1992): a difference X is found with power 0.8 where

    X ≥ c · s_test(X) + 0.84 · s_true(X)

with c the critical value of the test, s_test the error that the test uses (the larger of own and pooled, with added
items) and s_true the error that the difference has. Alternatives are made from a pair of the pilot whose two sides are
first made alike: one side then answers with a growing share of worse, or better, verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from harness.statistics.agreement import Array
from harness.statistics.intervals import turned_cells
from harness.statistics.pairs import Statistic, added_item

POWER = 0.8
"""Power: the probability that a detectable difference is found."""
POWER_QUANTILE = NormalDist().inv_cdf(POWER)

SHARES = np.concatenate([[0.0], np.geomspace(0.004, 1.0, 28), 1 + np.linspace(0.08, 1.0, 12)])
"""Shares of verdicts replaced: up to 1 by chance answers, beyond by wrong ones; a gain ends at 1."""

PRIOR = 1.0
"""Items added to the verdict cells of a pilot pair together, so that none is impossible."""

REDRAWS = 200
"""Resampled pilots for the range of detectable differences."""

MAX_STEPS = 40
"""The number of units and its critical value settle within a few steps."""

Direction = Literal["loss", "gain"]


@dataclass(frozen=True, slots=True, eq=False)
class Alternatives:
    """Alternatives of several pairs, shares × pairs; variances are those of one independent item.

    Attributes:
        effects: the true difference in the direction in question, not falling.
        own: variance from the influences at each side's own table.
        pooled: variance from the influences at the sum of both tables.
        added_own: what added items add to the first, to be divided by the square of the number of items.
        added_pooled: what they add to the second.
    """

    effects: Array
    own: Array
    pooled: Array
    added_own: Array
    added_pooled: Array

    def surplus(self, worth: Array | float, critical: Array | float) -> Array:
        """How far each alternative exceeds the effect required for a power of 0.8, shares × pairs.

        Args:
            worth: how many independent items the items are worth, of each pair.
            critical: how many errors the test asks for, of each pair.
        """
        return self.effects - critical * self.test_error(worth) - POWER_QUANTILE * np.sqrt(self.own / worth)

    def test_error(self, worth: Array | float) -> Array:
        """The error that the test uses."""
        items = np.asarray(worth, dtype=float)
        own = self.own / items + self.added_own / items**2
        return np.asarray(np.sqrt(np.maximum(own, self.pooled / items + self.added_pooled / items**2)))

    def detectable(self, worth: Array | float, critical: Array | float) -> Array:
        """The least difference that is found with a power of 0.8, of each pair; NaN where none is."""
        surplus = self.surplus(worth, critical)
        found = surplus >= 0
        at = np.maximum(found.argmax(axis=0), 1)
        pairs = np.arange(surplus.shape[1])
        before, after = surplus[at - 1, pairs], surplus[at, pairs]
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.clip(np.where(after > before, -before / (after - before), 1.0), 0.0, 1.0)
        low, high = self.effects[at - 1, pairs], self.effects[at, pairs]
        return np.where(found.any(axis=0), low + part * (high - low), np.nan)

    def at(self, effect: float) -> Alternatives | None:
        """The alternative of the typical pair with a given effect; None where no alternative reaches it."""
        typical = int(np.argsort(self.own[0], kind="stable")[self.own.shape[1] // 2])
        effects = self.effects[:, typical]
        if effects[-1] < effect:
            return None
        parts = (self.own, self.pooled, self.added_own, self.added_pooled)
        return Alternatives(
            np.array([[effect]]), *(np.array([[np.interp(effect, effects, part[:, typical])]]) for part in parts)
        )

    def chance(self, worth: float, critical: float) -> float:
        """The probability that the one effect is found significant, with the right sign."""
        spread = math.sqrt(float(self.own[0, 0]) / worth)
        gap = float(self.effects[0, 0]) - critical * float(self.test_error(worth)[0, 0])
        return NormalDist().cdf(gap / spread) if spread > 0 else float(gap > 0)


def alternatives(statistic: Statistic, joint: Array, direction: Direction) -> Alternatives:
    """Pairs of a pilot, made alike, one side of which then gets worse or better.

    A loss replaces verdicts by chance answers with the side's own marginal, then those by wrong ones; a gain by the
    reference class. For a win rate they are replaced by losses, or by wins.

    Args:
        statistic: the figure.
        joint: counts of each pair, pairs × rows × columns × columns.
        direction: `loss` or `gain`.
    """
    shares, _ = _alike(joint, statistic.shape)
    steps = SHARES if direction == "loss" else SHARES[SHARES <= 1]
    pairs = np.stack([replaced(statistic, joint, direction, float(share)) for share in steps])
    labels, side = shares.sum(axis=(-2, -1)), shares.sum(axis=-1)
    return _measured(statistic, pairs, side, labels, 1.0 if direction == "gain" else -1.0)


def replaced(statistic: Statistic, joint: Array, direction: Direction, share: float) -> Array:
    """Pairs of which one side has a share of its verdicts replaced, as shares in the shape of `joint`.

    Arguments as for `alternatives`; the share is up to 2 for a loss and up to 1 for a gain.
    """
    shares, classes = _alike(joint, statistic.shape)
    side = shares.sum(axis=-1)[..., None]
    better, chance, worse = _replacements(shares, shares.sum(axis=(-2, -1)), classes)
    if direction == "gain" or statistic.shape[0] == 1:
        part, to = min(share, 1.0), better if direction == "gain" else worse
    elif share <= 1:
        part, to = share, chance
    else:
        part, to = 1.0, (2 - share) * chance + (share - 1) * worse
    found: Array = (1 - part) * shares + part * side * to[..., None, :]
    return found


def _alike(joint: Array, shape: tuple[int, int]) -> tuple[Array, int]:
    """Shares of pairs whose two sides are exchangeable, and how many columns are verdicts."""
    rows, columns = shape
    classes = rows if rows > 1 else min(3, columns)
    counts = np.array(joint, dtype=float)
    counts[..., :classes, :classes] += PRIOR / (rows * classes**2)
    counts = (counts + np.swapaxes(counts, -2, -1)) / 2
    return counts / counts.sum(axis=(-3, -2, -1), keepdims=True), classes


def _replacements(shares: Array, labels: Array, classes: int) -> tuple[Array, Array, Array]:
    """The verdicts that replace others, pairs × rows × columns: right ones, chance answers, wrong ones."""
    rows, columns = shares.shape[-3], shares.shape[-1]
    better, worse = (np.zeros((*shares.shape[:-3], rows, columns)) for _ in range(2))
    marginal = shares.sum(axis=(-3, -2))
    chance = np.broadcast_to(marginal[..., None, :], better.shape)
    if rows == 1:
        better[..., 0, 0], worse[..., 0, 2] = 1.0, 1.0
        return better, chance, worse
    better[..., :classes] = np.eye(rows)
    others = np.where(np.eye(rows, dtype=bool), 0.0, labels[..., None, :])
    worse[..., :classes] = others / others.sum(axis=-1, keepdims=True)
    return better, chance, worse


def _measured(statistic: Statistic, pairs: Array, side: Array, labels: Array, sign: float) -> Alternatives:
    """Effects and variances of alternatives, shares × pairs × rows × columns × columns."""
    changed = pairs.sum(axis=-2)
    own_one, own_other = statistic.influences(side), statistic.influences(changed)
    pooled = statistic.influences(changed + side)
    effects = sign * (statistic.value(changed) - statistic.value(side))
    gaps = own_one[..., :, None] - own_other[..., None, :]
    steps = pooled[..., :, None] - pooled[..., None, :]
    return Alternatives(
        np.maximum.accumulate(np.nan_to_num(effects)),
        (pairs * gaps**2).sum(axis=(-3, -2, -1)),
        (pairs * steps**2).sum(axis=(-3, -2, -1)),
        added_item(own_one, labels) + added_item(own_other, labels),
        2 * added_item(pooled, labels),
    )


def redrawn(joint: Array, worth: float, *, seed: int, redraws: int = REDRAWS) -> Array:
    """Pilots drawn again from one pair of a pilot (smoothed), as `alternatives` takes them.

    Args:
        joint: counts of the pair, rows × columns × columns.
        worth: how many independent items the pilot's items are worth.
        seed: of the draws.
        redraws: how many.
    """
    shares, classes = _alike(joint, (joint.shape[0], joint.shape[-1]))
    turn = turned_cells(joint, classes)  # so that exchanging the names of the responses mirrors the draws
    flat = shares.ravel()[turn]
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = np.empty((redraws, joint.size))
    drawn[:, turn] = generator.multinomial(max(2, round(worth)), flat / flat.sum(), size=redraws)
    return drawn.reshape(redraws, *joint.shape)


def range_of(found: Array) -> tuple[float, float]:
    """The 5 % and 95 % quantiles of what redrawn pilots can detect; infinite where they can detect nothing."""
    values = np.where(np.isnan(found), np.inf, found)
    return float(np.quantile(values, 0.05, method="lower")), float(np.quantile(values, 0.95, method="higher"))


def units_for(
    alternative: Alternatives,
    units: int,
    worth: Callable[[int], float],
    critical: Callable[[int], float],
    *,
    fewest: int,
) -> int | None:
    """The fewest units with which one effect is found with a power of 0.8; None where no number is enough.

    Args:
        alternative: of one pair with that effect.
        units: items, or clusters of them, to start from.
        worth: how many independent items a number of units is worth.
        critical: how many errors the test asks for with a number of units.
        fewest: with fewer there is no test at all.
    """
    if not math.isfinite(critical(units)):
        return None
    low, high = fewest, max(fewest, units)
    for _ in range(MAX_STEPS):
        if float(alternative.surplus(worth(high), critical(high))[0, 0]) >= 0:
            break
        low, high = high, 2 * high
    else:
        return None
    while low < high:
        middle = (low + high) // 2
        if float(alternative.surplus(worth(middle), critical(middle))[0, 0]) >= 0:
            high = middle
        else:
            low = middle + 1
    return high


def equal_critical(evaluators: int, *, level: float, resamples: int, seed: int) -> float:
    """The max-T quantile over all pairs of evaluators that are equally variable and equally correlated.

    Then the largest statistic of a pair is the range of independent normal variables over the root of 2, whatever
    the correlation is (Tukey's studentized range). Drawn, not tabled, and 0 for fewer than two evaluators.

    Args:
        evaluators: how many are compared with each other.
        level: confidence level over all pairs.
        resamples: joint draws.
        seed: of the draws.
    """
    if evaluators < 2:
        return 0.0
    if evaluators == 2:
        return NormalDist().inv_cdf((1 + level) / 2)
    generator = np.random.Generator(np.random.PCG64(seed))
    low, high = np.full(resamples, np.inf), np.full(resamples, -np.inf)
    for _ in range(evaluators):
        drawn = generator.standard_normal(resamples)
        np.minimum(low, drawn, out=low)
        np.maximum(high, drawn, out=high)
    return float(np.quantile((high - low) / math.sqrt(2), level))
