"""Where labelling stands: items drawn and labelled, corrected rates, and how many labels a wanted width needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.analysis.correct.correct import correct_dataset
from harness.analysis.label.collect import Collected
from harness.analysis.label.draw import Strata, strata_by_disagreement
from harness.data.labels import majority
from harness.hashing import rounded, seed_for
from harness.records.figures import Figure
from harness.scoring.figure_json import figure_json
from harness.scoring.win_rates import Rate
from harness.statistics.agreement import Array
from harness.statistics.codes import VERDICT_CODES, Codes
from harness.statistics.label_planning import FEWEST, Needed, Plan, Wanted, labels_needed, plan_of
from harness.statistics.prediction_powered import corrected_rate
from harness.statistics.sampling import Ints

if TYPE_CHECKING:
    from harness.runner.run_reader import Judged, JudgedDataset

WIDTH = 0.1
"""Of an interval, from end to end, where the user names none."""


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
        labels: outcomes of all items by the labels, −1 without one.
        clusters: of these items, None where they are independent.
        uniform: drawing further items uniformly.
        stratified: drawing them by disagreement, None without strata.
        wanted: the interval.
    """

    labels: Codes
    clusters: Ints | None
    uniform: Plan
    stratified: Plan | None
    wanted: Wanted


def status(judged: Judged, found: Mapping[str, Collected], width: float = WIDTH) -> list[DatasetStatus]:
    """Where labelling stands.

    Args:
        judged: the run.
        found: the labels, by dataset.
        width: wanted, of an interval from end to end.
    """
    return [_dataset(judged, data, found[data.name], width) for data in judged.datasets if data.name in found]


def _dataset(judged: Judged, data: JudgedDataset, found: Collected, width: float) -> DatasetStatus:
    one = correct_dataset(data, found.labels, judged.score, judged.seed)
    labels = one.pairing.outcomes(majority(found.labels.codes, data.label_set))
    strata = found.draw.strata or strata_by_disagreement(data.outcomes, len(data.label_set.names))
    of_items = None if strata is None else one.pairing.of_items(strata.of_items)
    planned = _Planned(
        labels,
        one.pairing.of_items(data.cluster_codes()) if data.clustered else None,
        _plan(labels, of_items if found.draw.strata is not None else None, strata, stratified=False),
        None if of_items is None else _plan(labels, of_items, strata, stratified=True),
        Wanted(width, judged.score.level, seed_for(judged.seed, "label-status", data.name)),
    )
    nobody = np.zeros(len(planned.labels), np.int8)
    rows = [_row(planned, None, one.human["half"], None, nobody)]
    for at, cell in enumerate(one.cells):
        rate, outcomes = cell.rates["half"], one.pairing.outcomes(data.outcomes[:, at])
        rows.append(_row(planned, cell.score.cell.id, rate.corrected, rate, outcomes))
    return DatasetStatus(found, one.pairing.title, tuple(rows), one.notes)


def _plan(labels: Codes, of_items: Ints | None, strata: Strata | None, *, stratified: bool) -> Plan:
    """A plan within strata; without any, all items are one."""
    labelled = labels >= 0
    if of_items is None or strata is None:
        one = np.zeros(int(labelled.sum()), np.int64)
        return plan_of(one, np.array([len(labels)]), np.array([0.5]), stratified=stratified)
    sizes = np.bincount(of_items, minlength=len(strata.shares))
    kept = np.flatnonzero(sizes)  # a pairing may leave out every item of a stratum
    numbered = np.searchsorted(kept, of_items[labelled])
    return plan_of(numbered, sizes[kept], strata.shares[kept], stratified=stratified)


def _row(planned: _Planned, cell: str | None, figure: Figure, rate: Rate | None, outcomes: Codes) -> CellStatus:
    labelled = planned.labels >= 0
    items, n = len(labelled), int(labelled.sum())
    power = 0.0 if rate is None or rate.power is None else rate.power
    human = _scores(planned.labels[labelled])
    error = human - power * items / max(1, items - n) * _scores(outcomes)[labelled]
    effect = _effect(planned.labels, outcomes, planned.clusters)
    needed = [
        None if plan is None else labels_needed(plan, human, error, planned.wanted, effect)
        for plan in (planned.uniform, planned.stratified)
    ]
    assert needed[0] is not None
    return CellStatus(cell, figure, None if rate is None else rate.gain, needed[0], needed[1])


def _scores(outcomes: Codes) -> Array:
    """Outcomes as 1, one half and 0; a failure has the mean of the others, so that it has no influence."""
    scores = np.where(outcomes < VERDICT_CODES, 1 - np.minimum(outcomes, VERDICT_CODES - 1) / 2, np.nan)
    known = scores[~np.isnan(scores)]
    return np.asarray(np.where(np.isnan(scores), known.mean() if len(known) else 0.0, scores))


def _effect(labels: Codes, outcomes: Codes, clusters: Ints | None) -> float:
    """The clustered variance of a corrected rate over that of independent items, 1 where items are independent."""
    if clusters is None or (labels >= 0).sum() < FEWEST:
        return 1.0
    apart = corrected_rate(outcomes, labels).error
    together = corrected_rate(outcomes, labels, clusters=clusters).error
    return max(0.5, (together / apart) ** 2) if apart > 0 and together > 0 else 1.0


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
