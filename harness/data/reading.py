"""Read the files of a dataset by its format, as one table of rows."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from harness.data.columns import path_names, wanted_columns
from harness.data.files import files_of, plain_file, shards, source_digest
from harness.data.formats.jsonl import read_lines
from harness.data.json_rows import joined
from harness.data.paths import with_paths
from harness.data.rows import Rows, find_dataset_format
from harness.errors import DatasetError, Problem
from harness.records.datasets import DatasetSpec, VotesSpec
from harness.text import listed

T = TypeVar("T")


def read_rows(spec: DatasetSpec) -> Rows:
    """The rows of all files of a dataset, with a column for each path that the spec names.

    Raises:
        DatasetError: where a file cannot be read at all.
        OSError: where a file cannot be opened.
    """
    return with_paths(read_source(spec, wanted_columns(spec)), path_names(spec))


def read_and_hash(spec: DatasetSpec, read: Callable[[], T]) -> tuple[str, T]:
    """The digest of the content of a dataset (`source_digest`), and what `read` gives.

    Hashing does not hold the lock of the interpreter, so it takes place beside reading.
    """
    with ThreadPoolExecutor(1, "digest") as beside:
        content = beside.submit(source_digest, spec)
        found = read()
        return content.result(), found


def read_source(source: DatasetSpec | VotesSpec, wanted: Sequence[str]) -> Rows:
    """The wanted columns of the rows that a program gives, or of those of files."""
    if source.content is not None:
        return read_lines(io.BytesIO(source.content), wanted)._replace(unit="row")
    return _read_each(files_of(source), source.format, wanted, source.options)


def read_files(path: Path, form: str, wanted: Sequence[str], options: Mapping[str, str]) -> Rows:
    """The rows of one file, or of several where the path is a pattern or a folder.

    Args:
        path: of the file, the pattern or the folder.
        form: name of the dataset format.
        wanted: the columns to read.
        options: `encoding`, and what the format takes.
    """
    return _read_each(shards(path), form, wanted, options)


def _read_each(files: Sequence[Path], form: str, wanted: Sequence[str], options: Mapping[str, str]) -> Rows:
    """The rows of some files one after the other."""
    module = find_dataset_format(form)
    known = getattr(module, "OPTIONS", ())
    if foreign := [name for name in options if name not in (*known, "encoding")]:
        raise DatasetError(Problem(message=f"the format `{form}` takes no {listed(foreign)}"))
    own: dict[str, Any] = {name: value for name, value in options.items() if name in known}
    is_text = getattr(module, "IS_TEXT", True)
    parts = []
    for file in files:
        with plain_file(file, encoding=options.get("encoding"), is_text=is_text) as plain:
            rows = module.read(plain, wanted, **own)
            # Numbers may be counted by reading the file again, which is gone once a temporary one is left.
            parts.append(rows if plain == file and len(files) == 1 else _with_numbers(rows))
    return parts[0] if len(parts) == 1 else _together(parts, [file.name for file in files])


def _with_numbers(rows: Rows) -> Rows:
    """The rows with their numbers counted now."""
    numbers = rows.numbers()
    return rows._replace(numbers=lambda: numbers)


def _together(parts: Sequence[Rows], names: Sequence[str]) -> Rows:
    """The rows of several files one after the other."""
    present = dict.fromkeys(name for rows in parts for name in rows.present)
    columns = dict.fromkeys(name for rows in parts for name in rows.frame.columns)
    frame = pl.DataFrame([joined(column, [_column(rows, column) for rows in parts]) for column in columns])
    numbers = [number for rows in parts for number in rows.numbers()]
    of_rows = [name for rows, name in zip(parts, names, strict=True) for _ in range(rows.frame.height)]
    of_problems = [name for rows, name in zip(parts, names, strict=True) for _ in rows.problems]
    return parts[0]._replace(
        frame=frame,
        present=tuple(present),
        numbers=lambda: numbers,
        problems=tuple(problem for rows in parts for problem in rows.problems),
        files=(of_rows, of_problems),
    )


def _column(rows: Rows, name: str) -> pl.Series:
    if name in rows.frame.columns:
        return rows.frame[name]
    height = rows.frame.height
    return pl.Series(name, [None] * height, dtype=pl.String)
