"""The leaderboard as JSON, as the schema of its kind of experiment describes it."""

from __future__ import annotations

from typing import Any

from harness.leaderboard.tables import BoardTables
from harness.text import json_text

SUMMARY = "JSON for programs"


def render(board: BoardTables, **_: Any) -> str:
    """The document itself; what a terminal might obey is escaped, which means the same to a program."""
    return json_text(board.document)
