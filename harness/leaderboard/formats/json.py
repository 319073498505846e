"""The leaderboard as JSON, as the schema of its kind of experiment describes it."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.leaderboard.tables import BoardTables

SUMMARY = "JSON for programs"

_OBEYED = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Beyond what JSON escapes itself: the other control characters, marks of writing direction, halves of pairs."""


def render(board: BoardTables, **_: Any) -> str:
    """The document itself; what a terminal might obey is escaped, which means the same to a program."""
    text = json.dumps(board.document, indent=2, ensure_ascii=False)
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"
