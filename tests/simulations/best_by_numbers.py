"""The best of many evaluators by metrics of numbers and of soft verdicts, before and after its correction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import FAILURES, Usage
from harness.records.label_set import VERDICT_LABELS, number_set
from harness.records.scores import CellScore
from harness.scoring.soft_metric import find_soft_metric
from harness.scoring.soft_scores import SoftData, soft_figure
from harness.scoring.soft_winner import best_by_soft
from harness.statistics.agreement import Array
from simulations.row import Row, scaled, some_of

WINNER, MEAN = 0.92, 0.94
"""The least coverage of the corrected interval in any world, and on average."""
BIG = 100_000
"""Items that a truth is computed from."""
PEOPLE = 0.8
"""Correlation of people with what all rate."""
CLUSTER = 4
SEED = 20_263


class World(NamedTuple):
    """Judges and items.

    Attributes:
        qualities: of the judges.
        n: items.
        clustered: whether items come in clusters of `CLUSTER`.
    """

    qualities: Sequence[float]
    n: int
    clustered: bool = False


WORLDS = {
    "12 equal judges": World([0.7] * 12, 40),
    "12 equal judges, more items": World([0.7] * 12, 200),
    "57 equal judges": World([0.7] * 57, 80),
    "12 unequal judges": World(np.linspace(0.5, 0.8, 12).tolist(), 80),
    "10 equal and one far better": World([0.5] * 10 + [0.9], 80),
    "6 unequal judges, clusters": World(np.linspace(0.6, 0.8, 6).tolist(), 160, clustered=True),
}
METRICS = ("pearson", "spearman", "icc", "mae", "rmse", "auc", "brier")
OF_LABELS = ("auc", "brier")
"""Metrics of two labels and probabilities; the others are of grades from 1 to 5."""


def simulate(scale: float) -> Iterator[Row]:
    """Coverage of the interval of the best and of the corrected one, in each world and on average."""
    repeats, rates = scaled(300, scale), []
    for name in some_of(tuple(WORLDS), scale):
        world = WORLDS[name]
        for metric in some_of(METRICS, scale):
            plain, corrected = _held(world, metric, repeats)
            rates.append(corrected)
            yield Row(f"interval of the best, {metric}", name, str(world.n), plain, 0.95, "shown beside", repeats)
            yield Row(f"corrected interval of the best, {metric}", name, str(world.n), corrected, WINNER, "at least",
                      repeats)  # fmt: skip
    mean = float(np.mean(rates))
    yield Row("corrected interval of the best", f"mean of {len(rates)} worlds", "", mean, MEAN, "at least",
              len(rates) * repeats)  # fmt: skip


def _judged(world: World, n: int, metric: str, rng: np.random.Generator, qualities: Sequence[float]) -> SoftData:
    """Grades, or labels and probabilities, of people and judges on the same items."""
    group = np.arange(n) // CLUSTER if world.clustered else None
    truth = rng.normal(size=n)
    if group is not None:
        truth = math.sqrt(0.6) * rng.normal(size=n)[group] + math.sqrt(0.4) * truth
    people, *judges = (one * truth + math.sqrt(1 - one**2) * rng.normal(size=n) for one in (PEOPLE, *qualities))
    codes = None if group is None else group.astype(np.int64)
    if metric in OF_LABELS:
        y = (people > 0).astype(float)
        return SoftData([1 / (1 + np.exp(-2 * one)) for one in judges], y, codes, label_set=VERDICT_LABELS)
    grades = [np.clip(np.round(3 + 1.2 * one), 1, 5) for one in (people, *judges)]
    return SoftData(grades[1:], grades[0], codes, scored=[True] * len(judges), label_set=number_set(1, 5))


def _held(world: World, name: str, repeats: int) -> tuple[float, float]:
    """How often the interval of the best, and the corrected one, hold its true figure."""
    metric, score, held = find_soft_metric(name), ScoreSpec((name,)), np.zeros(2)
    different = sorted(set(world.qualities))
    many = _judged(world._replace(clustered=False), BIG, name, np.random.default_rng([SEED, 0]), different)
    true = {one: soft_figure(metric, k, many, score, 0).value for k, one in enumerate(different)}
    for seed in range(repeats):
        data = _judged(world, world.n, name, np.random.default_rng([SEED, world.n, seed]), world.qualities)
        cells = [_cell(k, world.n, {name: soft_figure(metric, k, data, score, 0)}) for k in range(len(data.values))]
        found = best_by_soft("fair", name, cells, data)
        best = [one.cell.id for one in cells].index(str(found.cell))
        truth = true[world.qualities[best]]
        for at, one in enumerate((cells[best].figures[name], found)):
            held[at] += one.low is not None and one.high is not None and one.low <= truth <= one.high
    return float(held[0] / repeats), float(held[1] / repeats)


def _cell(k: int, n: int, figures: dict[str, object]) -> CellScore:
    outcomes: Array = np.array([n, *(0 for _ in FAILURES)])
    cell = Cell("fair", "s", "judge", (f"m{k:02}",))
    return CellScore(cell, n, n, (), tuple(outcomes.tolist()), figures, Usage())  # type: ignore[arg-type]
