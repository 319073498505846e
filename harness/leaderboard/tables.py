"""A leaderboard as tables: what every leaderboard format renders, for every kind of experiment.

A leaderboard has two layouts: all its columns and notes, and a summary that a terminal has room for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple

Meaning = Literal["", "best", "worse", "failure"]


class Marked(str):
    """A text with a meaning that a terminal may show as a colour.

    Attributes:
        meaning: `best` for what may be the best, `worse` for what is significantly worse, `failure` for failures.
    """

    meaning: Meaning

    def __new__(cls, text: str, meaning: Meaning) -> Marked:
        """The text with its meaning."""
        marked = super().__new__(cls, text)
        marked.meaning = meaning
        return marked


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: its header.
        is_number: whether its texts are aligned to the right.
        is_key: whether it says what a row is about, so that every part of a table that is split repeats it.
        can_wrap: whether its texts may be broken into lines where there is little room.
    """

    name: str
    is_number: bool = False
    is_key: bool = False
    can_wrap: bool = False


class Table(NamedTuple):
    """A titled table of texts.

    Attributes:
        title: what it shows.
        columns: from left to right.
        rows: one text for each column.
        top_rows: rows above a line that separates them from the rest, None for no line.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    top_rows: int | None = None


class Form(NamedTuple):
    """One way to write a column of a summary; a later form of the same column is wider and replaces it.

    Attributes:
        header: name of the column.
        texts: one for each row.
        priority: 0 for a form that is always shown; others get room in this order, the smallest first.
    """

    header: str
    texts: Sequence[str]
    priority: int = 0


class Field(NamedTuple):
    """A column of a summary.

    Attributes:
        forms: the ways to write it, the shortest first.
        is_number: whether its texts are aligned to the right.
        is_name: whether its texts may be shortened in the middle where there is little room.
    """

    forms: Sequence[Form]
    is_number: bool = True
    is_name: bool = False


class SummaryTable(NamedTuple):
    """A table of which a terminal shows as many columns as it has room for, one line for each row.

    Attributes:
        title: what it shows.
        about: a short title, for a list of headlines.
        headline: its result in one sentence.
        fields: the columns, from left to right.
        top_rows: rows above a line that separates them from the rest, None for no line.
    """

    title: str
    about: str
    headline: str
    fields: Sequence[Field]
    top_rows: int | None = None


class Summary(NamedTuple):
    """What a terminal shows of a leaderboard.

    Attributes:
        tables: one for each dataset, or for each board of win rates.
        notes: those that change what a reader would do.
        more: what the full layout has beside these tables.
        is_simulated: whether to mark all of it as simulated, because no table says so.
    """

    tables: Sequence[SummaryTable]
    notes: Sequence[str]
    more: Sequence[str] = ("columns",)
    is_simulated: bool = False


Layout = Callable[[], tuple[Sequence[Table], Sequence[str]]]
"""Makes the tables of a leaderboard and the notes below them."""


class BoardTables:
    """A leaderboard, ready to be rendered. Each part is made when a format first reads it.

    The texts in it come from specs, data and models: a format escapes them for its medium.

    Args:
        document: the leaderboard as JSON, which a schema describes.
        layout: makes the tables and the notes.
        records: makes the flat records.
        summary: makes the summary for a terminal; None for a leaderboard without one.

    Attributes:
        document: the leaderboard as JSON: `schemas/output/leaderboard.schema.json` for an evaluation,
            `schemas/output/win-rates.schema.json` for a generation.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        layout: Layout,
        records: Callable[[], Sequence[Mapping[str, Any]]],
        summary: Callable[[], Summary] | None = None,
    ) -> None:
        self.document = document
        self._make_layout, self._make_records, self._make_summary = layout, records, summary

    @cached_property
    def _layout(self) -> tuple[Sequence[Table], Sequence[str]]:
        return self._make_layout()

    @property
    def tables(self) -> Sequence[Table]:
        """The tables for people, in order."""
        return self._layout[0]

    @property
    def notes(self) -> Sequence[str]:
        """What must stand below the tables, one sentence or definition each."""
        return self._layout[1]

    @cached_property
    def summary(self) -> Summary | None:
        """The summary for a terminal, None where there is only the full layout."""
        return self._make_summary() if self._make_summary else None

    @cached_property
    def records(self) -> Sequence[Mapping[str, Any]]:
        """One flat record for each row of the leaderboard: strings, numbers, truth values and None by column name."""
        return self._make_records()
