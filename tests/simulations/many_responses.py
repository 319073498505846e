"""Rankings of several responses: intervals of every metric, of the best of many, and false claims of equal judges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from harness import registry
from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import Usage
from harness.records.label_set import RANKED
from harness.records.rankings import ranking_of
from harness.runner.ranked import ranked_columns
from harness.scoring.ranked_data import rank_matrix, score_matrix
from harness.scoring.ranking_metric import find_ranking_metric
from harness.scoring.score import score_dataset
from harness.scoring.soft_metric import find_soft_metric
from harness.scoring.soft_scores import soft_figure, with_soft
from simulations.row import ALL_FROM, Row, scaled, some_of
from support.labelled import Labelled

METRICS = registry.built_in_names("ranking_metrics")
LEVEL, COVERED, FALSE, EQUAL = 0.95, 0.92, 0.06, 8
NOISE = 0.8
"""Standard deviation of what a judge adds to the quality of a response, whose own is 1."""
SKILLS = {"12 equal judges": (NOISE,) * 12, "12 unequal judges": tuple(0.4 + 0.1 * k for k in range(12))}
FAILED = 0.03
TRUTH, LESS_TRUTH = 40_000, 5_000
"""Items from which the true figure is taken, and in the reduced simulation."""


def simulate(scale: float) -> Iterator[Row]:
    """Coverage of the metrics, of items alone and in clusters, and false claims among equal judges."""
    metrics = some_of(METRICS, scale)
    repeats, enough = scaled(600, scale), TRUTH if scale >= ALL_FROM else LESS_TRUTH
    truths = {name: _truth(name, items=enough) for name in metrics}
    for world, clusters in (("2 to 6 responses, marks 1 to 5", 1), ("the same in clusters of 4", 4)):
        for n in (40, 200):
            held = {name: _coverage(name, truths[name], n, clusters, repeats) for name in metrics}
            worst = min(held, key=lambda name: held[name])
            yield Row(f"interval, {worst}", f"{world}: worst of {len(held)} metrics", str(n), held[worst], COVERED,
                      "at least", repeats)  # fmt: skip
    worlds = scaled(300, scale)
    for name, world in product(("top-1", "kendall-tau") if scale >= ALL_FROM else ("top-1",), SKILLS):
        plain, corrected = _best(name, world, 80, worlds, enough)
        yield Row(f"interval of the best, {name}", world, "80", plain, COVERED, "shown beside", worlds)
        yield Row(f"corrected interval of the best, {name}", world, "80", corrected, COVERED, "at least", worlds)
    for name in metrics:
        yield Row(f"false claim, {name}", f"{EQUAL} equal judges", "80", _false_claims(name, 80, worlds), FALSE,
                  "at most", worlds)  # fmt: skip


def drawn(
    n: int, judges: int, rng: np.random.Generator, clusters: int = 1, noise: Sequence[float] = ()
) -> tuple[list[list[float]], list[list[str | None]], NDArray[np.int64]]:
    """Items with marks by people and rankings by judges, and the cluster of each item.

    Each judge has the usual noise, or its own. The items of a cluster share how far apart their responses are, so that
    all are hard or all are easy.
    """
    group = np.arange(n) // clusters
    spread = rng.gamma(4, 0.25, size=n // clusters + 1)[group]
    people: list[list[float]] = []
    rankings: list[list[str | None]] = [[] for _ in range(judges)]
    for at in range(n):
        quality = spread[at] * rng.standard_normal(rng.integers(2, 7))
        people.append(np.clip(np.round(3 + 1.2 * quality), 1, 5).tolist())
        for k, each in enumerate(rankings):
            seen = np.round(quality + (noise[k] if noise else NOISE) * rng.standard_normal(len(quality)), 1)
            each.append(None if rng.random() < FAILED else ranking_of(seen.tolist()))
    return people, rankings, group


def _truth(name: str, noise: float = NOISE, items: int = TRUTH) -> float:
    """The figure of a judge on very many items."""
    people, (ranked,), _ = drawn(items, 1, np.random.default_rng(1), noise=[noise])
    metric, width = find_ranking_metric(name), 6
    scores, ranks = score_matrix(people, width), rank_matrix(ranked, width)
    rows = np.nanmax(scores, axis=1) > np.nanmin(scores, axis=1)
    failed = np.isnan(ranks).all(axis=1)
    values = metric.values(ranks[rows & ~failed], scores[rows & ~failed])
    return float(values.sum() + metric.FAILED * (rows & failed).sum()) / float(rows.sum())


def _coverage(name: str, truth: float, n: int, clusters: int, repeats: int) -> float:
    """How often the interval holds the truth."""
    metric, held = find_soft_metric(name), 0
    score = ScoreSpec((name,), level=LEVEL)
    for seed in range(repeats):
        people, rankings, group = drawn(n, 1, np.random.default_rng([9, n, clusters, seed]), clusters)
        counts = [len(one) for one in people]
        data = ranked_columns(rankings, people, counts, None if clusters == 1 else group)
        figure = soft_figure(metric, 0, data, score, seed)
        held += figure.low is not None and figure.high is not None and figure.low <= truth <= figure.high
    return held / repeats


def _best(name: str, world: str, n: int, worlds: int, enough: int) -> tuple[float, float]:
    """How often the interval of the best, and the corrected one, hold its true figure."""
    noise = SKILLS[world]
    truths = {one: _truth(name, one, enough) for one in set(noise)}
    cells = [Cell("fair", "s", "judge", (f"m{k:02}",)) for k in range(len(noise))]
    score, held = ScoreSpec((name,), resamples=200), np.zeros(2)
    for seed in range(worlds):
        people, rankings, _ = drawn(n, len(noise), np.random.default_rng([11, n, seed]), noise=noise)
        codes = np.array([[int(one is None) for one in each] for each in rankings], np.int8).T
        data = Labelled(np.zeros(n, np.int8), label_set=RANKED)
        bare = score_dataset(cells, data, codes, score, seed, [Usage()] * len(cells), [])
        found = with_soft(bare, ranked_columns(rankings, people, [len(one) for one in people], None), score, seed)
        assert found.winner is not None
        best = [cell.id for cell in cells].index(str(found.winner.cell))
        figure, truth = found.scores[best].figures[name], truths[noise[best]]
        for at, one in enumerate((figure, found.winner)):
            held[at] += one.low is not None and one.high is not None and one.low <= truth <= one.high
    return float(held[0] / worlds), float(held[1] / worlds)


def _false_claims(name: str, n: int, worlds: int) -> float:
    """How often equal judges are claimed to differ."""
    cells = [Cell("fair", "s", "judge", (f"m{k}",)) for k in range(EQUAL)]
    score, claims = ScoreSpec((name,), resamples=1_000), 0
    labelled = partial(Labelled, label_set=RANKED)
    for seed in range(worlds):
        people, rankings, _ = drawn(n, EQUAL, np.random.default_rng([10, n, seed]))
        codes = np.array([[int(one is None) for one in each] for each in rankings], np.int8).T
        bare = score_dataset(cells, labelled(np.zeros(n, np.int8)), codes, score, seed, [Usage()] * EQUAL, [])
        data = ranked_columns(rankings, people, [len(one) for one in people], None)
        contest = with_soft(bare, data, score, seed).contests[name]
        claims += contest is not None and any(one.best > 1 for one in contest.rank_sets().values())
    return claims / worlds
