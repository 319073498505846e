"""Labels that are numbers: intervals of every metric, and false differences between equal judges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import FAILURES, Usage
from harness.records.label_set import number_set
from harness.records.scores import CellScore
from harness.scoring.score import DatasetScores
from harness.scoring.soft_metric import SoftItems, find_soft_metric
from harness.scoring.soft_scores import SoftData, with_soft
from harness.statistics.agreement import Array
from simulations.row import Row, scaled

NAMES = ("pearson", "spearman", "kendall", "icc", "icc-consistency", "mae", "rmse", "bias")
LEVEL, COVERED, SKEWED, FALSE = 0.95, 0.92, 0.85, 0.06
BIG = 40_000
"""Items that a truth is computed from."""
CLUSTER = 4
"""Items of a cluster."""


class World(NamedTuple):
    """How people and judge rate.

    Attributes:
        kind: of the scale: `normal` is not rounded, `grades` are 1 to 5, `skewed` is a log-normal without bounds.
        quality: correlation of each with what both rate.
        shift: by which the judge is too mild.
        clustered: whether items come in clusters that share most of their quality.
    """

    kind: str
    quality: float
    shift: float = 0.0
    clustered: bool = False

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Array, Array, Array | None]:
        """Numbers of the judge and of people, and the cluster of each item."""
        q, noise = self.quality, math.sqrt(1 - self.quality**2)
        group = np.arange(n) // CLUSTER if self.clustered else None
        truth = rng.normal(size=n)
        if group is not None:
            truth = math.sqrt(0.7) * rng.normal(size=n)[group] + math.sqrt(0.3) * truth
        judge, people = (q * truth + noise * rng.normal(size=n) for _ in range(2))
        return self.scaled(judge + self.shift), self.scaled(people), group

    def scaled(self, values: Array) -> Array:
        """Numbers on the scale."""
        if self.kind == "grades":
            return np.clip(np.round(3.3 + 1.2 * values), 1, 5)
        return np.exp(0.7 * values) if self.kind == "skewed" else values


WORLDS = {
    "normal, moderate agreement": World("normal", 0.7, 0.3),
    "normal, high agreement": World("normal", 0.95, 0.3),
    "grades 1 to 5": World("grades", 0.8, 0.3),
    "grades 1 to 5, no agreement": World("grades", 0.0),
    f"grades 1 to 5, clusters of {CLUSTER}": World("grades", 0.8, 0.3, clustered=True),
    "log-normal without bounds": World("skewed", 0.8, 0.3),
}


def simulate(scale: float) -> Iterator[Row]:
    """Coverage of the metrics by world and size, and false claims among five equal judges."""
    repeats = scaled(500, scale)
    for name, world in WORLDS.items():
        truth = _truth(world)
        for n in (40, 80, 200):
            held = _coverage(world, truth, n, repeats)
            worst = min(held, key=lambda metric: held[metric])
            target = SKEWED if world.kind == "skewed" else COVERED
            yield Row(f"interval, {worst}", f"{name}: worst of {len(held)} metrics", str(n), held[worst], target,
                      "at least", repeats)  # fmt: skip
    worlds = scaled(300, scale)
    for n in (40, 80):
        for name, share in _false_claims(WORLDS["grades 1 to 5"], n, worlds).items():
            yield Row(
                f"false claim, {name}", "five equal judges, grades 1 to 5", str(n), share, FALSE, "at most", worlds
            )


def _items(world: World, n: int, rng: np.random.Generator) -> SoftItems:
    judge, people, group = world.draw(n, rng)
    scale = (1.0, 5.0) if world.kind == "grades" else None
    return SoftItems(judge, people, None if group is None else group.astype(np.int64), LEVEL, 0, scale=scale)


def _truth(world: World) -> dict[str, float]:
    items = _items(world, BIG, np.random.default_rng(1))
    found = {name: find_soft_metric(name).figure(items).value for name in NAMES}
    return {name: math.nan if value is None else value for name, value in found.items()}


def _coverage(world: World, truth: dict[str, float], n: int, repeats: int) -> dict[str, float]:
    """How often the interval of each metric holds the truth."""
    held = dict.fromkeys(NAMES, 0)
    for seed in range(repeats):
        items = _items(world, n, np.random.default_rng([n, seed]))
        for name in NAMES:
            figure = find_soft_metric(name).figure(items)
            held[name] += (
                figure.low is not None and figure.high is not None and figure.low <= truth[name] <= figure.high
            )
    return {name: count / repeats for name, count in held.items()}


def _false_claims(world: World, n: int, worlds: int) -> dict[str, float]:
    """How often five equal judges are distinguished, for each metric that ranks."""
    names = tuple(name for name in NAMES if name != "bias")
    score, claims = ScoreSpec(names, resamples=1_000), dict.fromkeys(names, 0)
    cells = tuple(
        CellScore(Cell("fair", "s", "judge", (f"m{k}",)), n, n, (), (n, *(0 for _ in FAILURES)), {}, Usage())
        for k in range(5)
    )
    for seed in range(worlds):
        rng = np.random.default_rng([5, n, seed])
        truth, noise = rng.normal(size=n), math.sqrt(1 - world.quality**2)
        people, *judges = (world.scaled(world.quality * truth + noise * rng.normal(size=n)) for _ in range(6))
        data = SoftData(judges, people, None, scored=[True] * 5, label_set=number_set(1, 5))
        contests = with_soft(DatasetScores("fair", cells, {}, None), data, score, seed).contests
        for name, contest in contests.items():
            claims[name] += contest is not None and any(one.best > 1 for one in contest.rank_sets().values())
    return {name: count / worlds for name, count in claims.items()}
