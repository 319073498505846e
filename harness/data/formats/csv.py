"""CSV with a header line, fields quoted by `"` where they must be, separated by comma, semicolon, tab or `|`.

The separator is the one that finds most of the wanted columns in the header; a first line `sep=;`, as Excel writes it,
or `delimiter:` in the spec decides it. Columns without a name are skipped. An empty field is no value. A prompt is
text, unless it begins as a list of messages does, `[{"role":` or `[{"content":`; then it must be the JSON of one.

The standard library's parser is used, not polars': it takes a second for 100 MB, but it refuses what is ambiguous
and knows the line of every row, also after quoted line breaks.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from harness.data.rows import RowProblem, Rows, not_utf_8, undecodable_lines
from harness.errors import DatasetError, Problem
from harness.text import pluralized

if TYPE_CHECKING:
    import polars as pl

SUMMARY = "CSV with a header line, separated by comma, semicolon, tab or `|`"
ENDINGS = (".csv", ".tsv", ".tab")
OPTIONS = ("delimiter",)

DELIMITERS = (",", ";", "\t", "|")
"""In the order in which they are preferred where the header does not decide."""

CHUNK_ROWS = 5_000
"""Read at once, so that the Python objects of a large file never live at the same time."""

MAX_FIELD = 2**31 - 1
_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?")


def read(path: Path, wanted: Sequence[str], *, delimiter: str | None = None) -> Rows:
    """Read the wanted columns of a CSV file.

    Args:
        path: the file.
        wanted: the columns.
        delimiter: what separates fields; recognised from the header where it is None.
    """
    import polars as pl

    found: list[Rows] = []
    undecodable: list[RowProblem] = []
    try:
        for block in _blocks(path, wanted, delimiter):
            found.append(block)  # noqa: PERF402 - those before an error are kept
    except UnicodeDecodeError:
        with path.open("rb") as binary:
            undecodable = undecodable_lines(binary)
    # The rows before a fault of the parser are checked as well, so that all problems are reported at once.
    frames = [block.frame for block in found]
    numbers = [number for block in found for number in block.numbers()]
    problems = undecodable or [problem for block in found for problem in block.problems]
    present = found[0].present if found else ()
    whole = pl.concat(frames) if frames else pl.DataFrame()
    return Rows(whole, present, lambda: numbers, only_text=True, problems=tuple(problems))


def blocks(path: Path, wanted: Sequence[str], *, delimiter: str | None = None) -> Iterator[Rows]:
    """The wanted columns of a CSV file, some rows at once. Arguments as of `read`.

    Raises:
        DatasetError: where the file is not UTF-8.
    """
    try:
        yield from _blocks(path, wanted, delimiter)
    except UnicodeDecodeError as error:
        raise DatasetError(Problem(message=not_utf_8(error))) from None


def _blocks(path: Path, wanted: Sequence[str], delimiter: str | None) -> Iterator[Rows]:
    """Some rows at once, the first time none; a fault of the parser is the problem of the last ones.

    Raises:
        UnicodeDecodeError: where the file is not UTF-8.
    """
    with path.open(encoding="utf-8-sig", newline="") as file, _long_fields():
        delimiter, skipped = _recognised(file, wanted, delimiter)
        reader = csv.reader(file, strict=True, delimiter=delimiter)
        header: list[str] = []
        problems: list[RowProblem] = []

        def block(chunk: list[tuple[int, list[str]]], problems: Sequence[RowProblem]) -> Rows:
            numbers = [number for number, _ in chunk]
            frame = _frame(header, wanted, [row for _, row in chunk])
            return Rows(frame, tuple(filter(None, header)), lambda: numbers, only_text=True, problems=tuple(problems))

        try:
            header += _header(reader, skipped)
            yield block([], [])
            rows = _rows(reader, header, skipped, problems)
            while chunk := list(islice(rows, CHUNK_ROWS)):
                yield block(chunk, problems)
                problems.clear()
            if problems:
                yield block([], problems)
        except csv.Error as error:
            yield block([], [*problems, RowProblem(reader.line_num + skipped, f"not valid CSV: {error}")])


def _recognised(file: TextIO, wanted: Sequence[str], delimiter: str | None) -> tuple[str, int]:
    """The delimiter, and how many lines stand before the header; the file is left at the header."""
    first = file.readline()
    if declared := _SEPARATOR_LINE.fullmatch(first.rstrip("\r\n")):
        return delimiter or declared.group(1), 1
    file.seek(0)
    if delimiter is not None:
        return delimiter, 0

    def fit(candidate: str) -> tuple[int, int]:
        try:
            header = next(csv.reader([first], delimiter=candidate), [])
        except csv.Error:
            return 0, 0
        return len(set(header) & set(wanted)), len(header)

    return max(DELIMITERS, key=fit), 0


def _header(reader: Iterator[list[str]], skipped: int) -> list[str]:
    header = [name.strip() for name in next(reader, [])]
    if not any(header) and reader.line_num:  # type: ignore[attr-defined]
        raise DatasetError(Problem(line=1 + skipped, message="the first line names no column"))
    twice = sorted(name for name, count in Counter(header).items() if name and count > 1)
    if twice:
        raise DatasetError(Problem(line=1 + skipped, message=f"column `{twice[0]}` occurs twice in the header"))
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
    reader: Iterator[list[str]], header: list[str], skipped: int, problems: list[RowProblem]
) -> Iterator[tuple[int, list[str]]]:
    """The rows that fit the header, each with its first line; what is wrong with the others is added to the problems.

    Empty fields at the end may be missing where their columns have no name, and may be more than there are columns.
    """
    width = len(header)
    needed = max((at for at, name in enumerate(header, 1) if name), default=0)
    line = reader.line_num + 1  # type: ignore[attr-defined]  # csv's reader type has no public name
    for row in reader:
        if len(row) == width or (needed <= len(row) and not any(row[width:])):
            yield line + skipped, row
        elif row:  # an empty line is no row
            fields = pluralized(len(row), "field")
            problems.append(RowProblem(line + skipped, f"{fields} where the header has {width}"))
        line = reader.line_num + 1  # type: ignore[attr-defined]


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lift the parser's limit of 128 KiB for a field, which is the process's, and put it back."""
    limit = csv.field_size_limit(MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
