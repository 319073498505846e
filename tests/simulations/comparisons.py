"""How often evaluators are told apart that should not be, and ranks left out that are true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.statistics import multiplicity, pairs, ranks
from simulations.judging import judged, kappa, tables_of
from simulations.row import Row, scaled

RESAMPLES = 1_000
SLACK = {80: 0.015, 300: 0.0}
"""By how much the errors may exceed their level, by n: influences are a first-order account, exact for large n."""


def simulate(scale: float) -> Iterator[Row]:
    """Familywise errors, simultaneous intervals and rank sets."""
    repeats = scaled(1_000, scale)
    for world, skills in (
        ("10 equal evaluators", np.full(10, 0.4)),
        ("5 equal, 5 better and unequal", np.array([0.3] * 5 + [0.45, 0.55, 0.65, 0.75, 0.85])),
    ):
        for n, slack in SLACK.items():
            false, apart, covered, ranked = (np.zeros(repeats, bool) for _ in range(4))
            for seed in range(repeats):
                found = _compared(np.random.default_rng([n, seed]), n, skills, seed)
                false[seed], apart[seed], covered[seed], ranked[seed] = found
            yield Row("false finding by max-T", world, str(n), float(false.mean()), 0.05 + slack, "at most", repeats)
            yield Row("false finding by Holm", world, str(n), float(apart.mean()), 0.05 + slack, "at most", repeats)
            yield Row(
                "all differences within their intervals",
                world,
                str(n),
                float(covered.mean()),
                0.95 - slack,
                "at least",
                repeats,
            )
            yield Row(
                "all true ranks within their sets",
                world,
                str(n),
                float(ranked.mean()),
                0.95 - slack,
                "at least",
                repeats,
            )


def _compared(rng: np.random.Generator, n: int, skills: Any, seed: int) -> tuple[bool, bool, bool, bool]:
    """Whether a false difference was found by max-T, by Holm; all intervals hold; all rank sets hold."""
    labels, verdicts = judged(rng, n, skills)
    tables = tables_of(labels, verdicts)
    covariance = pairs.figure_covariance(kappa.influence(tables), labels, verdicts)
    found = multiplicity.compare_all(kappa.value(tables), covariance, resamples=RESAMPLES, seed=seed, degrees=n - 1)
    truth = skills[:, None] - skills[None, :]
    first, second = np.triu_indices(len(skills), 1)
    measured = found.errors[first, second] > 0
    first, second = first[measured], second[measured]
    statistics = np.abs(found.differences[first, second]) / found.errors[first, second]
    by_holm = multiplicity.holm(multiplicity._two_sided(statistics, n - 1))
    is_null = truth[first, second] == 0
    gaps = np.abs(found.differences - truth)[first, second]
    sets = ranks.rank_sets(found.differences, found.p_values, 0.95)
    # With equals, every rank between those of the better and the worse is a true one.
    best, worst = 1 + (truth < 0).sum(axis=1), len(skills) - (truth > 0).sum(axis=1)
    return (
        bool((found.p_values[first, second][is_null] <= 0.05).any()),
        bool((by_holm[is_null] <= 0.05).any()),
        bool((gaps <= found.critical * found.errors[first, second]).all()),
        all(low <= top and bottom <= high for (low, high), top, bottom in zip(sets, best, worst, strict=True)),
    )
