"""Files of rows: JSON Lines and Parquet, written in constant memory."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson

ROWS_HELD = 2_048
"""Rows of a Parquet row group."""
PROVENANCE = (
    "split",
    "view",
    "source",
    "prompts",
    "item",
    "pair",
    "writers",
    "rounds",
    "evaluator",
    "verdict",
    "calls",
)
"""Provenance columns, in addition to those of the format."""


class _JsonLines:
    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle

    def write(self, row: Mapping[str, Any]) -> None:
        self._handle.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Do nothing: rows are written at once."""

    def discard(self) -> None:
        """Do nothing: nothing is kept elsewhere."""


class _Parquet:
    """Writes part files to a temporary folder, and joins them at the end in constant memory."""

    def __init__(self, handle: BinaryIO, fields: Sequence[str]) -> None:
        self._handle, self._fields = handle, fields
        self._held: list[Mapping[str, Any]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="harness-export-")
        self._parts = 0

    def write(self, row: Mapping[str, Any]) -> None:
        self._held.append(row)
        if len(self._held) >= ROWS_HELD:
            self._flush()

    def close(self) -> None:
        import polars as pl

        self._flush()
        pl.scan_parquet(Path(self._folder.name, "*.parquet")).sink_parquet(
            self._handle, compression="zstd", compression_level=3, row_group_size=ROWS_HELD, maintain_order=True
        )

    def discard(self) -> None:
        """Remove the part files."""
        self._folder.cleanup()

    def _flush(self) -> None:
        import polars as pl

        if self._held or not self._parts:
            part = pl.DataFrame(self._held, schema=schema_of(self._fields))
            part.write_parquet(Path(self._folder.name, f"{self._parts:06}.parquet"), compression="lz4")
            self._held, self._parts = [], self._parts + 1


def schema_of(fields: Sequence[str]) -> dict[str, Any]:
    """The types of all columns; messages are lists of `{role, content}`."""
    import polars as pl

    messages = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
    types: dict[str, Any] = {
        **dict.fromkeys(("prompt", "chosen", "rejected", "completion"), messages),
        **dict.fromkeys(("score_chosen", "score_rejected", "score"), pl.Float64),
        "label": pl.Boolean,
        **dict.fromkeys(("writers", "calls"), pl.List(pl.String)),
        "rounds": pl.List(pl.Int64),
    }
    return {name: types.get(name, pl.String) for name in (*fields, *PROVENANCE)}


def writer_of(path: Path, handle: BinaryIO, fields: Sequence[str]) -> _JsonLines | _Parquet:
    """A writer of rows in the format that the ending of the path names.

    Args:
        path: of the file.
        handle: the file.
        fields: the columns of the export format.
    """
    return _JsonLines(handle) if path.suffix == ".jsonl" else _Parquet(handle, fields)
