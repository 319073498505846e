"""How often the interval of the agreement of two rankings of systems covers the agreement of the true rankings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.statistics.rank_coefficients import coefficients
from harness.statistics.rankings import rank_agreement
from simulations.row import Row, scaled
from support.compared_systems import systems_compared

COVERED = 0.92
WORLDS = (
    ("12 close systems", 12, 400, 0.5, 0.2, 1, True),
    ("8 systems", 8, 300, 1.0, 0.4, 1, False),
    ("8 systems, clusters of 4", 8, 800, 1.0, 0.5, 4, False),
    ("5 systems", 5, 1500, 1.0, 0.4, 1, False),
)
"""Name, systems, comparisons, spread, distance of the judge, size of clusters, one reference system."""


def simulate(scale: float) -> Iterator[Row]:
    """Tau-b and rho of the rankings by win rate."""
    repeats = scaled(400, scale)
    for world, systems, n, spread, distance, size, is_star in WORLDS:
        held = []
        for seed in range(repeats):
            games, truth = systems_compared(
                systems, n, seed=seed, spread=spread, distance=distance, size=size, is_star=is_star
            )
            true = coefficients(truth[:1], truth[1:])[0]
            found = rank_agreement(games, resamples=200, level=0.95, seed=seed).win_rate
            ends = found.kendall_interval, found.spearman_interval
            held.append([end.low - 1e-9 <= value <= end.high + 1e-9 for end, value in zip(ends, true, strict=True)])
        shares = np.mean(held, axis=0)
        for name, share in zip(("Kendall's tau-b", "Spearman's rho"), shares, strict=True):
            claim = f"{name} of the rankings of systems, covered"
            yield Row(claim, world, str(n), float(share), COVERED, "at least", repeats)
