"""Texts of a large dataset in a temporary file, and the dataset that reads them from there block by block."""

from __future__ import annotations

import hashlib
import io
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import Any, NamedTuple
from weakref import finalize

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.data.frames import FrameDataset, contents_of, has_text, lengths_of_pairs
from harness.records.label_set import LabelSet

TEXTS = ("prompt", "response_a", "response_b", "reference")
"""The columns that are stored."""
KEY_BYTES = 12
"""Of the digest of a prompt, by which equal prompts are found; polars holds so many without a buffer of their own."""


class StoredTexts:
    """Columns of text in a temporary file, which is gone with the process.

    Raises:
        OSError: from `append`, where there is no room.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="harness-texts-")  # noqa: SIM115 - closed below
        self._end = finalize(self, self._file.close)
        self._lock = Lock()
        self._first_rows: list[int] = []
        self._places: list[tuple[int, int]] = []
        self._rows = 0
        self._held: tuple[int, pl.DataFrame] | None = None

    def append(self, texts: pl.DataFrame) -> None:
        """Store some further rows."""
        block = io.BytesIO()
        texts.write_ipc(block, compression="uncompressed")  # lz4 takes ten times as long to write, five to read
        self._places.append((self._file.tell(), self._file.write(block.getbuffer())))
        self._first_rows.append(self._rows)
        self._rows += len(texts)

    def rows(self, first: int, last: int) -> pl.DataFrame:
        """The rows from one to the one before another."""
        at = bisect_right(self._first_rows, first) - 1
        parts = []
        while first < last and at < len(self._places):
            block, start = self._block(at), self._first_rows[at]
            parts.append(block[first - start : last - start])
            first, at = start + len(block), at + 1
        return pl.concat(parts)

    def chosen(self, rows: NDArray[np.int64]) -> pl.DataFrame:
        """Some rows, given in ascending order."""
        ends = np.searchsorted(rows, [*self._first_rows[1:], self._rows])
        begins = [0, *ends[:-1]]
        parts = [
            self._block(at)[rows[begin:end] - self._first_rows[at]]
            for at, (begin, end) in enumerate(zip(begins, ends, strict=True))
            if end > begin
        ]
        return pl.concat(parts) if parts else self._block(0).clear()

    def blocks(self) -> Iterator[tuple[int, pl.DataFrame]]:
        """The first row of each block, and its rows."""
        for at, first in enumerate(self._first_rows):
            yield first, self._block(at)

    def close(self) -> None:
        """Delete the file."""
        self._end()

    def _block(self, at: int) -> pl.DataFrame:
        """A block; the last one that was read is kept, since neighbouring rows are asked for one after the other."""
        with self._lock:
            if self._held is None or self._held[0] != at:
                self._held = None
                start, size = self._places[at]
                self._file.seek(start)
                self._held = at, pl.read_ipc(io.BytesIO(self._file.read(size)))
            return self._held[1]


def facts_of_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """What is kept in memory of the texts of some rows: a digest of the prompt, and lengths."""
    rows = frame.select("prompt", "is_chat", "response_a", "response_b")
    keys = [hashlib.blake2b(prompt.encode(), digest_size=KEY_BYTES).digest() for prompt in rows["prompt"]]
    return rows.select(
        "is_chat",
        pl.Series("prompt", keys, dtype=pl.Binary),
        *lengths_of_pairs(),
    )


class LargeRows(NamedTuple):
    """The rows of a large file.

    Attributes:
        frame: canonical columns without texts, with `facts_of_texts`.
        annotators: names of those who labelled, in the order of the label columns.
        notes: what a reader of the results should know of how the file was read.
        texts: the texts.
    """

    frame: pl.DataFrame
    annotators: tuple[str, ...]
    notes: tuple[str, ...]
    texts: StoredTexts


class StoredDataset(FrameDataset):
    """A dataset whose texts are stored; everything else is in the frame.

    Args:
        name: the name that the spec gives it.
        digest: of the file's content and of how the spec reads it.
        rows: the rows.
        notes: what a reader of the results should know of how the file was read.
        label_set: the labels that items can have.
    """

    def __init__(self, name: str, digest: str, rows: LargeRows, *, notes: tuple[str, ...], label_set: LabelSet) -> None:
        super().__init__(name, digest, rows.frame, rows.annotators, notes=notes, label_set=label_set)
        self._frame = self._frame.drop("prompt")
        self._texts = rows.texts

    def part(self, rows: Sequence[int]) -> FrameDataset:
        """Some rows, in the order given, with the digest of the whole; their texts are in memory."""
        wanted = np.asarray(rows, np.int64)
        order = np.argsort(wanted, kind="stable")
        texts = self._texts.chosen(wanted[order])[np.argsort(order)]
        frame = self._plain()[wanted].hstack(texts)
        return FrameDataset(self.name, self.digest, frame, self.annotators, notes=self.notes, label_set=self.label_set)

    def has_text(self, text: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether each item has a text in its prompt or in a response, in any case."""
        return np.concatenate([has_text(block, text) for _, block in self._texts.blocks()])

    def _rows(self, first: int, last: int) -> pl.DataFrame:
        return self._frame.slice(first, last - first).hstack(self._texts.rows(first, last))

    def _whole(self) -> pl.DataFrame:
        return self._plain().hstack(self._texts.rows(0, len(self)))

    def _plain(self) -> pl.DataFrame:
        """All rows as the file has them, without texts."""
        return self._frame.drop("unit", "length_a", "length_b")

    def _contents(self) -> pl.Series:
        found: list[str] = []
        for first, block in self._texts.blocks():
            rows = block.with_columns(self._frame["is_chat"].slice(first, len(block)))
            found += contents_of(rows.select("prompt", "is_chat", "response_a", "response_b"))
        return pl.Series("content", found, dtype=pl.String)

    def _lengths(self) -> Iterable[pl.Expr | pl.Series]:
        return self._frame["length_a"], self._frame["length_b"]
