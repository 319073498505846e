"""Run folders from elsewhere: what is wrong with one that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import RunFolderError, parquet_faults
from harness.runner.run_folder import LEADERBOARD, MANIFEST, read_json, read_leaderboard

MAX_SHOWN = 5
"""Problems that one error names."""
BOARD_SCHEMAS: Mapping[str, str] = {"evaluation": "leaderboard", "generation": "win-rates"}
"""The schema of `leaderboard.json`, by the kind of the experiment."""


@contextmanager
def diagnose_corruption(folder: Path) -> Iterator[None]:
    """Name what is wrong with a run folder where it cannot be used.

    The leaderboard is checked against its schema only after a failure: the check takes longer than most commands.

    Raises:
        RunFolderError: where one of the Parquet files cannot be read, or where the code inside fails and the
            leaderboard does not match its schema.
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

        board = read_leaderboard(folder)
        problems = check(Document(str(folder / LEADERBOARD), board), BOARD_SCHEMAS[_kind(folder, board)])
        if not problems:
            raise
        first, *others = problems[:MAX_SHOWN]
        hint = "it is damaged or of another version; make the run again with `harness run`"
        raise RunFolderError([replace(first, hint=hint), *others]) from None


def _kind(folder: Path, board: Mapping[str, Any]) -> str:
    """The kind of the experiment by its manifest, or by the leaderboard where the manifest does not name one."""
    try:
        named = [read_json(folder, MANIFEST).get("kind"), board.get("kind")]
    except RunFolderError:
        named = [board.get("kind")]
    return next((kind for kind in named if isinstance(kind, str) and kind in BOARD_SCHEMAS), "evaluation")
