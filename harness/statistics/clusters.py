"""The effective number of independent items in a clustered sample.

Items of a cluster (the same prompt in several pairs, both orders, repeats) are not independent. Every clustered figure
gets the interval that the same table would have with n* independent items, where n* lies between Kish's number and n.
†Its shrinkage and its limits are tuned on simulations and are no standard of the literature; the simulations are
`tests/simulations/intervals.py`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array

FEWEST = 8
"""With fewer clusters, or clusters worth fewer of one size, there is no interval."""
FEW = 30
"""With fewer effective clusters an interval comes with a warning."""
FEWEST_ITEMS = 20
"""With fewer items there is no interval."""
FEWEST_BIG = 5
"""Fewest clusters that must carry the variance if the items of a cluster move as one; else it cannot be estimated."""
SHRINKAGE = 0.5
"""Weight, in clusters, of an intra-cluster correlation of 1."""


class Design(NamedTuple):
    """What the sizes of clusters allow, the same for every figure of the same items.

    Attributes:
        n: items.
        clusters: how many there are.
        mean_size: Σ m² / Σ m, the size of the cluster of a typical item.
        kish: n / `mean_size`: how many items the sample is worth if clusters move as one (Kish 1965).
        big: (Σ m²)² / Σ m⁴: how many clusters carry the variance if they move as one.
        reason: why there is no interval, "" where there is one.
    """

    n: float
    clusters: int
    mean_size: float
    kish: float
    big: float
    reason: str

    @property
    def is_independent(self) -> bool:
        """Whether every cluster holds one item."""
        return self.clusters == self.n

    @property
    def effective(self) -> float:
        """The effective number of clusters in the worst case."""
        return min(self.kish, self.big)

    @property
    def is_worst_case(self) -> bool:
        """Whether a few big clusters carry so much that n* is Kish's number."""
        return not self.is_independent and self.big < FEWEST_BIG


class Worth(NamedTuple):
    """What the items of some figures are worth.

    Attributes:
        items: n*, for each figure.
        degrees: of freedom of each figure.
        design_effect: n over the worth before the correction for few clusters, of each figure.
        is_worst_case: whether n* is Kish's number because nothing else can be estimated.
    """

    items: Array
    degrees: Array
    design_effect: Array
    is_worst_case: bool


def design_of(sizes: Array) -> Design:
    """The design for clusters of these sizes.

    Args:
        sizes: items in each cluster.
    """
    m = np.asarray(sizes, dtype=float)
    n, squares = float(m.sum()), float((m**2).sum())
    if not n:
        return Design(0.0, 0, 1.0, 0.0, 0.0, f"fewer than {FEWEST_ITEMS} items: counts only")
    kish, big = n * n / squares, squares**2 / float((m**4).sum())
    reason = ""
    if n < FEWEST_ITEMS:
        reason = f"fewer than {FEWEST_ITEMS} items: counts only"
    elif len(m) < FEWEST:
        reason = f"fewer than {FEWEST} clusters"
    elif kish < FEWEST:
        reason = f"a few large clusters hold most items: worth {kish:.1f} clusters of one size, fewer than {FEWEST}"
    return Design(n, len(m), squares / n, kish, big, reason)


def sizes_of(clusters: NDArray[np.int64]) -> Array:
    """Items in each cluster."""
    return np.unique(clusters, return_counts=True)[1].astype(float)


