"""The first page of an evaluation: what was compared, which cell is best and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from harness.leaderboard.board_tables import board_tables
from harness.leaderboard.numbers import SIMULATED, rank_range, with_interval
from harness.leaderboard.view import LINE_NOTE, Board, Row, ends_top_group, evaluator
from harness.report.blocks import ChartBlock, TableBlock, block_of
from harness.report.charts.forest import Forest, ForestRow, forest_chart, rank_colour
from harness.report.links import Links
from harness.report.pages.facts import digests_of, facts_of
from harness.report.run_source import RunSource
from harness.report.verdict import Verdict, verdict_of

MOST_SHOWN = 100
"""Rows of a forest plot; the table has all."""
UNDEFINED_TEXT = "undefined"


@dataclass(frozen=True, slots=True)
class DatasetOverview:
    """The cells of one dataset.

    Attributes:
        dataset: its name.
        verdict: which cell is best and how sure that is.
        chart: the forest plot.
        left_out: rows that the chart leaves out.
        has_line: whether a line divides the cells that can be the best from the others.
        table: the leaderboard.
    """

    dataset: str
    verdict: Verdict
    chart: ChartBlock
    left_out: int
    has_line: bool
    table: TableBlock


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """What was compared, the leaderboard of each dataset, and what was run.

    Attributes:
        source: the run.
        metric: that ranks the cells.
        summary: the description of the spec, "" without.
        datasets: of the run.
        notes: under the tables.
        facts: what was run, as names and values.
        digests: of the spec, the data and the judgments.
    """

    TEMPLATE: ClassVar[str] = "overview.html"
    NAME: ClassVar[str] = "overview"
    TITLE: ClassVar[str] = "Overview"

    source: RunSource
    metric: str
    summary: str
    datasets: Sequence[DatasetOverview]
    notes: Sequence[str]
    facts: Sequence[tuple[str, str]]
    digests: Sequence[tuple[str, str]]


def overview_page(source: RunSource, links: Links) -> OverviewPage:
    """The first page of an evaluation."""
    tables = board_tables({key: value for key, value in source.board.items() if key != "slices"})  # they have a page
    found = []
    for (dataset, rows), table in zip(source.groups, tables.tables, strict=True):
        names = [column.name for column in table.columns]
        hrefs = [links.cell(source, row["cell"]) for row in rows]
        forest = forest_of(source.board, rows[:MOST_SHOWN])
        title = f"{source.metric} with its interval for each cell on {dataset}, best first"
        found.append(
            DatasetOverview(
                dataset,
                verdict_of(source.board, dataset, rows),
                ChartBlock(title, partial(forest_chart, forest)),
                max(0, len(rows) - MOST_SHOWN),
                forest.line_after is not None,
                block_of(table, hrefs, names.index("evaluator"), LINE_NOTE),
            )
        )
    notes = [note for note in tables.notes if note != SIMULATED]
    return OverviewPage(
        source,
        source.metric,
        str(source.spec.get("description") or ""),
        found,
        notes,
        list(facts_of(source)),
        list(digests_of(source)),
    )


def forest_of(board: Board, rows: Sequence[Row]) -> Forest:
    """The forest plot of the cells of a dataset by the metric of a board."""
    metric = board["metric"]
    last_of_top = ends_top_group(rows)
    level = 100 * board["method"]["level"]
    return Forest(
        f"{metric} with {level:.4g} % interval",
        "rank",
        [_row(row, label, metric) for row, label in zip(rows, cell_labels(rows), strict=True)],
        None if last_of_top is None else last_of_top + 1,
        LINE_NOTE,
    )


def _row(row: Row, label: str, metric: str) -> ForestRow:
    figure = row["metrics"][metric]
    value = figure["value"]
    return ForestRow(
        label,
        value,
        figure["low"],
        figure["high"],
        UNDEFINED_TEXT if value is None else with_interval(value, figure["low"], figure["high"]),
        rank_range(row["rank"]),
        rank_colour(row),
        is_hollow=row["simulated"],
    )


def cell_labels(rows: Sequence[Row]) -> list[str]:
    """Short names of some cells: the strategy and the evaluator, without a part that all of them share."""
    parts = [_parts(row) for row in rows]
    varies = [len({part[at] for part in parts}) > 1 for at in range(4)]
    varies[1] |= not any(varies)
    return [" · ".join(text for text, wanted in zip(part, varies, strict=True) if wanted and text) for part in parts]


def _parts(row: Row) -> tuple[str, str, str, str]:
    order = "" if row["order"] == "given" else str(row["order"])
    return str(row["strategy"]), evaluator(row), order, "" if row["repeats"] == 1 else f"×{row['repeats']}"
