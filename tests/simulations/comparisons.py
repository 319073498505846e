"""How often evaluators are wrongly called distinguishable or equivalent, and the coverage of intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq

from harness.generation.win_rates import rate_statistic
from harness.scoring.metric import find_metric
from harness.scoring.pairwise import MANY_PAIRS, MINORITY, MINORITY_OF_MANY, statistic_of
from harness.statistics import multiplicity, ranks
from harness.statistics.pairs import Judgments, Statistic
from simulations.row import Row, scaled

RESAMPLES = 999
FAMILYWISE, COVERED = 0.06, 0.92
"""What is promised for a level of 0.05, in every world."""

LABELS = {"even labels": (1, 1, 1), "80/10/10": (80, 10, 10), "90/5/5": (90, 5, 5), "97/3": (97, 0, 3)}
SIZES = {
    "30 clusters of 2": [2] * 30,
    "12 clusters of 8": [8] * 12,
    "40 clusters of 5": [5] * 40,
    "20 of 2, 10 of 5, 60 of 1": [2] * 20 + [5] * 10 + [1] * 60,
}


class Found(NamedTuple):
    """What came of one world: a false finding, all intervals hold, all ranks hold, a false equivalence."""

    false: bool
    covered: bool
    ranked: bool
    equivalent: bool


def simulate(scale: float) -> Iterator[Row]:
    """Family-wise errors, simultaneous intervals, rank sets and equivalence; the minority rule is part of each."""
    yield from _equal(scale)
    yield from _unlike(scale)
    yield from _at_the_margin(scale)
    yield from _in_clusters(scale)
    yield from _win_rates(scale)


def _equal(scale: float) -> Iterator[Row]:
    """Judges of one skill: every finding is false."""
    for name, shares in LABELS.items():
        for judges, n in ((10, 40), (10, 80), (10, 200), (2, 80), (40, 150)):
            for metric in ("kappa", "accuracy") if judges == 10 else ("kappa",):
                world = f"{judges} equal judges, {name}, {metric}"
                skills = np.full(judges, 0.6)
                yield from _rows(world, n, metric, shares, skills, scaled(600, scale), claims=("false",))
    for metric in ("kappa-linear", "kappa-ab", "ac1"):
        for name in ("even labels", "90/5/5"):
            for n in (40, 200):
                world = f"10 equal judges, {name}, {metric}"
                skills = np.full(10, 0.6)
                yield from _rows(world, n, metric, LABELS[name], skills, scaled(600, scale), claims=("false",))
    for skill in (0.1, 0.95):
        for metric in ("kappa", "accuracy"):
            for n in (40, 100):
                world = f"12 equal judges of skill {skill:g}, 70/20/10, {metric}"
                skills = np.full(12, skill)
                yield from _rows(world, n, metric, (70, 20, 10), skills, scaled(600, scale), claims=("false",))


def _unlike(scale: float) -> Iterator[Row]:
    for name in ("even labels", "90/5/5"):
        for n in (40, 80, 300):
            world = f"6 judges of skill 0.4 to 0.9, {name}, kappa"
            skills = np.linspace(0.4, 0.9, 6)
            yield from _rows(world, n, "kappa", LABELS[name], skills, scaled(400, scale), claims=("covered", "ranked"))


def _at_the_margin(scale: float) -> Iterator[Row]:
    """Two judges whose kappa differs by exactly the margin of equivalence."""
    for name, n, margin in (("even labels", 80, 0.2), ("90/5/5", 80, 0.2), ("97/3", 200, 0.1), ("80/10/10", 300, 0.1)):
        skills = np.array([0.9, 0.9 - margin])  # kappa is the skill where guesses have the labels' shares
        world = f"2 judges {margin:g} apart, {name}, kappa"
        yield from _rows(
            world, n, "kappa", LABELS[name], skills, scaled(600, scale), claims=("equivalent",), margin=margin
        )


def _in_clusters(scale: float) -> Iterator[Row]:
    for name, sizes in SIZES.items():
        for judges, alike in ((2, 0.0), (2, 0.7), (6, 0.7)):
            clusters = np.repeat(np.arange(len(sizes)), sizes)
            for metric in ("kappa", "accuracy"):
                world = f"{judges} equal judges, {name}, {alike:g} of the luck shared in a cluster, {metric}"
                yield from _rows(
                    world, len(clusters), metric, (40, 20, 40), np.full(judges, 0.5), scaled(400, scale),
                    claims=("false",), clusters=clusters, alike=alike,
                )  # fmt: skip


def _rows(
    world: str, n: int, metric: str, shares: Any, skills: Any, repeats: int, *, claims: tuple[str, ...],
    margin: float = 0.0, clusters: Any = None, alike: float = 0.0,
) -> Iterator[Row]:  # fmt: skip
    truth = np.array([true_value(metric, shares, skill) for skill in skills])
    found = []
    for seed in range(repeats):
        rng = np.random.default_rng([n, len(skills), seed])
        judgments = world_of(rng, n, shares, skills, clusters, alike)
        if metric in ("accuracy", "ac1") or _has_minority(judgments, metric, len(skills)):
            found.append(one_world(statistic_of(find_metric(metric), (3, 4)), judgments, truth, seed, margin))
    if len(found) < 40:
        return
    for claim, words, target, side in (
        ("false", "false finding", FAMILYWISE, "at most"),
        ("covered", "all differences within their intervals", COVERED, "at least"),
        ("ranked", "all true ranks within their sets", COVERED, "at least"),
        ("equivalent", "false equivalence", FAMILYWISE, "at most"),
    ):
        if claim in claims:
            rate = float(np.mean([getattr(one, claim) for one in found]))
            yield Row(words, world, str(n), rate, target, side, len(found))  # type: ignore[arg-type]


def _has_minority(judgments: Judgments, metric: str, evaluators: int) -> bool:
    rows = judgments.rows if metric != "kappa-ab" else judgments.rows[judgments.rows != 1]
    rare = rows != np.bincount(rows, minlength=3).argmax()
    many = evaluators * (evaluators - 1) // 2 > MANY_PAIRS
    return int(rare.sum()) >= (MINORITY_OF_MANY if many else MINORITY)


def world_of(
    rng: np.random.Generator, n: int, shares: Any, skills: Any, clusters: Any = None, alike: float = 0.0
) -> Judgments:
    """Judges that copy the label with their skill as probability and guess by the labels' shares otherwise.

    Half of their luck is that of the item, the same for all judges; `alike` of it that of the cluster.
    """
    shares = np.asarray(shares, float) / np.sum(shares)
    labels, judges = rng.choice(3, n, p=shares), len(skills)
    shared = rng.random((n, judges)) < 0.5
    luck = np.where(shared, rng.random((n, 1)), rng.random((n, judges)))
    if clusters is not None:
        of_cluster = rng.random((n, judges)) < alike
        luck = np.where(of_cluster, rng.random((clusters.max() + 1, judges))[clusters], rng.random((n, judges)))
    guesses = np.where(shared, rng.choice(3, (n, 1), p=shares), rng.choice(3, (n, judges), p=shares))
    return Judgments(labels, np.where(luck < skills, labels[:, None], guesses), clusters)


def true_value(metric: str, shares: Any, skill: float) -> float:
    """The figure of such a judge on all items there are."""
    shares = np.asarray(shares, float) / np.sum(shares)
    table = np.zeros((3, 4))
    table[:, :3] = skill * np.diag(shares) + (1 - skill) * np.outer(shares, shares)
    return float(find_metric(metric).value(table * 1e9))


def skill_for(metric: str, shares: Any, value: float) -> float:
    """The skill that gives a figure."""
    return float(brentq(lambda skill: true_value(metric, shares, skill) - value, 0.0, 1.0))


def one_world(statistic: Statistic, judgments: Judgments, truth: Any, seed: int, margin: float = 0.0) -> Found:
    """Compare all pairs as the harness does."""
    pairs = multiplicity.all_pairs(len(truth))
    defined = ~np.isnan(statistic.value(judgments.tables(statistic.shape)))
    if not defined.all():
        return Found(false=False, covered=True, ranked=True, equivalent=False)
    held = multiplicity.compare_pairs(statistic, judgments, *pairs, resamples=RESAMPLES, seed=seed)
    gaps = truth[:, None] - truth[None, :]
    is_null = np.abs(gaps[pairs]) < 1e-9
    sets = ranks.rank_sets(held.differences, held.p_values, 0.95)
    # With equals, every rank between those of the better and the worse is a true one.
    best, worst = 1 + (gaps < -1e-9).sum(axis=1), len(truth) - (gaps > 1e-9).sum(axis=1)
    inside = np.abs(held.differences[pairs]) + held.reach[pairs] < margin
    return Found(
        bool((held.p_values[pairs][is_null] <= 0.05).any()),
        bool((np.abs(held.differences - gaps)[pairs] <= held.reach[pairs]).all()),
        all(low <= top and bottom <= high for (low, high), top, bottom in zip(sets, best, worst, strict=True)),
        bool((inside & (np.abs(gaps[pairs]) >= margin - 1e-9)).any()),
    )


def _win_rates(scale: float) -> Iterator[Row]:
    """Systems that met one opponent: of one true rate, and of different ones."""
    repeats = scaled(600, scale)
    for tied in (0.0, 0.2, 0.8):
        for name, rates in (("10 equal systems", np.full(10, 0.5)), ("6 systems", np.linspace(0.4, 0.75, 6))):
            rates = 0.5 + (rates - 0.5) * (1 - tied)
            for n in (40, 120):
                found = []
                for seed in range(repeats):
                    rng = np.random.default_rng([n, seed, 7])
                    luck = np.where(rng.random((n, 1)) < 0.4, rng.random((n, 1)), rng.random((n, len(rates))))
                    wins = rates - tied / 2
                    columns = np.where(luck < wins, 0, np.where(luck < wins + tied, 1, 2))
                    judgments = Judgments(np.zeros(n, int), columns)
                    found.append(one_world(rate_statistic("half"), judgments, rates, seed))
                world = f"{name}, {tied:g} ties, win rate"
                false, covered = (float(np.mean([getattr(one, what) for one in found])) for what in Found._fields[:2])
                if name.startswith("10"):
                    yield Row("false finding", world, str(n), false, FAMILYWISE, "at most", repeats)
                yield Row(
                    "all differences within their intervals", world, str(n), covered, COVERED, "at least", repeats
                )
