"""The leaderboard as tables for a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.leaderboard.view import (
    CALLS,
    COST,
    STEADY,
    Board,
    Remarks,
    Row,
    datasets,
    ends_top_group,
    footnotes,
    header,
    line,
)
from harness.text import printable

SUMMARY = "tables for a terminal"

NUMBERS = ("rank", "n", *STEADY.values(), CALLS, COST)
WHO = ("rank", "strategy", "evaluator", "order", "repeats")
BREAKABLE = ("strategy", "evaluator", "failed")
"""Columns whose texts may be broken into lines where the terminal is narrow."""
NARROWEST = 14
"""They get at least so many characters."""
GAP = 3
LINES = box.Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
"""A line under the header, and one under those that could be the best."""
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
        for table in _tables(board, rows, remarks, width or AS_WIDE_AS_NEEDED):
            console.print(table)
            console.print()
    for note in footnotes(board, remarks):
        console.print(_safe(note, "dim"), width=min(width or NOTE_WIDTH, NOTE_WIDTH))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _tables(board: Board, rows: list[Row], remarks: Remarks, width: int) -> Iterator[Table]:
    """The rows as one table, or as several that each repeat who judged, where the terminal is too narrow for one."""
    columns = [printable(column) for column in header(board)]
    lines = [[printable(text) for text in line(board, row, remarks)] for row in rows]
    last_of_top = ends_top_group(rows)
    widths = [max(map(len, texts)) for texts in zip(columns, *lines, strict=True)]
    for shown in _fitting(columns, widths, width):
        table = Table(box=LINES, pad_edge=False, show_edge=False)
        for column in (columns[at] for at in shown):
            justify: Literal["left", "right"] = "right" if column in NUMBERS else "left"
            table.add_column(_safe(column), overflow="fold", no_wrap=column not in BREAKABLE, justify=justify)
        for at_row, texts in enumerate(lines):
            table.add_row(*(_safe(texts[at]) for at in shown), end_section=at_row == last_of_top)
        yield table


def _fitting(columns: list[str], widths: list[int], width: int) -> Iterator[list[int]]:
    """Positions of the columns of each table: who judged, and as many of the others as there is room for."""
    needed = [
        GAP + (min(wide, NARROWEST) if name in BREAKABLE else wide) for name, wide in zip(columns, widths, strict=True)
    ]
    who = [at for at, name in enumerate(columns) if name in WHO]
    room = width + GAP - sum(needed[at] for at in who)
    shown: list[int] = []
    for at in range(len(columns)):
        if at in who:
            continue
        if shown and sum(needed[k] for k in [*shown, at]) > room:
            yield who + shown
            shown = []
        shown.append(at)
    yield who + shown


def _safe(text: str, style: str = "") -> Text:
    """Text that neither the terminal nor rich takes for anything but text."""
    return Text(printable(text), style=style)
