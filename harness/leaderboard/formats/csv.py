"""The leaderboard as CSV: one line for each row, each with everything that is needed to read it alone."""

from __future__ import annotations

import csv
import io
from typing import Any

from harness.leaderboard.tables import BoardTables
from harness.text import printable

SUMMARY = "CSV for spreadsheets"

FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""


def render(board: BoardTables, **_: Any) -> str:
    """A header and a line for each row, in the order of the leaderboard; undefined figures are empty."""
    out = io.StringIO()
    names = dict.fromkeys(name for record in board.records for name in record)
    writer = csv.DictWriter(out, fieldnames=list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _field(value) for name, value in record.items()} for record in board.records)
    return out.getvalue()


def _field(value: Any) -> Any:
    """A field as a spreadsheet may see it: text never begins a formula, truth is written as JSON writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = printable(value)
        return f"'{text}" if text.startswith(FORMULA) else text
    return value
