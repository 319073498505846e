"""Labels that are numbers: intervals of every metric, of limits of agreement and juries, and false differences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.records.judgments import FAILURES, Usage
from harness.records.label_set import number_set
from harness.records.scores import CellScore
from harness.scoring.pairwise import CellComparisons
from harness.scoring.score import DatasetScores
from harness.scoring.soft_metric import SoftItems, find_soft_metric
from harness.scoring.soft_metrics import bias
from harness.scoring.soft_scores import SoftData, with_soft
from harness.statistics.agreement import Array
from simulations.row import Row, scaled, some_of

NAMES = ("pearson", "spearman", "kendall", "icc", "icc-consistency", "mae", "rmse", "bias")
LEVEL, COVERED, FALSE = 0.95, 0.92, 0.06
EXTREME = 0.88
"""The least coverage of `rmse` and of limits of agreement where rare items decide them; they are then flagged."""
SEED = 20_261
"""Of worlds that no recipe was chosen on."""
LIMITS = ("bias.limit-low", "bias.limit-high")
BIG = 40_000
"""Items that a truth is computed from."""
FEWEST = 120
"""Worlds of a false claim at least: metrics share their worlds, so that an unlucky few of them move all rows."""
CLUSTER = 4
"""Items of a cluster."""
JURY, ABSENT = 3, 0.05
"""Judges of a jury, and the share of numbers that one of them does not give."""
RANKING = tuple(name for name in NAMES if name != "bias")
"""The metrics that rank."""


class World(NamedTuple):
    """How people and judge rate.

    Attributes:
        kind: of the scale: `normal` is not rounded, `grades` are 1 to 5, `skewed` is a log-normal without bounds.
        quality: correlation of each with what both rate.
        shift: by which the judge is too mild.
        clustered: whether items come in clusters that share most of their quality.
        jury: how many judges the mean is of, one of twenty of whom abstains.
    """

    kind: str
    quality: float
    shift: float = 0.0
    clustered: bool = False
    jury: int = 1

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Array, Array, Array | None]:
        """Numbers of the judge and of people, and the cluster of each item."""
        q, noise = self.quality, math.sqrt(1 - self.quality**2)
        group = np.arange(n) // CLUSTER if self.clustered else None
        truth = self.truth(n, group, rng)
        people = self.scaled(q * truth + noise * rng.normal(size=n))
        judges = np.array([self.scaled(q * truth + noise * rng.normal(size=n) + self.shift) for _ in range(self.jury)])
        if self.jury > 1:
            absent = rng.random(judges.shape) < ABSENT
            judges[absent & ~absent.all(axis=0)] = np.nan
        return np.nanmean(judges, axis=0), people, group

    def truth(self, n: int, group: Array | None, rng: np.random.Generator) -> Array:
        """What judges and people both rate."""
        truth = rng.normal(size=n)
        if group is None:
            return truth
        return math.sqrt(0.7) * rng.normal(size=n)[group] + math.sqrt(0.3) * truth

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
    "grades 1 to 5, near perfect": World("grades", 0.97),
    "log-normal, high agreement": World("skewed", 0.95, 0.1),
    f"log-normal, clusters of {CLUSTER}": World("skewed", 0.8, 0.3, clustered=True),
    "log-normal without bounds": World("skewed", 0.8, 0.3),
}
FLAGGED = ("normal, moderate agreement", "grades 1 to 5", "log-normal without bounds")
"""Worlds of which the share of flagged figures is shown."""


def simulate(scale: float) -> Iterator[Row]:
    """Coverage of the metrics by world and size, of limits of agreement and juries, and false claims."""
    repeats = scaled(500, scale)
    for name in some_of(tuple(WORLDS), scale):
        world = WORLDS[name]
        truth = _truth(world)
        for n in (40, 80, 200):
            yield from _intervals(name, world, truth, n, repeats)
    world = WORLDS["grades 1 to 5"]._replace(jury=JURY)
    truth = _truth(world)
    for n in (40, 200):
        yield from _intervals(f"grades 1 to 5, mean of a jury of {JURY}", world, truth, n, repeats)
    worlds, in_clusters = max(FEWEST, scaled(300, scale)), f"grades 1 to 5, clusters of {CLUSTER}"
    for name, n in (("grades 1 to 5", 40), ("grades 1 to 5", 80), (in_clusters, 80)):
        for metric, share in _false_claims(WORLDS[name], n, worlds).items():
            yield Row(f"false claim, {metric}", f"five equal judges, {name}", str(n), share, FALSE, "at most", worlds)
    name, worlds = in_clusters, scaled(300, scale)
    for metric, share in _differences(WORLDS[name], 200, worlds).items():
        yield Row(f"all differences within their intervals, {metric}", f"four unequal judges, {name}", "200", share,
                  COVERED, "at least", worlds)  # fmt: skip


def _intervals(name: str, world: World, truth: dict[str, float], n: int, repeats: int) -> Iterator[Row]:
    """Coverage of the worst metric, of each limit of agreement, and in skewed worlds of `rmse`."""
    held, flagged = _coverage(world, truth, n, repeats)
    apart = ("rmse",) if world.kind == "skewed" else ()
    others = [metric for metric in NAMES if metric not in apart]
    worst = min(others, key=lambda metric: held[metric])
    yield Row(f"interval, {worst}", f"{name}: worst of {len(others)} metrics", str(n), held[worst], COVERED,
              "at least", repeats)  # fmt: skip
    for metric in apart:
        yield Row(f"interval, {metric}", name, str(n), held[metric], EXTREME, "at least", repeats)
    for limit in LIMITS if world.kind == "normal" or n == 200 else ():
        target = EXTREME if apart else COVERED
        yield Row(f"interval, {limit}", name, str(n), held[limit], target, "at least", repeats)
    if name in FLAGGED:
        yield Row("flag `heavy-tails` of rmse", name, str(n), flagged, 0, "shown beside", repeats)


def _items(world: World, n: int, rng: np.random.Generator) -> SoftItems:
    judge, people, group = world.draw(n, rng)
    scale = (1.0, 5.0) if world.kind == "grades" else None
    return SoftItems(judge, people, None if group is None else group.astype(np.int64), LEVEL, 0, scale=scale)


def _figures(items: SoftItems) -> dict[str, Figure]:
    """The figures of all metrics, and the limits of agreement."""
    found = {name: find_soft_metric(name).figure(items) for name in NAMES}
    return found | {f"bias.{ending}": figure for ending, figure in bias.companions(items).items()}


def _truth(world: World) -> dict[str, float]:
    found = _figures(_items(world, BIG, np.random.default_rng(1)))
    return {name: math.nan if figure.value is None else figure.value for name, figure in found.items()}


def _coverage(world: World, truth: dict[str, float], n: int, repeats: int) -> tuple[dict[str, float], float]:
    """How often the interval of each metric holds the truth, and how often that of `rmse` is flagged."""
    held, flagged = dict.fromkeys(truth, 0), 0
    for seed in range(repeats):
        found = _figures(_items(world, n, np.random.default_rng([SEED, n, seed])))
        flagged += "heavy-tails" in found["rmse"].flags
        for name, figure in found.items():
            held[name] += (
                figure.low is not None and figure.high is not None and figure.low <= truth[name] <= figure.high
            )
    return {name: count / repeats for name, count in held.items()}, flagged / repeats


def _judged(world: World, n: int, seed: int, qualities: Sequence[float]) -> SoftData:
    """Numbers of people and of judges of some qualities on the same items."""
    rng = np.random.default_rng([SEED, 5, n, seed])
    group = np.arange(n) // CLUSTER if world.clustered else None
    truth = world.truth(n, group, rng)
    people, *judges = (
        world.scaled(one * truth + math.sqrt(1 - one**2) * rng.normal(size=n)) for one in (world.quality, *qualities)
    )
    codes = None if group is None else group.astype(np.int64)
    return SoftData(judges, people, codes, scored=[True] * len(judges), label_set=number_set(1, 5))


def _contests(data: SoftData, names: tuple[str, ...], seed: int) -> Mapping[str, CellComparisons | None]:
    n, score = len(data.y), ScoreSpec(names, resamples=1_000)
    cells = tuple(
        CellScore(Cell("fair", "s", "judge", (f"m{k}",)), n, n, (), (n, *(0 for _ in FAILURES)), {}, Usage())
        for k in range(len(data.values))
    )
    return with_soft(DatasetScores("fair", cells, {}, None), data, score, seed).contests


def _false_claims(world: World, n: int, worlds: int) -> dict[str, float]:
    """How often five equal judges are distinguished, for each metric that ranks."""
    claims = dict.fromkeys(RANKING, 0)
    for seed in range(worlds):
        for name, contest in _contests(_judged(world, n, seed, [world.quality] * 5), RANKING, seed).items():
            claims[name] += contest is not None and any(one.best > 1 for one in contest.rank_sets().values())
    return {name: count / worlds for name, count in claims.items()}


def _differences(world: World, n: int, worlds: int) -> dict[str, float]:
    """How often the intervals of all differences of four unequal judges hold the true ones, for each metric."""
    qualities = (0.5, 0.6, 0.75, 0.9)
    names, held = ("pearson", "icc", "mae", "rmse"), dict.fromkeys(("pearson", "icc", "mae", "rmse"), 0)
    many = _judged(world, BIG, 0, qualities)
    every = [SoftItems(one, many.y, None, LEVEL, 0) for one in many.values if one is not None]
    truth = {name: np.array([find_soft_metric(name).figure(one).value for one in every]) for name in names}
    for seed in range(1, worlds + 1):
        for name, contest in _contests(_judged(world, n, seed, qualities), names, seed).items():
            assert contest is not None
            found = contest.comparisons
            assert found is not None
            values = truth[name][list(contest.members)]
            gaps = np.abs(found.differences - (values[:, None] - values[None, :]))
            held[name] += bool((gaps <= found.reach + 1e-12)[~np.eye(len(values), dtype=bool)].all())
    return {name: count / worlds for name, count in held.items()}
