"""Labels drawn with known probabilities, differences between systems, and Rogan and Gladen's estimator.

Coverage of corrected rates by design (uniform, stratified by disagreement, two rounds, clusters, partly filled files)
at small numbers of labels; how the width said to be needed compares with the width got; simultaneous coverage of the
differences between systems; Rogan-Gladen where its assumption holds, and where it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.analysis.label.draw import Draw, Kind, Round, strata_by_disagreement
from harness.statistics.inverse_probability import Design, rate_influence, weighted_interval, weighted_rate
from harness.statistics.label_planning import Wanted, labels_needed, plan_of
from harness.statistics.prediction_powered import corrected_mean, corrected_rate
from harness.statistics.rate_differences import rate_differences
from harness.statistics.rogan_gladen import rogan_gladen
from simulations.row import Row, scaled

LEVEL, COVERED, TOGETHER = 0.95, 0.935, 0.935
ITEMS, CELLS = 800, 5
WORLDS = {"even": (0.5, 0.8), "a good judge": (0.7, 0.95), "rare failures": (0.9, 0.9)}
"""The rate, and how often a judge is right on easy items; on hard ones, three in ten, it is right in 55 %."""
DESIGNS: dict[str, tuple[tuple[Kind, float], ...]] = {
    "uniform": (("uniform", 1.0),),
    "stratified": (("disagreement", 1.0),),
    "uniform, then stratified": (("uniform", 0.5), ("disagreement", 0.5)),
}


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Items with the truth, the outcomes of some judges (0 or 2), and clusters."""

    truth: Any
    outcomes: Any
    clusters: Any


def simulate(scale: float) -> Iterator[Row]:
    """Coverage of designs, planned widths, differences and Rogan-Gladen."""
    for n in (30, 60, 120):
        for design in DESIGNS:
            yield from _designs(n, design, scaled(300, scale), copies=1)
    yield from _designs(80, "uniform, then stratified", scaled(300, scale), copies=4)
    yield from _designs(80, "stratified", scaled(300, scale), copies=1, filled=0.5)
    for design in ("uniform", "stratified"):
        yield from _designs(120, design, scaled(300, scale), copies=4, whole=True)
    yield _biased(60, scaled(300, scale))
    yield _planned(scaled(200, scale))
    for rates in ((0.6, 0.6, 0.7, 0.8), (0.9, 0.95, 0.9, 0.97)):
        yield _differences(rates, 25, scaled(300, scale))
    yield from _rogan_gladen(scaled(300, scale))


def made(rng: np.random.Generator, rate: float, skill: float, copies: int = 1) -> World:
    """A world in which all judges err more on the same hard items, and are a little too mild."""
    prompts = ITEMS // copies
    clusters = np.repeat(np.arange(prompts), copies)
    lean = np.repeat(rng.random(prompts) < rate, copies)
    truth = lean if copies == 1 else np.where(rng.random(ITEMS) < 0.3, rng.random(ITEMS) < rate, lean)
    hard = np.repeat(rng.random(prompts) < 0.3, copies)
    is_right = rng.random((ITEMS, CELLS)) < np.where(hard, 0.55, skill)[:, None]
    says = np.where(is_right, truth[:, None], ~truth[:, None]) | (rng.random((ITEMS, CELLS)) < 0.1)
    return World(truth, np.where(says, 0, 2).astype(np.int8), clusters if copies > 1 else None)


def _labelled(world: World, seed: int, n: int, design: str, filled: float, *, whole: bool) -> tuple[Any, Design]:
    """The labels that a draw gives, and its design; files are filled in from the top."""
    clusters = world.clusters if whole else None
    draw = Draw("run", "items", seed, [str(at) for at in range(ITEMS)], clusters=clusters)
    strata = strata_by_disagreement(world.outcomes, 3, clusters)
    count = n * len(draw.units) / ITEMS
    for kind, share in DESIGNS[design]:
        draw = draw.with_round(Round(kind, round(share * count)), strata)
    has_label = np.zeros(ITEMS, dtype=bool)
    for number, items in enumerate(draw.drawn, 1):
        some = draw.shuffled(number, "anna")[: round(filled * len(items))]
        has_label[[one.at for one in some]] = True
    labels = np.where(has_label, np.where(world.truth, 0, 2), -1).astype(np.int8)
    return labels, draw.design(has_label)


