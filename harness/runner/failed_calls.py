"""The distinct reasons of failed calls, each with its count and a first place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.text import pluralized

if TYPE_CHECKING:
    from harness.runner.session import CallNote

MAX_REASONS = 20
"""Distinct reasons that are kept; failed calls with others are counted together."""
MAX_LETTERS = 600
"""Characters of a reason that are shown."""
_NUMBER = re.compile(r"\b(?=[a-f]{0,64}[0-9])[0-9a-f]{8,64}\b|[0-9]+(?:\.[0-9]+)?")


@dataclass
class FailureReason:
    """A reason of failed calls.

    Attributes:
        model: name of the model.
        reason: the message of the first failed call.
        place: cell or system, item and step of the first failed call.
        calls: failed calls with this reason.
    """

    model: str
    reason: str
    place: str
    calls: int = 1

    def message(self) -> str:
        """One line for people."""
        reason = self.reason if len(self.reason) <= MAX_LETTERS else f"{self.reason[:MAX_LETTERS]}…"
        return f"{pluralized(self.calls, 'call')} to {self.model} failed: {reason} (first: {self.place})"


class FailedCalls:
    """Counts failed calls by model and reason; reasons that differ by numbers and by the item are one."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], FailureReason] = {}
        self._others = 0

    def add(self, note: CallNote) -> FailureReason | None:
        """Count a failed call; its reason where it is the first one with it, else None."""
        key = (
            note.call.model.name,
            _NUMBER.sub("#", note.reason.replace(note.item, "…") if note.item else note.reason),
        )
        known = self._reasons.get(key)
        if known is not None:
            known.calls += 1
            return None
        if len(self._reasons) >= MAX_REASONS:
            self._others += 1
            return None
        place = f"{note.place}, item {note.item}, step {note.call.step}"
        first = self._reasons[key] = FailureReason(note.call.model.name, note.reason, place)
        return first

    def json(self) -> list[dict[str, Any]]:
        """Every reason that was kept, most frequent first, as `environment.json` holds it."""
        return [
            {"model": one.model, "calls": one.calls, "reason": one.reason[:MAX_LETTERS], "first": one.place}
            for one in self._sorted()
        ]

    def _sorted(self) -> list[FailureReason]:
        return sorted(self._reasons.values(), key=lambda one: (-one.calls, one.model, one.reason))

    def messages(self) -> Iterator[str]:
        """One line for each reason, most frequent first."""
        for reason in self._sorted():
            yield reason.message()
        if self._others:
            yield f"{pluralized(self._others, 'call')} failed for other reasons"
