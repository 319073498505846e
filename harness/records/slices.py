"""Figures of cells on slices of a dataset: the items that share a value of a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.records.figures import Figure


@dataclass(frozen=True, slots=True)
class SliceDifference:
    """A figure of a cell on a slice minus that on all other items.

    Attributes:
        value: the difference, None where it is not tested.
        low: lower end of its interval, which holds together with those of the cell's other slices; None without one.
        high: upper end, None in the same case.
        p_value: adjusted for the slices of the cell; None where it is not tested.
        p_family: adjusted for the cells of the dataset as well; None in the same case.
        reason: why it is not tested, "" otherwise.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_family: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """One cell on the items that share a value of a column.

    Attributes:
        value: of the column, None for items without one.
        items: items judged.
        n: items that have a reference label.
        failed: judgments among `items` that failed.
        figures: by metric name, with intervals adjusted for the number of slices; without a value in a slice that is
            too small.
        difference: accuracy on the slice minus accuracy on all other items, a failure counting as wrong, or of rankings
            the first metric; None where it is not tested.
        p_value: of that difference, adjusted for the slices of the cell; None where it is not tested.
        p_family: adjusted for the cells of the dataset as well; None in the same case.
        reason: why it is not tested, "" otherwise.
        differences: by metric, the figure on the slice minus that on all other items, with its interval.
    """

    value: str | None
    items: int
    n: int
    failed: int
    figures: Mapping[str, Figure]
    difference: float | None = None
    p_value: float | None = None
    p_family: float | None = None
    reason: str = ""
    differences: Mapping[str, SliceDifference] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CellSlices:
    """The slices of one cell.

    Attributes:
        cell: its id.
        slices: in the order of the values.
        p_value: of the test that its accuracy is the same on all slices that are tested; None where fewer than two
            slices can be tested.
    """

    cell: str
    slices: tuple[Slice, ...]
    p_value: float | None


@dataclass(frozen=True, slots=True)
class SlicedDataset:
    """The cells of a dataset on the slices by one column.

    Attributes:
        dataset: its name.
        column: that the items are grouped by.
        level: confidence level of the intervals of all slices of a cell together.
        level_each: confidence level of each of them.
        shown: how many slices have figures.
        draws: of the test of interaction.
        seed: of the draws in hexadecimal.
        method: of the test: `hypergeometric` or `exchange`.
        cells: in canonical order.
        metric: that the test compares: accuracy, or of rankings the first metric of the spec.
    """

    dataset: str
    column: str
    level: float
    level_each: float
    shown: int
    draws: int
    seed: str
    method: str
    cells: tuple[CellSlices, ...]
    metric: str = "accuracy"
