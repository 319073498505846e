"""The leaderboard as tables for a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from rich import box
from rich import table as rich_table
from rich.console import Console
from rich.text import Text

from harness.leaderboard.tables import BoardTables, Column, Table
from harness.text import printable

SUMMARY = "tables for a terminal"
CAN_FOLLOW_ANOTHER = True

NARROWEST = 14
"""Columns that can wrap get at least so many characters."""
GAP = 3
LINES = box.Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
"""A line under the header, and one under those that could be the best."""
AS_WIDE_AS_NEEDED = 10_000
NOTE_WIDTH = 110
"""Notes are read, so they are broken into lines even where no terminal sets a width."""


def render(board: BoardTables, *, width: int | None = None, colours: bool = False, **_: Any) -> str:
    """The tables, then the notes.

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
    for table in board.tables:
        console.print(_safe(table.title, "bold"))
        for part in _parts(table, width or AS_WIDE_AS_NEEDED):
            console.print(part)
            console.print()
    for note in board.notes:
        console.print(_safe(note, "dim"), width=min(width or NOTE_WIDTH, NOTE_WIDTH))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _parts(table: Table, width: int) -> Iterator[rich_table.Table]:
    """The table whole, or as several that each repeat the key columns, where the terminal is too narrow for one."""
    rows = [[printable(text) for text in row] for row in table.rows]
    names = [printable(column.name) for column in table.columns]
    widths = [max(map(len, texts)) for texts in zip(names, *rows, strict=True)]
    for shown in _fitting(table.columns, widths, width):
        part = rich_table.Table(box=LINES, pad_edge=False, show_edge=False)
        for at in shown:
            column = table.columns[at]
            justify: Literal["left", "right"] = "right" if column.is_number else "left"
            part.add_column(_safe(names[at]), overflow="fold", no_wrap=not column.can_wrap, justify=justify)
        for number, row in enumerate(rows, start=1):
            part.add_row(*(_safe(row[at]) for at in shown), end_section=number == table.top_rows)
        yield part


def _fitting(columns: Sequence[Column], widths: Sequence[int], width: int) -> Iterator[list[int]]:
    """Positions of the columns of each part: the keys, and as many of the others as there is room for."""
    needed = [
        GAP + (min(wide, NARROWEST) if column.can_wrap else wide) for column, wide in zip(columns, widths, strict=True)
    ]
    keys = [at for at, column in enumerate(columns) if column.is_key]
    room = width + GAP - sum(needed[at] for at in keys)
    shown: list[int] = []
    for at in range(len(columns)):
        if at in keys:
            continue
        if shown and sum(needed[k] for k in [*shown, at]) > room:
            yield keys + shown
            shown = []
        shown.append(at)
    yield keys + shown


def _safe(text: str, style: str = "") -> Text:
    """Text that neither the terminal nor rich takes for anything but text."""
    return Text(printable(text), style=style)
