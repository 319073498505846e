"""New draws: the same calls with other draw numbers, which have replies of their own in the cache."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from harness.evaluators.conversation import Conversation

T = TypeVar("T")

FIRST_DRAW = "first_draw"
"""The key of a manifest with the number of the first draw; absent where it is 0."""


def with_first_draw(conversation: Conversation[T], first: int) -> Conversation[T]:
    """A conversation whose draws are numbered from `first`."""
    calls = next(conversation)
    while True:
        replies = yield [call._replace(draw=call.draw + first) for call in calls]
        try:
            calls = conversation.send(replies)
        except StopIteration as stop:
            result: T = stop.value
            return result


def next_draw(manifests: Iterable[Mapping[str, Any]]) -> int:
    """The first draw number that no run has used.

    Args:
        manifests: of the runs of a spec.
    """
    used = (
        manifest.get(FIRST_DRAW, 0) + max((cell.get("repeats", 1) for cell in manifest.get("cells", ())), default=1)
        for manifest in manifests
    )
    return max(used, default=1)
