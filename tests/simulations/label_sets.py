"""Labels of single responses: intervals of every metric, false claims between equal judges, corrected rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from harness.analysis.correct.pairing import label_pairing
from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import Usage
from harness.records.label_set import LabelSet
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.metric import find_metric
from harness.scoring.score import score_dataset
from harness.scoring.win_rates import Seen, human_rates, judge_rates
from harness.statistics.intervals import percentile_interval, resampled_tables
from simulations.row import Row, scaled
from support.labelled import Labelled

PASS = LabelSet(("fail", "pass"), positive="pass")
GRADES = LabelSet(tuple("12345"), is_ordered=True, values=(1.0, 2.0, 3.0, 4.0, 5.0))
PAIR_METRICS = ("kappa", "accuracy", "ac1", "balanced-accuracy", "recall-pass", "precision-pass", "f1-pass")
GRADE_METRICS = ("kappa", "kappa-linear", "kappa-quadratic", "alpha-ordinal", "balanced-accuracy", "recall-5")
WORLDS = {
    "pass and fail, even": (PASS, (0.5, 0.5), PAIR_METRICS),
    "pass and fail, 85/15": (PASS, (0.15, 0.85), PAIR_METRICS),
    "grades 1 to 5, 10/20/40/20/10": (GRADES, (0.1, 0.2, 0.4, 0.2, 0.1), GRADE_METRICS),
}
LEVEL, COVERED, FALSE = 0.95, 0.92, 0.06
RESAMPLES = 1_000


def simulate(scale: float) -> Iterator[Row]:
    """Coverage of the metrics by label set, false claims among ten equal judges, coverage of corrected rates."""
    repeats = scaled(600, scale)
    for world, (labels, shares, metrics) in WORLDS.items():
        for n in (40, 200):
            held = {name: _coverage(labels, shares, name, n, repeats) for name in metrics}
            known = {name: found for name, found in held.items() if found is not None}
            worst = min(known, key=lambda name: known[name])
            yield Row(f"interval, {worst}", f"{world}: worst of {len(known)} metrics", str(n), known[worst], COVERED,
                      "at least", repeats)  # fmt: skip
    for name in ("kappa", "balanced-accuracy", "recall-pass", "f1-pass"):
        found = _false_claims(name, 80, scaled(300, scale))
        world = "ten equal judges, pass and fail 85/15"
        yield Row(f"false claim, {name}", world, "80", found, FALSE, "at most", scaled(300, scale))
    for labelled in (40, 100):
        found = _corrected(labelled, 600, scaled(400, scale))
        yield Row("corrected rate of a label", f"{labelled} of 600 labelled, a judge that is too mild",
                  str(labelled), found, COVERED, "at least", scaled(400, scale))  # fmt: skip


def joint_of(shares: Sequence[float], skill: float, *, is_ordered: bool) -> Any:
    """Shares of labels × judged labels and `failed`: the label with a probability, else a neighbour or any other."""
    size = len(shares)
    joint = np.zeros((size, size + 1))
    for at, share in enumerate(shares):
        others = [k for k in range(size) if k != at and (not is_ordered or abs(k - at) == 1)]
        joint[at, at] += share * (skill - 0.02)
        joint[at, size] = share * 0.02
        for k in others:
            joint[at, k] += share * (1 - skill) / len(others)
    return joint


def _coverage(labels: LabelSet, shares: Sequence[float], name: str, n: int, repeats: int) -> float | None:
    """How often the interval holds the truth, of the worlds that have one; None where a tenth have none."""
    metric = find_metric(name, None, labels)
    joint = joint_of(shares, 0.8, is_ordered=labels.is_ordered)
    truth = float(metric.value(joint * 1e9))
    tables = np.random.default_rng(n).multinomial(n, joint.ravel(), size=repeats).reshape(-1, *joint.shape)
    held = known = 0
    for seed, table in enumerate(tables):
        if float(metric.count(table)) < MIN_ITEMS or np.isnan(metric.value(table)):
            continue
        drawn = resampled_tables(table.astype(float), smoothed=True, resamples=RESAMPLES, seed=seed)
        low, high, *_ = percentile_interval(metric.value(drawn), LEVEL)
        known += 1
        held += low is not None and low <= truth <= high
    return held / known if known > 0.9 * repeats else None


def _false_claims(name: str, n: int, worlds: int) -> float:
    """How often ten equal judges are claimed to differ."""
    joint = joint_of((0.15, 0.85), 0.8, is_ordered=False)
    by_label = joint / joint.sum(axis=1, keepdims=True)
    cells = [Cell("fair", "s", "judge", (f"m{k}",)) for k in range(10)]
    score, claims = ScoreSpec((name,), resamples=RESAMPLES), 0
    for seed in range(worlds):
        rng = np.random.default_rng([7, n, seed])
        labels = (rng.random(n) < 0.85).astype(np.int8)
        draws = rng.random((n, len(cells)))
        judged = (draws[:, :, None] > by_label.cumsum(axis=1)[labels][:, None, :]).sum(axis=2).astype(np.int8)
        data = Labelled(labels, label_set=PASS)
        found = score_dataset(cells, data, judged, score, seed, [Usage()] * len(cells), [None] * len(cells))
        contest = found.contests[name]
        claims += contest is not None and any(one.best > 1 for one in contest.rank_sets().values())
    return claims / worlds


def _corrected(labelled: int, items: int, worlds: int) -> float:
    """How often the corrected rate of a label holds the true one."""
    pairing, held = label_pairing(PASS, items), 0
    for seed in range(worlds):
        rng = np.random.default_rng([8, labelled, seed])
        truth = (rng.random(items) < 0.6).astype(np.int8)
        mild = np.where(rng.random(items) < 0.25, 1, truth).astype(np.int8)
        given = np.where(np.arange(items) < labelled, truth, -1).astype(np.int8)
        seen = Seen(pairing.outcomes(mild), pairing.outcomes(given), None)
        score = ScoreSpec(resamples=RESAMPLES)
        human = human_rates(seen.labels, None, score, seed)
        rate = judge_rates(seen, human, score, judge_seed=seed, seed=seed)["half"].corrected
        held += rate.low is not None and rate.high is not None and rate.low <= 0.6 <= rate.high
    return held / worlds
