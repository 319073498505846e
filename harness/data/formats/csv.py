"""CSV in UTF-8 with a header line, fields quoted by `"` where they must be.

An empty field is no value. A prompt is text, unless it begins as a list of messages does, `[{"role":` or
`[{"content":`; then it must be the JSON of one.

The standard library's parser is used, not polars': it takes a second for 100 MB, but it refuses what is ambiguous
and knows the line of every row, also after quoted line breaks.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.rows import RowProblem, Rows, undecodable_lines
from harness.errors import DatasetError, Problem

if TYPE_CHECKING:
    import polars as pl

SUMMARY = "CSV with a header line"
ENDINGS = (".csv",)

CHUNK_ROWS = 5_000
"""Read at once, so that the Python objects of a large file never live at the same time."""

MAX_FIELD = 2**31 - 1


def read(path: Path, wanted: Sequence[str]) -> Rows:
    """Read the wanted columns of a CSV file."""
    import polars as pl

    header: list[str] = []
    numbers: list[int] = []
    problems: list[RowProblem] = []
    parts: list[pl.DataFrame] = []
    with path.open(encoding="utf-8-sig", newline="") as file, _long_fields():
        reader = csv.reader(file, strict=True)
        try:
            header = _header(reader)
            rows = _rows(reader, len(header), numbers, problems)
            while chunk := list(islice(rows, CHUNK_ROWS)):
                parts.append(_frame(header, wanted, chunk))
        except UnicodeDecodeError:
            with path.open("rb") as binary:
                problems = undecodable_lines(binary)
        except csv.Error as error:
            problems.append(RowProblem(reader.line_num, f"not valid CSV: {error}"))
    # The rows before a fault of the parser are checked as well, so that all problems are told at once.
    frame = pl.concat([_frame(header, wanted, []), *parts])
    return Rows(frame, tuple(header), lambda: numbers, only_text=True, problems=tuple(problems))


def _header(reader: Iterator[list[str]]) -> list[str]:
    header = next(reader, [])
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DatasetError(Problem(line=1, message=f"column `{twice[0]}` occurs twice in the header"))
    return header


def _frame(header: list[str], wanted: Sequence[str], rows: list[list[str]]) -> pl.DataFrame:
    """The wanted columns of some rows."""
    import polars as pl

    return pl.DataFrame(
        [
            pl.Series(name, [row[at] or None for row in rows], dtype=pl.String)
            for name in wanted
            if name in header
            for at in [header.index(name)]
        ]
    )


def _rows(
    reader: Iterator[list[str]], width: int, numbers: list[int], problems: list[RowProblem]
) -> Iterator[list[str]]:
    """The rows of the right width; their first lines, and what is wrong with the others, are added to the lists."""
    line = reader.line_num + 1  # type: ignore[attr-defined]  # csv's reader type has no public name
    for row in reader:
        if len(row) == width:
            numbers.append(line)
            yield row
        elif row:  # an empty line is no row
            problems.append(RowProblem(line, f"{len(row)} fields where the header has {width}"))
        line = reader.line_num + 1  # type: ignore[attr-defined]


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lift the parser's limit of 128 KiB for a field, which is the process's, and put it back."""
    limit = csv.field_size_limit(MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
