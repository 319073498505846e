"""The items of tables: which column has their ids, and one row for each of them where a file has several or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from harness.api.table_reading import Place, Tables
from harness.errors import InputError, Problem
from harness.text import listed_first, pluralized, quoted

ITEM_NAMES = ("id", "item", "item_id", "pair_id", "question_id")
"""Columns that are taken for the ids of items if none is named."""
SHARES = ("a", "b", "tie")


class Labels(NamedTuple):
    """What people said.

    Attributes:
        columns: of each annotator.
        shares: in place of them, the column with the share of annotators for each verdict.
        annotator: in long form, the column with the name of the annotator of a row.
    """

    columns: Mapping[str, Place]
    shares: Mapping[str, Place]
    annotator: Place | None = None

    @property
    def places(self) -> list[Place]:
        """The columns with labels."""
        return [*self.columns.values(), *self.shares.values()]


def labels_of(people: Sequence[str], annotator: str | None, tables: Tables, *, with_shares: bool = True) -> Labels:
    """The columns with labels.

    Args:
        people: each a column with the labels of an annotator, or `a:COLUMN,b:COLUMN,tie:COLUMN` with shares, or
            `p_a:COLUMN` with the share that prefers a.
        annotator: in long form, the column of annotators.
        tables: the files.
        with_shares: whether labels may be shares of annotators, as those of pairs.

    Raises:
        InputError: where a column is missing, or several options contradict each other.
    """
    shares: dict[str, Place] = {}
    columns: dict[str, Place] = {}
    for text in people:
        parts = [part.strip().partition(":") for part in text.split(",")]
        if (
            with_shares
            and not tables.places(text)
            and all(key in (*SHARES, "p_a") and colon for key, colon, _ in parts)
        ):
            shares |= {"a" if key == "p_a" else key: tables.find(column) for key, _, column in parts}
        else:
            columns[text] = tables.find(text)
    by = None if annotator is None else tables.find(annotator)
    if shares and columns:
        raise InputError(Problem(message="labels are both shares and verdicts", hint="use one of both"))
    if shares and "a" not in shares:
        raise InputError(Problem(message="shares of labels need a column for a", hint="--human a:COLUMN,b:COLUMN"))
    if by is not None and (shares or len(columns) != 1):
        hint = "name the column of labels once: --human label --annotator worker"
        raise InputError(Problem(message="--annotator needs one column of labels", hint=hint))
    if by is not None and next(iter(columns.values())).file != by.file:
        raise InputError(Problem(message="labels and annotators are in two files", hint="one file has both columns"))
    return Labels(columns, shares, by)


def item_column(tables: Tables, file: int, named: str | None, *, is_key: bool) -> str | None:
    """The column with the ids of the items in a file, None where its rows are the items.

    Args:
        tables: the files.
        file: the position of the file.
        named: the column that the user names, or None.
        is_key: whether files are joined by it or several rows of an item belong together.

    Raises:
        InputError: where there is none and it is needed.
    """
    path, present = tables.paths[file], tables.present(file)
    if named is not None:
        if any(place.file == file for place in tables.places(named)):
            return named
        raise InputError(Problem(str(path), message=f"there is no column {quoted(named)} with ids of items"))
    found = next((name for name in ITEM_NAMES if name in present), None)
    if found is not None and is_key:
        return found
    if found is not None:
        ids = tables.words(Place(file, found))
        return found if None not in ids and len(set(ids)) == len(ids) else None
    if not is_key:
        return None
    message = "has no ids of items to join rows or files by"
    hint = f"name the column as --item; the columns are {listed_first(present, 12)}"
    raise InputError(Problem(str(path), message=message, hint=hint))


def item_ids(tables: Tables, file: int, column: str | None) -> list[str | None]:
    """The id of the item of each row: its number from 1 where no column has it."""
    if column is None:
        return [str(row) for row in range(1, tables.height(file) + 1)]
    return tables.words(Place(file, column))


def item_rows(
    tables: Tables, ids: Mapping[int, Sequence[str | None]], first: int, columns: Mapping[str, Place]
) -> Iterator[dict[str, Any]]:
    """One row for each item of a file, with values from every file.

    Args:
        tables: the files.
        ids: of each file that is used, the item of each row.
        first: the file whose items are taken, in the order of their first rows.
        columns: of the rows, each with its place.

    Raises:
        InputError: where the rows of an item have different values.
    """
    by_item = {name: _by_item(tables, place, ids[place.file]) for name, place in columns.items()}
    for item in dict.fromkeys(ids[first]):
        if item is not None:
            yield {"id": item, **{name: values.get(item) for name, values in by_item.items()}}


def _by_item(tables: Tables, place: Place, ids: Sequence[str | None]) -> dict[str, Any]:
    """The value of each item that has one."""
    found: dict[str, Any] = {}
    empty: dict[str, Any] = {}
    differing: dict[str, None] = {}
    for item, value in zip(ids, tables.values(place), strict=True):
        if item is None or value is None:
            continue
        if value == "":
            empty[item] = ""
        elif found.setdefault(item, value) != value:
            differing[item] = None
    if differing:
        more = f", and so have {pluralized(len(differing) - 1, 'other item')}" if len(differing) > 1 else ""
        message = f"the rows of item {quoted(next(iter(differing)))} have different values in {quoted(place.column)}"
        hint = "labels of several annotators in rows need --annotator COLUMN; other columns have one value for an item"
        raise InputError(Problem(str(tables.paths[place.file]), message=message + more, hint=hint))
    return empty | found
