"""What intervals and paired comparisons cost, beside what people use today. Prints one JSON object a line.

Run with plain python: `python tests/benchmarks/bench_statistics.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import Usage
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.scoring.metric import find_metric
from harness.scoring.score import score_cells, score_dataset
from harness.statistics import intervals

RESAMPLES = 10_000


@dataclass
class Labelled:
    """A dataset that is nothing but its labels."""

    codes: Any
    name: str = "bench"
    digest: str = ""
    annotators: tuple[str, ...] = ()
    clustered: bool = False
    label_set: LabelSet = VERDICT_LABELS

    def __len__(self) -> int:
        return len(self.codes)

    def reference_codes(self) -> Any:
        return self.codes

    def cluster_codes(self) -> Any:
        return np.arange(len(self.codes)) // 2


def judged(items: int, evaluators: int, seed: int = 0) -> tuple[Any, Any]:
    """Reference labels, and the outcomes of evaluators that agree with them to different degrees."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, items, p=[0.42, 0.18, 0.4]).astype(np.int8)
    noise = rng.choice(3, (items, evaluators), p=[0.45, 0.15, 0.4]).astype(np.int8)
    agrees = rng.random((items, evaluators)) < np.linspace(0.3, 0.6, evaluators)
    return labels, np.where(agrees, labels[:, None], noise).astype(np.int8)


def seconds(work: Callable[[], object], repeats: int = 3) -> tuple[float, float]:
    """The best of some repeats, by the clock and by the processors."""
    clock = processors = float("inf")
    for _ in range(repeats):
        start, started = time.perf_counter(), time.process_time()
        work()
        clock = min(clock, time.perf_counter() - start)
        processors = min(processors, time.process_time() - started)
    return clock, processors


def tell(what: str, took: tuple[float, float], *, times: float = 1, **more: object) -> None:
    clock, processors = (round(part * times, 4) for part in took)
    print(json.dumps({"what": what, "seconds": clock, "processor_seconds": processors, **more}), flush=True)


def bench_leaderboard(items: int, evaluators: int, *, clustered: bool = False) -> None:
    labels, outcomes = judged(items, evaluators)
    cells = [Cell("bench", "direct", "judge", (f"m{k}",)) for k in range(evaluators)]
    dataset = Labelled(labels, clustered=clustered)
    score, usage = ScoreSpec(resamples=RESAMPLES), [Usage()] * evaluators
    facts = {"items": items, "evaluators": evaluators, "clustered": clustered, "resamples": RESAMPLES}
    tell(
        "score_cells: intervals of every metric",
        seconds(lambda: score_cells(cells, dataset, outcomes, score, 7, usage, [None] * evaluators)),
        **facts,
    )
    tell(
        "score_dataset: the same, all pairs on kappa and accuracy, and the choice of the best made again",
        seconds(lambda: score_dataset(cells, dataset, outcomes, score, 7, usage, [None] * evaluators)),
        **facts,
    )


def bench_both_orders(items: int, evaluators: int) -> None:
    labels, outcomes = judged(items, evaluators)
    _, swapped = judged(items, evaluators, seed=1)
    cells = [Cell("bench", "direct", "judge", (f"m{k}",), "both") for k in range(evaluators)]
    votes = [np.column_stack([outcomes[:, k], swapped[:, k]]) for k in range(evaluators)]
    score, usage = ScoreSpec(resamples=RESAMPLES), [Usage()] * evaluators
    tell(
        "score_dataset: in both orders, each with figures of its own",
        seconds(lambda: score_dataset(cells, Labelled(labels), outcomes, score, 7, usage, votes)),
        items=items,
        evaluators=evaluators,
        resamples=RESAMPLES,
    )


def bench_one_interval(items: int) -> None:
    from scipy.stats import bootstrap
    from sklearn.metrics import cohen_kappa_score

    labels, outcomes = judged(items, 1)
    judge = outcomes[:, 0]
    kappa = find_metric("kappa")
    table = np.zeros((3, 4))
    np.add.at(table, (labels, judge), 1)

    def ours(method: str) -> intervals.Interval:
        tables = intervals.resampled_tables(table, smoothed=method == "bootstrap", resamples=RESAMPLES, seed=1)
        estimates = kappa.value(tables)
        if method == "bca":
            return intervals.bca_interval(table, kappa.value, estimates, 0.95)
        return intervals.percentile_interval(estimates, 0.95)

    for method in intervals.RESAMPLING:
        tell(f"one kappa interval, {method}", seconds(lambda method=method: ours(method)), items=items)

    rng = np.random.default_rng(1)
    sample = 100 if items > 10_000 else 500

    def loop() -> None:
        for _ in range(sample):
            rows = rng.integers(0, items, items)
            cohen_kappa_score(labels[rows], judge[rows])

    tell("sklearn in a loop, scaled to all resamples", seconds(loop, 1), times=RESAMPLES / sample, items=items)

    def vectorised(x: Any, y: Any, axis: int = -1) -> Any:
        share = [(np.mean(x == k, axis=axis), np.mean(y == k, axis=axis)) for k in range(3)]
        expected = sum(p * q for p, q in share)
        return (np.mean(x == y, axis=axis) - expected) / (1 - expected)

    tell(
        "scipy.stats.bootstrap, vectorised, percentile",
        seconds(
            lambda: bootstrap(
                (labels, judge), vectorised, paired=True, vectorized=True, n_resamples=RESAMPLES,
                method="percentile", batch=100, rng=1,
            ),
            1,
        ),
        items=items,
    )  # fmt: skip


if __name__ == "__main__":
    bench_leaderboard(999, 63)
    bench_leaderboard(999, 63, clustered=True)
    bench_leaderboard(100_000, 10)
    bench_leaderboard(1_000_000, 10)
    bench_both_orders(999, 63)
    for size in (1_000, 100_000):
        bench_one_interval(size)
