"""Where labelling stands: items drawn and labelled, corrected rates, and how many labels a wanted width needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.analysis.correct.correct import correct_dataset, means_of
from harness.analysis.label.collect import Collected
from harness.analysis.label.disagreement import strata_of_cells
from harness.analysis.label.draw import Strata
from harness.analysis.label.ranked import agreement_figure, labelled_rankings
from harness.data.labels import majority
from harness.data.number_labels import mean_numbers
from harness.errors import InputError
from harness.hashing import rounded, seed_for
from harness.records.figures import Figure
from harness.runner.soft import numbers_of
from harness.scoring.estimates import NO_LABELS
from harness.scoring.figure_json import figure_json
from harness.scoring.number_figures import UNIT
from harness.scoring.soft_metric import find_soft_metric
from harness.statistics.agreement import Array
from harness.statistics.codes import VERDICT_CODES, Codes
from harness.statistics.label_planning import FEWEST, Needed, Plan, Wanted, labels_needed, plan_of
from harness.statistics.prediction_powered import corrected_mean
from harness.statistics.sampling import Ints

if TYPE_CHECKING:
    from harness.runner.run_reader import Judged, JudgedDataset

SHARE = 0.1
"""Width of an interval, from end to end, as a share of the scale, where the user names none."""
RANKED = "{dataset}: the interval is that of agreement on the labelled items; no judge can narrow it"


@dataclass(frozen=True, slots=True)
class CellStatus:
    """What the labels say with one cell.

    Attributes:
        cell: its id, None for the labels alone.
        corrected: the corrected rate.
        gain: of the cell, None where it is unknown.
        uniform: further labels that a uniform draw needs.
        stratified: further labels that a draw by disagreement needs; None where there are no strata.
    """

    cell: str | None
    corrected: Figure
    gain: float | None
    uniform: Needed
    stratified: Needed | None

    @property
    def width(self) -> float | None:
        """Of the interval, None without one."""
        if self.corrected.low is None or self.corrected.high is None:
            return None
        return self.corrected.high - self.corrected.low


@dataclass(frozen=True, slots=True, eq=False)
class DatasetStatus:
    """Where labelling stands in one dataset.

    Attributes:
        found: the labels.
        title: what the rate is of.
        rows: the labels alone, then each cell.
        notes: for every rendering.
    """

    found: Collected
    title: str
    rows: tuple[CellStatus, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    """What the plans of all cells of a dataset share.

    Attributes:
        labelled: which of all items have a label.
        clusters: of all items, None where they are independent.
        uniform: drawing further items uniformly.
        stratified: drawing them by disagreement, None without strata.
        wanted: the interval, in units of the scale.
        ends: the least and the greatest value.
    """

    labelled: NDArray[np.bool_]
    clusters: Ints | None
    uniform: Plan
    stratified: Plan | None
    wanted: Wanted
    ends: tuple[float, float] = (0.0, 1.0)

    @property
    def span(self) -> float:
        """The length of the scale."""
        return self.ends[1] - self.ends[0]

    def row(self, cell: str | None, figure: Figure, of: _Values) -> CellStatus:
        """How many labels a cell needs."""
        items, n = len(self.labelled), int(self.labelled.sum())
        human = (of.human - self.ends[0]) / self.span
        judge = (of.judge[self.labelled] - self.ends[0]) / self.span
        error = human - of.power * items / max(1, items - n) * judge
        effect = self._effect(of)
        needed = [
            None if plan is None else _in_units(labels_needed(plan, human, error, self.wanted, effect), self.span)
            for plan in (self.uniform, self.stratified)
        ]
        assert needed[0] is not None
        return CellStatus(cell, figure, of.gain, needed[0], needed[1])

    def _effect(self, of: _Values) -> float:
        """The clustered variance of a mean over that of independent items, 1 where items are independent."""
        if self.clusters is None or self.labelled.sum() < FEWEST:
            return 1.0
        own, others = of.judge[self.labelled], of.judge[~self.labelled]
        units = self.clusters[self.labelled], self.clusters[~self.labelled]
        apart = corrected_mean(of.human, own, others).error
        together = corrected_mean(of.human, own, others, clusters=units).error
        return max(0.5, (together / apart) ** 2) if apart > 0 and together > 0 else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class _Values:
    """Values of a cell: people's of the labelled items, the judge's of all items; the weight of the judge, its gain."""

    human: Array
    judge: Array
    power: float = 0.0
    gain: float | None = None


def span_of(judged: Judged) -> float:
    """The length of the scale of what the intervals are of: 1 of a rate."""
    low, high = _ends(judged)
    return high - low


def checked_width(judged: Judged, width: float | None) -> float:
    """The width that an interval shall have; a tenth of the scale where none is named.

    Raises:
        InputError: where it is not between 0 and the whole scale.
    """
    span = span_of(judged)
    if width is None:
        return SHARE * span
    if not 0 < width <= span:
        raise InputError(f"width: the whole scale is {span:g} wide, not {width:g}")
    return width


def status(judged: Judged, found: Mapping[str, Collected], width: float) -> list[DatasetStatus]:
    """Where labelling stands.

    Args:
        judged: the run.
        found: the labels, by dataset.
        width: wanted, of an interval from end to end.
    """
    made = _of_classes
    if judged.label_set.is_number:
        made = _of_numbers
    elif judged.label_set.is_ranking:
        made = _of_rankings
    return [made(judged, data, found[data.name], width) for data in judged.datasets if data.name in found]


def _ends(judged: Judged) -> tuple[float, float]:
    if judged.label_set.is_ranking:
        return find_soft_metric(judged.score.metrics[0]).RANGE
    return judged.label_set.scale or (0.0, 1.0)


def _planned(
    judged: Judged,
    data: JudgedDataset,
    found: Collected,
    labelled: NDArray[np.bool_],
    width: float,
    rows: Callable[[Ints], Ints] = lambda values: values,
) -> _Planned:
    """The plans of a dataset.

    Args:
        judged: the run.
        data: the dataset.
        found: its labels.
        labelled: which of the items that count have a label.
        width: wanted.
        rows: the items that count, of a value for every item.
    """
    strata = found.draw.strata or strata_of_cells(judged, data, found.draw.clusters)
    of_items = None if strata is None else rows(strata.of_items)
    ends = _ends(judged)
    unit = UNIT if judged.label_set.is_number else None
    seed = seed_for(judged.seed, "label-status", data.name)
    return _Planned(
        labelled,
        rows(data.cluster_codes()) if data.clustered else None,
        _plan(labelled, of_items if found.draw.strata is not None else None, strata, stratified=False),
        None if of_items is None else _plan(labelled, of_items, strata, stratified=True),
        Wanted(width / (ends[1] - ends[0]), judged.score.level, seed, unit),
        ends,
    )


def _of_classes(judged: Judged, data: JudgedDataset, found: Collected, width: float) -> DatasetStatus:
    one = correct_dataset(data, found.labels, judged.score, judged.seed)
    labels = one.pairing.outcomes(majority(found.labels.codes, data.label_set))
    labelled = labels >= 0
    planned = _planned(judged, data, found, labelled, width, one.pairing.of_items)
    human = _scores(labels[labelled])
    rows = [planned.row(None, one.human["half"], _Values(human, np.zeros(len(labels))))]
    for at, cell in enumerate(one.cells):
        rate, outcomes = cell.rates["half"], one.pairing.outcomes(data.outcomes[:, at])
        values = _Values(human, _scores(outcomes), rate.power or 0.0, rate.gain)
        rows.append(planned.row(cell.score.cell.id, rate.corrected, values))
    return DatasetStatus(found, one.pairing.title, tuple(rows), one.notes)


def _of_numbers(judged: Judged, data: JudgedDataset, found: Collected, width: float) -> DatasetStatus:
    assert found.labels.numbers is not None
    one, y = means_of(judged, data, found.labels), mean_numbers(found.labels.numbers)
    planned = _planned(judged, data, found, ~np.isnan(y), width)
    human, given = y[planned.labelled], numbers_of(judged, data)
    nothing = Figure(None, reason=NO_LABELS, level=judged.score.level)
    alone = one.cells[0].mean.human if one.cells else nothing
    rows = [planned.row(None, alone, _Values(human, np.full(len(y), planned.ends[0])))]
    for at, cell in enumerate(one.cells):
        column = given[:, at]
        known = column[~np.isnan(column)]
        judge = np.where(np.isnan(column), known.mean() if len(known) else planned.ends[0], column)
        values = _Values(human, judge, cell.mean.power or 0.0, cell.mean.gain)
        rows.append(planned.row(cell.cell, cell.mean.corrected, values))
    return DatasetStatus(found, "mean of the numbers", tuple(rows), one.notes)


def _of_rankings(judged: Judged, data: JudgedDataset, found: Collected, width: float) -> DatasetStatus:
    metric, held = judged.score.metrics[0], labelled_rankings(data, found.labels)
    planned = _planned(judged, data, found, held.is_ordered, width)
    rows = []
    for at, cell in enumerate(data.cells):
        values = held.of(at, find_soft_metric(metric))
        assert values is not None
        figure = agreement_figure(held, at, metric, found.labels, judged)
        human = values[planned.labelled]
        rows.append(planned.row(cell.id, figure, _Values(human, np.full(len(values), planned.ends[0]))))
    notes = (RANKED.format(dataset=data.name), *found.labels.notes)
    return DatasetStatus(found, f"{metric} against the labels", tuple(rows), notes)


def _in_units(found: Needed, span: float) -> Needed:
    return found._replace(best=found.best * span)


def _plan(labelled: NDArray[np.bool_], of_items: Ints | None, strata: Strata | None, *, stratified: bool) -> Plan:
    """A plan within strata; without any, all items are one."""
    if of_items is None or strata is None:
        one = np.zeros(int(labelled.sum()), np.int64)
        return plan_of(one, np.array([len(labelled)]), np.array([0.5]), stratified=stratified)
    sizes = np.bincount(of_items, minlength=len(strata.shares))
    kept = np.flatnonzero(sizes)  # a pairing may leave out every item of a stratum
    numbered = np.searchsorted(kept, of_items[labelled])
    return plan_of(numbered, sizes[kept], strata.shares[kept], stratified=stratified)


def _scores(outcomes: Codes) -> Array:
    """Outcomes as 1, one half and 0; a failure has the mean of the others, so that it has no influence."""
    scores = np.where(outcomes < VERDICT_CODES, 1 - np.minimum(outcomes, VERDICT_CODES - 1) / 2, np.nan)
    known = scores[~np.isnan(scores)]
    return np.asarray(np.where(np.isnan(scores), known.mean() if len(known) else 0.0, scores))


def status_json(judged: Judged, found: Sequence[DatasetStatus], width: float) -> dict[str, Any]:
    """As `schemas/output/label.schema.json` describes it, floats rounded to 12 significant digits."""
    document: dict[str, Any] = rounded(
        {
            "run": judged.id,
            "spec": judged.spec_name,
            "width": width,
            "datasets": [_dataset_json(one) for one in found],
        }
    )
    return document


def _dataset_json(one: DatasetStatus) -> dict[str, Any]:
    draw, found = one.found.draw, one.found
    rounds = zip(draw.rounds, found.by_round, strict=True)
    return {
        "dataset": draw.dataset,
        "items": len(draw.items),
        "unit": draw.unit,
        "drawn": found.drawn,
        "labelled": found.labelled,
        "rounds": [{"kind": each.kind, "drawn": drawn, "labelled": labelled} for each, (drawn, labelled) in rounds],
        "annotators": [{"annotator": name, "labels": count} for name, count in found.by_annotator.items()],
        "skipped": found.skipped,
        "variance_cost": draw.cost(),
        "rate_of": one.title,
        "cells": [
            {
                "cell": row.cell,
                "corrected": figure_json(row.corrected),
                "width": row.width,
                "gain": row.gain,
                "uniform": _needed_json(row.uniform),
                "stratified": None if row.stratified is None else _needed_json(row.stratified),
            }
            for row in one.rows
        ],
        "notes": list(one.notes),
    }


def _needed_json(found: Needed) -> dict[str, Any]:
    return {"labels": found.labels, "low": found.low, "high": found.high, "width_with_all": found.best}
