"""Mean numbers corrected with labels: intervals of each system, and of all differences between systems."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from harness.analysis.correct.means import LabelledNumbers, means_of_cell
from harness.records.experiment import ScoreSpec
from harness.scoring.number_figures import UNIT
from simulations.row import Row, scaled

COVERED = 0.92
RESAMPLES = 500
SYSTEMS, EACH = 4, 200
"""Systems, and the responses of each."""
SEED = 20_262
CLUSTER = 4
"""Responses of a cluster, which are one system's."""


def simulate(scale: float) -> Iterator[Row]:
    """Coverage of the mean, of all systems' means at once, and of all their differences at once."""
    worlds = scaled(400, scale)
    for name, gap, mild, clustered in (
        ("four equal systems, a fair judge", 0.0, 0.0, False),
        ("four unequal systems, a judge that favours one", 0.4, 0.8, False),
        (f"the same in clusters of {CLUSTER}", 0.4, 0.8, True),
    ):
        for labels in (120, 300):
            mean, systems, differences = _held(gap, mild, labels, worlds, clustered=clustered)
            yield Row("corrected mean", name, str(labels), mean, COVERED, "at least", worlds)
            yield Row("corrected means of all systems", name, str(labels), systems, COVERED, "at least", worlds)
            yield Row("differences of all pairs of systems", name, str(labels), differences, COVERED, "at least",
                      worlds)  # fmt: skip


def _held(gap: float, mild: float, labels: int, worlds: int, *, clustered: bool) -> tuple[float, float, float]:
    """How often the intervals hold the true means and differences."""
    of = np.repeat(np.arange(SYSTEMS), EACH)
    group = np.arange(SYSTEMS * EACH) // CLUSTER if clustered else None
    names = {f"s{k}": np.flatnonzero(of == k) for k in range(SYSTEMS)}
    big = _grades(np.random.default_rng([SEED, 0]).normal(size=200_000)[None, :] + gap * np.arange(SYSTEMS)[:, None])
    truth = {name: float(values.mean()) for name, values in zip(names, big, strict=True)}
    whole, held = float(np.mean(list(truth.values()))), np.zeros(3)
    for seed in range(worlds):
        rng = np.random.default_rng([SEED, labels, seed])
        quality = rng.normal(size=len(of))
        if group is not None:
            quality = math.sqrt(0.5) * (quality + rng.normal(size=len(of))[group])
        people = _grades(quality + gap * of)
        judge = _grades(0.8 * quality + gap * of + 0.6 * rng.normal(size=len(of)) + mild * (of == 0))
        judge[rng.random(len(of)) < 0.01] = np.nan  # failed judgments
        given = np.full(len(of), np.nan)
        chosen = rng.choice(len(of), labels, replace=False)
        given[chosen] = people[chosen]
        items = LabelledNumbers(given, group, UNIT * 4, ScoreSpec(("pearson",), resamples=RESAMPLES))
        found = means_of_cell("judge", items, judge, names, {})
        held[0] += _holds(found.mean.corrected, whole)
        held[1] += all(_holds(found.systems[name].corrected, value) for name, value in truth.items())
        held[2] += all(_holds(one.figure, truth[one.first] - truth[one.second]) for one in found.differences)
    return tuple((held / worlds).tolist())  # type: ignore[return-value] # three numbers


def _grades(values: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Grades of 1 to 5."""
    found: np.ndarray = np.clip(np.round(3 + 1.1 * values), 1, 5)  # type: ignore[type-arg]
    return found


def _holds(figure: object, value: float) -> bool:
    """Whether the interval of a figure holds a value."""
    low, high = figure.low, figure.high  # type: ignore[attr-defined]
    return low is not None and high is not None and low <= value <= high
