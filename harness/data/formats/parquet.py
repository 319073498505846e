"""Parquet. Text columns are taken as they are; numbers, lists and structs as the JSON that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson

from harness.data.parquet_bounds import ParquetBomb, check_pages, excess, excess_of, row_count, text_bytes
from harness.data.parquet_pages import row_groups
from harness.data.rows import Rows
from harness.errors import DatasetError, Problem, parquet_faults

if TYPE_CHECKING:
    import polars as pl

SUMMARY = "Parquet, one row for each item"
ENDINGS = (".parquet", ".pq")
IS_TEXT = False

MARK = b"PAR1"
CHUNK_ROWS = 10_000
"""Rows that are Python objects at once, since those of a struct take many times what its JSON does."""
MOST_GROUP_BYTES = 2**27
"""Unpacked, of row groups that are read one after the other; polars cannot read a part of one alone."""


def read(path: Path, wanted: Sequence[str]) -> Rows:
    """Read the wanted columns of a Parquet file. Rows are counted from 1, there being no lines."""
    import polars as pl

    with _reported(), path.open("rb") as file:  # a handle: polars would take `*` and `[` in a path for a pattern
        present, columns = _columns(file, path, wanted)
        # polars 1.30 cannot read no column at all.
        frame = pl.read_parquet(file, columns=columns, use_statistics=False) if columns else pl.DataFrame()
        if reason := excess(frame, path.stat().st_size):
            raise ParquetBomb(reason)
    frame = _converted(frame)
    return Rows(frame, present, lambda: range(1, frame.height + 1), unit="row")


def blocks(path: Path, wanted: Sequence[str]) -> Iterator[Rows]:
    """The wanted columns of a Parquet file, a row group or a part of it at once.

    Raises:
        DatasetError: as `read`, and where a row group is so large that this would save nothing.
    """
    import polars as pl

    with path.open("rb") as file:
        with _reported():
            present, columns = _columns(file, path, wanted)
            groups = row_groups(file) if columns else []
            file.seek(0)
            if columns and sum(group.rows for group in groups) != row_count(file):
                raise ParquetBomb("says another number of rows than its row groups have")
            if any(group.unpacked > MOST_GROUP_BYTES for group in groups):
                raise DatasetError(Problem(message="has a row group that is read as a whole"))
        first, text = 0, 0
        for rows, _ in groups:
            with _reported():
                lazy = pl.scan_parquet(path, glob=False, use_statistics=False).select(columns)
                group = lazy.slice(first, rows).collect()
                text += text_bytes(group)
                if reason := excess_of(text, path.stat().st_size):
                    raise ParquetBomb(reason)
            for start in range(0, rows, CHUNK_ROWS):
                frame = _converted(group[start : start + CHUNK_ROWS])
                numbers = range(first + start + 1, first + start + len(frame) + 1)
                yield Rows(frame, present, lambda numbers=numbers: numbers, unit="row")  # type: ignore[misc]
            first += rows


def _columns(file: BinaryIO, path: Path, wanted: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """The names of all columns of a file that can be read, and those that are wanted.

    Raises:
        DatasetError: where it is not Parquet, or is cut off.
        ParquetBomb: where it unpacks to far more than it can be worth.
    """
    import polars as pl

    _refuse_other(file, path)
    present = tuple(pl.read_parquet_schema(file))
    _refuse_bomb(file, path)
    return present, [name for name in wanted if name in present]


@contextmanager
def _reported() -> Iterator[None]:
    """Turn what is wrong with a file into a DatasetError."""
    try:
        yield
    except ParquetBomb as error:
        raise DatasetError(Problem(message=str(error), hint="write it as JSONL if it is right")) from None
    except parquet_faults() as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(Problem(message=f"cannot be read as Parquet: {reason}")) from None


def _converted(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns as text or JSON. Each leaves the frame before that, so that no two of them are in memory twice."""
    import polars as pl

    return pl.DataFrame([_text_or_json(frame.drop_in_place(name)) for name in frame.columns])


def _refuse_other(file: BinaryIO, path: Path) -> None:
    """Refuse a file that is not Parquet, or that is cut off."""
    is_begun = file.read(4) == MARK
    file.seek(max(path.stat().st_size - 4, 0))
    is_ended = file.read(4) in (MARK, b"PARE")
    file.seek(0)
    if not is_begun and not is_ended:
        hint = "if it has another format, say which with `format:`"
        raise DatasetError(Problem(message="is not a Parquet file", hint=hint))
    if not is_ended:
        raise DatasetError(Problem(message="is cut off: a Parquet file ends as it begins, in `PAR1`"))


def _refuse_bomb(file: BinaryIO, path: Path) -> None:
    """Refuse a file that unpacks to more rows than it has bytes: they cannot all have an id of their own.

    A few hundred bytes can say that a value is repeated a billion times, or hold a page of a billion blanks.
    """
    file.seek(0)
    rows = row_count(file)
    if rows > path.stat().st_size:
        raise DatasetError(Problem(message=f"it says that it has {rows:,} rows, which is more than it has bytes"))
    check_pages(file)
    file.seek(0)


def _text_or_json(column: pl.Series) -> pl.Series:
    """The column as String, or as Binary of JSON texts."""
    import polars as pl

    if column.dtype == pl.String:
        return column
    if column.dtype in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    try:
        if column.dtype == pl.Binary:  # text that its writer did not mark as such
            return column.cast(pl.String)
        chunks = [_as_json(column[start : start + CHUNK_ROWS]) for start in range(0, len(column), CHUNK_ROWS)]
    except (pl.exceptions.PolarsError, TypeError):
        raise DatasetError(
            Problem(message=f"column `{column.name}` is of type {column.dtype}, which is neither text nor JSON")
        ) from None
    return pl.concat(chunks) if chunks else pl.Series(column.name, [], dtype=pl.Binary)


def _as_json(column: pl.Series) -> pl.Series:
    import polars as pl

    values = [None if value is None else orjson.dumps(value) for value in column.to_list()]
    return pl.Series(column.name, values, dtype=pl.Binary)
