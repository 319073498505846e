"""Agreement between the cells: Cohen's kappa of each pair over the items on which both have a verdict.

Where labels are numbers it is Pearson's correlation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from harness.leaderboard.numbers import UNDEFINED
from harness.leaderboard.tables import Column
from harness.leaderboard.view import Row
from harness.records.judgments import VERDICTS
from harness.report.blocks import ChartBlock, TableBlock, TableText, table_block
from harness.report.charts.heatmap import Heatmap, heatmap_chart
from harness.report.links import Links
from harness.report.pages.overview import cell_labels
from harness.report.run_source import RunSource
from harness.statistics.agreement import identity_weights, kappa
from harness.statistics.codes import Codes
from harness.statistics.number_agreement import is_constant, pearson
from harness.text import with_minus_signs

KAPPA, PEARSON = "Cohen's kappa", "Pearson's correlation"
MOST_CELLS = 30
"""Cells of the matrix, the best first."""


@dataclass(frozen=True, slots=True)
class DatasetAgreement:
    """The agreement between the cells of a dataset.

    Attributes:
        dataset: its name.
        among: agreement among all cells without a reference, as names and values.
        chart: the matrix; None for a single cell.
        table: the same in figures.
        left_out: cells that the matrix leaves out.
    """

    dataset: str
    among: Sequence[tuple[str, str]]
    chart: ChartBlock | None
    table: TableBlock | None
    left_out: int


@dataclass(frozen=True, slots=True)
class AgreementPage:
    """The agreement between the cells of each dataset of a run."""

    TEMPLATE: ClassVar[str] = "agreement.html"
    NAME: ClassVar[str] = "agreement"
    TITLE: ClassVar[str] = "Agreement"

    source: RunSource
    datasets: Sequence[DatasetAgreement]
    is_of_numbers: bool = False


def agreement_page(source: RunSource, links: Links) -> AgreementPage:
    """The agreement between cells."""
    parts = [_part(source, name, rows, links) for name, rows in source.groups]
    return AgreementPage(source, parts, _measure(source) == PEARSON)


def _measure(source: RunSource) -> str:
    """What the agreement of two cells is measured by."""
    return PEARSON if "scale" in source.board.get("labels", {}) else KAPPA


def heatmap_of(source: RunSource, dataset: str, rows: Sequence[Row]) -> Heatmap:
    """The agreement of every pair of some cells of a dataset."""
    data = source.dataset(dataset)
    places = {cell.id: at for at, cell in enumerate(data.cells)}
    at = [places[row["cell"]] for row in rows]
    if data.label_set.is_number:
        return Heatmap(cell_labels(rows), correlation_matrix(source.numbers(dataset)[:, at]), "correlation")
    columns = data.outcomes[:, at]
    return Heatmap(cell_labels(rows), agreement_matrix(columns, len(data.label_set.names)), "kappa")


def _part(source: RunSource, dataset: str, rows: Sequence[Row], links: Links) -> DatasetAgreement:
    shown = rows[:MOST_CELLS]
    among = _among(source, dataset)
    if len(rows) < 2:
        return DatasetAgreement(dataset, among, None, None, 0)
    heat = heatmap_of(source, dataset, shown)
    title = f"Agreement between the cells on {dataset}: {_measure(source)} of each pair"
    lines: list[list[str | TableText]] = [
        [TableText(f"{at + 1}  {heat.labels[at]}", links.cell(source, row["cell"])), *map(_text, heat.values[at])]
        for at, row in enumerate(shown)
    ]
    columns = [Column("cell", is_key=True, can_wrap=True), *(Column(str(at + 1)) for at in range(len(shown)))]
    word = "correlation" if _measure(source) == PEARSON else "kappa"
    table = table_block(f"{dataset}: {word} between cells", columns, lines)
    chart = ChartBlock(title, partial(heatmap_chart, heat))
    return DatasetAgreement(dataset, among, chart, table, len(rows) - len(shown))


def _text(value: float | None) -> TableText:
    if value is None:
        return TableText(UNDEFINED, shade=0.0)
    return TableText(with_minus_signs(f"{value:.2f}"), shade=value)


def _among(source: RunSource, dataset: str) -> list[tuple[str, str]]:
    audited = next(one for one in source.audited if one.dataset == dataset)
    return [
        (name, f"{UNDEFINED} ({figure.reason})" if figure.value is None else with_minus_signs(f"{figure.value:.3f}"))
        for name, figure in audited.among.items()
    ]


def correlation_matrix(numbers: NDArray[np.float64]) -> list[list[float | None]]:
    """Pearson's correlation of each pair of cells over the items on which both have a number; None where undefined.

    Args:
        numbers: items × cells, NaN where a judgment failed.
    """
    found: list[list[float | None]] = []
    for one in numbers.T:
        both = [~np.isnan(one) & ~np.isnan(other) for other in numbers.T]
        pairs = [(one[known], other[known]) for other, known in zip(numbers.T, both, strict=True)]
        found.append([None if is_constant(x) or is_constant(y) else pearson(x, y)[0] for x, y in pairs])
    return found


def agreement_matrix(outcomes: Codes, classes: int = len(VERDICTS)) -> list[list[float | None]]:
    """Cohen's kappa of each pair of cells over the items on which both have a verdict; None where undefined.

    Args:
        outcomes: items × cells, codes of a label set.
        classes: how many labels it has.
    """
    size = outcomes.shape[1]
    found: list[list[float | None]] = [[None] * size for _ in range(size)]
    weights = identity_weights(classes)
    for one in range(size):
        found[one][one] = 1.0
        for other in range(one + 1, size):
            both = (outcomes[:, one] < classes) & (outcomes[:, other] < classes)
            codes = outcomes[both, one].astype(np.intp) * (classes + 1) + outcomes[both, other]
            table = np.bincount(codes, minlength=classes * (classes + 1)).reshape(classes, classes + 1)
            value = float(kappa(table, weights))
            found[one][other] = found[other][one] = None if np.isnan(value) else value
    return found
