"""Conversations without I/O.

A conversation is a generator: it yields a batch of calls, is sent their replies in the same order, and returns
its result. It never waits and never touches a network, so a test steps it by hand, and `run.py` drives
thousands of them at once, from the cache or from providers, without the conversation knowing which.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeAlias, TypeVar

from harness.records.calls import Call, Reply

T = TypeVar("T")

Conversation: TypeAlias = Generator[Sequence[Call], Sequence[Reply], T]


def together(conversations: Sequence[Conversation[T]]) -> Conversation[list[T]]:
    """Hold several conversations at once, each round of all of them as one batch; their results, in order."""
    results: dict[int, T] = {}
    waiting: dict[int, Sequence[Call]] = {}

    def step(index: int, replies: Sequence[Reply] | None) -> None:
        try:
            talk = conversations[index]
            waiting[index] = next(talk) if replies is None else talk.send(replies)
        except StopIteration as stop:
            results[index] = stop.value

    for index in range(len(conversations)):
        step(index, None)
    while waiting:
        asked = list(waiting.items())
        waiting.clear()
        replies = yield [call for _, calls in asked for call in calls]
        at = 0
        for index, calls in asked:
            step(index, replies[at : at + len(calls)])
            at += len(calls)
    return [results[index] for index in range(len(conversations))]
