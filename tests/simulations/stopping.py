"""Runs that may end at any of several looks: false claims and coverage at all looks together, and what is saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from harness.records.experiment import ScoreSpec
from harness.scoring.estimates import Sample, metric_figures
from harness.scoring.metric import find_metric
from harness.scoring.pairwise import statistic_of
from harness.statistics import multiplicity
from harness.statistics.pairs import Judgments
from harness.statistics.sequential import Spending, look_levels
from simulations.comparisons import COVERED, LABELS, _has_minority, true_value, world_of
from simulations.row import Row, scaled

ALPHA = 0.05
"""The false claims that are promised at any stopping time."""
RESAMPLES = 1999
SHARES = (0.4, 0.6, 0.8, 1.0)
"""Of the items, at the looks; a look at a fifth of them would be left out."""


class World(NamedTuple):
    """Judges of some items.

    Attributes:
        name: for the page.
        n: items.
        metric: by which they are compared.
        shares: of the labels.
        skills: of the judges.
        spending: how the error is divided.
        sizes: of the clusters; None where items are independent.
    """

    name: str
    n: int
    metric: str
    shares: Any
    skills: Sequence[float]
    spending: Spending = "obrien-fleming"
    sizes: Sequence[int] | None = None


class Found(NamedTuple):
    """What came of one world.

    Attributes:
        false: a pair of equal judges was called different at some look.
        naive: the same, with each look at the level of the whole.
        covered: the intervals of all looks hold the true figure, as a share of the judges.
        judged: share of the items judged when the best was separated from the others, or 1.
        best: whether the best is one of the truly best, where a run ended early; None elsewhere.
    """

    false: bool
    naive: bool
    covered: float
    judged: float
    best: bool | None


def simulate(scale: float) -> Iterator[Row]:
    """False claims, coverage and savings."""
    for name, shares in LABELS.items():
        for judges, n in ((2, 200), (10, 200), (10, 500)):
            for metric in ("kappa", "accuracy"):
                world = World(f"{judges} equal judges, {name}, {metric}", n, metric, shares, [0.6] * judges)
                yield from _rows(world, scaled(400, scale), ("false",))
    evenly = World("10 equal judges, 80/10/10, kappa, spending like Pocock", 200, "kappa", (80, 10, 10), [0.6] * 10)
    yield from _rows(evenly._replace(spending="pocock"), scaled(400, scale), ("false",))
    sizes = [5] * 60
    clustered = World("6 equal judges, 60 clusters of 5, accuracy", 300, "accuracy", (40, 20, 40), [0.6] * 6)
    yield from _rows(clustered._replace(sizes=sizes), scaled(400, scale), ("false",))
    for name in ("even labels", "90/5/5"):
        for skills in ((0.5, 0.9), (0.4, 0.5, 0.6, 0.9), (0.6, 0.8)):
            known = ", ".join(f"{skill:g}" for skill in skills)
            world = World(f"judges of skill {known}, {name}, kappa", 300, "kappa", LABELS[name], skills)
            yield from _rows(world, scaled(300, scale), ("covered", "best", "judged"))


def _rows(world: World, repeats: int, claims: Sequence[str]) -> Iterator[Row]:
    pairs = len(multiplicity.all_pairs(len(world.skills))[0])
    levels = look_levels(SHARES, 1 - ALPHA, paths=pairs, spending=world.spending)
    found = [one for seed in range(repeats) if (one := _one_world(world, levels, seed)) is not None]
    if len(found) < 40:
        return

    def row(claim: str, rate: float, target: float, side: Literal["at least", "at most", "shown beside"]) -> Row:
        return Row(claim, world.name, str(world.n), rate, target, side, len(found))

    if "false" in claims:
        yield row("false claim at any look", float(np.mean([one.false for one in found])), ALPHA, "at most")
        naive = float(np.mean([one.naive for one in found]))
        yield row("the same with 95 % at each look", naive, ALPHA, "shown beside")
    if "covered" in claims:
        covered = float(np.mean([one.covered for one in found]))
        yield row("figure within its intervals at all looks", covered, COVERED, "at least")
    early = [one.best for one in found if one.best is not None]
    if "best" in claims and len(early) >= 40:
        rate = 1 - float(np.mean(early))
        yield Row("wrong best where a run ended early", world.name, str(world.n), rate, ALPHA, "at most", len(early))
    if "judged" in claims:
        judged = float(np.mean([one.judged for one in found]))
        yield row("share of the items judged", judged, 1.0, "shown beside")


def _one_world(world: World, levels: Sequence[float], seed: int) -> Found | None:
    """Look at growing parts of a world; None where the whole of it has too few labels to compare judges."""
    rng = np.random.default_rng([world.n, len(world.skills), seed])
    clusters = None if world.sizes is None else np.repeat(np.arange(len(world.sizes)), world.sizes)
    n = world.n if world.sizes is None else int(sum(world.sizes))
    judgments = world_of(rng, n, world.shares, np.asarray(world.skills), clusters, 0.7)
    if world.metric != "accuracy" and not _has_minority(judgments, world.metric, len(world.skills)):
        return None
    pairs = multiplicity.all_pairs(len(world.skills))
    truth = np.array([true_value(world.metric, world.shares, skill) for skill in world.skills])
    equal = np.abs(truth[pairs[0]] - truth[pairs[1]]) < 1e-9
    false = naive = False
    covered = np.ones(len(world.skills), bool)
    judged, best = 1.0, None
    for share, level in zip(SHARES, levels, strict=True):
        part = _part(judgments, round(share * n))
        if world.metric != "accuracy" and not _has_minority(part, world.metric, len(world.skills)):
            continue
        p_values, values = _compared(world, part, pairs, level, seed)
        false |= bool((p_values[pairs][equal] <= 1 - level).any())
        naive |= bool((p_values[pairs][equal] <= ALPHA).any())
        if not equal.all():
            covered &= _cover(world, part, truth, level, seed)
        first = int(np.argmax(values))
        if best is None and (np.delete(p_values[first], first) <= 1 - level).all() and share < 1:
            judged, best = share, bool(truth[first] >= truth.max() - 1e-9)
    return Found(false, naive, float(covered.mean()), judged, best)


def _part(judgments: Judgments, count: int) -> Judgments:
    """The first items; worlds come in no order, and clusters are whole where their size divides the count."""
    clusters = None if judgments.clusters is None else judgments.clusters[:count]
    return Judgments(judgments.rows[:count], judgments.columns[:count], clusters)


def _compared(world: World, part: Judgments, pairs: Any, level: float, seed: int) -> tuple[Any, Any]:
    statistic = statistic_of(find_metric(world.metric), (3, 4))
    values = statistic.value(part.tables(statistic.shape))
    if np.isnan(values).any():
        return np.ones((len(world.skills),) * 2), np.nan_to_num(values, nan=-1.0)
    found = multiplicity.compare_pairs(statistic, part, *pairs, resamples=RESAMPLES, seed=seed, level=level)
    return found.p_values, values


def _cover(world: World, part: Judgments, truth: Any, level: float, seed: int) -> Any:
    """Whether the interval of each judge holds its true figure."""
    score = ScoreSpec(metrics=(world.metric,), resamples=RESAMPLES, level=level)
    metric = {world.metric: find_metric(world.metric)}
    held = []
    for table, value in zip(part.tables((3, 4)), truth, strict=True):
        figure = metric_figures(Sample(table), metric, score, seed)[world.metric]
        held.append(figure.low is None or figure.high is None or figure.low <= value <= figure.high)
    return np.array(held)
