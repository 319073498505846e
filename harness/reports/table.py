"""The leaderboard as tables for a terminal."""

from __future__ import annotations

import io
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.board import CALLS, COST, STEADY, Board, Remarks, Row, datasets, footnotes, header, line
from harness.text import printable

SUMMARY = "tables for a terminal"

NUMBERS = ("rank", "n", *STEADY.values(), CALLS, COST)
AS_WIDE_AS_NEEDED = 10_000
NOTE_WIDTH = 110
"""Notes are read, so they are broken into lines even where no terminal sets a width."""


def render(board: Board, *, width: int | None = None, colours: bool = False, **_: Any) -> str:
    """A table for each dataset, then the footnotes.

    Args:
        board: the leaderboard.
        width: columns of the terminal; None where there is none, and the tables are as wide as they need.
        colours: whether the terminal shows them.
    """
    out = io.StringIO()
    console = Console(
        file=out,
        width=width or AS_WIDE_AS_NEEDED,
        force_terminal=colours,
        no_color=not colours,
        color_system="standard" if colours else None,
        highlight=False,
        legacy_windows=False,
    )
    remarks = Remarks()
    for dataset, rows in datasets(board):
        console.print(_safe(dataset, "bold"))
        console.print(_table(board, rows, remarks))
        console.print()
    for note in footnotes(board, remarks):
        console.print(_safe(note, "dim"), width=min(width or NOTE_WIDTH, NOTE_WIDTH))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _table(board: Board, rows: list[Row], remarks: Remarks) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in header(board):
        names = column in ("strategy", "evaluator", "failed")  # these may be broken where the terminal is narrow
        justify: Literal["left", "right"] = "right" if column in NUMBERS else "left"
        table.add_column(_safe(column), overflow="fold", no_wrap=not names, justify=justify)
    for row in rows:
        table.add_row(*map(_safe, line(board, row, remarks)))
    return table


def _safe(text: str, style: str = "") -> Text:
    """Text that neither the terminal nor rich takes for anything but text."""
    return Text(printable(text), style=style)
