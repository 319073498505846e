"""What a correction of mean numbers gives: of each cell, over all responses and for each system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.analysis.correct.systems import SystemDifference
from harness.records.figures import Figure


@dataclass(frozen=True, slots=True)
class MeanEstimate:
    """A mean number by a cell.

    Attributes:
        items: responses that it is of.
        labelled: how many of them have a label.
        human: the mean of the labels.
        judge: the mean of the cell's numbers.
        corrected: of all responses, from both.
        power: weight of the cell's numbers, 0 to 1; None without labels.
        gain: the factor by which labels would have to grow for the same precision without the cell; None if unknown.
    """

    items: int
    labelled: int
    human: Figure
    judge: Figure
    corrected: Figure
    power: float | None
    gain: float | None


@dataclass(frozen=True, slots=True)
class CellMean:
    """The mean number by one cell, and by it for each system.

    Attributes:
        cell: its id.
        mean: over all responses.
        systems: by the name of the system; their intervals hold together (Bonferroni).
        differences: of the corrected means of all pairs of systems.
        agreement: with the labels, by metric.
    """

    cell: str
    mean: MeanEstimate
    systems: Mapping[str, MeanEstimate]
    differences: tuple[SystemDifference, ...]
    agreement: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class MeanCorrection:
    """The mean numbers of one dataset.

    Attributes:
        name: of the dataset.
        items: judged.
        labelled: how many of them have a label.
        annotators: who labelled; the mean of several counts.
        cells: in the order of the run.
        notes: notes of every rendering.
    """

    name: str
    items: int
    labelled: int
    annotators: tuple[str, ...]
    cells: tuple[CellMean, ...]
    notes: tuple[str, ...]
