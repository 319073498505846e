"""What the win rate of the best of many systems is worth, before and after its correction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.generation.win_rates import SMOOTHING, rate_statistic
from harness.statistics import selection, win_rate
from simulations.row import Row, scaled
from simulations.winners import what_it_is_worth

TIED = 0.2
"""Share of the prompts that are ties."""
COMMON = 0.3
"""Share of the prompts on which all systems fare alike: the opponent is good or bad there."""


def simulate(scale: float) -> Iterator[Row]:
    """Bias and coverage of the best of several systems that met one opponent on the same prompts."""
    repeats = scaled(300, scale)
    for world, truths in (
        ("57 equal systems", np.full(57, 0.5)),
        ("6 equal systems", np.full(6, 0.5)),
        ("12 unequal systems", np.linspace(0.4, 0.6, 12)),
        ("10 equal and one far better", np.array([0.45] * 10 + [0.85])),
    ):
        for n in (80, 200):
            yield from _best(world, truths, n, repeats)


def _best(world: str, truths: Any, n: int, repeats: int) -> Iterator[Row]:
    rng, errors, held = np.random.default_rng(7), [], []
    for seed in range(repeats):
        outcomes = _outcomes(rng, n, truths)
        counts = np.array([np.bincount(column, minlength=3) for column in outcomes.T])
        rates = win_rate.win_rate(counts)
        best = int(rates.argmax())
        own = win_rate.bootstrap_interval(counts[best], resamples=1_000, level=0.95, seed=seed)
        assert own.low is not None
        assert own.high is not None
        truth, value = truths[best], float(rates[best])
        whole = selection.Own(min(own.low, value), max(own.high, value), n, n - 1, 0.95)
        found = selection.correct_winner(rate_statistic("half"), outcomes, None, best, whole, SMOOTHING)
        errors.append((value - truth, found.corrected - truth))
        held.append((own.low <= truth <= own.high, found.low <= truth <= found.high))
    yield from what_it_is_worth("win rate of the best", world, n, errors, held)


def _outcomes(rng: np.random.Generator, n: int, truths: Any) -> Any:
    """Outcomes prompts × systems: 0 won, 1 tied, 2 lost, each system with its true win rate."""
    shared = rng.random((n, 1)) < COMMON
    drawn = np.where(shared, rng.random((n, 1)), rng.random((n, len(truths))))
    wins = truths - TIED / 2
    return np.where(drawn < wins, 0, np.where(drawn < wins + TIED, 1, 2)).astype(np.intp)
