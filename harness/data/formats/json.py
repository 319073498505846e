"""JSON: one array of objects, each a row. An object that holds such an array as its only list is read too.

`NaN` is no value, as in JSON Lines. Rows are counted from 1, since an array has no lines of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.data.json_rows import columns_of, parsed
from harness.data.paths import value_in
from harness.data.rows import RowProblem, Rows, not_utf_8
from harness.errors import DatasetError, Problem
from harness.text import listed

SUMMARY = "JSON, one array of objects"
ENDINGS = (".json",)
OPTIONS = ("rows",)

MAX_BYTES = 2**29
"""Largest file that is read: it is parsed as a whole, which takes several times its size in memory."""
MAX_KEYS = 10
"""Keys that a message lists."""
KEYS_OF_LISTS = ("data", "rows", "items", "examples", "instances", "annotations")
"""Keys under which files keep their rows beside other things."""


def read(path: Path, wanted: Sequence[str], *, rows: str | None = None) -> Rows:
    """Read the wanted columns of a JSON file.

    The file is read whole; see `MAX_BYTES`.

    Args:
        path: the file.
        wanted: the columns.
        rows: the path of the array of rows in the file, None to find it.
    """
    refuse_large(path)
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise DatasetError(Problem(message="holds no rows"))
    try:
        value = parsed(content)
    except ValueError as error:
        try:
            content.decode()
        except UnicodeDecodeError as undecodable:
            raise DatasetError(Problem(message=not_utf_8(undecodable))) from None
        hint = "a file with one object on each line is JSON Lines: `format: jsonl`"
        raise DatasetError(Problem(message=f"is not valid JSON: {error}", hint=hint)) from None
    entries = _entries(value) if rows is None else _entries_at(value, rows)
    problems = [
        RowProblem(at, "is not a JSON object") for at, row in enumerate(entries, 1) if not isinstance(row, dict)
    ]
    numbers = [at for at, row in enumerate(entries, 1) if isinstance(row, dict)]
    frame, present = columns_of([row for row in entries if isinstance(row, dict)], wanted)
    return Rows(frame, present, lambda: numbers, unit="row", problems=tuple(problems))


def refuse_large(path: Path) -> None:
    """Refuse a file that is too large to be parsed as a whole.

    Raises:
        DatasetError: where it is larger than 512 MB.
        OSError: where it cannot be opened.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        message = f"is one JSON value of {size / 2**20:,.0f} MB; JSON is read whole, up to {MAX_BYTES >> 20} MB"
        hint = "write it as JSON Lines, which has no such limit: one object on each line, `format: jsonl`"
        raise DatasetError(Problem(message=message, hint=hint))


def _entries_at(value: Any, path: str) -> list[Any]:
    """The array at a path."""
    found = value_in(value, path)
    if not isinstance(found, list):
        there = f"it has {listed(list(value)[:MAX_KEYS])}" if isinstance(value, dict) else "it is an array itself"
        raise DatasetError(Problem(message=f"holds no array at `{path}`", hint=there))
    return found


def _entries(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        lists = [
            key for key, inner in value.items() if isinstance(inner, list) and inner and isinstance(inner[0], dict)
        ]
        key = next((key for key in KEYS_OF_LISTS if key in lists), lists[0] if len(lists) == 1 else None)
        if key is not None:
            rows: list[Any] = value[key]
            return rows
    message = "is JSON, but neither an array of objects nor an object that holds one"
    raise DatasetError(Problem(message=message, hint="make it an array: `[{…}, {…}]`"))