def items_worth(clustered: Array, of_items: Array, powers: tuple[Array, Array], sizes: Array, level: float) -> Worth:
    """How many independent items the items of each figure are worth.

    With clusters of sizes m, n = Σ m, m* = Σ m² / n and s the sums of a figure's influences over clusters:

        ρ  = max(0, (V_clustered / V_items - 1) / (m* - 1))
        k  = (Σ s²)² / Σ s⁴                  how many clusters carry the variance; 0 where there is none
        ρ~ = (k ρ + 1/2) / (k + 1/2)         shrunk towards 1, so that a faultless judge is worth Kish's number
        ν  = (Σ v)² / Σ v² - 1               with v = m (1 + (m - 1) ρ~) (Carter, Schnepel and Steigerwald 2017)
        n* = n / (1 + (m* - 1) ρ~) · (t_{n-1} / t_ν)²    (Korn and Graubard 1998), between Kish's number and n

    Args:
        clustered: delete-one-cluster jackknife variance (CR3) of each figure.
        of_items: variance of each figure if items were independent.
        powers: Σ s² and Σ s⁴ of each figure.
        sizes: items in each cluster.
        level: confidence level.
    """
    from scipy.special import stdtrit  # not at the top: only clusters need scipy

    design, m = design_of(sizes), np.asarray(sizes, dtype=float)
    n, shape = design.n, np.shape(clustered)
    if design.is_independent:
        return Worth(np.full(shape, n), np.full(shape, n - 1), np.ones(shape), is_worst_case=False)
    if design.is_worst_case:
        degrees = np.full(shape, max(design.kish - 1, 1.0))
        return Worth(np.full(shape, design.kish), degrees, np.full(shape, design.mean_size), is_worst_case=True)
    squares, fourths = powers
    varies = (squares > 1e-12 * n) & (np.asarray(of_items) > 0)
    k, rho = np.zeros(shape), np.ones(shape)
    np.divide(squares**2, fourths, out=k, where=varies)
    np.divide(clustered, of_items, out=rho, where=varies)
    rho = np.where(varies, np.maximum(0.0, (rho - 1) / (design.mean_size - 1)), 1.0)
    rho = (k * rho + SHRINKAGE) / (k + SHRINKAGE)
    capped = np.minimum(rho, 1.0)
    second, third, fourth = (float((m**power).sum()) for power in (2, 3, 4))
    sums = n + capped * (second - n)  # Σ v and Σ v², with v = m (1 - ρ~) + m² ρ~
    squared = second * (1 - capped) ** 2 + 2 * capped * (1 - capped) * third + capped**2 * fourth
    degrees = np.maximum(sums**2 / squared - 1, 0.5)
    effect = 1 + (design.mean_size - 1) * rho
    quantile = (1 + level) / 2
    items = n / effect * (stdtrit(n - 1, quantile) / stdtrit(degrees, quantile)) ** 2
    items = np.round(np.clip(items, design.kish, n), 9)  # rounding of sums must not move a whole number of items
    return Worth(items, degrees, effect, is_worst_case=False)


def clustered_error(influence: Array, clusters: NDArray[np.int64], n: int) -> tuple[float, int]:
    """Standard error of a figure over clusters (CR1), and the number of clusters.

    `SE² = G/(G-1) · Σ_g (Σ_{i in g} phi_i)² / n²`. With one item in each cluster it is the error for independent
    items times `sqrt(n/(n-1))`.

    Args:
        influence: `phi` of each item that the figure rests on.
        clusters: the number of the cluster of each of these items.
        n: how many items these are; `phi` is scaled to them.
    """
    _, group = np.unique(clusters, return_inverse=True)
    sums = np.bincount(group, weights=influence)
    count = len(sums)
    if count < 2:
        return math.nan, count
    error = math.sqrt(count / (count - 1) * float(sums @ sums)) / n
    return (0.0 if error < 1e-12 else error), count


def t_quantile(level: float, degrees: float) -> float:
    """How many standard errors reach to either side at a confidence level, by Student's t."""
    from scipy.special import stdtrit  # not at the top: only clusters need scipy

    return float(stdtrit(degrees, (1 + level) / 2))


def minority_clusters(values: NDArray[Any], group: NDArray[np.int64] | None) -> int:
    """How many clusters hold an item whose value is not the most frequent one: what an estimate rests on.

    Of values that are equally frequent it is the one that leaves the fewest clusters. Without clusters, items count.
    """
    units = np.arange(len(values)) if group is None else group
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    most = np.flatnonzero(counts == counts.max(initial=0))
    return min((len(np.unique(units[codes != code])) for code in most), default=0)
