"""A leaderboard as tables: what every leaderboard format renders, for every kind of experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple


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


Layout = Callable[[], tuple[Sequence[Table], Sequence[str]]]
"""Makes the tables of a leaderboard and the notes below them."""


class BoardTables:
    """A leaderboard, ready to be rendered. Each part is made when a format first reads it.

    The texts in it come from specs, data and models: a format escapes them for its medium.

    Args:
        document: the leaderboard as JSON, which a schema describes.
        layout: makes the tables and the notes.
        records: makes the flat records.

    Attributes:
        document: the leaderboard as JSON: `schemas/output/leaderboard.schema.json` for an evaluation,
            `schemas/output/win-rates.schema.json` for a generation.
    """

    def __init__(
        self, document: Mapping[str, Any], *, layout: Layout, records: Callable[[], Sequence[Mapping[str, Any]]]
    ) -> None:
        self.document = document
        self._make_layout, self._make_records = layout, records

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
    def records(self) -> Sequence[Mapping[str, Any]]:
        """One flat record for each row of the leaderboard: strings, numbers, truth values and None by column name."""
        return self._make_records()
