"""Check the files of a run folder before anything reads them.

A run writes `checksums.json` beside its results. Every verb that takes a run compares the files with it once, so that
damage and edits end in one message, wherever they are. Runs of older versions have no checksums; what is wrong with
them is found where it hurts (`harness.runner.corruption`).

The digests are not in `manifest.json`, whose bytes would then depend on the version of the library that writes Parquet.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from harness.data.parquet_bounds import ParquetBomb, check_rows, checked
from harness.errors import Problem, RunFolderError, parquet_faults

if TYPE_CHECKING:
    import polars as pl

CHECKSUMS = "checksums.json"
MAX_JSON_BYTES = 2**29
"""A leaderboard of 1,000 cells has about 100 MB."""
FREE_JSON_BYTES = 2**24
"""Bytes of a JSON file whose values are not counted."""
MAX_JSON_VALUES = 2 * 10**7
"""A leaderboard of 1,000 cells has about 4 million. As Python objects each takes up to 100 bytes: three of the file,
such as those of `[],`, can take twenty times as much memory."""
RETRY = "make the run again with `harness run`; it reuses cached replies"


def checksums_json(folder: Path, without: Collection[str] = ()) -> dict[str, Any]:
    """The SHA-256 of the files of a run folder, as `checksums.json` holds them.

    Args:
        folder: the run folder.
        without: names of files to leave out.
    """
    names = sorted(path.name for path in folder.iterdir() if path.name not in (CHECKSUMS, *without))
    return {"algorithm": "sha256", "files": {name: _digest(folder / name) for name in names}}


def check_run(folder: Path) -> None:
    """Check every file of a run folder.

    Args:
        folder: a run folder, with its `manifest.json`.

    Raises:
        RunFolderError: naming each file that is missing, is no regular file, or is not as the run wrote it.
    """
    problems = list(_odd_files(folder))
    if not problems:
        stored = _stored_checksums(folder)
        problems = list(_changed_files(folder, stored))
    if problems:
        raise RunFolderError(problems)


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Report a Parquet file of a run that is missing or damaged, or that unpacks to far more than a run has.

    Raises:
        RunFolderError: naming the file.
    """
    try:
        yield
    except ParquetBomb as error:
        raise RunFolderError(f"{file} {error}", hint=RETRY) from None
    except (OSError, *parquet_faults()) as error:  # type: ignore[misc] # mypy does not see into an unpacked tuple
        raise RunFolderError(f"{file} cannot be read: {error}", hint="make the run again") from None


def collected(lazy: pl.LazyFrame, file: Path) -> pl.DataFrame:
    """What was selected of a Parquet file of a run folder.

    Raises:
        RunFolderError: where it is missing or damaged, or unpacks to far more than a run has.
    """
    with reading(file):
        return checked(lazy.collect(engine="streaming"), file)


def _odd_files(folder: Path) -> Iterator[Problem]:
    """Files that cannot be those of a run: pipes, devices, folders, and JSON of an impossible size."""
    for path in sorted(folder.iterdir()):
        try:
            found = path.stat()
        except OSError as error:
            yield _problem(path, f"cannot be read: {(error.strerror or str(error)).lower()}")
            continue
        if not stat.S_ISREG(found.st_mode) and path.suffix in (".json", ".parquet"):
            yield _problem(path, "is no regular file")
        elif path.suffix == ".parquet" and (reason := _rows_fault(path)):
            yield _problem(path, reason)
        elif path.suffix == ".json" and found.st_size > MAX_JSON_BYTES:
            yield _problem(path, f"has {found.st_size:,} bytes, more than the file of a run can have")
        elif path.suffix == ".json" and (values := _json_values(path, found.st_size)) > MAX_JSON_VALUES:
            yield _problem(path, f"has {values:,} values, more than the file of a run can have")


def _json_values(path: Path, size: int) -> int:
    """How many values a large JSON file has at most: the commas and brackets in it, also those in texts."""
    if size <= FREE_JSON_BYTES:
        return 0
    count = 0
    try:
        with path.open("rb") as file:
            while data := file.read(FREE_JSON_BYTES):
                count += data.count(b",") + data.count(b"[") + data.count(b"{")
    except OSError:
        return 0  # whoever reads it reports that
    return count


def _rows_fault(path: Path) -> str:
    """What is wrong with the number of rows that a Parquet file says it has; "" where it is possible or unknown."""
    try:
        check_rows(path)
    except ParquetBomb as error:
        return str(error)
    except (OSError, *parquet_faults()):  # type: ignore[misc] # mypy does not see into an unpacked tuple
        return ""  # whoever reads it reports that
    return ""


def _stored_checksums(folder: Path) -> Mapping[str, str]:
    """The checksums that the run wrote, by file; none of a run of an older version."""
    path = folder / CHECKSUMS
    if not path.exists():
        return {}
    try:
        files = orjson.loads(path.read_bytes())["files"]
        is_right = bool(files) and all(type(digest) is str for digest in files.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        is_right = False
    if not is_right or any(os.path.basename(name) != name for name in files):  # noqa: PTH119 - text, not a path
        raise RunFolderError(_problem(path, "is damaged: it does not list the digests of files"))
    checked: Mapping[str, str] = files
    return checked


def _changed_files(folder: Path, stored: Mapping[str, str]) -> Iterator[Problem]:
    for name, digest in sorted(stored.items()):
        path = folder / name
        if not path.exists():
            yield _problem(path, "is missing")
            continue
        try:
            is_same = _digest(path) == digest
        except OSError as error:
            yield _problem(path, f"cannot be read: {(error.strerror or str(error)).lower()}")
            continue
        if not is_same:
            yield _problem(path, "is not as the run wrote it: its checksum differs")


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _problem(path: Path, message: str) -> Problem:
    return Problem(file=str(path), message=message, hint=RETRY)
