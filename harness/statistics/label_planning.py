"""How many more labels a corrected rate needs for an interval of a wanted width, uniformly drawn or stratified.

With n_h labels among the N_h items of stratum h, W_h = N_h / N, e = Y - lambda f the error of the judge and S²
variances over items, the variance of the corrected rate is (`inverse_probability`)

    V = Σ_h W_h² S²_{e,h} (1/n_h - 1/N_h) + S²_Y / N

The last term does not shrink with labels: with every item labelled the interval still has the width that N items
allow. S²_{e,h} comes from the labels so far, shrunk towards the disagreement of the cells, as a stratum may hold few.
The width is that of `prediction_powered.clustered_interval`, or of a t interval for a mean of numbers. Its uncertainty
comes from the Bayesian bootstrap of the labelled items (Rubin 1981).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.intervals import normal_quantile
from harness.statistics.sampling import allocated, spreads_of

Ints = NDArray[np.int64]

PRIOR = 2.0
"""Weight, in labels, of the spread that disagreement predicts for a stratum."""
GRID = 400
"""Numbers of further labels that are tried."""
REDRAWS = 300
"""Draws of the Bayesian bootstrap."""
FEWEST = 2
"""With fewer labels the worst case is assumed: half of the items with the label, and a judge without information."""


class Needed(NamedTuple):
    """Further labels.

    Attributes:
        labels: how many; None where no number reaches the width.
        low: lower end of its interval.
        high: upper end, None where no number reaches the width.
        best: width of the interval with every item labelled.
    """

    labels: int | None
    low: int | None
    high: int | None
    best: float


class Wanted(NamedTuple):
    """The interval that is wanted.

    Attributes:
        width: from end to end.
        level: confidence level, also of the interval of the number of labels.
        seed: of the bootstrap.
        unit: of a mean of numbers scaled to [0, 1], the error of an added item, whose interval is that of Student's t;
            None for a rate.
    """

    width: float
    level: float
    seed: int
    unit: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Numbers of further labels, and where they are drawn; the same for every cell of a dataset.

    Attributes:
        strata: stratum of each labelled item, all 0 without strata.
        sizes: items of each stratum.
        shares: mean disagreement of each stratum.
        more: numbers of further labels, ascending from 0.
        counts: labels of each stratum with so many more, numbers × strata.
    """

    strata: Ints
    sizes: Ints
    shares: Array
    more: Ints
    counts: Array


def plan_of(strata: Ints, sizes: Ints, shares: Array, *, stratified: bool) -> Plan:
    """The plan of drawing uniformly, or by disagreement, from what is not labelled.

    Args:
        strata: stratum of each labelled item.
        sizes: items of each stratum.
        shares: mean disagreement of each stratum.
        stratified: whether by disagreement.
    """
    drawn = np.bincount(strata, minlength=len(sizes))
    left = sizes - drawn
    total = int(left.sum())
    grid = np.unique(np.concatenate([[0], np.round(np.geomspace(1, max(1, total), GRID))])).astype(np.int64)
    more = grid[grid <= total]
    if stratified:
        added = np.array([allocated(int(m), left, spreads_of(shares), drawn) for m in more], float)
    else:
        added = more[:, None] * (left / max(1, total))
    return Plan(strata, sizes, shares, more, drawn + added)


def labels_needed(plan: Plan, human: Array, error: Array, wanted: Wanted, design_effect: float = 1.0) -> Needed:
    """How many further labels give an interval of a width.

    Args:
        plan: what can be drawn.
        human: values of the labelled items in [0, 1].
        error: Y - lambda f of these items.
        wanted: the interval.
        design_effect: of the clusters, 1 where items are independent.
    """
    value = _variances(plan, human, error, np.ones((1, len(human))))
    widths = _widths(plan, value, wanted, design_effect)
    labels = _first(plan.more, widths[0] <= wanted.width)
    generator = np.random.Generator(np.random.PCG64(wanted.seed))
    weights = generator.exponential(size=(REDRAWS, len(human)))
    drawn = _widths(plan, _variances(plan, human, error, weights), wanted, design_effect)
    firsts = sorted(math.inf if (one := _first(plan.more, row <= wanted.width)) is None else one for row in drawn)
    ends = [firsts[round(q * (len(firsts) - 1))] for q in ((1 - wanted.level) / 2, (1 + wanted.level) / 2)]
    low, high = (None if one == math.inf else int(one) for one in ends)
    return Needed(labels, low, high, float(widths[0, -1]))


