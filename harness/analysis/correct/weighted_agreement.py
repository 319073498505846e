"""Agreement with labels that were drawn with unequal probabilities: the figures of all items, not of those drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure, RankSet
from harness.records.scores import CellScore
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS
from harness.scoring.metric import find_metric
from harness.scoring.pairwise import is_comparable, judgments_for, why_not
from harness.scoring.weighted_rates import METHOD
from harness.statistics import multiplicity
from harness.statistics.agreement import Array
from harness.statistics.clusters import t_quantile
from harness.statistics.codes import Codes
from harness.statistics.intervals import wald_interval
from harness.statistics.inverse_probability import Design, mean_influence, weighted_mean
from harness.statistics.pairs import PairedErrors
from harness.statistics.ranks import rank_sets
from harness.statistics.sampling import effective_size

if TYPE_CHECKING:
    from harness.runner.run_reader import JudgedDataset

BESIDE = "not weighted: labels drawn with unequal probabilities"


def weighted_agreement(
    score: CellScore, data: JudgedDataset, labels: Codes, design: Design, by: ScoreSpec
) -> CellScore:
    """The score of a cell with weighted figures of its metrics; its counts stay those of the labelled items.

    A metric is computed from the table of weights. Its standard error is that of the weighted mean of its influences,
    which is that of a smooth function of weighted totals (Särndal, Swensson and Wretman 1992, section 5.5).

    Args:
        score: of the cell.
        data: its dataset.
        labels: of all items, −1 where there is none.
        design: how the labelled items were drawn.
        by: gives the metrics and the level.
    """
    at = next(at for at, cell in enumerate(data.cells) if cell.id == score.cell.id)
    figures: Mapping[str, Figure] = {name: _figure(name, data, at, labels, design, by) for name in by.metrics}
    return replace(score, figures={**score.figures, **figures})


def weighted_ranks(
    scores: Sequence[CellScore], data: JudgedDataset, labels: Codes, design: Design, by: ScoreSpec, seed: int
) -> list[dict[str, RankSet | None]]:
    """The ranks that cannot be excluded for each cell, by metric.

    The errors of differences are those of weighted means of influences, with the degrees of freedom of as many labels
    of equal weight (Kish 1965) and one added item for each cell; all pairs of a metric are one family.

    Args:
        scores: of the cells, with weighted figures.
        data: their dataset.
        labels: of all items, −1 where there is none.
        design: how the labelled items were drawn.
        by: gives the metrics, resamples and the level.
        seed: of the joint draws.
    """
    found: list[dict[str, RankSet | None]] = [dict.fromkeys(by.metrics) for _ in scores]
    for name in by.metrics:
        figures = [one.figures[name] for one in scores]
        known = [at for at, figure in enumerate(figures) if is_comparable(figure) and figure.low is not None]
        members = sorted(known, key=lambda at: scores[at].cell.id)
        if members and not _lack(name, data, members, labels):
            sets = _rank_sets(
                name, data, members, (labels, design, by), seed_for(seed, "weighted-ranks", data.name, name)
            )
            for at, ranks in zip(members, sets, strict=True):
                found[at][name] = RankSet(*ranks)
    return found


def _lack(name: str, data: JudgedDataset, members: Sequence[int], labels: Codes) -> str:
    """Why the cells cannot be compared, "" where they can."""
    rows = labels >= 0
    metric = find_metric(name, labels[rows], data.label_set)
    cluster = data.cluster_codes()[rows] if data.clustered else None
    judgments = judgments_for(metric, labels[rows], data.outcomes[rows][:, members], cluster, data.label_set.shape)
    return why_not(name, metric, judgments, len(members) * (len(members) - 1) // 2)


def _rank_sets(
    name: str, data: JudgedDataset, members: Sequence[int], by: tuple[Codes, Design, ScoreSpec], seed: int
) -> list[tuple[int, int]]:
    labels, design, score = by
    labelled, group = labels >= 0, data.cluster_codes() if data.clustered else None
    parts = [_parts(name, data, at, labels, design) for at in members]
    nothing = np.zeros(len(labels))
    influences = [mean_influence(one.influence, nothing, labelled, design, 0.0) for one in parts]
    weights = parts[0].weights
    if group is not None:
        numbers = np.unique(group, return_inverse=True)[1]
        influences = [np.bincount(numbers, one).astype(float) for one in influences]
        weights = np.bincount(np.unique(group[labelled], return_inverse=True)[1], weights).astype(float)
    sums, worth = np.array(influences), effective_size(weights)
    low, high = find_metric(name, labels[labelled], data.label_set).RANGE
    added = ((high - low) / 2 / worth) ** 2
    first, second = multiplicity.all_pairs(len(members))
    errors = np.sqrt(((sums[first] - sums[second]) ** 2).sum(axis=1) * worth / max(1.0, worth - 1) + 2 * added)
    covariance = sums @ sums.T + added * np.eye(len(sums))
    values = np.array([one.value for one in parts])
    degrees = np.full(len(first), max(1.0, worth - 1))
    errors_of = PairedErrors(values, covariance, errors, degrees, np.full(len(first), worth))
    found = multiplicity.simultaneous(errors_of, first, second, resamples=score.resamples, seed=seed, level=score.level)
    return rank_sets(found.differences, found.p_values, found.level)


class _Parts(NamedTuple):
    """A metric from the table of weights: its value, the influence of each labelled item, and the weights of these."""

    value: float
    influence: Array
    weights: Array
    undefined: str


def _parts(name: str, data: JudgedDataset, at: int, labels: Codes, design: Design) -> _Parts:
    labelled, shape = labels >= 0, data.label_set.shape
    n = int(labelled.sum())
    metric = find_metric(name, labels[labelled], data.label_set)
    weights, _ = design.of_labelled(labelled)
    judged = np.minimum(data.outcomes[labelled, at], shape[1] - 1).astype(np.intp)
    places = labels[labelled].astype(np.intp) * shape[1] + judged
    scaled = weights * (n / weights.sum())
    table = np.bincount(places, scaled, minlength=shape[0] * shape[1]).reshape(shape)
    return _Parts(float(metric.value(table)), metric.influence(table).ravel()[places], weights, metric.UNDEFINED)


def _figure(name: str, data: JudgedDataset, at: int, labels: Codes, design: Design, by: ScoreSpec) -> Figure:
    labelled = labels >= 0
    n = int(labelled.sum())
    if not n:
        return Figure(None, reason=BESIDE, level=by.level)
    value, influence, weights, undefined = _parts(name, data, at, labels, design)
    if math.isnan(value):
        return Figure(None, reason=undefined, n=n, units=n, level=by.level)
    clusters = data.cluster_codes() if data.clustered else None
    found = weighted_mean(influence, np.zeros(len(labels)), labelled, design, power=0.0, clusters=clusters)
    worth = effective_size(weights)
    unit = "item" if clusters is None else "cluster"
    known = Figure(value, n=n, units=found.units, level=by.level, unit=unit, design_effect=n / worth)  # type: ignore[arg-type]
    if n < MIN_ITEMS or math.isnan(found.error):
        return replace(known, reason=TOO_FEW_ITEMS)
    reach = t_quantile(by.level, max(1.0, min(worth, found.units) - 1))
    bounds = find_metric(name, labels[labelled], data.label_set).RANGE
    interval = wald_interval(value, found.error, reach, bounds)
    return replace(known, low=interval.low, high=interval.high, method=METHOD)
