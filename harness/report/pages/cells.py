"""Each cell: its figures, the confusion of labels and verdicts, failures, tokens and cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from harness.leaderboard.numbers import UNDEFINED, rank_range
from harness.leaderboard.tables import Column
from harness.leaderboard.view import FLAGS, Remarks, Row, cost, failures, figure_text
from harness.report.blocks import SmallChart, TableBlock, TableText, numbers, table_block
from harness.report.charts.confusion import Confusion, confusion_chart
from harness.report.links import Links
from harness.report.pages.overview import cell_labels
from harness.report.run_source import RunSource

MOST_CHARTED = 10
"""Cells of a dataset whose confusion is drawn, the best first; the tables of the others are shaded."""
FAILED = "failed"


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
        confusion: label × verdict, with the failures as a column.
        facts: failures, calls, tokens and cost, as names and values.
        items: where its items are, None for nowhere.
    """

    anchor: str
    name: str
    label: str
    headline: str
    figures: TableBlock
    chart: SmallChart | None
    confusion: TableBlock
    facts: Sequence[tuple[str, str]]
    items: str | None


@dataclass(frozen=True, slots=True)
class CellsPage:
    """The cells of each dataset that have a place here, in the order of the leaderboard.

    Attributes:
        source: the run.
        datasets: of the run, each with its cells.
        left_out: cells without a place here.
    """

    TEMPLATE: ClassVar[str] = "cells.html"
    NAME: ClassVar[str] = "cells"
    TITLE: ClassVar[str] = "Cells"

    source: RunSource
    datasets: Sequence[tuple[str, Sequence[CellBlock]]]
    left_out: int


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
    return CellsPage(source, found, len(source.places) - sum(len(blocks) for _, blocks in found))


def cell_block(source: RunSource, cell: str, links: Links) -> CellBlock:
    """One cell by its id."""
    row = source.board["rows"][source.places[cell]]
    return _block(source, row, cell.partition("/")[2], links, is_charted=True)


def _block(source: RunSource, row: Row, label: str, links: Links, *, is_charted: bool) -> CellBlock:
    figure = row["metrics"][source.metric]
    remarks = Remarks()
    headline = f"{source.metric} {figure_text(figure, remarks)}, rank {rank_range(row['rank'])}"
    title = f"Confusion of labels and verdicts of {row['cell']}"
    chart = SmallChart(title, partial(confusion_chart, confusion_of(row))) if is_charted else None
    return CellBlock(
        f"cell-{source.places[row['cell']] + 1}",
        row["cell"],
        label,
        headline,
        _figures(row),
        chart,
        confusion_table(row),
        list(_facts(row)),
        links.items(source, {"cell": row["cell"]}),
    )


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
