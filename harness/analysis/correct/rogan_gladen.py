"""Rates by Rogan and Gladen's estimator beside the corrected ones, with what it assumes and where it fails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.correct import wording
from harness.analysis.correct.given_labels import NewLabels
from harness.analysis.correct.systems import systems_of
from harness.data.labels import majority
from harness.errors import RunFolderError
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS
from harness.statistics.agreement import Array
from harness.statistics.codes import VERDICT_CODES, Codes
from harness.statistics.rogan_gladen import FEWEST, RoganGladen, rogan_gladen

if TYPE_CHECKING:
    from harness.analysis.correct.correct import DatasetCorrection
    from harness.runner.run_reader import JudgedDataset

FIELLER = "fieller"
"""Of a figure: the interval of a ratio of two means."""
ONE_KIND = f"fewer than {FEWEST} labelled items with the label, or without it"
NO_INFORMATION = "sensitivity + specificity is 1: the judge tells the labels no better than chance"


@dataclass(frozen=True, slots=True)
class RoganGladenRate:
    """The rate of a label by Rogan and Gladen's estimator.

    Attributes:
        cell: id of the cell.
        system: whose responses; None for all.
        found: the shares that it is made of, and the estimate, which may lie outside [0, 1].
        figure: the estimate within [0, 1] with its interval.
        corrected: the rate by prediction-powered inference, for the same items.
    """

    cell: str
    system: str | None
    found: RoganGladen
    figure: Figure
    corrected: Figure


def check_single(data: Sequence[JudgedDataset], folder: object) -> None:
    """Refuse pairs.

    Raises:
        RunFolderError: where the labels are verdicts on pairs.
    """
    if any(one.label_set.is_pair for one in data):
        message = "Rogan and Gladen's estimator is of the rate of a label, and this run judged pairs"
        raise RunFolderError(f"{folder}: {message}", hint="leave out `--method rogan-gladen`")


def with_rogan_gladen(
    one: DatasetCorrection, data: JudgedDataset, new: NewLabels, score: ScoreSpec
) -> DatasetCorrection:
    """A correction with Rogan and Gladen's rates of all cells, and of each system, and notes on them.

    Sensitivity and specificity are those over all systems.

    Args:
        one: the correction.
        data: the judged responses.
        new: the labels with their design.
        score: gives the level.
    """
    labels = majority(new.codes, data.label_set)
    corrected: dict[tuple[str, str], Figure] = {}
    corrected |= {(each.score.cell.id, ""): each.rates["half"].corrected for each in one.cells}
    corrected |= {(each.cell, each.system): each.rate.corrected for each in one.systems}
    human = _given(one.pairing.outcomes(labels))
    clusters = data.cluster_codes() if data.clustered else None
    has_label = labels >= 0
    weights = has_label.astype(float)
    if new.design is not None and has_label.any():
        weights[has_label] = new.design.of_labelled(has_label)[0]
    by, found = np.array(data.models_a, dtype=object), []
    for at, cell in enumerate(data.cells):
        judged = _given(one.pairing.outcomes(data.outcomes[:, at]))
        for system in ("", *systems_of(data, one.pairing)):
            target = np.asarray(by == system) if system else None
            rate = rogan_gladen(judged, human, weights, score.level, target=target, clusters=clusters)
            figure = _figure(rate, score.level, clustered=clusters is not None)
            found.append(RoganGladenRate(cell.id, system or None, rate, figure, corrected[cell.id, system]))
    notes = rogan_gladen_notes(one.name, found)
    return replace(one, rogan_gladen=tuple(found), notes=(*one.notes, *notes))


def _given(outcomes: Codes) -> Array:
    """1 where the label is given, 0 where another is, NaN for failures and items without a label."""
    known = (outcomes >= 0) & (outcomes < VERDICT_CODES)
    return np.where(known, (outcomes == 0).astype(float), np.nan)


def _figure(found: RoganGladen, level: float, *, clustered: bool) -> Figure:
    n = found.with_label + found.without_label
    known = Figure(None, n=n, units=n, level=level, unit="cluster" if clustered else "item")
    if math.isnan(found.value):
        return replace(
            known, reason=ONE_KIND if min(found.with_label, found.without_label) < FEWEST else NO_INFORMATION
        )
    value, interval = min(1.0, max(0.0, found.value)), found.interval
    if n < MIN_ITEMS or interval.low is None or interval.high is None:
        return replace(known, value=value, reason=TOO_FEW_ITEMS)
    low, high = min(interval.low, value), max(interval.high, value)
    return replace(known, value=value, low=low, high=high, method=FIELLER)


def rogan_gladen_notes(dataset: str, found: Sequence[RoganGladenRate]) -> Iterator[str]:
    """What the estimator assumes, and the rates for which it fails.

    Args:
        dataset: its name.
        found: the rates.
    """
    yield wording.transport(dataset, has_systems=any(one.system for one in found))
    name = {id(one): _name(dataset, one) for one in found}
    if outside := [name[id(one)] for one in found if one.found.is_outside]:
        yield wording.leaves_range(dataset, outside)
    if unbounded := [name[id(one)] for one in found if one.found.is_unbounded]:
        yield wording.unbounded(dataset, unbounded)
    if apart := [name[id(one)] for one in found if _is_apart(one)]:
        yield wording.no_transport(dataset, apart)


def _name(dataset: str, one: RoganGladenRate) -> str:
    cell = one.cell.removeprefix(f"{dataset}/")
    return cell if one.system is None else f"{one.system} by {cell}"


def _is_apart(one: RoganGladenRate) -> bool:
    """Whether the corrected interval and that of Rogan and Gladen have nothing in common."""
    ends = (one.figure.low, one.figure.high, one.corrected.low, one.corrected.high)
    if any(end is None for end in ends):
        return False
    low, high, other_low, other_high = (float(end) for end in ends if end is not None)
    return high < other_low or other_high < low
