"""What a Parquet file may unpack to: a few kilobytes can say that a long text is repeated a million times."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from harness.data.parquet_pages import MalformedPages, chunks

if TYPE_CHECKING:
    import polars as pl

FREE_BYTES = 2**28
"""Of text, and of unpacked pages, that any file may have."""
RATIO = 400
"""Unpacked bytes to bytes of the file. Text compresses about 5 to 1; prompts that recur in many rows, 100 to 1."""

FREE_VALUES = 5 * 10**7
"""Values in all columns, nulls included, that any file may have. A value takes up to 16 bytes of memory."""
VALUES_A_BYTE = 100

LISTED_BYTES = 8
"""What a value of a list counts for; as a Python object it takes three times as much."""

FREE_ROWS = 10**7
"""Rows that any file of a run may have."""
ROWS_A_BYTE = 100


class ParquetBomb(Exception):  # noqa: N818 - what a file is
    """A file unpacks to far more than its size can be worth."""


def read_bounded(path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a file of a run, or some of its columns.

    Raises:
        ParquetBomb: where it unpacks to more than a run has.
    """
    import polars as pl

    check_rows(path)
    return checked(pl.read_parquet(path, columns=None if columns is None else list(columns)), path)


def check_rows(path: Path) -> None:
    """Refuse a file of a run that has an impossible number of rows or impossible pages; nothing is unpacked.

    Raises:
        ParquetBomb: with the number.
    """
    size, rows = path.stat().st_size, row_count(path)
    if rows > max(FREE_ROWS, ROWS_A_BYTE * size):
        raise ParquetBomb(f"says that it has {rows:,} rows, in {size:,} bytes")
    with path.open("rb") as file:
        check_pages(file)


def check_pages(file: BinaryIO) -> None:
    """Refuse a file whose pages unpack to more than it can be worth, by their headers; nothing is unpacked.

    Raises:
        ParquetBomb: with the number, which is that of the first pages that are too many.
    """
    size = file.seek(0, os.SEEK_END)
    most_bytes, most_values = max(FREE_BYTES, RATIO * size), max(FREE_VALUES, VALUES_A_BYTE * size)
    unpacked = values = 0
    try:
        for chunk in chunks(file):
            unpacked, values = unpacked + chunk.unpacked, values + chunk.values
            if unpacked > most_bytes:
                raise ParquetBomb(f"unpacks to {unpacked:,} bytes or more, over {RATIO} times its {size:,} bytes")
            if values > most_values:
                raise ParquetBomb(f"says that it has {values:,} values or more, in {size:,} bytes")
    except MalformedPages as error:
        raise ParquetBomb(f"cannot be read as Parquet: {error}") from None


def checked(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """What was read of a file of a run.

    Raises:
        ParquetBomb: where it unpacks to more than the file can be worth.
    """
    if reason := excess(frame, path.stat().st_size):
        raise ParquetBomb(reason)
    return frame


def row_count(file: BinaryIO | Path) -> int:
    """The number of rows that a file says it has, without reading them."""
    import polars as pl

    return int(pl.scan_parquet(file).select(pl.len()).collect().item())


def excess(frame: pl.DataFrame, file_bytes: int) -> str:
    """Why a frame is more than its file can be worth, "" where it is not.

    polars holds a text that recurs once; as Python objects, and when it is changed, each row has its own.

    Args:
        frame: what was read.
        file_bytes: size of the file.
    """
    return excess_of(text_bytes(frame), file_bytes)


def text_bytes(frame: pl.DataFrame) -> int:
    """Bytes of the texts in a frame, each counted wherever it occurs, and 8 for each value of a list."""
    return sum(map(_text_bytes, frame.iter_columns()))


def excess_of(unpacked: int, file_bytes: int) -> str:
    """Why some bytes of text are more than a file can be worth, "" where they are not."""
    if unpacked <= max(FREE_BYTES, RATIO * file_bytes):
        return ""
    return f"unpacks to {unpacked:,} bytes of text, more than {RATIO} times its {file_bytes:,} bytes"


def _text_bytes(column: pl.Series) -> int:
    """Bytes of the texts in a column, each counted wherever it occurs, and 8 for each value of a list."""
    import polars as pl

    kind = column.dtype
    if kind == pl.String:
        return int(column.str.len_bytes().sum())
    if kind == pl.Binary:
        return int(column.bin.size().sum())
    if kind == pl.List:
        return LISTED_BYTES * int(column.list.len().sum()) + _text_bytes(column.explode())
    if kind == pl.Array:
        return LISTED_BYTES * len(column) + _text_bytes(column.explode())
    if kind == pl.Struct:
        return sum(map(_text_bytes, column.struct.unnest().iter_columns()))
    if kind in (pl.Categorical, pl.Enum):
        return int(column.cast(pl.String).str.len_bytes().sum())
    return 0
