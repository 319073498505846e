"""Parquet. Text columns are taken as they are; numbers, lists and structs as the JSON that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson

from harness.data.parquet_bounds import ParquetBomb, check_pages, excess, row_count
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


def read(path: Path, wanted: Sequence[str]) -> Rows:
    """Read the wanted columns of a Parquet file. Rows are counted from 1, there being no lines."""
    import polars as pl

    with path.open("rb") as file:  # a handle, since polars would take `*` and `[` in a path for a pattern
        _refuse_other(file, path)
        try:
            present = tuple(pl.read_parquet_schema(file))
            _refuse_bomb(file, path)
            columns = [name for name in wanted if name in present]
            # polars 1.30 cannot read no column at all.
            frame = pl.read_parquet(file, columns=columns, use_statistics=False) if columns else pl.DataFrame()
        except ParquetBomb as error:
            raise DatasetError(Problem(message=str(error), hint="write it as JSONL if it is right")) from None
        except parquet_faults() as error:
            reason = str(error).partition("\n")[0]
            raise DatasetError(Problem(message=f"cannot be read as Parquet: {reason}")) from None
    if reason := excess(frame, path.stat().st_size):
        raise DatasetError(Problem(message=reason, hint="write it as JSONL if it is right"))
    # Each column leaves the frame before it is converted, so that no two of them are in memory twice.
    frame = pl.DataFrame([_text_or_json(frame.drop_in_place(name)) for name in columns])
    return Rows(frame, present, lambda: range(1, frame.height + 1), unit="row")


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
