"""JSON Lines: one JSON object a line, in UTF-8. Blank lines are skipped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from harness.data.rows import RowProblem, Rows

if TYPE_CHECKING:
    import polars as pl

SUMMARY = "JSON Lines, one object a line"
ENDINGS = (".jsonl", ".ndjson")

CHUNK_BYTES = 8 * 1024 * 1024
"""Read at once, so that the Python objects of a large file never live at the same time."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(path: Path, wanted: Sequence[str]) -> Rows:
    """Read the wanted columns of a JSON Lines file."""
    import polars as pl

    parts: dict[str, list[pl.Series]] = {name: [] for name in wanted}
    present: dict[str, None] = {}
    numbers: list[int] = []
    problems: list[RowProblem] = []
    first = 1
    with path.open("rb") as file:
        while lines := file.readlines(CHUNK_BYTES):
            if first == 1:
                lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
            objects = _objects(lines, first, numbers, problems)
            first += len(lines)
            for row in objects:
                present.update(dict.fromkeys(row))
            for name, column in parts.items():
                column.append(_series([row.get(name) for row in objects]))
    frame = pl.DataFrame([_joined(name, column) for name, column in parts.items() if name in present])
    return Rows(frame, tuple(present), lambda: numbers, problems=tuple(problems))


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
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            problems.append(RowProblem(number, f"not valid JSON: {error.msg} at column {error.colno}"))
            continue
        if isinstance(row, dict):
            good.append(row)
            numbers.append(number)
        else:
            problems.append(RowProblem(number, "not a JSON object"))
    return good


def _series(values: list[Any]) -> pl.Series:
    """A String column where all values are text or null, else a Binary one of JSON texts."""
    import polars as pl

    try:
        return pl.Series(values, dtype=pl.String, strict=True)
    except TypeError:
        return pl.Series([None if value is None else orjson.dumps(value) for value in values], dtype=pl.Binary)


def _joined(name: str, chunks: list[pl.Series]) -> pl.Series:
    """One column of several chunks; where one of them is Binary, all become so."""
    import polars as pl

    if len({chunk.dtype for chunk in chunks}) > 1:
        json = [
            chunk
            if chunk.dtype == pl.Binary
            else pl.Series([None if value is None else orjson.dumps(value) for value in chunk], dtype=pl.Binary)
            for chunk in chunks
        ]
        return pl.concat(json).alias(name)
    return pl.concat(chunks).alias(name)
