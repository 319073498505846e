"""Outcomes to win rates: of the judge, of the human labels, and of the judge corrected by them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS, clustered_facts
from harness.statistics import clustered, clusters, prediction_powered, win_rate
from harness.statistics.agreement import NEGLIGIBLE, Array
from harness.statistics.clustered import table_interval
from harness.statistics.codes import VERDICT_CODES, Codes
from harness.statistics.intervals import NO_INTERVAL, Interval, holding
from harness.statistics.prediction_powered import Corrected
from harness.statistics.win_rate import TIES, Ties

NO_LABELS = "no human labels"
NO_VERDICTS = "every judgment failed"
NOT_DECIDED = "every item is a tie"
SIGN_TEST = "exact sign test of decided items against one half"
CLUSTER_SIGN_TEST = "exact sign test of clusters won or lost on balance against one half"


@dataclass(frozen=True, slots=True)
class Rate:
    """An evaluator's win rate, by one convention of ties.

    Attributes:
        judge: from its verdicts on all items; failures are left out.
        all_lost: the rate if every failed judgment were lost, None without items.
        all_won: the rate if every failed judgment were won, None without items.
        corrected: from the human labels and its verdicts together.
        power: lambda, the weight of the judge, 0 to 1; None if there is nothing to correct.
        gain: factor by which labels would have to grow for the same precision without the judge, None if unknown.
    """

    judge: Figure
    all_lost: float | None
    all_won: float | None
    corrected: Figure
    power: float | None
    gain: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Outcomes of one of two systems by an evaluator and by humans, on the same items.

    Attributes:
        outcomes: of the evaluator: 0 won, 1 tied, 2 lost, failures from 3 on.
        labels: of the humans, −1 where there is none.
        clusters: the cluster of each item, None where items are independent.
    """

    outcomes: Codes
    labels: Codes
    clusters: NDArray[np.int64] | None


def human_rates(labels: Codes, cluster: NDArray[np.int64] | None, score: ScoreSpec, seed: int) -> dict[Ties, Figure]:
    """The win rate that the human labels alone give, by each convention of ties.

    Args:
        labels: 0 won, 1 tied, 2 lost, −1 without label.
        cluster: of each item, None where items are independent.
        score: resamples and level.
        seed: of the resamples.
    """
    has_label = labels >= 0
    units = None if cluster is None else cluster[has_label]
    return {ties: _rate(labels[has_label], units, ties, score, seed, NO_LABELS) for ties in TIES}


def judge_rates(
    seen: Seen, human: Mapping[Ties, Figure], score: ScoreSpec, *, judge_seed: int, seed: int
) -> dict[Ties, Rate]:
    """The win rate by an evaluator and its correction by the labels, by each convention of ties.

    Args:
        seen: the items.
        human: the figures of the labels alone.
        score: resamples and level.
        judge_seed: of the resamples of the evaluator's own win rate.
        seed: of the resamples of the corrected one.
    """
    decided = seen.outcomes < VERDICT_CODES
    units = None if seen.clusters is None else seen.clusters[decided]
    counts = np.bincount(seen.outcomes[decided], minlength=VERDICT_CODES).astype(float)
    rates, intervals = {}, _corrected_intervals(seen, human, score, seed)
    for ties in TIES:
        raw = _rate(seen.outcomes[decided], units, ties, score, judge_seed, NO_VERDICTS)
        lost, won = win_rate.failure_bounds(counts, float(np.count_nonzero(~decided)), ties)
        corrected, found = _corrected(seen, ties, human[ties], intervals.get(ties), score, seed)
        power, gain = (None, None) if found is None else (found.power, found.gain)
        rates[ties] = Rate(raw, _known(lost), _known(won), corrected, power, gain)
    return rates


def sign_figure(
    outcomes: Codes, cluster: NDArray[np.int64] | None, score: ScoreSpec, nothing: str = NO_LABELS
) -> Figure:
    """The p-value of a win rate of one half: exact, over items, or over clusters where items are not independent.

    Args:
        outcomes: 0 won, 1 tied, 2 lost, failures from 3 on.
        cluster: of each item, None where items are independent.
        score: gives the level.
        nothing: why there is no p-value where there is no verdict at all.
    """
    won, lost = int((outcomes == 0).sum()), int((outcomes == 2).sum())
    unit: Literal["item", "cluster"] = "item"
    reason, n = SIGN_TEST, won + lost
    if cluster is not None:
        won, lost = win_rate.cluster_signs(outcomes, cluster)
        unit, reason = "cluster", CLUSTER_SIGN_TEST
    p = win_rate.sign_test(won, lost)
    if p is None:
        reason = NOT_DECIDED if ((outcomes >= 0) & (outcomes < VERDICT_CODES)).any() else nothing
    return Figure(p, reason=reason, n=n, level=score.level, unit=unit, units=won + lost)


