"""How often a cascade asked its later judges: the figures of a row, and its column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.records.scores import CellScore

ESCALATED = "escalated"
"""The name of the column, and of the key in a row."""
ESCALATED_NOTE = "escalated: share of the items of a cascade that each judge after the first one was asked about"


def escalation_json(score: CellScore) -> dict[str, Any]:
    """The share of the items that each judge after the first one was asked about; nothing for other modes."""
    from harness.evaluators.mode import stages_of  # templates and parsers, which a help text need not load

    later = [name for stage in stages_of(score.cell)[1:] for name in stage.models]
    reached = dict(enumerate(score.usage.escalated))
    shares = [
        {"model": name, "items": reached.get(at, 0), "share": reached.get(at, 0) / score.items if score.items else None}
        for at, name in enumerate(later)
    ]
    return {ESCALATED: shares} if shares else {}


def escalated(row: Mapping[str, Any]) -> str:
    """The shares of a row, such as `0.32` or `0.32, 0.08`; empty for other modes."""
    return ", ".join("–" if one["share"] is None else f"{one['share']:.2f}" for one in row.get(ESCALATED, ()))


def any_escalated(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a row is of a cascade."""
    return any(ESCALATED in row for row in rows)


def escalation_record(board: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The field of a flat record: the share that the second judge was asked about; none on boards without cascades."""
    if not any_escalated(board["rows"]):
        return {}
    shares = row.get(ESCALATED, ())
    return {ESCALATED: shares[0]["share"] if shares else None}
