"""Small datasets of every kind, and the figures that scoring makes of them.

`tests/scoring/test_recorded.py` keeps the results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from harness.records.calibration import Calibration, CalibrationMap
from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import Usage
from harness.records.label_set import RANKED, VERDICT_LABELS, LabelSet, number_set
from harness.runner.ranked import ranked_columns
from harness.scoring.calibrated import Applied, with_calibration
from harness.scoring.labels import reference_of
from harness.scoring.score import DatasetScores, score_dataset
from harness.scoring.slices import SliceColumn, slice_count, slice_dataset
from harness.scoring.soft_holdout import with_held_out
from harness.scoring.soft_metric import SoftItems, find_soft_metric, split_metrics
from harness.scoring.soft_scores import SoftData, verdict_score, with_soft
from harness.scoring.soft_slices import with_soft_slices
from harness.scoring.weighted_rates import weighted_human_rates, weighted_judge_rates
from harness.scoring.win_rates import Seen, human_rates, judge_rates, sign_figure
from harness.statistics.inverse_probability import Design
from support.labelled import Labelled, judge, labels
from support.recorded import alike

N = 60
PAIRS = ScoreSpec(metrics=("kappa", "accuracy", "kappa-linear", "kappa-ab", "ac1"), resamples=300)
VERDICTS = LabelSet(("a", "b", "tie"), is_ordered=True, split="tie", is_pair=True)
GRADES = LabelSet(("1", "2", "3", "4"), is_ordered=True, values=(1.0, 2.0, 3.0, 4.0))
PASS = LabelSet(("fail", "pass"), positive="pass")
TOPICS = ["law"] * 25 + ["math"] * 25 + [None] * 10
NUMBERS = ("pearson", "spearman", "kendall", "icc", "icc-consistency", "mae", "rmse", "bias")
SOFT = ("brier", "auc", "log-loss", "ece", "soft-win-rate", "length-controlled-win-rate")
RANKINGS = ("top-1", "kendall-tau", "ndcg", "mrr", "all-best")
GROUPS = {"even": np.arange(N) // 4, "unequal": np.minimum(np.arange(N) ** 2 // 90, 25), "few": np.arange(N) // 20,
          "large": np.where(np.arange(N) < 35, 0, np.arange(N))}  # fmt: skip


def verdicts(
    label_set: LabelSet = VERDICTS,
    metrics: tuple[str, ...] = PAIRS.metrics,
    *,
    clusters: Any = None,
    seed: int = 0,
    n: int = N,
    known: float = 1.0,
    **score: Any,
) -> DatasetScores:
    """Two judges, of which one fails at times, and one that is asked in both orders, three times each.

    Args:
        label_set: of the dataset.
        metrics: of the spec.
        clusters: of the items; `alike` for those that are judged alike.
        seed: of the data.
        n: items.
        known: share of the items that have a label.
        score: of the spec.
    """
    count = len(label_set.names)
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, count, N).astype(np.int8)
    votes = np.column_stack([np.where(rng.random(N) < 0.7, codes, rng.integers(0, count + 1, N)) for _ in range(6)])
    wrong = rng.integers(0, count + 2, N)
    right, poor = np.where(rng.random(N) < 0.8, codes, wrong % count), np.where(rng.random(N) < 0.5, codes, wrong)
    outcomes = np.column_stack([right, poor, votes[:, 0]]).astype(np.int8)[:n]
    cells = [Cell("d", "s", "judge", (name,)) for name in "ab"]
    is_pair = label_set.is_pair
    cells.append(Cell("d", "s", "judge", ("c",), order="both" if is_pair else "given", repeats=3 if is_pair else 6))
    clusters = alike((poor == codes) + 0.5 * (right == codes), 4) if isinstance(clusters, str) else clusters
    codes[: round(N * (1 - known))] = -1
    data = Labelled(codes[:n], None if clusters is None else clusters[:n], name="d", label_set=label_set)
    usage = [Usage(100, 10, 5, 0.25), Usage(), Usage(1, 2, 3, None)]
    spec = replace(PAIRS, metrics=metrics, **score)
    return score_dataset(cells, data, outcomes, spec, 7, usage, [None, None, votes.astype(np.int8)[:n]])


def extremes(interval: str = "bootstrap", clusters: Any = None) -> Any:
    """A faultless judge, one that always fails, one that always says the same, and labels of one class."""
    codes = labels(40)
    found = []
    for truth in (codes, np.zeros(40, np.int8), np.full(40, -1, np.int8)):
        columns = [np.maximum(truth, 0), np.full(40, 3), np.zeros(40), np.where(np.arange(40) < 15, 4, truth.clip(0))]
        cells = [Cell("d", "s", "judge", (name,)) for name in "bacd"]
        data = Labelled(truth.astype(np.int8), None if clusters is None else clusters[:40], name="d")
        score = ScoreSpec(("kappa", "accuracy", "kappa-ab"), interval, 80, level=0.9, holdout=0.4, margin=0.2)
        outcomes = np.column_stack(columns).astype(np.int8)
        found.append(score_dataset(cells, data, outcomes, score, 3, [Usage()] * 4, [None] * 4))
    return [*found, score_dataset([], data, np.zeros((40, 0), np.int8), score, 3, [], [])]


def debates() -> Any:
    """Rounds of a debate, orders of which one always fails, and repeats of one order."""
    codes = labels(40)
    rounds = np.column_stack([judge(codes, skill, 3) for skill in (0.4, 0.6, 0.8)])
    orders = np.column_stack([judge(codes, 0.7, 1, failing=0.2), np.full(40, 3), judge(codes, 0.3, 2)])[:, :2]
    turned = np.column_stack([codes, np.array([2, 1, 0], np.int8)[codes]])
    cells = [Cell("d", "s", "debate", ("a", "b")), Cell("d", "s", "judge", ("a",), order="both"),
             Cell("d", "s", "judge", ("b",), order="both"), Cell("d", "s", "judge", ("c",), order="swapped", repeats=3),
             Cell("d", "s", "judge", ("d",), order="both", collapse="all-votes", repeats=2)]  # fmt: skip
    votes = [rounds, orders, turned, rounds, np.column_stack([rounds, rounds[:, 0]])]
    outcomes = np.column_stack([each[:, -1] for each in votes]).astype(np.int8)
    found = []
    for clusters in (None, np.arange(40) // 2, np.arange(40) // 10):
        for n in (40, 12) if clusters is None else (40,):
            data = Labelled(codes[:n], None if clusters is None else clusters[:n], name="d")
            each = [one.astype(np.int8)[:n] for one in votes]
            spec = replace(PAIRS, metrics=("kappa-ab",), resamples=99)
            found.append(score_dataset(cells, data, outcomes[:n], spec, 3, [Usage()] * 5, each))
    return found


def soft(
    metrics: tuple[str, ...],
    label_set: LabelSet = VERDICT_LABELS,
    *,
    clusters: Any = None,
    is_exact: bool = False,
    **score: Any,
) -> tuple[DatasetScores, SoftData, ScoreSpec]:
    """Two judges that give probabilities or numbers, of which one fails at times, and one that gives verdicts.

    Args:
        metrics: of the spec.
        label_set: of the dataset.
        clusters: of the items; `alike` for those that are judged alike.
        is_exact: whether both judges nearly always give what people give.
        score: of the spec.
    """
    rng = np.random.default_rng(5)
    truth = rng.random(N)
    y = np.round(truth * 4) / 4
    values: list[Any] = [np.clip(truth + 0.2 * rng.normal(size=N), 0.02, 0.98), np.clip(rng.random(N), 0.02, 0.98)]
    values[1][::9] = np.nan
    if is_exact:
        values = [np.where(np.arange(N) == at, 0.3, y.clip(0.02, 0.98)) for at in (5, 9)]
    codes = np.where(y > 0.5, 0, np.where(y < 0.5, 2, 1))
    if label_set.is_number:
        y, values, codes = 1 + 4 * y, [1 + 4 * each for each in values], np.zeros(N)
    clusters = alike(np.abs(values[0] - y) + np.abs(y), 4) if isinstance(clusters, str) else clusters
    hard = [*(np.where(np.isnan(each), np.nan, each > 0.5) for each in values), (rng.random(N) > 0.5) * 1.0]
    y[-4:] = np.nan
    data = SoftData(
        [*values, None], y, clusters, rng.normal(5, 50, N), np.sin(np.arange(N)), verdicts=hard,
        scored=[False, True, False], label_set=label_set, ids=[f"i{at * 7 % N:02}" for at in range(N)],
    )  # fmt: skip
    columns = [np.where(np.isnan(each), len(label_set.names), codes) for each in values]
    outcomes = np.column_stack([*columns, codes]).astype(np.int8)
    dataset = Labelled(codes.astype(np.int8), clusters, name="d", label_set=label_set)
    cells = [Cell("d", "s", "judge", (name,)) for name in "abc"]
    spec = ScoreSpec(metrics=metrics, resamples=300, **score)
    bare = score_dataset(cells, dataset, outcomes, verdict_score(spec, label_set), 7, [Usage()] * 3, [None] * 3)
    return with_soft(bare, data, spec, 7), data, spec


def soft_alone(metrics: tuple[str, ...], label_set: LabelSet = VERDICT_LABELS) -> Any:
    """The best by each metric, also measured on held-out items, and of few items or one cell."""
    found = []
    for name in metrics:
        for clusters in (None, GROUPS["even"]):
            scored, data, spec = soft((name,), label_set, clusters=clusters, holdout=0.4, level=0.9, margin=0.3)
            found.append(with_held_out(scored, data, spec, 7).winner)
    for rows in (np.arange(N) < 15, np.arange(N) < 25, np.arange(N) > 57):
        part = with_soft(replace(scored, contests={}), data.part(rows), replace(spec, metrics=metrics), 7)
        found += [[one.figures for one in part.scores], part.winner]
    one = replace(scored, scores=scored.scores[:1], contests={})
    found.append(with_soft(one, data.only([0]), replace(spec, metrics=metrics), 7))
    still = replace(data, values=[np.full(N, 3.0), data.y, None], group=None)
    return [*found, with_soft(replace(scored, contests={}), still, replace(spec, metrics=metrics), 7)]


def soft_exact(metrics: tuple[str, ...], label_set: LabelSet = VERDICT_LABELS) -> Any:
    """The best of nearly faultless judges by each metric, and their comparison, by the clusters of the items."""
    found = []
    for name in metrics:
        for clusters in (None, GROUPS["even"], GROUPS["unequal"]):
            scored, data, spec = soft((name,), label_set, clusters=clusters, is_exact=True, holdout=0.3, level=0.9)
            held = with_held_out(scored, data, spec, 7).winner
            found.append([[one.figures[name] for one in scored.scores], shown(scored.contests[name]), held])
    return found


def without_scale() -> Any:
    """Figures of numbers of which no scale is known, with long tails and without, and of numbers off theirs."""
    rng = np.random.default_rng(7)
    y = rng.normal(0, 2, N)
    found = []
    for p in (y, y + rng.normal(0, 1, N), y + rng.normal(0, 1, N) ** 5, np.full(N, 3.0)):
        for group in (None, GROUPS["even"]):
            for scale in (None, (-20.0, 20.0), (0.0, 1.0)):
                items = SoftItems(p, y, group, 0.9, 1, scale=scale)
                found += [find_soft_metric(name).figure(items) for name in NUMBERS]
    return found


def ranked(clusters: Any = None, **score: Any) -> tuple[DatasetScores, Any, ScoreSpec]:
    """Two judges that rank three responses, of which one fails at times, and items that people do not order."""
    rng = np.random.default_rng(9)
    opinions: list[Any] = [list(map(float, rng.permutation(3))) for _ in range(N)]
    opinions[::10] = [None if at % 2 else [1.0, 1.0, 1.0] for at in range(6)]
    rankings: list[list[Any]] = [[">".join(map(str, rng.permutation(3) + 1)) for _ in range(N)] for _ in range(2)]
    rankings[0] = [each if rng.random() < 0.4 or one is None else ">".join(str(k + 1) for k in np.argsort(one)[::-1])
                   for each, one in zip(rankings[0], opinions, strict=True)]  # fmt: skip
    rankings[1][::7] = [None] * len(rankings[1][::7])
    codes = np.array([[1 if one is None else 0 for one in each] for each in rankings], np.int8).T
    data = ranked_columns(rankings, opinions, [3] * N, clusters)
    spec = ScoreSpec(metrics=RANKINGS, resamples=300, **score)
    known = np.array([-1 if one is None else 0 for one in opinions], np.int8)
    cells = [Cell("d", "s", "judge", (name,)) for name in "ab"]
    items = Labelled(known, clusters, name="d", label_set=RANKED)
    bare = score_dataset(cells, items, codes, spec, 7, [Usage()] * 2, [])
    return with_soft(bare, data, spec, 7), data, spec


def sliced(metrics: tuple[str, ...], values: Any = TOPICS, clusters: Any = None, level: float = 0.95) -> Any:
    """The figures of two judges by topic."""
    codes, score = labels(N), replace(PAIRS, metrics=metrics, level=level)
    outcomes = np.column_stack([judge(codes, 0.8, 1), judge(codes, 0.4, 2, failing=0.1)])
    cells = [Cell("d", "s", "judge", (name,)) for name in "ab"]
    found = slice_dataset(cells, Labelled(codes, clusters, name="d"), outcomes, SliceColumn("topic", values), score, 7)
    if split_metrics(metrics)[1]:
        found = with_soft_slices(found, soft(("brier",), clusters=clusters)[1].only([0, 1]), values, score, 7)
    return found, slice_count(values)


def slices_of_others() -> Any:
    """Slices of numbers and of rankings."""
    found = []
    for clusters in (None, GROUPS["even"], GROUPS["few"]):
        for values in (TOPICS, ["x"] * 45 + ["y"] * 15):
            scored, data, spec = ranked(clusters)
            items = Labelled(np.zeros(N, np.int8), clusters, name="d", label_set=RANKED)
            cells, column = [one.cell for one in scored.scores], SliceColumn("topic", values)
            bare = slice_dataset(cells, items, np.zeros((N, 2), np.int8), column, spec, 7)
            found += [bare, with_soft_slices(bare, data, values, spec, 7)]
    numbers = number_set(1, 5)
    scored, data, spec = soft(("mae", "pearson"), numbers)
    items = Labelled(np.zeros(N, np.int8), None, name="d", label_set=numbers)
    cells = [one.cell for one in scored.scores]
    bare = slice_dataset(cells, items, np.zeros((N, 3), np.int8), SliceColumn("topic", TOPICS), spec, 7)
    return [*found, with_soft_slices(bare, data, TOPICS, spec, 7)]


def win_rates() -> Any:
    """Win rates of a judge, of people, and of both, also of labels that were drawn with unequal probabilities."""
    rng = np.random.default_rng(5)
    truth = rng.choice(3, N, p=[0.5, 0.1, 0.4]).astype(np.int8)
    judged = np.where(rng.random(N) < 0.7, truth, rng.integers(0, 5, N)).astype(np.int8)
    some = np.where(np.arange(N) % 3 > 0, truth, -1).astype(np.int8)
    cases = {"some": (judged, some), "all": (judged, truth), "few": (judged, np.where(np.arange(N) < 9, truth, -1)),
             "ties": (np.ones(N), np.where(some >= 0, 1, -1)), "none": (judged, np.full(N, -1)),
             "failed": (np.full(N, 4), some), "short": (judged[:12], truth[:12]), "nothing": (judged[:0],
             truth[:0])}  # fmt: skip
    score, found = replace(PAIRS, level=0.9), dict[str, Any]()
    for name, given in cases.items():
        outcomes, people = (each.astype(np.int8) for each in given)
        for kind, group in {"alone": None, **(GROUPS if name == "some" else {"even": GROUPS["even"]})}.items():
            clusters = None if group is None else group[: len(outcomes)]
            human = human_rates(people, clusters, score, 1)
            seen = Seen(outcomes, people, clusters)
            rates = judge_rates(seen, human, score, judge_seed=2, seed=3)
            sign = sign_figure(outcomes, clusters, score), sign_figure(people, clusters, score, "nothing")
            found[f"{name} {kind}"] = [human, rates, sign]
            if kind != "large":
                design = Design(np.linspace(0.3, 0.9, N)[: len(outcomes)])
                weighted = weighted_human_rates(seen, design, score)
                found[f"{name} {kind} weighted"] = [
                    weighted,
                    weighted_judge_rates(rates, seen, design, weighted, score),
                ]
    return found


def calibrations() -> Any:
    """Figures after a calibration that was fitted to some of the items, to nearly all, and to none."""
    found = []
    maps = {f"s/judge:{name}": CalibrationMap("sigmoid", ((0.0, 0.1), (0.4, 0.5), (1.0, 0.8)), 0.1, 30) for name in "a"}
    for clusters in (None, GROUPS["even"]):
        scored, data, spec = soft(("kappa", "brier", "auc"), clusters=clusters)
        codes = np.where(np.isnan(data.y), -1, np.where(data.y > 0.5, 0, 2)).astype(np.int8)
        reference = reference_of(Labelled(codes, clusters, name="d"))
        for new in (np.arange(N) > 20, np.arange(N) > 40, np.arange(N) > 38, np.arange(N) >= 0):
            applied = Applied(Calibration(maps, frozenset(), "x"), new, reference, data)
            every = with_calibration(scored, applied, spec, 7).scores
            found.append(
                [{key: one for key, one in each.figures.items() if key.endswith(".calibrated")} for each in every]
            )
    return found


def shown(value: Any) -> Any:
    """Scores with the comparisons of their cells written out."""
    if hasattr(value, "rank_sets"):
        pairs = list(combinations(range(len(value.cells)), 2)) if hasattr(value, "cells") else [(0, 1)]
        pairs += [(y, x) for x, y in pairs]
        held = {f"{x},{y}": value.held_against(x, y) for x, y in pairs}
        facts = {name: getattr(value, name) for name in ("values", "members", "reason", "range", "margin", "direction")}
        return {**facts, "ranks": value.rank_sets(), "held": held}
    if isinstance(value, DatasetScores):
        contests = {name: shown(one) for name, one in value.contests.items()}
        return {"scores": value.scores, "contests": contests, "winner": value.winner}
    if isinstance(value, Mapping):
        return {key: shown(one) for key, one in value.items()}
    return [shown(one) for one in value] if type(value) in (list, tuple) else value


WORLDS: dict[str, Callable[[], Any]] = {
    "pairs": verdicts,
    "pairs and a margin": lambda: verdicts(n=40, margin=0.9, level=0.8, known=0.8, resamples=1000),
    "pairs of few items": lambda: [verdicts(n=n, resamples=60) for n in (19, 20)],
    "pairs of few draws": lambda: verdicts(metrics=("accuracy", "kappa"), resamples=10, interval="percentile"),
    **{f"pairs by {way}": lambda way=way: verdicts(metrics=("kappa", "accuracy"), interval=way) for way in
       ("percentile", "bca", "analytic")},
    **{f"pairs in {name} clusters": lambda group=group: verdicts(metrics=("kappa", "accuracy", "kappa-ab"),
                                                                 clusters=group, holdout=0.3) for name,
                                                                 group in GROUPS.items()},
    "pairs in alike clusters": lambda: verdicts(clusters="alike", holdout=0.3, margin=0.5),
    "grades in alike clusters": lambda: verdicts(GRADES, ("kappa-quadratic", "accuracy"), clusters="alike"),
    "probabilities in alike clusters": lambda: soft((*SOFT[:5], "accuracy"), clusters="alike")[0],
    "numbers in alike clusters": lambda: soft(NUMBERS, number_set(1, 5), clusters="alike")[0],
    "extremes": extremes,
    "extremes by percentiles": lambda: extremes("percentile"),
    "extremes by bca": lambda: extremes("bca"),
    "extremes in clusters": lambda: extremes(clusters=GROUPS["even"]),
    "debates": debates,
    "grades": lambda: verdicts(GRADES, ("kappa-quadratic", "alpha-ordinal", "accuracy"), seed=1, holdout=0.5),
    "pass or fail": lambda: verdicts(PASS, ("kappa", "recall-pass", "precision-fail", "f1-pass", "balanced-accuracy")),
    "probabilities": lambda: soft(SOFT)[0],
    "probabilities in clusters": lambda: soft((*SOFT[:4], "accuracy"), clusters=GROUPS["unequal"], margin=0.4)[0],
    "probabilities in few clusters": lambda: soft(SOFT, clusters=GROUPS["few"])[0],
    "probabilities alone": lambda: soft_alone(SOFT),
    "numbers": lambda: soft(NUMBERS, number_set(1, 5))[0],
    "numbers off the scale": lambda: soft(NUMBERS, number_set(2, 4))[0],
    "numbers without a scale": without_scale,
    "numbers in clusters": lambda: soft(NUMBERS, number_set(1, 5), clusters=GROUPS["even"], margin=0.4)[0],
    "numbers alone": lambda: soft_alone(NUMBERS, number_set(1, 5)),
    "probabilities nearly exact": lambda: soft_exact(SOFT[:4]),
    "numbers nearly exact": lambda: soft_exact(NUMBERS, number_set(1, 5)),
    "rankings": lambda: ranked()[0],
    "rankings in clusters": lambda: ranked(GROUPS["even"], level=0.9)[0],
    "slices": lambda: [sliced(("kappa", "accuracy")), sliced(("accuracy",), ["x"] * 45 + ["y"] * 15, level=0.8)],
    "slices in clusters": lambda: [sliced(("kappa", "accuracy"), clusters=group) for group in GROUPS.values()],
    "slices of probabilities": lambda: sliced(("accuracy", "brier", "auc")),
    "slices of others": slices_of_others,
    "win rates": win_rates,
    "calibrations": calibrations,
}  # fmt: skip
