"""Each cell: its figures, the confusion of labels and verdicts, failures, tokens and cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from harness.data.number_labels import mean_numbers
from harness.leaderboard.numbers import UNDEFINED, rank_range
from harness.leaderboard.tables import Column
from harness.leaderboard.view import FLAGS, Remarks, Row, cost, failures, figure_text
from harness.report.blocks import SmallChart, TableBlock, TableText, numbers, table_block
from harness.report.charts.confusion import Confusion, confusion_chart
from harness.report.charts.scatter import Scatter, scatter_chart, scatter_of
from harness.report.links import Links
from harness.report.pages.overview import cell_labels
from harness.report.run_source import RunSource

MOST_CHARTED = 10
"""Cells of a dataset whose confusion is drawn, the best first; the tables of the others are shaded."""
FAILED = "failed"
OF_CLASSES = (
    "confusion of labels and verdicts, failures, tokens and cost. Shading: share of the items with that label. Frames: "
    "right verdicts."
)
OF_RANKINGS = "figures, failures, tokens and cost."
OF_NUMBERS = "numbers of the judge against the mean of people, failures, tokens and cost. Line: both agree."


@dataclass(frozen=True, slots=True)
class CellBlock:
    """A cell.

    Attributes:
        anchor: of it, without the prefix of the run.
        name: its id.
        label: its short name.
        headline: rank and first metric.
        figures: every figure, with its interval, n and method.
        chart: of the confusion, None where it is not drawn.
        confusion: label × verdict, with the failures as a column; None for rankings.
        facts: failures, calls, tokens and cost, as names and values.
        items: where its items are, None for nowhere.
        as_table: what leads to the table below the chart.
    """

    anchor: str
    name: str
    label: str
    headline: str
    figures: TableBlock
    chart: SmallChart | None
    confusion: TableBlock | None
    facts: Sequence[tuple[str, str]]
    items: str | None
    as_table: str = "Confusion as a table"


@dataclass(frozen=True, slots=True)
class CellsPage:
    """The cells of each dataset that have a place here, in the order of the leaderboard.

    Attributes:
        source: the run.
        datasets: of the run, each with its cells.
        left_out: cells without a place here.
        shown: what each cell shows.
    """

    TEMPLATE: ClassVar[str] = "cells.html"
    NAME: ClassVar[str] = "cells"
    TITLE: ClassVar[str] = "Cells"

    source: RunSource
    datasets: Sequence[tuple[str, Sequence[CellBlock]]]
    left_out: int
    shown: str = OF_CLASSES


def cells_page(source: RunSource, links: Links) -> CellsPage:
    """The cells of an evaluation."""
    found = []
    for dataset, rows in source.groups:
        labels = cell_labels(rows)
        blocks = [
            _block(source, row, label, links, is_charted=at < MOST_CHARTED)
            for at, (row, label) in enumerate(zip(rows, labels, strict=True))
            if links.cell(source, row["cell"]) is not None
        ]
        found.append((dataset, blocks))
    left_out = len(source.places) - sum(len(blocks) for _, blocks in found)
    of_labels = OF_NUMBERS if _scale(source) else OF_CLASSES
    return CellsPage(source, found, left_out, OF_RANKINGS if _is_ranking(source) else of_labels)


def cell_block(source: RunSource, cell: str, links: Links) -> CellBlock:
    """One cell by its id."""
    row = source.board["rows"][source.places[cell]]
    return _block(source, row, cell.partition("/")[2], links, is_charted=True)


def _block(source: RunSource, row: Row, label: str, links: Links, *, is_charted: bool) -> CellBlock:
    figure = row["metrics"][source.metric]
    remarks = Remarks()
    headline = f"{source.metric} {figure_text(figure, remarks)}, rank {rank_range(row['rank'])}"
    shown = _numbers(source, row) if _scale(source) else None
    chart, table = None, None
    if shown is not None:
        title = f"Numbers of people and of {row['cell']}"
        chart = SmallChart(title, partial(scatter_chart, shown)) if is_charted and shown.pairs else None
        table = number_table(shown)
    elif not _is_ranking(source):
        title = f"Confusion of labels and verdicts of {row['cell']}"
        chart = SmallChart(title, partial(confusion_chart, confusion_of(row))) if is_charted else None
        table = confusion_table(row)
    return CellBlock(
        f"cell-{source.places[row['cell']] + 1}",
        row["cell"],
        label,
        headline,
        _figures(row),
        chart,
        table,
        list(_facts(row)),
        links.items(source, {"cell": row["cell"]}),
        "Confusion as a table" if shown is None else "Means as a table",
    )


def _is_ranking(source: RunSource) -> bool:
    return source.page_kind == "rankings"


def _scale(source: RunSource) -> tuple[float, float] | None:
    """The scale of the judges where labels are numbers; None where they are classes."""
    scale = source.board.get("labels", {}).get("scale")
    return None if scale is None else (float(scale[0]), float(scale[1]))


def _numbers(source: RunSource, row: Row) -> Scatter:
    """The numbers of people and of a cell, on the items that have both."""
    data = source.dataset(row["dataset"])
    at = next(k for k, cell in enumerate(data.cells) if cell.id == row["cell"])
    judge, people = source.numbers(data.name)[:, at], mean_numbers(data.numbers())
    known = ~np.isnan(judge) & ~np.isnan(people)
    scale = _scale(source)
    assert scale is not None
    return scatter_of(zip(people[known].tolist(), judge[known].tolist(), strict=True), scale)


def number_table(shown: Scatter) -> TableBlock:
    """The mean and the spread of the numbers of people and judge."""
    lines: list[list[str | TableText]] = []
    for name, values in zip(("people", "judge"), np.array(shown.pairs).reshape(-1, 2).T, strict=True):
        known = (values.mean(), values.std(), values.min(), values.max()) if len(values) else ()
        lines.append([name, *(_number(float(value)) for value in known or (np.nan,) * 4), str(len(values))])
    columns = [Column("", is_key=True), *numbers("mean", "standard deviation", "least", "greatest", "items")]
    return table_block("numbers of the items that have both", columns, lines)


def _figures(row: Row) -> TableBlock:
    lines = [_figure_line(name, figure) for name, figure in (*row["metrics"].items(), *row["companions"].items())]
    columns = [Column("figure", is_key=True), *numbers("value", "low", "high", "n"), Column("remark", can_wrap=True)]
    return table_block("figures", columns, lines)


def _figure_line(name: str, figure: Mapping[str, Any]) -> list[str]:
    remarks = [figure["reason"] or "", *(FLAGS.get(flag, flag) for flag in figure.get("flags", ()))]
    ends = [UNDEFINED if (value := figure[key]) is None else _number(value) for key in ("value", "low", "high")]
    return [name, *ends, str(figure["n"]), "; ".join(filter(None, remarks))]


def _number(value: float) -> str:
    return f"{value:.3f}".replace("-", "\u2212")


def confusion_of(row: Row) -> Confusion:
    """Label × verdict of a cell in items, with the failures of all kinds as the last column."""
    names = tuple(row["marginals"]["reference"])
    counts = [[*line[: len(names)], sum(line[len(names) :])] for line in row["table"]]
    return Confusion(names, (*names, FAILED), counts)


def confusion_table(row: Row) -> TableBlock:
    """Label × verdict of a cell, with the failures as a column; shaded by the share of each label."""
    lines: list[list[str | TableText]] = []
    found = confusion_of(row)
    for verdict, merged in zip(found.labels, found.counts, strict=True):
        total = sum(merged)
        shades = [TableText(str(count), shade=count / total if total else 0.0) for count in merged]
        lines.append([f"label {verdict}", *shades, str(total)])
    columns = [Column("", is_key=True), *(Column(name) for name in found.verdicts), *numbers("items")]
    return table_block("labels (rows) and verdicts (columns), in items", columns, lines)


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    yield "models", ", ".join(row["models"]) + (" (simulated)" if row["simulated"] else "")
    yield "items", f"{row['items']:,}, {row['n']:,} with a label"
    yield "failed", failures(row)
    if row["abstained"]:
        yield "abstained", f"{row['abstained']:,}"
    for one in row.get("escalated", ()):
        share = "" if one["share"] is None else f" ({100 * one['share']:.0f} %)"
        yield f"escalated to {one['model']}", f"{one['items']:,} items{share}"
    yield "calls", f"{row['calls']:,}"
    yield "tokens", f"{row['tokens']['prompt']:,} + {row['tokens']['completion']:,} (prompt + completion)"
    yield "cost", f"{cost(row)} USD" if row["cost_usd"] is not None else "unknown (no price in the spec)"
