"""Differences of the cells to the best cell or to a baseline, and of all pairs where they are few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from harness.leaderboard.numbers import UNDEFINED, with_interval
from harness.leaderboard.rerank import comparisons_of, reranked
from harness.leaderboard.tables import Column
from harness.leaderboard.view import Row, datasets
from harness.report.blocks import ChartBlock, TableBlock, TableText, numbers, table_block
from harness.report.charts.forest import Forest, ForestRow, forest_chart
from harness.report.charts.palette import OTHER, colour_of
from harness.report.charts.svg import label_of
from harness.report.links import Links
from harness.report.pages.overview import MOST_SHOWN, cell_labels
from harness.report.run_source import RunSource
from harness.scoring.pairwise import CellComparisons
from harness.scoring.soft_metric import gain_of
from harness.text import with_minus_signs

MOST_PAIRED = 20
"""Cells whose pairs are all listed."""
ALONE = "one cell: nothing to compare"
NO_VERDICT = "not compared"


@dataclass(frozen=True, slots=True)
class DatasetDifferences:
    """The differences between the cells of a dataset.

    Attributes:
        dataset: its name.
        baseline: the cell that the others are compared with, "" where there is none.
        chart: the differences with their intervals; None where nothing is compared.
        table: the same in figures, with the adjusted p-values.
        pairs: all pairs; None where the cells are many, or nothing is compared.
        remark: why there is no table, "" otherwise.
    """

    dataset: str
    baseline: str
    chart: ChartBlock | None
    table: TableBlock | None
    pairs: TableBlock | None
    remark: str


@dataclass(frozen=True, slots=True)
class DifferencesPage:
    """The differences between the cells of each dataset.

    Attributes:
        source: the run.
        metric: that is compared.
        level: of the intervals, such as `95 %`.
        datasets: of the run.
    """

    TEMPLATE: ClassVar[str] = "differences.html"
    NAME: ClassVar[str] = "differences"
    TITLE: ClassVar[str] = "Differences"

    source: RunSource
    metric: str
    level: str
    datasets: Sequence[DatasetDifferences]


def differences_page(source: RunSource, links: Links, vs: str | None = None) -> DifferencesPage:
    """The differences to a baseline.

    Args:
        source: the run.
        links: where other pages are.
        vs: id of the baseline, with or without its dataset; None for the best cell of each dataset.

    Raises:
        InputError: where the run has no such cell.
    """
    board = source.board if vs is None else reranked(source.folder, source.board, vs=vs)
    found = comparisons_of(source.judged, board) if _are_few(source) else {}
    level = f"{100 * source.board['method']['level']:.4g} %"
    parts = [_part(source, links, name, rows, found.get(name)) for name, rows in datasets(board)]
    return DifferencesPage(source, source.metric, level, parts)


def _are_few(source: RunSource) -> bool:
    return any(len(rows) <= MOST_PAIRED for _, rows in source.groups)


def _part(
    source: RunSource, links: Links, dataset: str, rows: Sequence[Row], contest: CellComparisons | None
) -> DatasetDifferences:
    metric = source.metric
    known = [(row, found) for row in rows if (found := row["metrics"][metric].get("difference"))]
    if len(rows) < 2 or not known:
        return DatasetDifferences(dataset, "", None, None, None, ALONE if len(rows) < 2 else NO_VERDICT)
    baseline = str(known[0][1]["to"]).partition("/")[2]
    labels = dict(zip((row["cell"] for row in rows), cell_labels(rows), strict=True))
    forest = difference_forest(metric, rows)
    title = f"Difference in {metric} of each cell on {dataset} to {baseline}"
    chart = ChartBlock(title, partial(forest_chart, forest)) if forest.rows else None
    columns = [Column("cell", is_key=True, can_wrap=True), Column("difference"), *numbers("p"), *_POWER, _RESULT]
    lines = [_line(metric, row, labels, found, links.cell(source, row["cell"])) for row, found in known]
    caption = f"{dataset}: {metric} minus that of {baseline}"
    pairs = None if contest is None or len(rows) > MOST_PAIRED else _pairs(dataset, metric, rows, labels, contest)
    return DatasetDifferences(dataset, baseline, chart, table_block(caption, columns, lines), pairs, "")


def difference_forest(metric: str, rows: Sequence[Row]) -> Forest:
    """The differences of some cells to the cell that their board compares them with."""
    named = zip(rows, cell_labels(rows), strict=True)
    known = [(row, label, found) for row, label in named if (found := row["metrics"][metric].get("difference"))]
    shown = [one for one in known if one[2]["value"] is not None][:MOST_SHOWN]
    baseline = label_of(str(known[0][2]["to"]).partition("/")[2]) if known else ""
    return Forest(
        f"difference in {metric} to {baseline}",
        "",
        [_row(metric, label, found, is_simulated=row["simulated"]) for row, label, found in shown],
        reference=0.0,
    )


_POWER = numbers("detectable loss", "detectable gain")
_RESULT = Column("result", can_wrap=True)


def _row(metric: str, label: str, found: Mapping[str, Any], *, is_simulated: bool) -> ForestRow:
    colour = OTHER
    if found["is_distinguishable"]:
        colour = colour_of(gain_of(metric, found["value"]))
    text = with_interval(found["value"], found["low"], found["high"], "+.3f")
    return ForestRow(label, found["value"], found["low"], found["high"], text, "", colour, is_simulated)


def _line(
    metric: str, row: Row, labels: Mapping[str, str], found: Mapping[str, Any], href: str | None
) -> list[str | TableText]:
    value, p_value = found["value"], found["p_value"]
    return [
        TableText(labels[row["cell"]], href),
        UNDEFINED if value is None else with_interval(value, found["low"], found["high"], "+.3f"),
        UNDEFINED if p_value is None else "< 0.001" if p_value < 0.001 else f"{p_value:.3f}",
        *(_amount(found.get(key)) for key in ("detectable", "detectable_gain")),
        result_text(found, metric),
    ]


def _amount(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def result_text(found: Mapping[str, Any], metric: str) -> TableText:
    """Whether a cell is better, worse, equivalent or not distinguishable; higher or lower where no value is better."""
    if found["low"] is None:
        return TableText(found["reason"] or NO_VERDICT)
    if found["is_distinguishable"]:
        gain = gain_of(metric, found["value"])
        if gain == 0:
            return TableText("higher" if found["value"] > 0 else "lower")
        return TableText("better", tone="good") if gain > 0 else TableText("worse", tone="bad")
    if found["is_equivalent"]:
        return TableText("equivalent within the margin")
    return TableText("not distinguishable")


def _pairs(
    dataset: str, metric: str, rows: Sequence[Row], labels: Mapping[str, str], contest: CellComparisons
) -> TableBlock | None:
    """All pairs: the figure of the row minus that of the column."""
    compared = contest.comparisons
    if compared is None:
        return None
    ids = [row["cell"] for row in rows]
    places = {contest.cells[member]: at for at, member in enumerate(contest.members)}
    lines: list[list[str | TableText]] = []
    for number, one in enumerate(ids, start=1):
        texts: list[str | TableText] = [TableText(f"{number}  {labels[one]}")]
        for other in ids:
            x, y = places.get(one), places.get(other)
            if x is None or y is None or x == y:
                texts.append("" if one == other else UNDEFINED)
                continue
            value = float(compared.differences[x, y])
            is_clear = bool(compared.p_values[x, y] <= 1 - compared.level)
            gain = gain_of(metric, value) if is_clear else 0.0
            tone = "good" if gain > 0 else "bad" if gain < 0 else ""
            texts.append(TableText(with_minus_signs(f"{value:+.2f}{'*' if is_clear else ''}"), tone=tone))
        lines.append(texts)
    caption = f"{dataset}: {metric} of the row minus that of the column; * distinguishable"
    header = [Column("cell", is_key=True, can_wrap=True), *numbers(*map(str, range(1, len(ids) + 1)))]
    return table_block(caption, header, lines)
