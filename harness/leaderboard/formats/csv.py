"""The leaderboard as CSV: one line for each cell, each with all that is needed to read it alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from harness.leaderboard.view import Board, Row, evaluator, metric_names
from harness.text import printable

SUMMARY = "CSV for spreadsheets"

FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""


def render(board: Board, **_: Any) -> str:
    """A header and a line for each cell, in the order of the board; undefined figures are empty."""
    metrics = metric_names(board)
    lines = [_line(board, row, metrics) for row in board["rows"]]
    out = io.StringIO()
    writer = csv.DictWriter(
        out, fieldnames=list(dict.fromkeys(key for line in lines for key in line)), lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows({key: _field(value) for key, value in line.items()} for line in lines)
    return out.getvalue()


def _line(board: Board, row: Row, metrics: list[str]) -> dict[str, Any]:
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
    }


def _difference(metric: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """How a cell stands to the best; empty for the best itself."""
    keys = ("to", "value", "low", "high", "p_value", "detectable", "is_distinguishable", "is_equivalent", "exact_p")
    return {f"{metric}_difference{'' if key == 'value' else f'_{key}'}": found.get(key) for key in keys}


def _field(value: Any) -> Any:
    """A field as a spreadsheet may see it: text never begins a formula, truth is written as JSON writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = printable(value)
        return f"'{text}" if text.startswith(FORMULA) else text
    return value
