"""Figures of calibrated soft verdicts, on items that the calibration was not fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.hashing import seed_for
from harness.records.calibration import Calibration, CalibrationMap
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, metric_figures
from harness.scoring.labels import Reference
from harness.scoring.metric import find_metric
from harness.scoring.score import DatasetScores
from harness.scoring.soft_metric import find_soft_metric, split_metrics
from harness.scoring.soft_scores import HARD, SoftData, figure_of
from harness.statistics.agreement import SHAPE, Array
from harness.statistics.codes import TIE, A, B

NO_MAP = "the calibration file has no map for this cell"
FITTED = (
    "the calibration was fitted to {used} of the {n} items: fewer than "
    f"{MIN_ITEMS} others, and figures on items that it was fitted to are too good"
)


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """A calibration and the items of a dataset.

    Attributes:
        calibration: the maps.
        is_new: whether an item was not used to fit them, of each item.
        reference: the labels of the dataset.
        data: the soft verdicts.
    """

    calibration: Calibration
    is_new: NDArray[np.bool_]
    reference: Reference
    data: SoftData


def calibrated(values: Array, found: CalibrationMap) -> Array:
    """Soft verdicts after a calibration; NaN stays NaN."""
    before, after = np.array(found.points, float).T
    return np.where(np.isnan(values), np.nan, np.interp(values, before, after))


def verdict_codes(values: Array, margin: float) -> NDArray[np.int8]:
    """The outcomes that calibrated soft verdicts give with a tie margin; a failure where there is none."""
    difference = 2 * np.nan_to_num(values, nan=0.5) - 1
    codes = np.where(np.abs(difference) <= margin + 1e-9, TIE, np.where(difference > 0, A, B))
    return np.where(np.isnan(values), SHAPE[1] - 1, codes).astype(np.int8)


def with_calibration(scored: DatasetScores, applied: Applied, score: ScoreSpec, seed: int) -> DatasetScores:
    """The scores of a dataset with the companions `METRIC.calibrated` of each metric that the spec names.

    Args:
        scored: the scores.
        applied: the calibration and the items.
        score: of the spec.
        seed: of the spec.
    """
    scores = []
    for one, values in zip(scored.scores, applied.data.values, strict=True):
        name = one.cell.id.removeprefix(f"{one.cell.dataset}/")
        found = _figures(name, values, applied, score, seed_for(seed, "calibrated", one.cell.id))
        scores.append(replace(one, figures={**one.figures, **found}))
    return replace(scored, scores=tuple(scores))


def _figures(name: str, values: Array | None, applied: Applied, score: ScoreSpec, seed: int) -> Mapping[str, Figure]:
    systems = len(applied.data.values)
    known: dict[str, Any] = {"level": score.level, "systems": systems}
    found = applied.calibration.cells.get(name)
    new, n = applied.is_new, len(applied.is_new)
    reason = HARD if values is None else NO_MAP if found is None else ""
    if not reason and new.sum() < min(n, MIN_ITEMS):
        reason = FITTED.format(used=int((~new).sum()), n=n)
    if reason or values is None or found is None:
        return {f"{metric}.calibrated": Figure(None, reason=reason, **known) for metric in score.metrics}
    after = calibrated(values, found)
    hard, soft = split_metrics(score.metrics)
    part = applied.data.part(new)
    figures = {metric: figure_of(find_soft_metric(metric), after[new], part, score, seed) for metric in soft}
    reference = applied.reference
    rows = np.arange(n) if reference.rows is None else reference.rows
    kept = new[rows]
    unseen = reference.part(kept)
    sample = unseen.sample(verdict_codes(after, found.tie_margin)[rows][kept], systems)
    metrics = {metric: find_metric(metric, unseen.labels) for metric in hard}
    figures |= metric_figures(sample, metrics, score, seed)
    return {f"{metric}.calibrated": figures[metric] for metric in score.metrics}
