"""What is said of an error of SQLite or of the file system."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from harness.cache.sqlite_file import cache_error

HINTS = {
    "move the folder away; a bundle or a run fills a new one": (
        "file is not a database", "database disk image is malformed", "file is encrypted or is not a database"),
    "free some space or name another folder with --cache; what was stored is kept": (
        "database or disk is full", "No space left on device", "disk I/O error", "string or blob too large"),
    "another program is using it; let that end, or name another folder with --cache": (
        "database is locked", "Device or resource busy"),
    "check who may write there, or name another folder with --cache": (
        "attempt to write a readonly database", "Read-only file system", "Permission denied",
        "unable to open database file"),
    "check it with `harness cache verify`, or name another folder with --cache": ("no such table: Cache", ""),
}  # fmt: skip


@pytest.mark.parametrize(("hint", "says"), [(hint, says) for hint, all_says in HINTS.items() for says in all_says])
def test_an_error_has_the_hint_that_fits(hint, says):
    (problem,) = cache_error(Path("c"), sqlite3.OperationalError(says)).problems
    assert (problem.file, problem.hint) == ("c", hint)
    assert problem.message == f"the cache cannot be used: {says.lower()}"


def test_an_error_of_the_system_is_described_by_its_reason_alone():
    (problem,) = cache_error(Path("c"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/secret/path")).problems
    assert problem.message == "the cache cannot be used: no space left on device"
