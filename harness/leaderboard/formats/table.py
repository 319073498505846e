"""The leaderboard as tables for a terminal: a summary that fits, or with every column and note."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from rich import box
from rich import table as rich_table
from rich.console import Console
from rich.text import Text

from harness.leaderboard.fit import GAP, fitted
from harness.leaderboard.tables import BoardTables, Field, Form, Marked, Summary, SummaryTable, Table
from harness.text import pluralized, printable

SUMMARY = "tables for a terminal"
CAN_FOLLOW_ANOTHER = True

USUAL_WIDTH = 100
"""Characters of a line where no terminal sets a width; names are whole there, and may need more."""
LINES = box.Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
"""A line under the header, and one under those that could be the best."""
AS_WIDE_AS_NEEDED = 10_000
NOTE_WIDTH = 110
"""Notes are read, so they are broken into lines even where no terminal sets a width."""
LINES_BELOW = 4
"""Lines of a screen that a command prints below a leaderboard, with the prompt of the shell."""
STYLES = {"best": "green", "worse": "red", "failure": "yellow"}
_MARK = re.compile(r"\([0-9]+\)(?= )")
DOCUMENTATION = "docs/guide/reading-a-leaderboard.md"


def render(
    board: BoardTables,
    *,
    width: int | None = None,
    height: int | None = None,
    colours: bool = False,
    wide: bool = False,
    notes: bool = False,
) -> str:
    """The tables, then the notes.

    Args:
        board: the leaderboard.
        width: columns of the terminal; None where there is none.
        height: lines of the terminal; where the summary has more, its headlines are the last lines. None for no limit.
        colours: whether the terminal shows them.
        wide: show every table and column, as wide as needed, in place of the summary.
        notes: show every note in place of those that change what a reader would do.
    """
    out = io.StringIO()
    console = _console(out, colours)
    summary, shown = board.summary, None
    if wide or summary is None:
        for table in board.tables:
            console.print(_safe(table.title, "bold"))
            console.print(_whole(table))
            console.print()
    else:
        shown = _print_summary(console, summary, width, height)
    own = min(width or NOTE_WIDTH, NOTE_WIDTH)
    if notes or summary is None:
        for note in [*board.notes, f"documentation: {DOCUMENTATION}"] if summary else board.notes:
            console.print(_safe(note, "dim"), width=own)
    else:
        for note in _of_shown(summary.notes, shown):
            console.print(_safe(note), width=own)
        console.print(_safe(_footer(board, summary, wide=wide), "dim"), width=own)
        if not wide and _is_tall(summary, height):
            _print_headlines(console, summary, width)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _console(out: io.StringIO, colours: bool) -> Console:
    return Console(
        file=out,
        width=AS_WIDE_AS_NEEDED,
        force_terminal=colours,
        no_color=not colours,
        color_system="standard" if colours else None,
        highlight=False,
        legacy_windows=False,
    )


def _of_shown(notes: Sequence[str], texts: str | None) -> list[str]:
    """The notes without the footnotes of columns that are not shown; all where every column is shown."""
    if texts is None:
        return list(notes)
    marks = [(note, _MARK.match(note)) for note in notes]
    return [note for note, mark in marks if mark is None or f" {mark[0]}" in texts]


def _print_summary(console: Console, summary: Summary, width: int | None, height: int | None) -> str:
    """Print the tables; returns all texts of the columns that are shown."""
    texts: list[str] = []
    is_tall = _is_tall(summary, height)
    for number, table in enumerate(summary.tables):
        if number:
            console.print()
        console.print(_safe(table.title, "bold"), width=width)
        if not is_tall:
            console.print(_safe(table.headline), width=width)
        shown = fitted(table.fields, width or USUAL_WIDTH, may_shorten=width is not None)
        texts += [table.headline, *(text for _, form in shown for text in form.texts)]
        console.print(_fitting(table, shown))
    return "\n".join(texts)


def _print_headlines(console: Console, summary: Summary, width: int | None) -> None:
    """The headlines below everything else, where the first lines of a leaderboard are out of sight."""
    for table in summary.tables:
        about = f"{table.about}: " if len(summary.tables) > 1 else ""
        console.print(_safe(about + table.headline, "bold"), width=width)


def _is_tall(summary: Summary, height: int | None) -> bool:
    """Whether a summary has more lines than a screen."""
    lines = sum(5 + len(table.fields[0].forms[0].texts) for table in summary.tables) + len(summary.notes) + 1
    return height is not None and lines + LINES_BELOW > height + 1


def _footer(board: BoardTables, summary: Summary, *, wide: bool) -> str:
    """The run, and where the rest is: notes that are not shown, columns and tables of the full layout."""
    hidden = len(board.document.get("notes", ()))
    legend = f"legend, {pluralized(hidden, 'note')}" if hidden else "legend"
    more = "" if wide else f", --wide ({', '.join(summary.more)})"
    simulated = "simulated; " if summary.is_simulated else ""
    return f"{simulated}run {board.document['run']} of {board.document['spec']}; --notes ({legend}){more}"


def _fitting(table: SummaryTable, shown: Sequence[tuple[Field, Form]]) -> rich_table.Table:
    """The columns of a summary that fit, one line for each row; the header is the first row."""
    made = rich_table.Table(box=LINES, pad_edge=False, show_edge=False, show_header=False, padding=(0, GAP - 1, 0, 0))
    for field, _ in shown:
        justify: Literal["left", "right"] = "right" if field.is_number else "left"
        made.add_column(no_wrap=True, overflow="fold", justify=justify)
    made.add_row(*(_safe(form.header, "bold") for _, form in shown))
    _add_rows(made, list(zip(*(form.texts for _, form in shown), strict=True)), table.top_rows)
    return made


def _whole(table: Table) -> rich_table.Table:
    """A table with every column, as wide as it needs to be."""
    made = rich_table.Table(box=LINES, pad_edge=False, show_edge=False)
    for column in table.columns:
        justify: Literal["left", "right"] = "right" if column.is_number else "left"
        made.add_column(_safe(column.name), no_wrap=True, justify=justify)
    _add_rows(made, table.rows, table.top_rows)
    return made


def _add_rows(made: rich_table.Table, rows: Sequence[Sequence[str]], top_rows: int | None) -> None:
    for number, row in enumerate(rows, start=1):
        made.add_row(*_styled(row), end_section=number == top_rows)


def _styled(row: Sequence[str]) -> Iterator[Text]:
    for text in row:
        yield _safe(text, STYLES.get(text.meaning, "") if isinstance(text, Marked) else "")


def _safe(text: str, style: str = "") -> Text:
    """Text that neither the terminal nor rich takes for anything but text."""
    return Text(printable(text), style=style)