def _designs(
    n: int, design: str, repeats: int, *, copies: int, filled: float = 1.0, whole: bool = False
) -> Iterator[Row]:
    held, errors = dict.fromkeys(WORLDS, 0.0), []
    for name, (rate, skill) in WORLDS.items():
        for seed in range(repeats):
            rng = np.random.default_rng([1, n, copies, seed])
            world = made(rng, rate, skill, copies)
            labels, how = _labelled(world, seed, n, design, filled, whole=whole)
            found = weighted_rate(world.outcomes[:, 0], labels, how, clusters=world.clusters)
            is_labelled = labels >= 0
            units = None if world.clusters is None else world.clusters[is_labelled]
            weights, _ = how.of_labelled(is_labelled)
            interval, _ = weighted_interval(min(1.0, max(0.0, found.value)), found.error, weights, units, LEVEL)
            held[name] += _holds(interval, rate) / repeats
            errors.append(found.value - rate)
    worst = min(held, key=lambda name: held[name])
    parts = [f", {copies} items a prompt"] if copies > 1 else []
    parts += [", whole clusters"] if whole else []
    parts += [", files half filled in"] if filled < 1 else []
    world_text = f"{design}{''.join(parts)}; worst of {len(held)}: {worst}"
    yield Row("interval of a corrected rate, drawn labels", world_text, str(round(filled * n)), held[worst], COVERED,
              "at least", repeats)  # fmt: skip
    yield Row("root mean square error of the rate", f"{design}{''.join(parts)}", str(round(filled * n)),
              float(np.sqrt(np.mean(np.square(errors)))), 0.0, "shown beside", 0)  # fmt: skip


def _biased(n: int, repeats: int) -> Row:
    """A stratified draw taken for a uniform one: what the weights are there for."""
    rate, skill = WORLDS["rare failures"]
    held = 0
    for seed in range(repeats):
        rng = np.random.default_rng([2, n, seed])
        world = made(rng, rate, skill)
        wrong = (world.outcomes[:, 0] == 2) == world.truth
        chance = np.where(wrong, 0.6, 0.03) * n / 60
        labels = np.where(rng.random(ITEMS) < chance, np.where(world.truth, 0, 2), -1).astype(np.int8)
        found = corrected_rate(world.outcomes[:, 0], labels)
        held += abs(found.value - rate) <= 1.96 * found.error
    return Row("the same taken for a uniform draw", "hard items drawn more often", str(n), held / repeats, COVERED,
               "shown beside", repeats)  # fmt: skip


def _planned(repeats: int) -> Row:
    """The mean width after as many labels as `harness label status` says that a width of 0.15 needs."""
    rate, skill = WORLDS["a good judge"]
    widths = []
    for seed in range(repeats):
        rng = np.random.default_rng([3, seed])
        world = made(rng, rate, skill)
        order = rng.permutation(ITEMS)
        human, judge = world.truth[order[:60]].astype(float), 1 - world.outcomes[:, 0] / 2
        pilot = corrected_mean(human, judge[order[:60]], judge[order[60:]])
        plan = plan_of(np.zeros(60, np.int64), np.array([ITEMS]), np.array([0.5]), stratified=False)
        error = human - pilot.power * ITEMS / (ITEMS - 60) * judge[order[:60]]
        more = labels_needed(plan, human, error, Wanted(0.15, LEVEL, seed)).labels
        is_labelled = np.isin(np.arange(ITEMS), order[: 60 + (more or 0)])
        labels = np.where(is_labelled, np.where(world.truth, 0, 2), -1).astype(np.int8)
        found = weighted_rate(world.outcomes[:, 0], labels, Design(np.full(ITEMS, is_labelled.mean())))
        interval, _ = weighted_interval(found.value, found.error, np.ones(int(is_labelled.sum())), None, LEVEL)
        assert interval.low is not None
        assert interval.high is not None
        widths.append(interval.high - interval.low)
    return Row("width after the labels said to be needed for 0.15", "a good judge, 60 labels before", "60",
               float(np.mean(widths)), 0.158, "at most", 0)  # fmt: skip


