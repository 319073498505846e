"""The leaderboard of an evaluation as tables and flat records, for every leaderboard format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.leaderboard.escalation import ESCALATED, escalation_record
from harness.leaderboard.slices import slice_records, slice_tables
from harness.leaderboard.summary import summary_of
from harness.leaderboard.tables import BoardTables, Column, Table
from harness.leaderboard.view import (
    CALLS,
    CONSISTENCY,
    COST,
    Board,
    Remarks,
    Row,
    datasets,
    ends_top_group,
    evaluator,
    footnotes,
    header,
    line,
    metric_names,
)

NUMBERS = ("rank", "n", *CONSISTENCY.values(), ESCALATED, CALLS, COST)
KEYS = ("rank", "strategy", "evaluator", "order", "repeats")
WRAPPED = ("strategy", "evaluator", "failed")


def board_tables(board: Board) -> BoardTables:
    """The leaderboard of an evaluation, a table for each dataset.

    Args:
        board: as `schemas/output/leaderboard.schema.json` describes it.
    """
    return BoardTables(
        board,
        layout=lambda: _layout(board),
        records=lambda: _records(board),
        summary=lambda: summary_of(board),
    )


def _layout(board: Board) -> tuple[list[Table], list[str]]:
    remarks = Remarks()
    names = header(board)
    columns = [Column(name, name in NUMBERS, name in KEYS, name in WRAPPED) for name in names]
    tables = []
    for dataset, rows in datasets(board):
        last_of_top = ends_top_group(rows)
        top_rows = None if last_of_top is None else last_of_top + 1
        tables.append(Table(dataset, columns, [line(board, row, names, remarks) for row in rows], top_rows))
    tables += slice_tables(board, remarks)
    notes = footnotes(board, remarks)
    notes[-1:-1] = dict.fromkeys(note for found in board.get("slices", ()) for note in found["notes"])
    return tables, notes


def _records(board: Board) -> list[dict[str, Any]]:
    metrics = metric_names(board)
    return [*(_record(board, row, metrics) for row in board["rows"]), *slice_records(board)]


def _record(board: Board, row: Row, metrics: list[str]) -> dict[str, Any]:
    """The fields of a cell by the names of their columns."""
    line = {
        "run": board["run"],
        "spec": board["spec"],
        **{key: row[key] for key in ("dataset", "cell", "strategy")},
        "evaluator": evaluator(row),
        "order": row["order"],
        "repeats": row["repeats"],
        "simulated": row["simulated"],
        "n": row["n"],
        **row["failures"],
    }
    for metric in metrics:
        figure = row["metrics"][metric]
        ranks = figure.get("rank") or {}
        line |= {
            metric: figure["value"],
            **{f"{metric}_{end}": figure[end] for end in ("low", "high")},
            **{f"{metric}_rank_{end}": ranks.get(end) for end in ("best", "worst")},
            **_difference(metric, figure.get("difference") or {}),
            f"{metric}_reason": figure.get("reason", ""),
            f"{metric}_flags": " ".join(figure.get("flags", ())),
        }
    return {
        **line,
        **{name: figure["value"] for name, figure in row["companions"].items()},
        **{key: board["method"][key] for key in ("interval", "resamples", "level", "seed", "unit")},
        "calls": row["calls"],
        **{f"{kind}_tokens": count for kind, count in row["tokens"].items()},
        "cost_usd": row["cost_usd"],
        "abstained": row["abstained"],
        **escalation_record(board, row),
    }


def _difference(metric: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """The difference to the best cell; empty for the best cell."""
    keys = ("to", "value", "low", "high", "p_value", "detectable", "is_distinguishable", "is_equivalent", "exact_p")
    return {f"{metric}_difference{'' if key == 'value' else f'_{key}'}": found.get(key) for key in keys}
