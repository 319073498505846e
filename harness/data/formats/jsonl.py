"""JSON Lines: one JSON object a line, in UTF-8. Blank lines are skipped, and `NaN` is no value.

A file that is one JSON array is read as the format `json` reads it, whatever its name is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from harness.data.json_rows import column_of, joined, parsed
from harness.data.rows import RowProblem, Rows, not_utf_8
from harness.errors import DatasetError

if TYPE_CHECKING:
    import polars as pl

SUMMARY = "JSON Lines, one object a line"
ENDINGS = (".jsonl", ".ndjson")

CHUNK_BYTES = 8 * 1024 * 1024
"""Read at once, so that the Python objects of a large file never live at the same time."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(path: Path, wanted: Sequence[str]) -> Rows:
    """Read the wanted columns of a JSON Lines file."""
    with path.open("rb") as file:
        if (array := _as_array(file, path, wanted)) is not None:
            return array
        return read_lines(file, wanted)


def blocks(path: Path, wanted: Sequence[str]) -> Iterator[Rows]:
    """The wanted columns of a JSON Lines file, some megabytes at once, or all of an array. Raises as `read`."""
    with path.open("rb") as file:
        if (array := _as_array(file, path, wanted)) is not None:
            yield array
        else:
            yield from row_blocks(file, wanted)


def _as_array(file: BinaryIO, path: Path, wanted: Sequence[str]) -> Rows | None:
    """The rows of a file that is one JSON array; None where it is not."""
    if not is_array(file):
        return None
    from harness.data.formats import json

    json.refuse_large(path)
    try:
        return json.read(path, wanted)
    except DatasetError:
        return None


def is_array(file: BinaryIO) -> bool:
    """Whether a file begins as a JSON array does."""
    start = file.read(4096).removeprefix(_BYTE_ORDER_MARK).lstrip()
    file.seek(0)
    return start.startswith(b"[")


def read_lines(file: BinaryIO, wanted: Sequence[str]) -> Rows:
    """Read the wanted columns of JSON Lines."""
    import polars as pl

    parts: dict[str, list[pl.Series]] = {name: [] for name in wanted}
    present: dict[str, None] = {}
    numbers: list[int] = []
    problems: list[RowProblem] = []
    for block in row_blocks(file, wanted):
        present.update(dict.fromkeys(block.present))
        numbers.extend(block.numbers())
        problems.extend(block.problems)
        for name, column in parts.items():
            there, height = name in block.frame.columns, len(block.numbers())
            column.append(block.frame[name] if there else pl.repeat(None, height, dtype=pl.String, eager=True))
    frame = pl.DataFrame([joined(name, column) for name, column in parts.items() if name in present])
    return Rows(frame, tuple(present), lambda: numbers, problems=tuple(problems))


def row_blocks(file: BinaryIO, wanted: Sequence[str]) -> Iterator[Rows]:
    """The wanted columns of JSON Lines, some megabytes at once."""
    import polars as pl

    first = 1
    while lines := file.readlines(CHUNK_BYTES):
        if first == 1:
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        numbers: list[int] = []
        problems: list[RowProblem] = []
        objects = _objects(lines, first, numbers, problems)
        first += len(lines)
        present: dict[str, None] = {}
        for row in objects:
            if not row.keys() <= present.keys():
                present.update(dict.fromkeys(row))
        columns = [column_of([row.get(name) for row in objects]).alias(name) for name in wanted if name in present]
        yield Rows(pl.DataFrame(columns), tuple(present), numbers.copy, problems=tuple(problems))


def _reason(line: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        line.decode()
    except UnicodeDecodeError as undecodable:
        return not_utf_8(undecodable)
    return f"not valid JSON: {error.msg} at column {error.colno}"


def _objects(lines: list[bytes], first: int, numbers: list[int], problems: list[RowProblem]) -> list[dict[str, Any]]:
    """The objects of some lines; their line numbers, and what is wrong with the others, are added to the lists."""
    try:
        objects = [orjson.loads(line) for line in lines]
    except orjson.JSONDecodeError:
        objects = None
    if objects is not None and all(type(row) is dict for row in objects):
        numbers.extend(range(first, first + len(lines)))
        return objects
    good = []
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            row = parsed(line)
        except orjson.JSONDecodeError as error:
            problems.append(RowProblem(number, _reason(line, error)))
            continue
        if isinstance(row, dict):
            good.append(row)
            numbers.append(number)
        else:
            problems.append(RowProblem(number, "not a JSON object"))
    return good
