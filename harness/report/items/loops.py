"""The loop of a system on one prompt, from the rows of its trajectory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.records.judgments import FAILURES
from harness.report.items.records import DraftRecord, DuelRecord, LoopRecord, Message, ReviewRecord
from harness.report.items.word_diff import word_diff


def loop_record(rows: Sequence[Mapping[str, Any]], prompt: tuple[Message, ...] | None) -> LoopRecord:
    """A loop as pages show it.

    Args:
        rows: of `trajectories.parquet`, in the order of the drafts; a loop without a draft has one of round 0.
        prompt: the chat so far, None where it is not there.
    """
    first = rows[0]
    drafts = [row for row in rows if row["round"]]
    before = [None, *(row["text"] for row in drafts)]
    return LoopRecord(
        first["system"],
        first["prompts"],
        first["item"],
        prompt,
        tuple(_draft(row, old) for row, old in zip(drafts, before, strict=False)),
        tuple(_duel(row) for row in drafts if row["best_before"] is not None),
        first["failure"],
        first["ended"] or "",
    )


def _draft(row: Mapping[str, Any], before: str | None) -> DraftRecord:
    reviews = (
        ReviewRecord(one["reviewer"], one["text"] or "", one["score"], one["failure"]) for one in row["reviews"] or ()
    )
    return DraftRecord(
        row["round"],
        row["text"],
        row["score"],
        row["is_picked"],
        row["is_truncated"],
        tuple(reviews),
        () if before is None else word_diff(before, row["text"]),
    )


def _duel(row: Mapping[str, Any]) -> DuelRecord:
    is_failure = row["verdict"] in FAILURES
    verdict, failure = (None, row["verdict"]) if is_failure else (row["verdict"], None)
    return DuelRecord(row["best_before"], row["round"], verdict, failure, row["score_best"], row["score_new"])
