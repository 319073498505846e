"""Comparisons of systems whose true scores are known, by people and by a judge."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.statistics.rankings import Games


def said(rng: np.random.Generator, gaps: Any) -> Any:
    """Twice the score of the first of two systems: 2 won, 1 tied, 0 lost."""
    drawn, chance = rng.random(len(gaps)), 1 / (1 + np.exp(-gaps))
    return np.where(drawn < 0.85 * chance, 2, np.where(drawn < 0.85 * chance + 0.15, 1, 0)).astype(np.int64)


def systems_compared(
    systems: int, n: int, *, seed: int, spread: float = 1.0, distance: float = 0.3, size: int = 1, is_star: bool = False
) -> tuple[Games, Any]:
    """Comparisons, and the true scores by people and by the judge, 2 × systems.

    Args:
        systems: how many.
        n: comparisons.
        seed: of the comparisons; the true scores are the same for all seeds.
        spread: half the distance of the best and the worst, in log-odds, by people.
        distance: standard deviation of what the judge adds to the scores.
        size: comparisons in a cluster, which share an effect on people and judge alike.
        is_star: whether every comparison includes system 0.
    """
    people = spread * np.linspace(-1, 1, systems)
    truth = np.stack([people, people + distance * np.random.default_rng(systems).normal(size=systems)])
    rng = np.random.default_rng([seed, systems, n, size])
    first = np.zeros(n, np.int64) if is_star else rng.integers(0, systems, n)
    second = (first + rng.integers(1, systems, n)) % systems
    shared = np.repeat(0.8 * rng.normal(size=n // size + 1), size)[:n]
    scores = [said(rng, side[first] - side[second] + shared) for side in truth]
    clusters = None if size == 1 else np.arange(n) // size
    return Games(first, second, scores[0], scores[1], clusters, systems), truth
