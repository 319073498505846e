"""Read large files block by block, so that their texts are never all in memory: those of a format that has `blocks`.

Every row is checked by the same functions as those of smaller files. Texts are read block by block and stored
(`harness.data.stored_texts`); all other columns are joined and read as a whole, since what a label means or whether an
id occurs twice depends on all rows. Where files need more than that (rows with faults, rows that are chosen, ids made
from the content, responses that are conversations), they are read as smaller ones are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from harness.data.column_names import RESPONSE
from harness.data.columns import (
    Canonical,
    canonical,
    empty_and_repeated,
    missing_columns,
    path_names,
    wanted_columns,
)
from harness.data.files import PACKED, files_of, plain_file
from harness.data.frames import as_first_response
from harness.data.paths import with_paths
from harness.data.rows import Rows, find_dataset_format
from harness.data.stored_texts import TEXTS, LargeRows, StoredTexts, facts_of_texts
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec, Subset

LARGE_BYTES = 2**26
"""Size of the files of a dataset from which on their texts are stored."""
PACKED_RATIO = 4
"""What a byte of a packed file, or of one that is no text, counts for."""
NO_TEXT = "-"
"""Takes the place of texts where all rows are read as a whole."""


class _NotByBlocksError(Exception):
    """The files have to be read as a whole."""


def read_large(spec: DatasetSpec, seed: int, required: Sequence[str]) -> LargeRows | None:
    """The rows of large files; None where they are to be read as smaller ones are, which also reports what is wrong.

    Args:
        spec: where it is and how to read it.
        seed: of the experiment.
        required: the columns that must be there and hold something.
    """
    try:
        if not _is_large(spec):
            return None
        texts = StoredTexts()
        try:
            return _Blocks(spec, seed, required, texts).read()
        except BaseException:
            texts.close()
            raise
    except (_NotByBlocksError, DatasetError, OSError):
        return None


def _is_large(spec: DatasetSpec) -> bool:
    """Whether the files of a dataset are large, used in full and of a format that can be read block by block."""
    if spec.content is not None or spec.votes or spec.slices or spec.is_many:
        return False
    module = find_dataset_format(spec.format)
    if spec.subset != Subset(digest=spec.subset.digest) or not hasattr(module, "blocks"):
        return False
    is_text = getattr(module, "IS_TEXT", True)
    sizes = (
        path.stat().st_size * (PACKED_RATIO if path.suffix.lower() in PACKED or not is_text else 1)
        for path in files_of(spec)
    )
    return sum(sizes) >= LARGE_BYTES


def _blocks_of(spec: DatasetSpec) -> Iterator[Rows]:
    """The rows of all files of a dataset, some at once. Raises as the format."""
    module: Any = find_dataset_format(spec.format)
    known = getattr(module, "OPTIONS", ())
    if not spec.options.keys() <= {*known, "encoding"}:
        raise _NotByBlocksError
    own = {name: value for name, value in spec.options.items() if name in known}
    read: Callable[..., Iterator[Rows]] = module.blocks
    is_text = getattr(module, "IS_TEXT", True)
    for path in files_of(spec):
        with plain_file(path, encoding=spec.options.get("encoding"), is_text=is_text) as plain:
            yield from read(plain, wanted_columns(spec), **own)


class _Blocks:
    """Reads files block by block."""

    def __init__(self, spec: DatasetSpec, seed: int, required: Sequence[str], texts: StoredTexts) -> None:
        self._spec, self._seed, self._required, self._texts = spec, seed, required, texts
        self._names = [str(spec.columns.get(column, column)) for column in (*TEXTS, RESPONSE)]
        """What columns of text are called in the file."""

    def read(self) -> LargeRows:
        """All rows.

        Raises:
            _NotByBlocksError: where the files have to be read as a whole.
        """
        schema = None
        others: list[pl.DataFrame] = []
        facts: list[pl.DataFrame] = []
        for block in _blocks_of(self._spec):
            rows = with_paths(block, path_names(self._spec))
            schema = schema or rows.frame.schema
            if rows.problems or rows.frame.schema != schema:
                raise _NotByBlocksError
            if rows.frame.is_empty():
                continue
            frame = self._canonical(rows)
            self._texts.append(frame.select(name for name in TEXTS if name in frame.columns))
            facts.append(facts_of_texts(frame))
            others.append(rows.frame.drop(self._names, strict=False))
        if not facts:
            raise _NotByBlocksError
        there = [name for name in self._names if schema is not None and name in schema]
        whole = pl.concat(others).with_columns(pl.lit(NO_TEXT).alias(name) for name in there)
        found = self._checked(rows._replace(frame=whole))
        frame = as_first_response(found.frame) if self._spec.is_single else found.frame
        frame = frame.drop("row", "is_chat", *TEXTS, strict=False)
        if not frame["id"].is_unique().all():
            raise _NotByBlocksError
        return LargeRows(frame.hstack(pl.concat(facts)), found.annotators, found.notes, self._texts)

    def _canonical(self, rows: Rows) -> pl.DataFrame:
        """The rows of a block in canonical columns."""
        if missing_columns(rows, self._spec, self._required):
            raise _NotByBlocksError
        named = [self._spec.columns.get(column, column) for column in ("id", "prompt")]
        if not all(isinstance(name, str) and name in rows.frame.columns for name in named):
            raise _NotByBlocksError
        frame = self._checked(rows).frame
        frame = as_first_response(frame) if self._spec.is_single else frame
        if not {"prompt", "is_chat", "response_a", "response_b"} <= set(frame.columns):
            raise _NotByBlocksError
        return frame

    def _checked(self, rows: Rows) -> Canonical:
        """Rows in canonical columns, of which none has a fault."""
        texts = [name for name in self._names if name in rows.frame.columns and name != self._names[0]]
        if any(rows.frame.schema[name] != pl.String for name in texts):
            raise _NotByBlocksError  # conversations, from which texts are taken
        found = canonical(rows, self._spec, self._seed)
        if found.faults or found.is_drawn or empty_and_repeated(found.frame, [], self._required):
            raise _NotByBlocksError
        return found
