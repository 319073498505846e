"""Commands that are about one kind of responses refuse the runs of another."""

from __future__ import annotations

from harness.errors import RunFolderError
from harness.runner.run_reader import Judged

RANKINGS_HINT = "`harness leaderboard`, `compare`, `report` and `view` read it"


def pairs_only(run: Judged, why: str) -> None:
    """Refuse a run that judged no pairs.

    Args:
        run: read back.
        why: what only pairs have, as the beginning of a sentence.

    Raises:
        RunFolderError: where it judged single responses, or several.
    """
    no_rankings(run, why)
    if not run.label_set.is_pair:
        message = f"{why}, and this run judged single responses"
        hint = "`harness correct` corrects the rate of a label, and `harness leaderboard` shows agreement"
        raise RunFolderError(f"{run.folder}: {message}", hint=hint)


def no_rankings(run: Judged, why: str) -> None:
    """Refuse a run that ranked several responses.

    Args:
        run: read back.
        why: what rankings lack, as the beginning of a sentence.

    Raises:
        RunFolderError: where it did.
    """
    if run.label_set.is_ranking:
        message = f"{why}, and this run ranked several responses"
        raise RunFolderError(f"{run.folder}: {message}", hint=RANKINGS_HINT)