def _differences(rates: Sequence[float], n: int, repeats: int) -> Row:
    """How often all differences between systems that answered the same prompts lie in their intervals."""
    count, prompts, held = len(rates), 150, 0
    systems, clusters = np.tile(np.arange(count), prompts), np.repeat(np.arange(prompts), count)
    for seed in range(repeats):
        rng = np.random.default_rng([4, n, seed])
        own, shared = rng.random((prompts, count)), rng.random((prompts, 1))
        truth = (np.where(rng.random((prompts, count)) < 0.5, shared, own) < np.array(rates)).ravel()
        judge = np.where(rng.random(prompts * count) < 0.85, truth, ~truth)
        outcomes = np.where(judge, 0, 2).astype(np.int8)
        is_labelled = np.isin(np.arange(prompts * count), rng.permutation(prompts * count)[: n * count])
        labels = np.where(is_labelled, np.where(truth, 0, 2), -1).astype(np.int8)
        values, influences, known = np.zeros(count), np.zeros((count, prompts * count)), []
        for at in range(count):
            rows = np.flatnonzero(systems == at)
            how = Design(np.full(len(rows), is_labelled[rows].mean()))
            found = weighted_rate(outcomes[rows], labels[rows], how, clusters=clusters[rows])
            values[at] = min(1.0, max(0.0, found.value))
            influences[at, rows] = rate_influence(outcomes[rows], labels[rows], how, found.power)
            mine = is_labelled[rows]
            error = float(np.sqrt(influences[at] @ influences[at]))
            known.append((float(values[at]), error, np.ones(int(mine.sum())), clusters[rows][mine]))

        def interval(at: int, level: float, known: Any = known) -> Any:
            return weighted_interval(*known[at], level)[0]

        every = rate_differences(values, influences, clusters, interval, (LEVEL, 1_000, 1))
        held += all(_holds(one, rates[one.first] - rates[one.second]) for one in every)
    world = f"{count} systems, rates {', '.join(f'{rate:g}' for rate in rates)}"
    return Row("all differences between systems at once", world, str(n), held / repeats, TOGETHER, "at least", repeats)


def _rogan_gladen(repeats: int) -> Iterator[Row]:
    """Where sensitivity and specificity transport, and where the judge favours one of two systems."""
    for n in (40, 100):
        held = 0
        for seed in range(repeats):
            rng = np.random.default_rng([5, n, seed])
            truth = rng.random(ITEMS) < 0.7
            judge = (rng.random(ITEMS) < np.where(truth, 0.9, 0.25)).astype(float)
            some = np.isin(np.arange(ITEMS), rng.permutation(ITEMS)[:n])
            found = rogan_gladen(judge, np.where(some, truth, np.nan), some.astype(float), LEVEL)
            held += _holds(found.interval, 0.7)
        yield Row("interval of Rogan-Gladen", "sensitivity 0.9 and specificity 0.75 on all items", str(n),
                  held / repeats, COVERED, "at least", repeats)  # fmt: skip
    yield from _favoured(repeats)


def _favoured(repeats: int) -> Iterator[Row]:
    """A judge that passes wrong responses of its own family in 6 of 10 cases, and those of others in 1 of 10."""
    by, is_own = {"Rogan-Gladen": 0, "corrected rate": 0}, np.arange(ITEMS) % 4 == 0
    for seed in range(repeats):
        rng = np.random.default_rng([6, seed])
        truth = rng.random(ITEMS) < 0.6
        wrong = np.where(is_own, 0.6, 0.1)
        judge = rng.random(ITEMS) < np.where(truth, 0.9, wrong)
        some = np.isin(np.arange(ITEMS), rng.permutation(ITEMS)[:240])
        human = np.where(some, truth, np.nan)
        pooled = rogan_gladen(judge.astype(float), human, some.astype(float), LEVEL, target=is_own)
        by["Rogan-Gladen"] += _holds(pooled.interval, 0.6)
        labels = np.where(some, np.where(truth, 0, 2), -1).astype(np.int8)[is_own]
        how = Design(np.full(len(labels), 0.3))
        found = weighted_rate(np.where(judge, 0, 2).astype(np.int8)[is_own], labels, how)
        interval, _ = weighted_interval(found.value, found.error, np.ones(int((labels >= 0).sum())), None, LEVEL)
        by["corrected rate"] += _holds(interval, 0.6)
    world = "the judge favours one system"
    yield Row(
        "corrected rate of that system", world, "60", by["corrected rate"] / repeats, COVERED, "at least", repeats
    )
    yield Row("Rogan-Gladen, rate of that system", world, "240", by["Rogan-Gladen"] / repeats, COVERED, "shown beside",
              repeats)  # fmt: skip


def _holds(interval: Any, truth: float) -> bool:
    return interval.low is not None and interval.low - 1e-9 <= truth <= interval.high + 1e-9
