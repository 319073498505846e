"""The items and labels of tables as a dataset: the file itself, or rows in memory where it has several for an item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.api.table_columns import TableColumns
from harness.api.table_items import item_rows
from harness.api.table_reading import Place, text_of
from harness.records.judgments import FAILURES

NOT_THERE = "(not in the table)"
"""Stands for texts that a table does not hold."""

Meanings = Mapping[Place, Mapping[str, str]]
"""What the words of each column of verdicts and labels mean."""


def dataset_entry(columns: TableColumns, meaning: Meanings, *, is_number: bool = False) -> dict[str, Any]:
    """The entry of the dataset in a spec; its path is a list of rows where no file is the dataset.

    Args:
        columns: the columns.
        meaning: what the words of each column mean.
        is_number: whether labels are numbers, which need no meaning.

    Raises:
        InputError: where rows of an item contradict each other.
    """
    labels = columns.labels
    words = [meaning[place] for place in labels.columns.values()]
    has_words = not is_number
    known = {value: means for one in words for value, means in one.items() if has_words and means not in FAILURES}
    if labels.annotator is not None:
        ((_, place),) = labels.columns.items()
        votes = {
            "path": columns.path(place.file),
            "format": columns.tables.forms[place.file],
            "item": columns.keys[place.file],
            "annotator": labels.annotator.column,
            "label": place.column,
        }
        return {**_rows(columns, {}), "votes": votes, **({"label_values": known} if known else {})}
    is_clear = is_number or all(known.get(value) == means for one in words for value, means in one.items())
    if not (is_clear and _is_one_table(columns)):
        return _rows(columns, meaning)
    return {**_file(columns), **({"label_values": known} if known else {})}


def _is_one_table(columns: TableColumns) -> bool:
    """Whether the first file has one row for each item, and all that describes it."""
    places = [*columns.of_items.values(), *columns.labels.places]
    ids = columns.ids[columns.first]
    if not columns.labels.places and {"label", "labels"} & set(columns.tables.present(columns.first)):
        return False  # a dataset takes columns of these names for labels
    if not places and columns.keys[columns.first] is None:
        return False  # a dataset reads no rows where it reads no column
    if any(place.file != columns.first for place in places) or len(set(ids)) < len(ids) or None in ids:
        return False
    return not any("" in columns.tables.values(place) for place in columns.labels.columns.values())


def _file(columns: TableColumns) -> dict[str, Any]:
    item = columns.keys[columns.first]
    named: dict[str, Any] = {"id": {"from": "row"} if item is None else item}
    named |= {name: {"value": NOT_THERE} for name in columns.texts if name not in columns.of_items}
    named |= {name: place.column for name, place in columns.of_items.items()}
    if columns.labels.shares:
        named["label"] = {verdict: place.column for verdict, place in columns.labels.shares.items()}
    elif columns.labels.columns:
        named["labels"] = [place.column for place in columns.labels.columns.values()]
    return {"path": columns.path(columns.first), "format": columns.tables.forms[columns.first], "columns": named}


def _rows(columns: TableColumns, meaning: Meanings) -> dict[str, Any]:
    """Rows in memory, their labels as verdicts; without labels where no meaning is given."""
    people = {f"label {name}": place for name, place in columns.labels.columns.items() if place in meaning}
    shares = {f"share {verdict}": place for verdict, place in columns.labels.shares.items()}
    wanted = {**columns.of_items, **people, **shares}
    rows = []
    for row in item_rows(columns.tables, columns.ids, columns.first, wanted):
        verdicts = {name: _verdict(row.pop(name), meaning[place]) for name, place in people.items()}
        rows.append({**row, **verdicts})
    named: dict[str, Any] = {name: {"value": NOT_THERE} for name in columns.texts}
    named |= {name: name for name in ("id", *columns.of_items)}
    if shares:
        named["label"] = {verdict: f"share {verdict}" for verdict in columns.labels.shares}
    elif people:
        named["labels"] = list(people)
    return {"path": rows, "columns": named}


def _verdict(value: Any, meaning: Mapping[str, str]) -> str | None:
    word = text_of(value)
    return None if word is None else meaning[word]
