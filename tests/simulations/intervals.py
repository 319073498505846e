"""How often intervals hold the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from harness.scoring.estimates import smoothing_of
from harness.statistics import agreement, clustered, clusters, consistency, intervals
from simulations.comparisons import true_value, world_of
from simulations.judging import SHARES, accuracy, joint_of, kappa, scenarios
from simulations.row import Row, scaled

RESAMPLES = 1_000
LEVEL = 0.95
FLOOR = {20: 0.944, 40: 0.947, 80: 0.942, 200: 0.935}
"""The least coverage over the scenarios that the smoothed bootstrap had when it was chosen, by n."""
COVERED = 0.92
"""The least coverage of an interval of clustered items."""
CLUSTERS = {
    "30 clusters of 2": [2] * 30,
    "12 clusters of 8": [8] * 12,
    "40 clusters of 5": [5] * 40,
    "30 clusters of 2 and one of 10": [2] * 30 + [10],
}


def simulate(scale: float) -> Iterator[Row]:
    """Intervals of kappa by every method, of accuracy, of clusters and of shares."""
    for n, floor in FLOOR.items():
        repeats = scaled(600, scale)
        yield _least("smoothed bootstrap, kappa", n, repeats, _resampled(smoothed=True), floor)
        for name, method in (("percentile", _resampled(smoothed=False)), ("bca", _bca), ("analytic", _analytic)):
            found = _least(f"{name} interval, kappa", n, repeats, method, floor)
            yield found._replace(side="shown beside")
    yield from _clustered(scaled(1_000, scale))
    yield from _effective(scaled(600, scale))
    yield from _shares(scaled(2_000, scale))


def _least(claim: str, n: int, repeats: int, method: Callable[[Any, int], Any], floor: float) -> Row:
    """The scenario in which the interval holds the truth least often."""
    held = {name: _coverage(joint, n, repeats, method) for name, joint in scenarios().items()}
    worst = min(held, key=lambda name: held[name])
    return Row(claim, f"worst of {len(held)}: {worst}", str(n), held[worst], floor, "at least", repeats)


def _coverage(joint: Any, n: int, repeats: int, method: Callable[[Any, int], Any]) -> float:
    truth = float(kappa.value(joint))
    tables = np.random.default_rng(n).multinomial(n, joint.ravel(), size=repeats).reshape(-1, 3, 4)
    held = 0
    for seed, table in enumerate(tables):
        low, high, *_ = method(table, seed)
        held += low is not None and low <= truth <= high
    return held / repeats


def _resampled(*, smoothed: bool) -> Callable[[Any, int], Any]:
    def method(table: Any, seed: int) -> Any:
        drawn = intervals.resampled_tables(table, smoothed=smoothed, resamples=RESAMPLES, seed=seed)
        return intervals.percentile_interval(kappa.value(drawn), LEVEL)

    return method


def _bca(table: Any, seed: int) -> Any:
    value = float(kappa.value(table))
    drawn = intervals.resampled_tables(table, smoothed=False, resamples=RESAMPLES, seed=seed)
    return (None, None) if np.isnan(value) else intervals.bca_interval(table, kappa.value, kappa.value(drawn), LEVEL)


def _analytic(table: Any, seed: int) -> Any:
    value = float(kappa.value(table))
    if np.isnan(value):
        return None, None
    error = float(agreement.standard_error(table, kappa.influence(table)))
    return intervals.wald_interval(value, error, intervals.normal_quantile(LEVEL), (-1, 1))


def _clustered(repeats: int) -> Iterator[Row]:
    """Three items of a prompt that are alike: the interval of the clusters, and that of the items beside it."""
    for count in (30, 100):
        held = {"clusters": 0, "items": 0}
        truth = float(accuracy.value(joint_of([1 / 3] * 3, [1 / 3] * 3, 0.4)))
        for seed in range(repeats):
            rng = np.random.default_rng([count, seed])
            is_right = np.repeat(rng.random(count) < truth, 3)
            own = rng.random(3 * count) < 0.4
            is_right = np.where(own, rng.random(3 * count) < truth, is_right)
            value, phi = is_right.mean(), is_right - is_right.mean()
            group = np.repeat(np.arange(count), 3)
            error, found = clusters.clustered_error(phi, group, len(phi))
            reach = clusters.t_quantile(LEVEL, found - 1) * error
            held["clusters"] += abs(value - truth) <= reach
            held["items"] += abs(value - truth) <= 1.96 * np.sqrt(np.square(phi).sum()) / len(phi)
        world = f"{count} prompts of 3 items, correlated"
        yield Row(
            "clustered interval, accuracy", world, str(3 * count), held["clusters"] / repeats, 0.94, "at least", repeats
        )
        yield Row(
            "the same as if items were independent",
            world,
            str(3 * count),
            held["items"] / repeats,
            0.95,
            "shown beside",
            repeats,
        )


def _effective(repeats: int) -> Iterator[Row]:
    """Intervals from the effective number of items, which leaderboards show for clusters: good and faultless judges."""
    for name, sizes in CLUSTERS.items():
        group = np.repeat(np.arange(len(sizes)), sizes)
        for metric, skill, alike in (("accuracy", 0.97, 0.9), ("accuracy", 0.6, 0.5), ("kappa", 0.9, 0.9)):
            figure = accuracy if metric == "accuracy" else kappa
            truth, held = true_value(metric, SHARES, skill), []
            for seed in range(repeats):
                rng = np.random.default_rng([6, len(sizes), seed])
                drawn = world_of(rng, len(group), SHARES, np.array([skill]), group, alike)
                places = drawn.rows * 4 + drawn.columns[:, 0]
                found = clustered.table_interval(
                    places,
                    group,
                    (3, 4),
                    figure.value,
                    figure.influence,
                    prior=smoothing_of((3, 4)),
                    level=LEVEL,
                    seed=seed,
                )
                if found.low is not None and found.high is not None:
                    held.append(found.low <= truth <= found.high)
            world = f"{name}, {alike:g} of the luck shared in a cluster, skill {skill:g}"
            claim, rate = f"interval of clustered items, {metric}", float(np.mean(held))
            yield Row(claim, world, str(len(group)), rate, COVERED, "at least", len(held))


def _shares(repeats: int) -> Iterator[Row]:
    """Wilson's interval for flip rates and other shares: right on average, and somewhat below at some shares."""
    for n in (20, 80):
        held = []
        for share in np.linspace(0.02, 0.98, 25):
            counts = np.random.default_rng(n).binomial(n, share, repeats)
            ends = [consistency.wilson_interval(count / n, n, LEVEL) for count in counts]
            held.append(np.mean([low <= share <= high for low, high, _ in ends]))
        yield Row(
            "Wilson's interval of a share",
            "mean over 25 shares",
            str(n),
            float(np.mean(held)),
            0.95,
            "at least",
            repeats,
        )
