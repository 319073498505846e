"""Win rates of one system over another, from counts of wins, ties and losses.

Counts are arrays `(..., 3 + k)`: wins, ties and losses of the system in question, then any number of columns that are
left out of the rate, such as failed judgments. In the order of `harness.records.judgments.OUTCOMES` these are the
counts of
response a; `of_b` turns them round. Every function takes any number of leading dimensions, so that ten thousand
resamples cost one call, and gives NaN where a rate is undefined: without items, or without decided ones where ties
are dropped.

With w wins, t ties and l losses a rate is

    half       (w + t/2) / (w + t + l)     a tie is half a win; the default
    lose       w / (w + t + l)             a tie is no win; the convention of arXiv 2408.08688
    dropped    w / (w + l)                 among decided items alone

Each is a ratio of two sums over items, so one influence function serves them all: with `above` and `below` what an
item adds to the two sums, it is `(above - rate * below) / mean(below)`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.statistics import multinomial
from harness.statistics.agreement import NEGLIGIBLE, Array
from harness.statistics.consistency import even_chance_p
from harness.statistics.intervals import Interval, percentile_interval, turned_cells

Ties: TypeAlias = Literal["half", "lose", "dropped"]

TIES: tuple[Ties, ...] = get_args(Ties)
"""What a tie can count as, the default first."""

PRIOR = 1 / 3
"""What the smoothed bootstrap adds to each of the three outcomes."""

MAX_BY_COUNTING = 10_000
"""Up to so many decided items a p-value is summed in whole numbers; beyond, by the incomplete beta function."""

_ABOVE = {"half": (1.0, 0.5, 0.0), "lose": (1.0, 0.0, 0.0), "dropped": (1.0, 0.0, 0.0)}
_BELOW = {"half": (1.0, 1.0, 1.0), "lose": (1.0, 1.0, 1.0), "dropped": (1.0, 0.0, 1.0)}


def score_of(ties: Ties, columns: int = 3) -> tuple[Array, Array]:
    """What an item of each outcome adds to the two sums of a rate; nothing from the fourth column on."""
    above, below = np.zeros(columns), np.zeros(columns)
    above[:3], below[:3] = _ABOVE[ties], _BELOW[ties]
    return above, below


def of_b(counts: ArrayLike) -> Array:
    """Counts of response a as counts of response b, and vice versa: wins and losses are swapped."""
    turned = np.array(counts, dtype=float)
    turned[..., [0, 2]] = turned[..., [2, 0]]
    return turned


def win_rate(counts: ArrayLike, ties: Ties = "half") -> Array:
    """The rate in [0, 1]; NaN where it rests on no item."""
    outcomes = np.asarray(counts, dtype=float)
    above, below = score_of(ties, outcomes.shape[-1])
    return _ratio(outcomes @ above, outcomes @ below)


def rests_on(counts: ArrayLike, ties: Ties = "half") -> Array:
    """How many items the rate rests on: all with a verdict, or the decided ones where ties are dropped."""
    outcomes = np.asarray(counts, dtype=float)
    return np.asarray(outcomes @ score_of(ties, outcomes.shape[-1])[1])


def influence(counts: ArrayLike, ties: Ties = "half") -> Array:
    """Influence on the rate of an item of each outcome, as of an item of the whole table; 0 for what is left out.

    Influences of several systems on the same items, as `(systems, 1, outcomes)` and with 0 as the row of every item,
    are what `harness.statistics.pairs.figure_covariance` takes: so two systems that met the same opponent are compared
    on the items that both were judged on.

    Args:
        counts: `(..., 3 + k)`.
        ties: the convention.

    Returns:
        The shape of `counts`; NaN in the first three columns where the rate is undefined.
    """
    outcomes = np.asarray(counts, dtype=float)
    above, below = score_of(ties, outcomes.shape[-1])
    shift = above - win_rate(outcomes, ties)[..., None] * below
    scaled = _ratio(shift * outcomes.sum(axis=-1)[..., None], (outcomes @ below)[..., None])
    scaled[..., 3:] = 0.0
    return scaled


def standard_error(counts: ArrayLike, ties: Ties = "half") -> Array:
    """Analytic standard error for independent items: `sqrt(Σ φ²) / n`; exactly 0 where only rounding is left."""
    outcomes = np.asarray(counts, dtype=float)
    phi = np.where(outcomes > 0, influence(outcomes, ties), 0.0)
    errors = _ratio(np.sqrt((outcomes * phi**2).sum(axis=-1)), outcomes.sum(axis=-1))
    return np.where(errors < NEGLIGIBLE, 0.0, errors)


def resampled_counts(counts: ArrayLike, *, resamples: int, seed: int, prior: float = PRIOR) -> Array:
    """Counts drawn from counts: multinomial with their n, and shares `(count + prior) / (n + 3 * prior)`.

    †The prior of 1/3 for each outcome keeps the interval open where every item was won or lost. It was tuned on
    simulations and is no standard of the literature; the simulation is
    `tests/simulations/win_rates.py`. With `prior=0` this is the plain bootstrap over items.

    Args:
        counts: wins, ties and losses, `(3,)`; what is left out of the rate is not drawn.
        resamples: how many to draw.
        seed: of the generator.
        prior: items added to each outcome.

    Returns:
        `(resamples, 3)`.
    """
    outcomes = np.asarray(counts, dtype=float)[:3]
    n = int(outcomes.sum())
    shares = (outcomes + prior) / (n + 3 * prior) if n else np.full(3, 1 / 3)
    generator = np.random.Generator(np.random.PCG64(seed))
    turn = turned_cells(shares)
    drawn = np.empty((resamples, 3))
    drawn[:, turn] = multinomial.draws(generator, n, shares[turn], resamples).T
    return drawn


def bootstrap_interval(
    counts: ArrayLike, ties: Ties = "half", *, resamples: int, level: float, seed: int, prior: float = PRIOR
) -> Interval:
    """Interval of a rate for independent items: percentiles of the (smoothed) multinomial bootstrap."""
    drawn = resampled_counts(counts, resamples=resamples, seed=seed, prior=prior)
    return percentile_interval(win_rate(drawn, ties), level)


def failure_bounds(counts: ArrayLike, failed: ArrayLike, ties: Ties = "half") -> tuple[Array, Array]:
    """The rate had every failed judgment been lost, and had every one been won.

    Args:
        counts: wins, ties and losses, `(..., 3)`.
        failed: how many judgments have no verdict, `(...)`.
        ties: the convention.
    """
    outcomes, missing = np.asarray(counts, dtype=float)[..., :3], np.asarray(failed, dtype=float)[..., None]
    lost = win_rate(outcomes + missing * np.array([0.0, 0.0, 1.0]), ties)
    return lost, win_rate(outcomes + missing * np.array([1.0, 0.0, 0.0]), ties)


def sign_test(wins: int, losses: int) -> float | None:
    """Two-sided exact sign test of a win rate of 1/2, on decided items; None where there is none.

    It is the exact binomial test of `wins` out of `wins + losses` against one half; ties are uninformative and
    left out (Dixon and Mood 1946).
    """
    n = wins + losses
    if not n:
        return None
    if n <= MAX_BY_COUNTING:
        return even_chance_p(wins, n)
    from scipy.special import bdtr  # whole numbers of so many digits would take seconds

    return min(1.0, 2 * float(bdtr(min(wins, losses), n, 0.5)))


def cluster_signs(outcomes: NDArray[np.int8], clusters: NDArray[np.int64]) -> tuple[int, int]:
    """How many clusters were won and lost on balance, for `sign_test` where items are not independent.

    A cluster is won where it holds more wins than losses. For equal systems a cluster is as likely to be won as
    lost, whatever its size and the correlation of its items.

    Args:
        outcomes: of each item, 0 won, 1 tied, 2 lost; from 3 on left out.
        clusters: the cluster of each item.
    """
    _, group = np.unique(clusters, return_inverse=True)
    lead = np.bincount(group, weights=(outcomes == 0).astype(float) - (outcomes == 2))
    return int((lead > 0).sum()), int((lead < 0).sum())


def _ratio(above: Array, below: Array) -> Array:
    """Quotient, NaN where the divisor is 0."""
    above, below = np.broadcast_arrays(above, below)
    quotient: Array = np.full(above.shape, np.nan)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient
