"""How often probes claim a bias that is not there, and find one that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.statistics import agreement, annotators, clusters, win_rate
from harness.statistics.multiplicity import benjamini_hochberg
from harness.statistics.regression import quality_bound, slopes_of
from harness.statistics.signs import lean_of
from simulations.row import Row, scaled

FALSE, COVERED = 0.06, 0.92


def simulate(scale: float) -> Iterator[Row]:
    """Length slopes, the ceiling, slot preference in clusters, and effects of changed responses."""
    repeats = scaled(400, scale)
    yield from _length(repeats)
    yield from _ceiling(repeats)
    yield from _slots(repeats)
    yield from _effects(repeats)
    yield from _effects_of_clusters(repeats)
    yield from _any_effect(repeats)
    yield from _wording(repeats)


def said(sharp: Any) -> Any:
    """Verdicts from perceived differences."""
    return np.where(np.abs(sharp) < 0.3, 0.0, np.sign(sharp))


def _length(repeats: int) -> Iterator[Row]:
    """No judge here has a length bias; longer responses are better by some correlation."""
    for correlation, people, judge in (
        (0.0, 0.5, 0.5),
        (0.3, 0.5, 0.5),
        (0.3, 0.1, 0.7),
        (0.6, 0.5, 0.5),
        (0.6, 0.9, 0.3),
    ):
        bounds, controlled = [], []
        for seed in range(repeats):
            rng = np.random.default_rng([1, seed, round(10 * correlation), round(10 * people)])
            quality = rng.normal(size=300)
            length = correlation * quality + np.sqrt(1 - correlation**2) * rng.normal(size=300)
            verdicts, labels = (said(quality + noise * rng.normal(size=300)) for noise in (judge, people))
            units = np.arange(300)
            bound = quality_bound(verdicts, labels, length, [], units, clusters.t_quantile(0.95, 299))
            bounds.append(bound is not None and not bound.low <= 0 <= bound.high)
            slopes = slopes_of(verdicts[:, None], length, [labels], units)
            controlled.append(slopes is not None and abs(slopes[0].value) > 1.97 * slopes[0].error)
        world = f"length and quality correlate {correlation:g}, noise of people {people:g}, of the judge {judge:g}"
        yield Row(
            "more than quality can explain, falsely", world, "300", float(np.mean(bounds)), FALSE, "at most", repeats
        )
        yield Row(
            "slope at equal labels, falsely", world, "300", float(np.mean(controlled)), 0, "shown beside", repeats
        )


def _ceiling(repeats: int) -> Iterator[Row]:
    """The judge is one of the people."""
    for people, missing, size in ((3, 0.0, 1), (5, 0.4, 1), (3, 0.0, 4)):
        held = []
        for seed in range(repeats):
            rng = np.random.default_rng([2, seed, people])
            truth = rng.integers(0, 3, 120)
            drawn = np.where(rng.random((120, people + 1)) < 0.6, truth[:, None], rng.integers(0, 3, (120, people + 1)))
            codes = np.where(rng.random((120, people)) < missing, -1, drawn[:, 1:]).astype(np.int8)
            found = annotators.ceiling(drawn[:, 0].astype(np.int8), codes, agreement.ac1, np.arange(120) // size)
            assert found is not None
            reach = clusters.t_quantile(0.95, found.clusters - 1) * found.difference.error
            held.append(abs(found.difference.value) <= reach)
        world = f"a judge like {people} people, {missing:.0%} of labels missing, {120 // size} clusters"
        yield Row("difference from a person, covered", world, "120", float(np.mean(held)), COVERED, "at least", repeats)


def _slots(repeats: int) -> Iterator[Row]:
    """Each prompt leans to one slot, none on average."""
    for prompts, size in ((25, 4), (60, 2), (12, 10)):
        by_cluster, by_item = [], []
        for seed in range(repeats):
            rng = np.random.default_rng([3, seed, prompts])
            group = np.repeat(np.arange(prompts), size)
            won = rng.random(prompts * size) < rng.beta(1, 1, prompts)[group]
            pair = win_rate.cluster_signs(np.where(won, 0, 2).astype(np.int8), group)
            by_cluster.append((win_rate.sign_test(*pair) or 1.0) <= 0.05)
            by_item.append((win_rate.sign_test(int(won.sum()), int((~won).sum())) or 1.0) <= 0.05)
        world, n = f"{prompts} prompts of {size}", str(prompts * size)
        yield Row("slot preference, falsely", world, n, float(np.mean(by_cluster)), FALSE, "at most", repeats)
        yield Row("the same over items", world, n, float(np.mean(by_item)), 0, "shown beside", repeats)


def _effects(repeats: int) -> Iterator[Row]:
    """A change of the responses moves a share of the items, or none; repeats of a judge differ on some anyway."""
    for n, noise in ((60, 0.3), (300, 0.3), (300, 0.02)):
        false, found, covered = [], [], []
        for seed in range(repeats):
            rng = np.random.default_rng([4, seed, n])
            still = np.where(rng.random(n) < noise, rng.choice([-1.0, 1.0], n), 0.0)
            null = lean_of(still, np.arange(n), 0.95)
            assert null is not None
            false.append(null.p_value <= 0.05)
            effect = null.detectable or 1.0
            moved = lean_of(np.where(rng.random(n) < effect, 1.0, still), np.arange(n), 0.95)
            assert moved is not None
            found.append(moved.p_value <= 0.05)
            covered.append(moved.low <= effect <= moved.high)
        world = f"{noise:g} of the items lean by chance"
        yield Row("effect of a change, falsely", world, str(n), float(np.mean(false)), FALSE, "at most", repeats)
        yield Row("a detectable effect is found", world, str(n), float(np.mean(found)), 0.78, "at least", repeats)
        yield Row("effect within its interval", world, str(n), float(np.mean(covered)), COVERED, "at least", repeats)


def _effects_of_clusters(repeats: int) -> Iterator[Row]:
    """Each prompt leans to one side or the other, on average to none."""
    for prompts, size in ((25, 4), (12, 10)):
        false = []
        for seed in range(repeats):
            rng = np.random.default_rng([5, seed, prompts])
            group = np.repeat(np.arange(prompts), size)
            moves = np.where(rng.random(prompts * size) < rng.beta(1, 1, prompts)[group], 1.0, -1.0)
            leans = np.where(rng.random(prompts * size) < 0.4, moves, 0.0)
            found = lean_of(leans, group, 0.95)
            assert found is not None
            false.append(found.p_value <= 0.05)
        world, n = f"{prompts} prompts of {size}", str(prompts * size)
        yield Row("effect of a change, falsely", world, n, float(np.mean(false)), FALSE, "at most", repeats)


def _any_effect(repeats: int) -> Iterator[Row]:
    """Judges without any bias, asked for four changes each: whether any q-value claims one."""
    for judges, n, noise in ((1, 120, 0.1), (12, 120, 0.3), (12, 300, 0.05)):
        false = []
        for seed in range(repeats):
            rng = np.random.default_rng([6, seed, judges, n])
            p_values = []
            for _ in range(4 * judges):
                leans = np.where(rng.random(n) < noise, rng.choice([-1.0, 1.0], n), 0.0)
                found = lean_of(leans, np.arange(n), 0.95)
                assert found is not None
                p_values.append(found.p_value)
            false.append(bool((benjamini_hochberg(np.array(p_values)) <= 0.05).any()))
        world = f"{judges} {'judge' if judges == 1 else 'judges'}, 4 changes, {noise:g} of the items lean by chance"
        yield Row("any effect claimed, falsely", world, str(n), float(np.mean(false)), FALSE, "at most", repeats)


def _wording(repeats: int) -> Iterator[Row]:
    """Verdicts on a question as it is, once more and in other words, each in both orders; noise differs by item."""
    for n, noise in ((60, 0.5), (200, 0.1)):
        rates = {}
        for moved in (0.0, 0.3):
            claimed = []
            for seed in range(repeats):
                rng = np.random.default_rng([7, seed, n])
                usual, share = rng.integers(0, 3, (n, 1, 1)), noise * rng.random((n, 1, 1)) * 2
                usual = np.where(rng.random((n, 1, 1)) < moved, (usual + np.array([[[0], [0], [1]]])) % 3, usual)
                votes = np.where(rng.random((n, 3, 2)) < share, rng.integers(0, 3, (n, 3, 2)), usual)
                differs = (votes[:, :1] != votes[:, 1:]).sum(axis=2)
                found = lean_of((differs[:, 1] - differs[:, 0]).astype(float), np.arange(n), 0.95)
                assert found is not None
                claimed.append(found.p_value <= 0.05 and found.value > 0)
            rates[moved] = float(np.mean(claimed))
        world = f"{noise:g} of the verdicts are noise"
        yield Row("effect of other wording, falsely", world, str(n), rates[0.0], FALSE, "at most", repeats)
        yield Row("effect of other wording on 0.3 of the items", world, str(n), rates[0.3], 0, "shown beside", repeats)
