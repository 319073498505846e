"""Win rates by a judge that favours long responses, plain and length-controlled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import expit

from harness.statistics.clustered import mean_interval
from harness.statistics.length_controlled import fit_lengths, length_feature, length_interval
from simulations.row import Row, scaled

LEVEL = 0.95
FLOOR = 0.92
"""Least coverage over the worlds; the lowest is that of rare wins in small samples."""
WORLDS = {
    "equal quality, likes length": (0.0, 2.0),
    "equal quality, no preference for length": (0.0, 0.0),
    "a better, likes length": (1.0, 2.0),
    "a much worse, likes length": (-2.0, 2.0),
}
"""The constant and the coefficient of the length."""


def simulate(scale: float) -> Iterator[Row]:
    """Independent items with hard and soft preferences, and clusters; response a is longer on average."""
    repeats = scaled(600, scale)
    for n in (60, 200):
        for kind in ("hard", "soft"):
            yield from _covered(n, kind, repeats)
    yield from _clustered(repeats)


def drawn(rng: Any, n: int, world: tuple[float, float], kind: str) -> tuple[Any, Any]:
    """Preferences and differences of lengths; soft preferences scatter around the same mean."""
    difference = rng.normal(80, 200, n)
    mean = expit(world[0] + world[1] * length_feature(difference))
    if kind == "hard":
        return (rng.random(n) < mean).astype(float), difference
    return rng.beta(2 * mean + 1e-9, 2 * (1 - mean) + 1e-9), difference


def _covered(n: int, kind: str, repeats: int) -> Iterator[Row]:
    controlled, plain = {}, {}
    for name, world in WORLDS.items():
        truth, held, bare, fitted = expit(world[0]), 0, 0, 0
        for seed in range(repeats):
            p, difference = drawn(np.random.default_rng([n, seed]), n, world, kind)
            fit = fit_lengths(p, difference)
            bare += _holds(mean_interval(p, None, (0.0, 1.0), LEVEL), truth)
            if not fit.reason:
                fitted += 1
                held += _holds(length_interval(fit, None, LEVEL), truth)
        controlled[name], plain[name] = held / max(1, fitted), bare / repeats
    worst = min(controlled, key=lambda name: controlled[name])
    claim = f"length-controlled win rate, {kind} verdicts"
    yield Row(claim, f"worst of {len(WORLDS)}: {worst}", str(n), controlled[worst], FLOOR, "at least", repeats)
    likes = "equal quality, likes length"
    yield Row(f"plain win rate, {kind} verdicts", likes, str(n), plain[likes], FLOOR, "shown beside", repeats)


def _clustered(repeats: int) -> Iterator[Row]:
    """50 prompts of four pairs whose preferences and lengths hang together."""
    held = {"clusters": 0, "items": 0}
    group = np.repeat(np.arange(50), 4)
    for seed in range(repeats):
        rng = np.random.default_rng([9, seed])
        difference = np.repeat(rng.normal(80, 140, 50), 4) + rng.normal(0, 140, 200)
        lean = np.repeat(rng.random(50), 4)
        own = np.where(rng.random(200) < 0.6, lean, rng.random(200))
        p = (own < expit(2 * length_feature(difference))).astype(float)
        fit = fit_lengths(p, difference)
        for name, units in (("clusters", group), ("items", None)):
            held[name] += not fit.reason and _holds(length_interval(fit, units, LEVEL), 0.5)
    world = "equal quality, likes length, 50 prompts of 4 pairs"
    yield Row("length-controlled, clusters", world, "200", held["clusters"] / repeats, FLOOR, "at least", repeats)
    yield Row("the same without clusters", world, "200", held["items"] / repeats, FLOOR, "shown beside", repeats)


def _holds(interval: Any, truth: float) -> bool:
    return interval.low is not None and interval.low - 1e-9 <= truth <= interval.high + 1e-9
