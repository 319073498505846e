"""Each cell: its figures, the confusion of labels and verdicts, failures, tokens and cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.leaderboard.numbers import UNDEFINED, rank_range
from harness.leaderboard.tables import Column
from harness.leaderboard.view import FLAGS, Remarks, Row, cost, failures, figure_text
from harness.records.judgments import VERDICTS
from harness.report.blocks import TableBlock, TableText, numbers, table_block
from harness.report.links import Links
from harness.report.pages.overview import cell_labels
from harness.report.run_source import RunSource


@dataclass(frozen=True, slots=True)
class CellBlock:
    """A cell.

    Attributes:
        anchor: of it, without the prefix of the run.
        name: its id.
        label: its short name.
        headline: rank and first metric.
        figures: every figure, with its interval, n and method.
        confusion: label × verdict, with the failures as a column.
        facts: failures, calls, tokens and cost, as names and values.
        items: where its items are, None for nowhere.
    """

    anchor: str
    name: str
    label: str
    headline: str
    figures: TableBlock
    confusion: TableBlock
    facts: Sequence[tuple[str, str]]
    items: str | None


@dataclass(frozen=True, slots=True)
class CellsPage:
    """The cells of each dataset, in the order of the leaderboard.

    Attributes:
        source: the run.
        datasets: of the run, each with its cells.
    """

    TEMPLATE: ClassVar[str] = "cells.html"
    NAME: ClassVar[str] = "cells"
    TITLE: ClassVar[str] = "Cells"

    source: RunSource
    datasets: Sequence[tuple[str, Sequence[CellBlock]]]


def cells_page(source: RunSource, links: Links) -> CellsPage:
    """The cells of an evaluation."""
    found = []
    for dataset, rows in source.groups:
        labels = cell_labels(rows)
        blocks = [_block(source, row, label, links) for row, label in zip(rows, labels, strict=True)]
        found.append((dataset, blocks))
    return CellsPage(source, found)


def cell_block(source: RunSource, cell: str, links: Links) -> CellBlock:
    """One cell by its id."""
    row = source.board["rows"][source.places[cell]]
    return _block(source, row, cell.partition("/")[2], links)


def _block(source: RunSource, row: Row, label: str, links: Links) -> CellBlock:
    figure = row["metrics"][source.metric]
    remarks = Remarks()
    headline = f"{source.metric} {figure_text(figure, remarks)}, rank {rank_range(row['rank'])}"
    return CellBlock(
        f"cell-{source.places[row['cell']] + 1}",
        row["cell"],
        label,
        headline,
        _figures(row),
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


def confusion_table(row: Row) -> TableBlock:
    """Label × verdict of a cell, with the failures as a column; shaded by the share of each label."""
    lines: list[list[str | TableText]] = []
    for verdict, counts in zip(VERDICTS, row["table"], strict=True):
        merged = [*counts[: len(VERDICTS)], sum(counts[len(VERDICTS) :])]
        total = sum(merged)
        shades = [TableText(str(count), shade=count / total if total else 0.0) for count in merged]
        lines.append([f"label {verdict}", *shades, str(total)])
    columns = [Column("", is_key=True), *(Column(name) for name in (*VERDICTS, "failed")), *numbers("items")]
    return table_block("labels (rows) and verdicts (columns), in items", columns, lines)


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    yield "models", ", ".join(row["models"]) + (" (simulated)" if row["simulated"] else "")
    yield "items", f"{row['items']:,}, {row['n']:,} with a label"
    yield "failed", failures(row)
    if row["abstained"]:
        yield "abstained", f"{row['abstained']:,}"
    yield "calls", f"{row['calls']:,}"
    yield "tokens", f"{row['tokens']['prompt']:,} + {row['tokens']['completion']:,} (prompt + completion)"
    yield "cost", f"{cost(row)} USD" if row["cost_usd"] is not None else "unknown (no price in the spec)"
