"""Win rates from probabilities: the mean probability of a win by an evaluator, by shares of annotators, and by both.

A preference says how sure an evaluator is, and a soft label how many annotators agree; their means are win rates that
do not lose this. The estimate from both is the prediction-powered mean (PPI++) of `harness.statistics`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.analysis.correct.given_labels import NewLabels
from harness.analysis.correct.pairing import Pairing
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.runner.run_folder import JUDGMENTS
from harness.runner.run_reader import Judged, JudgedDataset
from harness.runner.soft import soft_labels, soft_verdicts
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS
from harness.scoring.weighted_rates import METHOD
from harness.scoring.win_rates import NO_LABELS, NO_VERDICTS
from harness.statistics import clusters, prediction_powered
from harness.statistics.agreement import Array
from harness.statistics.clustered import mean_interval
from harness.statistics.codes import VERDICT_CODES
from harness.statistics.inverse_probability import Design, weighted_interval, weighted_mean


@dataclass(frozen=True, slots=True)
class SoftRate:
    """The soft win rate of a cell.

    Attributes:
        judge: the mean probability over the items that have one.
        error: its standard error, over clusters where items are not independent; None without two units.
        corrected: from the probabilities of all items and the shares of the labelled ones.
        gain: factor by which labels would have to grow for the same precision without the evaluator, None if unknown.
    """

    judge: Figure
    error: float | None
    corrected: Figure
    gain: float | None


@dataclass(frozen=True, slots=True)
class SoftRates:
    """The soft win rates of a dataset.

    Attributes:
        human: the mean share of annotators over the labelled items.
        cells: by the id of the cell; of a cell without probabilities, its verdicts count as 1, one half and 0.
    """

    human: Figure
    cells: Mapping[str, SoftRate]


@dataclass(frozen=True, slots=True, eq=False)
class _Items:
    """Shares of annotators, NaN where there is none, clusters, level, and the design where probabilities differ."""

    y: Array
    group: NDArray[np.int64] | None
    level: float
    design: Design | None = None

    def units(self, rows: NDArray[np.bool_]) -> NDArray[np.int64] | None:
        return None if self.group is None else self.group[rows]


def soft_rates(
    judged: Judged, data: JudgedDataset, pairing: Pairing, labels: NewLabels | None, score: ScoreSpec
) -> SoftRates | None:
    """The soft win rates of a dataset; None where neither an evaluator nor a label is soft, or no run is stored.

    Args:
        judged: the run.
        data: one of its datasets.
        pairing: the two systems of the win rate.
        labels: labels in place of those of the run; None for those of the run.
        score: gives the level.
    """
    if not (judged.folder / JUDGMENTS).is_file() or not data.label_set.is_pair:
        return None
    shares = data.soft_labels() if labels is None else None
    found = soft_verdicts(judged, data)
    if shares is None and not any(one.source == "preference" for one in found):
        return None
    codes = data.annotator_codes() if labels is None else labels.codes
    y = _wins(soft_labels(codes) if shares is None else shares, pairing)
    group = pairing.of_items(data.cluster_codes()) if data.clustered else None
    items = _Items(y, group, score.level, _design(labels, pairing))
    cells = {}
    for at, one in enumerate(found):
        hard = _share(data.outcomes[:, at])
        values = one.values if one.values is not None and one.source == "preference" else hard
        cells[one.cell.id] = _rate(items, _wins(values, pairing))
    return SoftRates(_human(items), cells)


def _design(labels: NewLabels | None, pairing: Pairing) -> Design | None:
    """How the items that count were drawn; None where all labels count alike."""
    if labels is None or labels.design is None or labels.design.is_equal(labels.is_labelled):
        return None
    return labels.design if pairing.rows is None else labels.design.part(pairing.rows)


def _human(items: _Items) -> Figure:
    """The mean share of annotators, weighted where labels were drawn with unequal probabilities."""
    is_labelled = ~np.isnan(items.y)
    if items.design is None or not is_labelled.any():
        return _mean(items, items.y, NO_LABELS)
    nothing = np.zeros(len(items.y))
    found = weighted_mean(items.y[is_labelled], nothing, is_labelled, items.design, power=0.0, clusters=items.group)
    return _corrected(found, items, is_labelled)


def _rate(items: _Items, p: Array) -> SoftRate:
    """The rate of an evaluator alone, and corrected by the labels."""
    own, is_labelled = ~np.isnan(p), ~np.isnan(items.y)
    judge = _mean(items, p, NO_VERDICTS)
    error = _standard_error(p[own], items.units(own))
    human = _human(items)
    if judge.value is None or human.value is None:
        return SoftRate(judge, error, human, None)
    filled = np.where(own, p, judge.value)  # a failed judgment has no influence
    found = _powered(items, filled, is_labelled)
    if is_labelled.all():
        return SoftRate(judge, error, human, found.gain)
    return SoftRate(judge, error, _corrected(found, items, is_labelled), found.gain)


def _powered(items: _Items, filled: Array, is_labelled: NDArray[np.bool_]) -> prediction_powered.Corrected:
    if items.design is not None:
        return weighted_mean(items.y[is_labelled], filled, is_labelled, items.design, clusters=items.group)
    units = None if items.group is None else (items.group[is_labelled], items.group[~is_labelled])
    return prediction_powered.corrected_mean(
        items.y[is_labelled], filled[is_labelled], filled[~is_labelled], clusters=units
    )


def _corrected(found: prediction_powered.Corrected, items: _Items, is_labelled: NDArray[np.bool_]) -> Figure:
    value, n = min(1.0, max(0.0, found.value)), int(is_labelled.sum())
    group = items.units(is_labelled)
    sizes = np.ones(n) if group is None else clusters.sizes_of(group)
    known: dict[str, Any] = {"n": n, "level": items.level, "units": len(sizes)}
    if group is not None:
        known["unit"] = "cluster"
    reason = TOO_FEW_ITEMS if n < MIN_ITEMS else "" if group is None else clusters.design_of(sizes).reason
    if reason:
        return Figure(value, reason=reason, **known)
    if items.design is not None:
        weights, _ = items.design.of_labelled(is_labelled)
        interval, worth = weighted_interval(value, found.error, weights, group, items.level)
        if interval.low is None:
            return Figure(value, reason=f"labels worth {worth:.1f} of equal weight", **known)
        return Figure(value, interval.low, interval.high, method=METHOD, **known)
    interval = prediction_powered.clustered_interval(value, found.error, sizes, items.level)
    return Figure(value, interval.low, interval.high, method="analytic" if group is None else "clustered", **known)


def _mean(items: _Items, values: Array, nothing: str) -> Figure:
    """The mean of those values that are known, with an interval that has no zero width."""
    rows = ~np.isnan(values)
    group, n = items.units(rows), int(rows.sum())
    known: dict[str, Any] = {"n": n, "level": items.level, "units": n}
    if group is not None:
        known |= {"unit": "cluster", "units": len(np.unique(group))}
    if not n:
        return Figure(None, reason=nothing, **known)
    value = float(values[rows].mean())
    if n < MIN_ITEMS:
        return Figure(value, reason=TOO_FEW_ITEMS, **known)
    found = mean_interval(values[rows], group, (0.0, 1.0), items.level)
    if found.low is None:
        return Figure(value, reason=found.reason, **known)
    return Figure(value, found.low, found.high, method="analytic" if group is None else "clustered", **known)


def _standard_error(values: Array, group: NDArray[np.int64] | None) -> float | None:
    """The standard error of a mean; over clusters it is that of the ratio estimator (CR1)."""
    numbers = np.arange(len(values)) if group is None else np.unique(group, return_inverse=True)[1]
    count = int(numbers.max(initial=-1)) + 1
    if count < 2:
        return None
    gaps = np.bincount(numbers, weights=values - values.mean(), minlength=count)
    return math.sqrt(count / (count - 1) * float(gaps @ gaps)) / len(values)


def _wins(share_of_a: Array, pairing: Pairing) -> Array:
    """Shares that prefer response a as shares of wins, on the items of the pairing."""
    some = share_of_a if pairing.rows is None else share_of_a[pairing.rows]
    return np.where(pairing.is_first, some, 1 - some)


def _share(codes: NDArray[np.int8]) -> Array:
    """Verdicts as the share that prefers a: 1, one half and 0; NaN for failures."""
    return np.where(codes < VERDICT_CODES, 1 - codes / 2, np.nan)
