"""Slices: the cells on the items that share a value of a column, and whether they are better or worse there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

from harness.errors import InputError
from harness.leaderboard.numbers import UNDEFINED, p_text, with_interval
from harness.leaderboard.slices import NO_VALUE, rest_of, slice_name, slices_json
from harness.leaderboard.tables import Column
from harness.leaderboard.view import Row
from harness.report.blocks import ChartBlock, TableBlock, TableText, numbers, table_block
from harness.report.charts.forest import Forest, ForestRow, forest_chart
from harness.report.charts.palette import BEST, BETTER, WORSE
from harness.report.links import Links
from harness.report.pages.overview import cell_labels
from harness.report.run_source import RunSource
from harness.runner.slices import sliced, too_many
from harness.runner.soft import soft_datasets
from harness.scoring.slices import MAX_SLICES, slice_count
from harness.text import listed, quoted, suggestion, with_minus_signs

CATEGORY = "category"
MOST_DRAWN = 60
"""Rows of a chart, headings of cells included; the best cell is always drawn."""
MOST_CELLS = 5
"""Cells of a chart."""
MOST_ROWS = 300
"""Rows of a table."""
MOST_SCORED = 50
"""Cells of a dataset up to which a report scores a column that the spec does not name; each takes about 50 ms."""


class ColumnEntry(NamedTuple):
    """A column that the run kept.

    Attributes:
        name: of the column.
        href: where its slices are, None for nowhere.
        is_here: whether they are shown.
    """

    name: str
    href: str | None
    is_here: bool


class SlicedBlock(NamedTuple):
    """The slices of a dataset by one column.

    Attributes:
        title: dataset and column.
        chart: of the best cells; None where no slice has a value.
        drawn: how many cells the chart shows.
        cells: how many there are.
        table: the figures of each cell on each slice.
        left_out: rows that the table leaves out.
        command: that shows all of them.
        notes: what the columns mean, and what was found.
    """

    title: str
    chart: ChartBlock | None
    drawn: int
    cells: int
    table: TableBlock
    left_out: int
    command: str
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class SlicesPage:
    """The cells of a run on slices of their datasets.

    Attributes:
        source: the run.
        columns: that the run kept.
        blocks: one for each dataset and column that is shown.
        remarks: why columns are not shown.
    """

    TEMPLATE: ClassVar[str] = "slices.html"
    NAME: ClassVar[str] = "slices"
    TITLE: ClassVar[str] = "Slices"

    source: RunSource
    columns: Sequence[ColumnEntry]
    blocks: Sequence[SlicedBlock]
    remarks: Sequence[str]


def slices_page(source: RunSource, links: Links, by: str | None = None) -> SlicesPage:
    """The slices of an evaluation.

    Args:
        source: the run.
        links: where other pages are.
        by: the column; None for those of `score: {by}` in the spec, and the category.

    Raises:
        InputError: where the run has no values in the column, or the column has too many values.
    """
    known = kept_columns(source)
    named = list(dict.fromkeys(found["column"] for found in source.board.get("slices", ())))
    remarks = []
    if by is not None:
        chosen = [by]
    else:
        extra = [CATEGORY] if CATEGORY in known and CATEGORY not in named else []
        remarks = [reason for column in extra if (reason := _why_not(source, column))]
        chosen = [*named, *([] if remarks else extra)]
    blocks = [_block(source, found, links) for column in chosen for found in slices_by(source, column)]
    columns = [ColumnEntry(name, links.slices(source, name), name in chosen) for name in known]
    return SlicesPage(source, columns, blocks, remarks)


def kept_columns(source: RunSource) -> list[str]:
    """The columns that the datasets of a run have values in."""
    return list(dict.fromkeys(name for data in source.judged.datasets for name in data.slice_columns()))


def slices_by(source: RunSource, column: str) -> list[Mapping[str, Any]]:
    """The slices by a column, as the leaderboard has them; scored here where it has none.

    Raises:
        InputError: where the run has no values in the column, or the column has too many values.
    """
    stored = [found for found in source.board.get("slices", ()) if found["column"] == column]
    if stored:
        return stored
    if column not in (known := kept_columns(source)):
        hint = suggestion(column, known) or (f"known: {listed(known)}" if known else "the run keeps no column")
        raise InputError(f"this run has no values in a column {quoted(column)}", hint=hint)
    run = source.judged
    return [*slices_json(sliced(run.datasets, [column], run.score, run.seed, soft_datasets(run)))]


def _why_not(source: RunSource, column: str) -> str:
    """Why a report does not score a column that the spec does not name, "" where it does."""
    data = [one for one in source.judged.datasets if column in one.slice_columns()]
    most = max(slice_count(one.slice_columns()[column]) for one in data)
    if most > MAX_SLICES:
        return too_many(column, most)
    if max(len(one.cells) for one in data) > MOST_SCORED:
        command = f"harness leaderboard {source.name} --by {column}"
        return f"slices by {column} are not scored for more than {MOST_SCORED} cells here; `{command}` shows them"
    return ""


def _block(source: RunSource, found: Mapping[str, Any], links: Links) -> SlicedBlock:
    dataset, column = found["dataset"], found["column"]
    rows = next(rows for name, rows in source.groups if name == dataset)
    forest, drawn = slice_forest(source.metric, rows, found)
    table = _table(source, rows, found, links)
    chart = ChartBlock(
        f"{source.metric} on {dataset} for each {column}, with adjusted intervals", partial(forest_chart, forest)
    )
    return SlicedBlock(
        f"{dataset} by {column}",
        chart if any(row.value is not None for row in forest.rows) else None,
        drawn,
        len(rows),
        table._replace(rows=table.rows[:MOST_ROWS]),
        max(0, len(table.rows) - MOST_ROWS),
        f"harness leaderboard {source.name} --by {column} --wide",
        found["notes"],
    )


def slice_forest(metric: str, rows: Sequence[Row], found: Mapping[str, Any]) -> tuple[Forest, int]:
    """The slices of the best cells as a forest plot, a heading above those of each cell; and the number of the cells.

    Args:
        metric: that is drawn.
        rows: of the leaderboard, best first.
        found: the slices, as the leaderboard has them.
    """
    cells = {cell["cell"]: cell for cell in found["cells"]}
    each = 1 + max((len(cell["slices"]) for cell in found["cells"]), default=0)
    shown = rows[: max(1, min(MOST_CELLS, MOST_DRAWN // each))]
    lines: list[ForestRow] = []
    for row, label in zip(shown, cell_labels(rows), strict=False):
        cell = cells[row["cell"]]
        p_value = cell["p_value"]
        text = "" if p_value is None else f"interaction {_p(p_value)}"
        lines.append(ForestRow(label, None, None, None, text, is_heading=True))
        lines += [_row(part, metric, 1 - found["level"], is_hollow=row["simulated"]) for part in cell["slices"]]
    title = f"{metric} with {100 * found['level_each']:.4g} % interval, by {found['column']}"
    return Forest(title, "vs rest", lines), len(shown)


def _row(part: Mapping[str, Any], metric: str, alpha: float, *, is_hollow: bool) -> ForestRow:
    figure, difference = part["metrics"][metric], part["difference"]
    value, is_clear = figure["value"], _is_clear(part, alpha)
    return ForestRow(
        f"{slice_name(part['value'])} ({part['n']:,})",
        value,
        figure["low"],
        figure["high"],
        figure["reason"] or UNDEFINED if value is None else with_interval(value, figure["low"], figure["high"]),
        "" if difference is None else with_minus_signs(f"{difference:+.2f}{'*' if is_clear else ''}"),
        (BETTER if difference > 0 else WORSE) if is_clear else BEST,
        is_hollow,
    )


def _is_clear(part: Mapping[str, Any], alpha: float) -> bool:
    """Whether a cell is better or worse on a slice, adjusted for slices and cells."""
    return part["p_family"] is not None and part["p_family"] <= alpha


def _p(value: float) -> str:
    return f"p {p_text(value)}"


def _table(source: RunSource, rows: Sequence[Row], found: Mapping[str, Any], links: Links) -> TableBlock:
    metric, column = source.metric, found["column"]
    cells = {cell["cell"]: cell for cell in found["cells"]}
    columns = [
        Column("cell", is_key=True, can_wrap=True),
        Column(column, can_wrap=False),
        *numbers("n", "failed"),
        Column(metric),
        *numbers(rest_of(found), "p", "p, all cells"),
        Column("remark", can_wrap=True),
    ]
    lines = [
        [TableText(label, links.cell(source, row["cell"])), *_texts(source, found, row["cell"], part, links)]
        for row, label in zip(rows, cell_labels(rows), strict=True)
        for part in cells[row["cell"]]["slices"]
    ]
    has_remarks = any(line[-1] for line in lines)
    shown = [line if has_remarks else line[:-1] for line in lines]
    return table_block(f"{found['dataset']} by {column}", columns if has_remarks else columns[:-1], shown)


def _texts(
    source: RunSource, found: Mapping[str, Any], cell: str, part: Mapping[str, Any], links: Links
) -> Iterator[str | TableText]:
    figure, difference, value = part["metrics"][source.metric], part["difference"], part["value"]
    href = None
    if found["column"] == CATEGORY and value is not None:
        href = links.items(source, {"dataset": found["dataset"], "cell": cell, "category": value})
    tone = ("good" if difference > 0 else "bad") if _is_clear(part, 1 - found["level"]) else ""
    yield TableText(NO_VALUE if value is None else value, href)
    yield f"{part['n']:,}"
    yield f"{part['failed']:,}"
    yield UNDEFINED if figure["value"] is None else with_interval(figure["value"], figure["low"], figure["high"])
    yield TableText(UNDEFINED if difference is None else with_minus_signs(f"{difference:+.3f}"), tone=tone)
    for p_value in (part["p_value"], part["p_family"]):
        yield UNDEFINED if p_value is None else p_text(p_value).removeprefix("= ")
    yield "; ".join(dict.fromkeys(filter(None, [figure["reason"], part["reason"]])))