def _variances(plan: Plan, human: Array, error: Array, weights: Array) -> tuple[Array, Array, Array]:
    """The rate, the variance of the error in each stratum, and that of the human values over all items.

    Args:
        plan: gives the strata.
        human: values of the labelled items.
        error: of the judge on these.
        weights: of these, draws × items.
    """
    draws, count = len(weights), len(plan.sizes)
    share = plan.sizes / plan.sizes.sum()
    if len(human) < FEWEST:
        return np.full(draws, 0.5), np.full((draws, count), 0.25), np.full(draws, 0.25)
    belongs = (plan.strata[:, None] == np.arange(count)).astype(float)
    seen = belongs.sum(axis=0)
    _, within = _moments(weights, belongs, error)
    means, spread = _moments(weights, belongs, human)
    overall = weights @ human / weights.sum(axis=1)
    means = np.where(seen > 0, means, overall[:, None])
    value = means @ share
    of_human = (spread + (means - value[:, None]) ** 2) @ share
    kept = np.maximum(seen - 1, 0.0)
    pooled = within @ kept / max(1.0, float(kept.sum()))
    prior = spreads_of(plan.shares) ** 2
    prior = pooled[:, None] * prior / float(prior @ share)
    return value, (kept * within + PRIOR * prior) / (kept + PRIOR), of_human


def _moments(weights: Array, belongs: Array, values: Array) -> tuple[Array, Array]:
    """Weighted means and variances of some values by stratum, draws × strata; 0 in a stratum without any."""
    sums, counts = weights @ belongs, belongs.sum(axis=0)
    safe = np.where(sums > 0, sums, 1.0)
    means = (weights * values) @ belongs / safe
    squares = (weights * values**2) @ belongs / safe
    return means, np.maximum(0.0, squares - means**2) * counts / np.maximum(1.0, counts - 1)


def _widths(plan: Plan, found: tuple[Array, Array, Array], wanted: Wanted, design_effect: float) -> Array:
    """Widths of intervals, draws × numbers of further labels."""
    from scipy.special import stdtrit  # not at the top: only planning needs scipy

    value, of_error, of_human = found
    items, share = float(plan.sizes.sum()), plan.sizes / plan.sizes.sum()
    some = np.where(plan.counts > 0, plan.counts, 0.5)  # a stratum without a label yet
    per_label = share**2 * np.maximum(0.0, 1 / some - 1 / plan.sizes)
    variance = (of_error @ per_label.T + (of_human / items)[:, None]) * design_effect
    weights = (share**2 / some).sum(axis=1)
    worth = np.maximum(2.0, 1 / weights / design_effect)
    if wanted.unit is not None:
        degrees = np.maximum(1.0, worth - 2)
        error = np.hypot(np.sqrt(variance * worth / degrees), wanted.unit / worth)
        return np.asarray(2 * stdtrit(degrees, (1 + wanted.level) / 2) * error)
    added = normal_quantile(wanted.level) ** 2 / 2
    total = worth + 2 * added
    centre = (worth * value[:, None] + added) / total
    second = (worth * (variance * worth + value[:, None] ** 2) + added) / total
    reach = stdtrit(worth - 1, (1 + wanted.level) / 2) * np.sqrt(np.maximum(0.0, second - centre**2) / total)
    return np.asarray(np.minimum(1.0, centre + reach) - np.maximum(0.0, centre - reach))


def _first(more: Ints, reached: NDArray[np.bool_]) -> int | None:
    """The first number of labels from which on the width is reached."""
    return int(more[int(reached.argmax())]) if reached.any() else None
