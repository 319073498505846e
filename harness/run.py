"""Plan → Judgments: replay what the cache holds, ask for what it does not. The only file that knows asyncio.

A run reads the cache chunk by chunk in canonical order and writes judgments as it goes. At the first chunk that
lacks a reply it fills the cache: conversations are held concurrently, one lane for each set of models so that a
slow model holds up no other, and every reply is stored before it is used. Then it goes on reading. So judgments
come from the cache alone, in one order, whatever completed first: that is what makes them the same bytes at any
concurrency and after any interruption.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from harness.digest import call_bytes
from harness.errors import CacheError, HarnessError, MissingRepliesError, ModelStopped, ProviderError
from harness.plan import Chunk, Plan
from harness.provider import Connection
from harness.records import UNAVAILABLE, Call, Judgment, Reply, Usage
from harness.store import Store
from harness.talk import Lost, Talk, advance

LANE_WINDOW = 4
"""Conversations that a lane keeps under way, as a multiple of the calls that its models take at once."""


class Watch(Protocol):
    """Who is told how the run goes on."""

    def begin(self, conversations: int) -> None:
        """So many conversations will be held."""
        ...

    def reached(self, conversations: int) -> None:
        """So many of the conversations have ended by now, from the cache or from replies."""
        ...

    def called(self, call: Call, reply: Reply) -> None:
        """A call was made and its reply stored, or it was given up (finish `unavailable`)."""
        ...

    def stopped(self, model: str, reason: str) -> None:
        """A model was given up."""
        ...


class Part(NamedTuple):
    """The judgments of one chunk, in order, and what they took."""

    chunk: Chunk
    judgments: list[Judgment]
    usage: Usage


Connect = Callable[[str], Connection]
"""Opens the connection to a model of the spec, by name."""


@dataclass
class Run:
    """One run under way.

    Attributes:
        plan: what to judge.
        store: the cache.
        connect: opens the connection to a model; None for a run that may make no call.
        watch: who is told.
        before_asking: called once, before the first call is made.
        lost: what could not be had.
    """

    plan: Plan
    store: Store
    connect: Connect | None
    watch: Watch
    before_asking: Callable[[], None] = lambda: None
    lost: Lost = field(default_factory=Lost)

    def parts(self) -> Iterator[Part]:
        """All judgments in canonical order, making the calls that are missing on the way.

        Raises:
            MissingRepliesError: if replies are missing and no call may be made.
            CacheError: if the cache fails.
        """
        self.watch.begin(self.plan.conversations_to_hold)
        missing = Missing()
        reached = 0
        for chunk in self.plan.chunks():
            talks = self._open(chunk)
            waiting = advance(talks, self.store, self.lost)
            if not waiting:
                pass
            elif self.connect is None:
                missing.add(chunk, waiting, self.store)
            else:
                self.before_asking()
                asyncio.run(self._fill(self.connect, chunk.number, reached))
                talks = self._open(chunk)
                if advance(talks, self.store, self.lost):
                    raise CacheError("the cache does not give back what was just stored", hint=VERIFY)
            reached += len(talks)
            if not missing.calls:
                self.watch.reached(reached)
                yield Part(chunk, [talk.judgment() for talk in talks], _usage(talks))
        missing.raise_if_any()

    def _open(self, chunk: Chunk) -> list[Talk]:
        return [Talk(item, conversation) for item, conversation in self.plan.conversations(chunk)]

    async def _fill(self, connect: Connect, first: int, reached: int) -> None:
        """Ask for all that is missing from chunk number `first` on, `reached` conversations lying before it."""
        lanes: dict[tuple[str, ...], list[Chunk]] = {}
        for chunk in self.plan.chunks():
            if chunk.number >= first:
                lanes.setdefault(chunk.cell.models, []).append(chunk)
        desk = Desk(self.store, connect, self.watch, self.lost, reached)
        try:
            async with asyncio.TaskGroup() as group:
                for models, chunks in lanes.items():
                    width = LANE_WINDOW * sum(self.plan.spec.models[name].limits.concurrency for name in models)
                    group.create_task(self._fill_lane(chunks, desk, width))
        except* HarnessError as failures:
            raise _first(failures) from None
        finally:
            await desk.close()

    async def _fill_lane(self, chunks: Sequence[Chunk], desk: Desk, width: int) -> None:
        """Hold the conversations of some chunks, at most `width` of them at once."""
        room = asyncio.Semaphore(width)
        async with asyncio.TaskGroup() as group:
            for chunk in chunks:
                talks = self._open(chunk)
                waiting = advance(talks, self.store, self.lost)
                desk.ended(len(talks) - len(waiting))
                for talk in waiting:
                    await room.acquire()
                    task = group.create_task(desk.hold(talk))
                    task.add_done_callback(lambda _: room.release())


@dataclass
class Desk:
    """Where calls go out and replies come in while the cache is being filled."""

    store: Store
    connect: Connect
    watch: Watch
    lost: Lost
    reached: int
    connections: dict[str, Connection] = field(default_factory=dict)
    under_way: dict[str, asyncio.Future[Reply]] = field(default_factory=dict)

    def ended(self, conversations: int) -> None:
        """So many more conversations have ended."""
        self.reached += conversations
        self.watch.reached(self.reached)

    async def hold(self, talk: Talk) -> None:
        """Hold one conversation to its end."""
        going = True
        while going:
            found = self.store.get_many(talk.keys)
            asked = [found.get(key) or self._shared(key, call) for key, call in zip(talk.keys, talk.calls, strict=True)]
            replies = [reply if isinstance(reply, Reply) else await reply for reply in asked]
            going = talk.hear(replies)
        self.ended(1)

    def _shared(self, key: str, call: Call) -> asyncio.Future[Reply]:
        """The reply to a call; identical calls that are under way at the same time are made once."""
        future = self.under_way.get(key)
        if future is None:
            future = self.under_way[key] = asyncio.ensure_future(self._ask(key, call))
            future.add_done_callback(lambda ended: self._end(key, ended))
        return future

    def _end(self, key: str, future: asyncio.Future[Reply]) -> None:
        """Forget a call that has ended; an error that nobody waits for any more has been raised elsewhere."""
        del self.under_way[key]
        if not future.cancelled():
            future.exception()

    async def _ask(self, key: str, call: Call) -> Reply:
        """Make a call and store its reply, or note that it could not be had."""
        if self.lost.reply_to(key, call):
            return UNAVAILABLE
        name = call.model.name
        try:
            if name not in self.connections:
                self.connections[name] = self.connect(name)
            reply = await self.connections[name].send(call)
        except ModelStopped as error:
            if name not in self.lost.models:
                self.lost.models[name] = str(error)
                self.watch.stopped(name, str(error))
            return UNAVAILABLE
        except ProviderError as error:
            self.lost.keys[key] = error.kind
            self.watch.called(call, UNAVAILABLE)
            return UNAVAILABLE
        await self.store.put(key, call_bytes(call), reply)
        self.watch.called(call, reply)
        return reply

    async def close(self) -> None:
        """Wait for nothing any more, and close every connection that was opened."""
        for future in self.under_way.values():
            future.cancel()
        await asyncio.gather(*self.under_way.values(), return_exceptions=True)
        for connection in self.connections.values():
            await connection.close()


@dataclass
class Missing:
    """What an offline run lacks: the first place, and how much in all."""

    calls: set[str] = field(default_factory=set)
    judgments: int = 0
    place: str = ""

    def add(self, chunk: Chunk, talks: Sequence[Talk], store: Store) -> None:
        """Note the calls that these conversations wait for."""
        keys = [key for talk in talks for key in talk.keys]
        found = store.get_many(keys)
        self.calls.update(key for key in keys if key not in found)
        self.judgments += len(talks)
        self.place = self.place or f"cell {chunk.cell.id}, item {talks[0].item.id}"

    def raise_if_any(self) -> None:
        """Raise MissingRepliesError if anything was noted."""
        if self.calls:
            raise MissingRepliesError(
                f"the cache lacks at least {len(self.calls)} replies for {self.judgments} judgments, "
                f"the first for {self.place}",
                hint="import a bundle that holds them, or run without --offline to ask for them",
            )


def _usage(talks: Sequence[Talk]) -> Usage:
    costs = [talk.cost_usd for talk in talks]
    return Usage(
        sum(talk.prompt_tokens for talk in talks),
        sum(talk.completion_tokens for talk in talks),
        sum(len(talk.history) for talk in talks),
        None if None in costs else sum(cost for cost in costs if cost is not None),
    )


VERIFY = "run `harness cache verify`"


def _first(failures: BaseExceptionGroup[HarnessError]) -> HarnessError:
    """The first error of a group of groups: when one conversation fails for all, the others only repeat it."""
    inner = failures.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
