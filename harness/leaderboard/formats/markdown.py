"""The leaderboard as Markdown: a table for each dataset, and under the last one what must be known of them."""

from __future__ import annotations

import re
from typing import Any

from harness.leaderboard.view import Board, Remarks, datasets, ends_top_group, footnotes, header, line
from harness.text import printable

SUMMARY = "Markdown for papers and issues"

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def render(board: Board, **_: Any) -> str:
    """A heading and a table for each dataset, then the footnotes as a list."""
    remarks = Remarks()
    columns = header(board)
    out = []
    for dataset, rows in datasets(board):
        out += [f"### {_text(dataset)}", "", _line(columns), "|" + " --- |" * len(columns)]
        lines = [_line(line(board, row, remarks)) for row in rows]
        last_of_top = ends_top_group(rows)
        if last_of_top is not None:
            lines.insert(last_of_top + 1, _line(["—"] * len(columns)))
        out += lines
        out.append("")
    out += [f"- {_text(note)}" for note in footnotes(board, remarks)]
    return "\n".join(out) + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(map(_text, cells)) + " |"


def _text(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", printable(text))
