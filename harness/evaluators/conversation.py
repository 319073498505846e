"""Conversations without I/O.

A conversation is a generator: it yields a batch of calls, receives their replies in the same order, and returns its
result. It never waits and makes no network request. A test advances it step by step; `harness.runner` advances
thousands of them at once, with replies from the cache or from providers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias, TypeVar

from harness.records.calls import Call, Reply

T = TypeVar("T")

Conversation: TypeAlias = Generator[Sequence[Call], Sequence[Reply], T]


def together(conversations: Sequence[Conversation[T]]) -> Conversation[list[T]]:
    """Advance several conversations at once, each round of all of them as one batch; their results, in order."""
    results: dict[int, T] = {}
    waiting: dict[int, Sequence[Call]] = {}

    def step(index: int, replies: Sequence[Reply] | None) -> None:
        try:
            conversation = conversations[index]
            waiting[index] = next(conversation) if replies is None else conversation.send(replies)
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


def map_calls(conversation: Conversation[T], change: Callable[[Call], Call]) -> Conversation[T]:
    """The same conversation with each of its calls changed before it is sent."""
    try:
        calls = next(conversation)
        while True:
            calls = conversation.send((yield [change(call) for call in calls]))
    except StopIteration as stop:
        result: T = stop.value
        return result
