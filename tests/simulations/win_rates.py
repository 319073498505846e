"""How often win rates, corrected win rates and strengths lie within their intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.statistics import win_rate
from harness.statistics.bradley_terry import bradley_terry
from harness.statistics.clusters import t_quantile
from harness.statistics.intervals import Interval, normal_quantile
from harness.statistics.prediction_powered import clustered_interval, corrected_rate, rate_interval
from harness.statistics.win_rate import Ties
from simulations.judging import joint_of
from simulations.row import Row, scaled

RESAMPLES = 600
LEVEL = 0.95
FLOOR = 0.935
"""The least coverage over the worlds that the smoothed bootstrap of a win rate must have."""
CORRECTED_FLOOR = 0.925
"""The same for a corrected win rate."""

RATES = {
    "even": (0.42, 0.16, 0.42),
    "lopsided": (0.6, 0.05, 0.35),
    "nearly always won": (0.95, 0.02, 0.03),
    "mostly ties": (0.05, 0.9, 0.05),
    "no ties": (0.8, 0.0, 0.2),
}

USUAL = [0.42, 0.16, 0.42]
JUDGES = {
    "a middling judge": joint_of(USUAL, USUAL, 0.4),
    "a useless judge": joint_of(USUAL, USUAL, 0.0),
    "a nearly perfect judge": joint_of(USUAL, USUAL, 0.97),
    "a biased judge": joint_of([0.3, 0.2, 0.5], [0.7, 0.05, 0.25], 0.5),
    "one side better": joint_of([0.85, 0.05, 0.1], [0.85, 0.05, 0.1], 0.7),
    "nearly always won": joint_of([0.95, 0.02, 0.03], [0.9, 0.05, 0.05], 0.6),
    "mostly ties": joint_of([0.05, 0.9, 0.05], [0.1, 0.8, 0.1], 0.6),
}
"""Joint shares of the human's verdicts and the judge's."""


def simulate(scale: float) -> Iterator[Row]:
    """Win rates of independent items, corrected ones, those of clusters, and strengths over prompts."""
    for n in (20, 40, 80, 200):
        for ties in ("half", "lose"):
            yield from _rates(n, ties, scaled(600, scale))
    for n in (20, 40, 80, 200):
        for ties in ("half", "lose"):
            yield from _corrected(n, ties, scaled(400, scale))
    yield from _clustered(scaled(600, scale))
    yield from _strengths(scaled(400, scale))


def items_of(table: Any, others: Any) -> tuple[Any, Any]:
    """The judge's outcome and the human's label (−1 without one) of single items with these counts."""
    table, others = np.asarray(table, int), np.asarray(others, int)
    places = np.repeat(np.arange(table.size), table.ravel())
    outcomes = np.concatenate([places % table.shape[1], np.repeat(np.arange(len(others)), others)])
    labels = np.concatenate([places // table.shape[1], np.full(others.sum(), -1)])
    return outcomes.astype(np.int8), labels.astype(np.int8)


def _rates(n: int, ties: Ties, repeats: int) -> Iterator[Row]:
    held: dict[str, dict[str, float]] = {"smoothed": {}, "plain": {}}
    for world, shares in RATES.items():
        truth = float(win_rate.win_rate(shares, ties))
        drawn = np.random.default_rng(n).multinomial(n, shares, repeats)
        for name, prior in (("smoothed", win_rate.PRIOR), ("plain", 0.0)):
            found = [
                win_rate.bootstrap_interval(counts, ties, resamples=RESAMPLES, level=LEVEL, seed=seed, prior=prior)
                for seed, counts in enumerate(drawn)
            ]
            held[name][world] = float(np.mean([_holds(interval, truth) for interval in found]))
    yield _least(f"smoothed bootstrap, win rate, ties {ties}", held["smoothed"], n, repeats)
    yield _least(f"plain bootstrap, win rate, ties {ties}", held["plain"], n, repeats)._replace(side="shown beside")


def _corrected(n: int, ties: Ties, repeats: int) -> Iterator[Row]:
    """n labelled items beside ten times as many that only the judge has seen."""
    held: dict[str, dict[str, float]] = {"ours": {}, "normal": {}, "judge": {}}
    for world, joint in JUDGES.items():
        truth = float(win_rate.win_rate(joint.sum(axis=1), ties))
        rng = np.random.default_rng(n)
        count = dict.fromkeys(held, 0)
        for seed in range(repeats):
            table = rng.multinomial(n, joint.ravel()).reshape(3, 4)
            others = rng.multinomial(10 * n, joint.sum(axis=0))
            ours = rate_interval(table, others, ties, resamples=RESAMPLES, level=LEVEL, seed=seed)
            normal = corrected_rate(*items_of(table, others), ties)
            both = table.sum(axis=0) + others
            judge = win_rate.bootstrap_interval(both, ties, resamples=RESAMPLES, level=LEVEL, seed=seed)
            count["ours"] += _holds(ours, truth)
            count["normal"] += abs(normal.value - truth) <= normal_quantile(LEVEL) * normal.error
            count["judge"] += _holds(judge, truth)
        for name, times in count.items():
            held[name][world] = times / repeats
    ours = _least(f"smoothed bootstrap, corrected win rate, ties {ties}", held["ours"], n, repeats)
    yield ours._replace(target=CORRECTED_FLOOR)
    for name, claim in (("normal", "normal interval of PPI++"), ("judge", "the judge's own win rate")):
        yield _least(f"{claim}, ties {ties}", held[name], n, repeats)._replace(side="shown beside")


def _least(claim: str, held: dict[str, float], n: int, repeats: int) -> Row:
    """The world in which the interval holds the truth least often."""
    worst = min(held, key=lambda name: held[name])
    return Row(claim, f"worst of {len(held)}: {worst}", str(n), held[worst], FLOOR, "at least", repeats)


def _holds(interval: Any, truth: float) -> bool:
    return interval.low is not None and interval.low - 1e-9 <= truth <= interval.high + 1e-9


def _clustered(repeats: int) -> Iterator[Row]:
    """200 prompts of four pairs that hang together; every fifth prompt is labelled."""
    held = {"clusters": 0, "items": 0}
    sizes = np.full(40, 4.0)
    group, truth = np.repeat(np.arange(200), 4), 0.85 * 0.55 + 0.15 / 2
    for seed in range(repeats):
        rng = np.random.default_rng([4, seed])
        lean = np.repeat(rng.random(200) < 0.55, 4)
        human = np.where(rng.random(800) < 0.15, rng.integers(0, 3, 800), np.where(lean, 0, 2))
        outcomes = np.where(rng.random(800) < 0.3, rng.choice(3, 800, p=[0.7, 0.1, 0.2]), human).astype(np.int8)
        labels = np.where(np.isin(group, rng.choice(200, 40, replace=False)), human, -1).astype(np.int8)
        for name, units in (("clusters", group), ("items", None)):
            found = corrected_rate(outcomes, labels, clusters=units)
            reach = t_quantile(LEVEL, found.units - 1) * found.error
            interval = Interval(found.value - reach, found.value + reach)
            if units is not None:
                interval = clustered_interval(found.value, found.error, sizes, LEVEL)
            held[name] += _holds(interval, truth)
    world = "200 prompts of 4 pairs that hang together, 40 labelled"
    yield Row(
        "clustered interval, corrected win rate", world, "160", held["clusters"] / repeats, 0.94, "at least", repeats
    )
    yield Row("the same without clusters", world, "160", held["items"] / repeats, 0.94, "shown beside", repeats)


def played(n: int, seed: int, *, noise: float = 0.05, copies: int = 1) -> tuple[Any, Any, Any, Any]:
    """Comparisons of four systems: both systems, the first one's score, the prompt; a tenth of the prompts are ties.

    Every prompt comes `copies` times, and each time its outcome is turned round with the probability `noise`.
    """
    rng = np.random.default_rng([n, seed])
    strengths = np.array([-0.6, -0.1, 0.1, 0.6])
    first = rng.integers(0, 4, n)
    second = (first + rng.integers(1, 4, n)) % 4
    won = rng.random(n) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    score = np.repeat(np.where(rng.random(n) < 0.1, 0.5, won), copies)
    score = np.where(rng.random(n * copies) < noise, 1 - score, score)
    return np.repeat(first, copies), np.repeat(second, copies), score, np.repeat(np.arange(n), copies)


def _strengths(repeats: int) -> Iterator[Row]:
    """Three comparisons of each prompt that nearly always end alike."""
    *long, _ = played(400_000, 99)
    truth, _ = bradley_terry(*long, 4).difference(3, 0)  # what ties and noise leave of the difference
    held = {"prompts": 0, "comparisons": 0}
    for seed in range(repeats):
        *games, prompts = played(150, seed, copies=3)
        for name, units in (("prompts", prompts), ("comparisons", None)):
            gap, error = bradley_terry(*games, 4, clusters=units).difference(3, 0)
            held[name] += abs(gap - truth) <= t_quantile(LEVEL, 149) * error
    world = "4 systems, 150 prompts, 3 comparisons each"
    yield Row(
        "sandwich over prompts, Bradley-Terry", world, "450", held["prompts"] / repeats, 0.94, "at least", repeats
    )
    yield Row("sandwich over comparisons", world, "450", held["comparisons"] / repeats, 0.94, "shown beside", repeats)
