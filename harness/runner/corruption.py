"""Run folders from elsewhere: what is wrong with one that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import RunFolderError, parquet_faults
from harness.runner.run_check import CHECKSUMS, RETRY
from harness.runner.run_folder import LEADERBOARD, MANIFEST, read_json, read_leaderboard

MAX_SHOWN = 5
"""Problems that one error names."""
BOARD_SCHEMAS: Mapping[str, str] = {"evaluation": "leaderboard", "generation": "win-rates"}
"""The schema of `leaderboard.json`, by the kind of the experiment."""


@contextmanager
def diagnose_corruption(*folders: Path) -> Iterator[None]:
    """Name what is wrong with run folders that cannot be used.

    Runs with checksums were checked when they were found, so an error in the code inside is a defect of it. A run of an
    older version has none: its leaderboard is checked against its schema, but only after a failure, since the check
    takes longer than most commands.

    Raises:
        RunFolderError: where one of the Parquet files cannot be read, or where the code inside fails and a folder has
            no checksums or its leaderboard does not match its schema.
    """
    try:
        yield
    except parquet_faults() as error:
        reason = str(error).partition("\n")[0]
        places = " or ".join(map(str, folders))
        raise RunFolderError(f"a Parquet file in {places} cannot be read: {reason}", hint=RETRY) from None
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        for folder in folders:
            _check_board(folder, read_leaderboard(folder))
        unchecked = [folder for folder in folders if not (folder / CHECKSUMS).exists()]
        if not unchecked:
            raise
        places = " or ".join(map(str, unchecked))
        message = f"the files of {places} do not fit together ({type(error).__name__}), and no checksums show which one"
        raise RunFolderError(message, hint=RETRY) from None


def _check_board(folder: Path, board: Mapping[str, Any]) -> None:
    from harness.records.document import Document
    from harness.spec.schema import check

    problems = check(Document(str(folder / LEADERBOARD), board), BOARD_SCHEMAS[_kind(folder, board)])
    if problems:
        first, *others = problems[:MAX_SHOWN]
        hint = "it is damaged or of another version; make the run again with `harness run`"
        raise RunFolderError([replace(first, hint=hint), *others])


def _kind(folder: Path, board: Mapping[str, Any]) -> str:
    """The kind of the experiment by its manifest, or by the leaderboard where the manifest does not name one."""
    try:
        named = [read_json(folder, MANIFEST).get("kind"), board.get("kind")]
    except RunFolderError:
        named = [board.get("kind")]
    return next((kind for kind in named if isinstance(kind, str) and kind in BOARD_SCHEMAS), "evaluation")