def _rate(
    outcomes: Codes, cluster: NDArray[np.int64] | None, ties: Ties, score: ScoreSpec, seed: int, nothing: str
) -> Figure:
    """A win rate of outcomes that are all verdicts.

    Independent items have the smoothed bootstrap, whatever interval the spec has for agreement; clusters have that of
    as many independent items as they are worth.
    """
    counts = np.bincount(outcomes, minlength=VERDICT_CODES).astype(float)
    value = float(win_rate.win_rate(counts, ties))
    n = int(win_rate.rests_on(counts, ties))
    known: dict[str, Any] = {"n": n, "units": n, "level": score.level}
    if math.isnan(value):
        return Figure(None, reason=NOT_DECIDED if len(outcomes) else nothing, **known)
    if cluster is not None:
        rests_on = win_rate.score_of(ties)[1][outcomes] > 0
        found = table_interval(
            outcomes[rests_on].astype(np.intp),
            cluster[rests_on],
            (VERDICT_CODES,),
            lambda tables: win_rate.win_rate(tables, ties),
            lambda tables: win_rate.influence(tables, ties),
            prior=np.full(VERDICT_CODES, win_rate.PRIOR),
            level=score.level,
            seed=seed,
        )
        known |= clustered_facts(found)
        if found.low is None:
            return Figure(value, reason=found.reason, **known)
        drawn: dict[str, Any] = {"resamples": clustered.RESAMPLES, "seed": f"{seed:032x}"}
        return Figure(value, found.low, found.high, method="clustered", **drawn, **known)
    if n < MIN_ITEMS:
        return Figure(value, reason=TOO_FEW_ITEMS, **known)
    interval = win_rate.bootstrap_interval(counts, ties, resamples=score.resamples, level=score.level, seed=seed)
    return _bootstrapped(value, holding(interval, value), score, seed, known)


def _corrected_intervals(seen: Seen, human: Mapping[Ties, Figure], score: ScoreSpec, seed: int) -> dict[Ties, Interval]:
    """The intervals of corrected rates of independent items, where there are enough labels, and items without one."""
    enough = [ties for ties in TIES if human[ties].value is not None and human[ties].n >= MIN_ITEMS]
    if seen.clusters is not None or not enough or (seen.labels >= 0).all():
        return {}
    table, others = _counts(seen)
    return prediction_powered.rate_intervals(
        table, others, enough, resamples=score.resamples, level=score.level, seed=seed
    )


def _corrected(
    seen: Seen, ties: Ties, human: Figure, interval: Interval | None, score: ScoreSpec, seed: int
) -> tuple[Figure, Corrected | None]:
    """A win rate by labels and judge together, and what was found with it."""
    known: dict[str, Any] = {"n": human.n, "units": human.n, "level": score.level}
    if human.value is None:
        return Figure(None, reason=human.reason, **known), None
    found = prediction_powered.corrected_rate(seen.outcomes, seen.labels, ties, clusters=seen.clusters)
    value = min(1.0, max(0.0, found.value))
    if (seen.labels >= 0).all():
        return human, found  # all items are labelled
    if seen.clusters is not None:
        return _clustered(value, found, seen.clusters[seen.labels >= 0], known), found
    if interval is None:
        return Figure(value, reason=TOO_FEW_ITEMS, **known), found
    return _bootstrapped(value, holding(interval, value), score, seed, known), found


def _counts(seen: Seen) -> tuple[Array, Array]:
    """Counts of labelled items, human × judge, and of the judge's outcomes on the others."""
    columns = prediction_powered.JUDGED
    judged = np.minimum(seen.outcomes, columns - 1).astype(np.intp)
    has_label = seen.labels >= 0
    places = seen.labels[has_label] * np.intp(columns) + judged[has_label]
    table = np.bincount(places, minlength=VERDICT_CODES * columns).reshape(VERDICT_CODES, columns)
    return table.astype(float), np.bincount(judged[~has_label], minlength=columns).astype(float)


def _bootstrapped(value: float, interval: Interval, score: ScoreSpec, seed: int, known: dict[str, Any]) -> Figure:
    return Figure(
        value,
        interval.low,
        interval.high,
        method="bootstrap",
        resamples=score.resamples,
        seed=f"{seed:032x}",
        undefined_share=interval.undefined_share,
        **known,
    )


def _clustered(value: float, found: Corrected, cluster: NDArray[np.int64], known: dict[str, Any]) -> Figure:
    """A corrected rate whose units are clusters.

    Args:
        value: the estimate, in [0, 1].
        found: what it comes from.
        cluster: of each labelled item.
        known: further fields of the figure.
    """
    unit: Literal["cluster"] = "cluster"
    sizes = clusters.sizes_of(cluster)
    design = clusters.design_of(sizes)
    few = not design.is_independent and design.effective < clusters.FEW
    raised = (("degenerate", found.error < NEGLIGIBLE), ("few-clusters", few))
    known = known | {"unit": unit, "units": design.clusters}
    known["flags"] = tuple(flag for flag, is_raised in raised if is_raised)
    interval = NO_INTERVAL
    if not design.reason:
        known |= {"method": "clustered"}
        interval = prediction_powered.clustered_interval(value, found.error, sizes, known["level"])
    return Figure(value, interval.low, interval.high, design.reason, **known)


def _known(value: Array) -> float | None:
    return None if np.isnan(value) else float(value)
