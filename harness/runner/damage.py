"""Run folders from elsewhere: what is wrong with one that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.errors import RunFolderError, parquet_faults
from harness.runner.run_folder import LEADERBOARD, read_leaderboard

MAX_SHOWN = 5
"""Findings that are told."""


@contextmanager
def diagnose_corruption(folder: Path) -> Iterator[None]:
    """Tell what is wrong with a run folder where it cannot be used, as it may come from anybody.

    Its leaderboard is held against its schema only then: that takes longer than to use it.

    Raises:
        RunFolderError: where one of its Parquet files cannot be read, or where something fails inside and the
            leaderboard is not as its schema says.
    """
    try:
        yield
    except parquet_faults() as error:
        reason = str(error).partition("\n")[0]
        message = f"a Parquet file in {folder} cannot be read: {reason}"
        raise RunFolderError(message, hint="make the run again") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        from harness.records.document import Document
        from harness.spec.schema import check

        problems = check(Document(str(folder / LEADERBOARD), read_leaderboard(folder)), "leaderboard")
        if not problems:
            raise
        first, *others = problems[:MAX_SHOWN]
        hint = "it is damaged or of another version; make the run again with `harness run`"
        raise RunFolderError([replace(first, hint=hint), *others]) from None
