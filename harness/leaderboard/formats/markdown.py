"""The leaderboard as Markdown: its tables, and the notes below the last one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from harness.leaderboard.tables import BoardTables
from harness.text import printable

SUMMARY = "Markdown for papers and issues"
CAN_FOLLOW_ANOTHER = True

BREAK = "&#8203;"
"""A space of no width; an entity for @ would not do, since GitHub looks for mentions in the text that readers see."""
_REFERENCE = re.compile(r"(@|#)(?=\w)")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def render(board: BoardTables, **_: Any) -> str:
    """A heading for each table, the table, and then the notes as a list."""
    out = []
    for table in board.tables:
        names = [column.name for column in table.columns]
        out += [f"### {_text(table.title)}", "", _line(names), "|" + " --- |" * len(names)]
        lines = [_line(row) for row in table.rows]
        if table.top_rows is not None:
            lines.insert(table.top_rows, _line(["—"] * len(names)))
        out += [*lines, ""]
    out += [f"- {_text(note)}" for note in board.notes]
    return "\n".join(out) + "\n"


def _line(texts: Iterable[str]) -> str:
    return "| " + " | ".join(map(_text, texts)) + " |"


def _text(text: str) -> str:
    """Text that Markdown shows as it is; a name after @ is no mention, and a number after # is no reference."""
    return _REFERENCE.sub(rf"\1{BREAK}", _SPECIAL.sub(r"\\\1", printable(text)))
