"""A small world behind the harness's own contracts: data, a store and connections that live in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

import numpy as np

from harness.cache.entry import Entry, StoredValue, read_entry, value_of
from harness.cache.packing import pack
from harness.errors import HarnessError
from harness.evaluators.conversation import Conversation
from harness.prompting.strategy import compile_strategy
from harness.providers.cancellation import Cancellation
from harness.records.calls import Call, Limits, Model, Reply
from harness.records.datasets import Item
from harness.records.experiment import Cell, ScoreSpec, Spec
from harness.records.label_set import VERDICT_LABELS
from harness.runner.plan import Plan
from harness.spec.strategies import built_in

T = TypeVar("T")


class ListDataset:
    """A dataset of items in a list; item k's prompt is `question k`."""

    label_set = VERDICT_LABELS

    def __init__(self, name: str, items: Sequence[Item]) -> None:
        self.name, self.digest, self.annotators, self.clustered = name, f"digest of {name}", ("human",), False
        self.notes = ()
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def items(self, start: int = 0, stop: int | None = None) -> Iterator[Item]:
        return iter(self._items[start:stop])

    def ids(self) -> list[str]:
        return [item.id for item in self._items]

    def reference_codes(self) -> np.ndarray:
        return np.arange(len(self._items), dtype=np.int8) % 3

    def annotator_codes(self) -> np.ndarray:
        return self.reference_codes()[:, None]

    def cluster_codes(self) -> np.ndarray:
        return np.arange(len(self._items))


def item(number: int, question: str | None = None) -> Item:
    prompt = ({"role": "user", "content": question or f"question {number}"},)
    return Item(f"i{number}", prompt, f"first answer {number}", f"second answer {number}")


def model(name: str, **limits: int) -> Model:
    return Model(name, "simulated", f"id-{name}", {"temperature": 0, "max_tokens": 64}, limits=Limits(**limits))


def plan_of(
    *,
    items: Sequence[Item] | int = 40,
    models: Sequence[Model] = (model("x"), model("y")),
    strategies: Sequence[str] = ("direct", "independent-10"),
) -> Plan:
    """A plan of judge cells over one dataset `d`."""
    if isinstance(items, int):
        items = [item(number) for number in range(items)]
    cells = tuple(Cell("d", strategy, "judge", (each.name,)) for strategy in strategies for each in models)
    known = {name: built_in(name) for name in strategies}
    spec = Spec(
        path=Path("world.yaml"),
        name="world",
        kind="evaluation",
        seed=1,
        datasets={},
        models={each.name: each for each in models},
        strategies=known,
        cells=cells,
        score=ScoreSpec(),
        resolved={"name": "world"},
    )
    questions = {name: compile_strategy(strategy) for name, strategy in known.items()}
    return Plan(spec, {"d": ListDataset("d", items)}, questions)


@dataclass
class MemoryStore:
    """A store in memory; `full_after` makes it fail like a full disk."""

    held: dict[str, tuple[bytes, Reply]] = field(default_factory=dict)
    full_after: int | None = None
    rescued: list[Entry] = field(default_factory=list)

    def get_many(self, keys: Iterable[str]) -> dict[str, Reply]:
        return {key: self.held[key][1] for key in keys if key in self.held}

    def put(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        self.put_many([Entry(key, call, reply)])
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def put_many(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if self.full_after is not None and len(self.held) >= self.full_after:
                raise HarnessError("the disk is full")
            self.held.setdefault(entry.key, (entry.call, entry.reply))

    def entries(self, keys: Iterable[str]) -> Iterator[Entry]:
        return (Entry(key, *self.held[key]) for key in sorted(set(keys)) if key in self.held)

    def values_of(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        return ((entry.key, pack(value_of(*entry))) for entry in self.entries(keys))

    def put_values(self, rows: Sequence[StoredValue]) -> Future[None]:
        self.put_many([read_entry(one.key, one.value) for one in rows])
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def rescue(self, entries: Sequence[Entry]) -> Path | None:
        self.rescued = list(entries)
        return Path("rescued.bundle")


Answer = Callable[[Call], Reply]


def plain_answer(call: Call) -> Reply:
    """An answer in the form asked for, that depends on the call alone."""
    number = Random(repr((call.model.id, call.messages))).randint(0, 10)
    if call.step.startswith("judge-"):
        return Reply(f"Considered.\nScore: {number}/10", "stop", 100, 10)
    return Reply(f"Considered.\nVerdict: {('A', 'B', 'tie')[number % 3]}", "stop", 100, 10)


@dataclass
class Wire:
    """Connections to a world of models; replies come in an order shuffled by `seed`.

    Attributes:
        answer: makes the reply to a call, or raises.
        seed: of the order in which replies come.
        sent: every call, in the order sent.
        under_way: calls being answered now, and `most` of them at once so far.
    """

    answer: Answer = plain_answer
    seed: int = 0
    sent: list[Call] = field(default_factory=list)
    in_flight: int = 0
    most: int = 0
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def connect(self, name: str, halt: Cancellation) -> WireConnection:
        self.opened.append(name)
        return WireConnection(self, name, Random(f"{self.seed}{name}"))


@dataclass
class WireConnection:
    """One model's end of a wire."""

    wire: Wire
    name: str
    order: Random

    async def send(self, call: Call) -> Reply:
        wire = self.wire
        wire.sent.append(call)
        wire.in_flight += 1
        wire.most = max(wire.most, wire.in_flight)
        try:
            for _ in range(self.order.randrange(12)):
                await asyncio.sleep(0)
            return wire.answer(call)
        finally:
            wire.in_flight -= 1

    async def close(self) -> None:
        self.wire.closed.append(self.name)


def held(conversation: Conversation[T], *rounds: Sequence[Reply]) -> tuple[list[list[Call]], T]:
    """Hold a conversation with these replies; the batches that it yielded and what it came to."""
    batches = [list(next(conversation))]
    for replies in rounds:
        assert len(replies) == len(batches[-1])
        try:
            batches.append(list(conversation.send(replies)))
        except StopIteration as stop:
            assert replies is rounds[-1]
            return batches, stop.value
    raise AssertionError("the conversation wants more replies")
