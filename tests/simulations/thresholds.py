"""Single responses with two labels: intervals of the AUC, and thresholds on items that they were not chosen on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.analysis.threshold.choose import Aim, cross_fit, fold_codes, scored_of, tables_of
from harness.analysis.threshold.held_out import Split, held_out_figures
from harness.records.experiment import ScoreSpec
from harness.records.label_set import LabelSet
from harness.scoring.soft_metric import SoftItems, find_soft_metric
from simulations.row import ALL_FROM, Row, scaled, some_of

LABELS = LabelSet(("fail", "pass"), positive="pass")
COVERED = 0.92
WORLDS = {
    "grades 1 to 10, even": (0.5, 1.2, True),
    "grades 1 to 10, 80 % pass": (0.8, 1.2, True),
    "real scores, even": (0.5, 1.2, False),
    "real scores, a poor judge": (0.5, 0.4, False),
}
AIMS = (Aim("balanced-accuracy"), Aim("recall-fail", "pass", 0.9))
METRICS = ("balanced-accuracy", "kappa", "accuracy", "recall-fail", "recall-pass")
POPULATION = 200_000


class World(NamedTuple):
    """Scores of items that fail and of items that pass.

    Attributes:
        share: of the items that pass.
        distance: of the means of the scores, in their standard deviation.
        whole: whether scores are the whole numbers from 1 to 10.
    """

    share: float
    distance: float
    whole: bool

    def draw(self, n: int, rng: np.random.Generator, size: int = 1) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Scores, whether each item passes, and clusters of a size, in which scores and labels resemble each other."""
        group = np.arange(n) // size
        shared = rng.normal(size=group[-1] + 1)[group] if size > 1 else 0.0
        common = 0.5 if size > 1 else 0.0
        passes = rng.random(n) < self.share
        noise = np.sqrt(1 - common**2) * rng.normal(size=n) + common * shared
        scores = self.distance * passes + noise
        return (
            (np.clip(np.round(5.5 + 1.6 * (scores - self.distance / 2)), 1, 10) if self.whole else scores),
            passes,
            group,
        )


def simulate(scale: float) -> Iterator[Row]:
    """Coverage of the AUC, and of the figures of a chosen threshold on items that it was not chosen on."""
    repeats = scaled(300, scale)
    for name, values in some_of([*WORLDS.items()], scale):
        world = World(*values)
        population = world.draw(POPULATION, np.random.default_rng(1))
        for n, size in ((60, 1), (200, 4)):
            where = f"{name}, clusters of {size}" if size > 1 else name
            yield Row("interval, auc of scores", where, str(n), _auc(world, population, n, size, repeats), COVERED,
                      "at least", repeats)  # fmt: skip
            for aim in AIMS if scale >= ALL_FROM else AIMS[:1]:
                found, gap, inside = _held_out(world, population, aim, n, size, repeats)
                worst = min(found, key=lambda one: found[one])
                shown = f"recall of pass {aim.at_least}" if aim.keep else aim.metric
                claim, worlds = f"threshold by {shown}", f"{where}: worst of {len(found)}"
                yield Row(f"{claim}: held-out interval, {worst}", worlds, str(n), found[worst], COVERED, "at least",
                          repeats)  # fmt: skip
                yield Row(f"{claim}: bias on held-out items", where, str(n), gap, 0.0, "shown beside", 0)
                yield Row(f"{claim}: bias where it was chosen", where, str(n), inside, 0.0, "shown beside", 0)


def _auc(world: World, population: tuple[Any, Any, Any], n: int, size: int, repeats: int) -> float:
    metric, held = find_soft_metric("auc"), 0
    truth = _figure(metric, *population[:2], None).value
    assert truth is not None
    for seed in range(repeats):
        scores, passes, group = world.draw(n, np.random.default_rng([seed, n, size]), size)
        figure = _figure(metric, scores, passes, group if size > 1 else None)
        held += figure.low is not None and figure.low <= truth <= figure.high
    return held / repeats


def _figure(metric: Any, scores: Any, passes: Any, group: Any) -> Any:
    return metric.figure(SoftItems(scores, passes.astype(float), group, 0.95, 1))


def _held_out(
    world: World, population: tuple[Any, Any, Any], aim: Aim, n: int, size: int, repeats: int
) -> tuple[dict[str, float], float, float]:
    """Coverage of what the chosen threshold does in the population, and the mean error of the aim held out and not."""
    score = ScoreSpec(resamples=400)
    kept, gaps, inside, made = dict.fromkeys(METRICS, 0), 0.0, 0.0, 0
    order = np.sort(population[0][~population[1]]), np.sort(population[0][population[1]])
    for seed in range(repeats):
        scores, passes, group = world.draw(n, np.random.default_rng([seed, n, size, 7]), size)
        items = scored_of(scores, passes, LABELS)
        fold = fold_codes(passes, group, 5, seed)
        crossed = cross_fit(items.counts(fold, 5), aim, items)
        if not crossed.is_complete:
            continue
        cut = items.cuts[crossed.cut]
        above = [len(one) - np.searchsorted(one, cut, side="left") for one in order]
        truth = np.array([[len(one) - over, over, 0.0] for one, over in zip(order, above, strict=True)])
        split = Split(fold, group if size > 1 else None)
        figures = held_out_figures(items, crossed, split, METRICS, aim, (score, seed))
        for name, figure in figures.items():
            real = float(items.metric(name).value(truth))
            kept[name] += figure.low is None or figure.high is None or figure.low <= real <= figure.high
        wanted = items.metric(aim.metric)
        real = float(wanted.value(truth))
        gaps += float(wanted.value(crossed.table)) - real
        inside += float(wanted.value(tables_of(items.counts(np.zeros_like(fold), 1)[0])[crossed.cut])) - real
        made += 1
    return {name: count / made for name, count in kept.items()}, gaps / made, inside / made
