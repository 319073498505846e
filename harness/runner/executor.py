"""Ask for all that is missing. The only file of the pipeline that knows asyncio; a replay does not import it.

Conversations are held concurrently, one lane for each set of models so that a slow model holds up no other. Every
reply is stored before it is used. Nothing comes out of here but the content of the cache, and what could not be had.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from harness.cache.entry import Entry, Store
from harness.cache.key import call_bytes
from harness.errors import HarnessError, ModelStopped, ProviderError
from harness.providers.cancellation import Cancellation
from harness.providers.provider import Connection
from harness.providers.retry import unexpected
from harness.records.calls import UNAVAILABLE, Call, Reply
from harness.records.reasoning import separated
from harness.records.shared_prompts import plain_call
from harness.runner.confirmations import Confirmations
from harness.runner.rescued import not_stored, rescue
from harness.runner.session import (
    CallNote,
    Connect,
    ConversationChunk,
    ConversationPlan,
    ConversationState,
    ProgressListener,
    UnavailableReplies,
    advance,
    start_conversations,
)
from harness.runner.signals import handling_signals
from harness.runner.turn import Turn

Waiting: TypeAlias = tuple[ConversationState[Any], str]
"""A conversation that needs a call, and the id of its cell or system."""

GRACE_S = 30.0
"""Seconds that a stopping run waits for calls in flight, each of which may be billed."""

QUEUE_WINDOW = 4
"""Conversations in progress in a queue, as a multiple of the calls in flight that its models allow."""

UNSTORED_WINDOW = 2
"""Calls of a model whose reply is on its way or not on the disk yet, as a multiple of the calls in flight that it
allows: the most that a process that is killed can lose."""


def execute(plan: ConversationPlan[Any], chunks: Iterable[ConversationChunk], executor: Executor) -> None:
    """Run all conversations of some chunks and store the replies that the cache lacks.

    Raises:
        HarnessError: the first error that ended it. The replies received before it, and those of calls that were in
            flight and arrived within `GRACE_S`, are stored, or written to a bundle that the error names.
    """
    cause: BaseException | None = None
    try:
        cause = asyncio.run(_execute(plan, chunks, executor))
    finally:
        cause = rescue(executor.unstored(), executor.store, executor.watch, cause)
    if cause is not None:
        raise cause


async def _execute(
    plan: ConversationPlan[Any], chunks: Iterable[ConversationChunk], executor: Executor
) -> BaseException | None:
    """The cause of a stop, None if the run came to its end."""
    work = asyncio.ensure_future(_run_all(plan, chunks, executor))
    asked = asyncio.ensure_future(executor.cancellation.asked.wait())
    try:
        with handling_signals(executor.cancellation, executor.interrupt):
            try:
                await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                # Ctrl-C where the loop handles no signals, as on Windows.
                executor.interrupt()
                raise
            finally:
                if not work.done():
                    await executor.drain()
    finally:
        for task in (work, asked):
            task.cancel()
        await asyncio.gather(work, asked, return_exceptions=True)
        await executor.close()
    return executor.cancellation.cause


async def _run_all(plan: ConversationPlan[Any], chunks: Iterable[ConversationChunk], executor: Executor) -> None:
    queues: dict[tuple[str, ...], list[ConversationChunk]] = {}
    for chunk in chunks:
        queues.setdefault(chunk.cell.models, []).append(chunk)
    async with asyncio.TaskGroup() as group:
        for models, queue in queues.items():
            width = QUEUE_WINDOW * sum(plan.spec.models[name].limits.concurrency for name in models)
            group.create_task(_run_queue(plan, queue, executor, width))


async def _run_queue(
    plan: ConversationPlan[Any], chunks: Sequence[ConversationChunk], executor: Executor, width: int
) -> None:
    """Run the conversations of some chunks in `width` lanes, each of which takes one after another."""
    waiting = _waiting(plan, chunks, executor)

    async def lane(taken: Waiting | None) -> None:
        while taken is not None:
            await executor.converse(*taken)
            taken = await following()

    async def following() -> Waiting | None:
        try:
            return next(waiting, None)
        except (Exception, KeyboardInterrupt) as error:
            await executor.stop_on(error)
            return None

    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            if (taken := await following()) is None:
                break
            group.create_task(lane(taken))


def _waiting(plan: ConversationPlan[Any], chunks: Sequence[ConversationChunk], executor: Executor) -> Iterator[Waiting]:
    """The conversations that need a call, each with the id of its cell or system."""
    for chunk in chunks:
        conversations = start_conversations(plan, chunk)
        waiting = advance(conversations, executor.store, executor.unavailable)
        executor.ended(len(conversations) - len(waiting))
        for conversation in waiting:
            yield conversation, chunk.cell.id


@dataclass
class Executor:
    """Makes the missing calls of a run and stores their replies."""

    store: Store
    connect: Connect
    watch: ProgressListener
    unavailable: UnavailableReplies
    reached: int
    grace_s: float = GRACE_S
    cancellation: Cancellation = field(default_factory=Cancellation)
    connections: dict[str, Connection] = field(default_factory=dict)
    in_flight: dict[str, asyncio.Future[Reply]] = field(default_factory=dict)
    storing: dict[str, tuple[Entry, Future[None]]] = field(default_factory=dict)
    """Replies that are not on the disk yet, by key."""
    confirmations: Confirmations = field(default_factory=Confirmations)
    room: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    """By model; limits its replies that are on their way or not on the disk yet."""

    def ended(self, conversations: int) -> None:
        """Report a number of ended conversations."""
        self.reached += conversations
        self.watch.reached(self.reached)

    def interrupt(self) -> None:
        """Stop the run because a person or the system asked for it."""
        self.cancellation.stop(KeyboardInterrupt())
        self.watch.stopping(len(self.cancellation.in_attempt))

    async def stop_on(self, error: BaseException) -> None:
        """Stop the run because of an error or of Ctrl-C, and wait for the end of it.

        One that leaves a task would cancel all others at once, and lose the replies that are on their way.
        """
        if isinstance(error, KeyboardInterrupt):
            self.interrupt()
        self.cancellation.stop(error)
        await self.cancellation.let_through()

    async def converse(self, conversation: ConversationState[Any], place: str = "") -> None:
        """Run one conversation to its end; `place` is the id of its cell or system, for the log."""
        where = (place, conversation.item.id)
        try:
            going, is_first = True, True
            while going:
                if is_first and len(conversation.keys) == 1:
                    replies = [await self._reply_to(conversation.keys[0], conversation.calls[0], where)]
                else:
                    replies = await self._replies_to(conversation, where)
                going, is_first = conversation.receive(replies), False
            self.watch.ended(getattr(conversation.outcome, "failure", None) or "")
            self.ended(1)
        except (Exception, KeyboardInterrupt) as error:
            await self.stop_on(error)

    async def _reply_to(self, key: str, call: Call, where: tuple[str, str]) -> Reply:
        """The reply to a call that is not stored, made in the task of its conversation."""
        if key in self.in_flight:
            return await self.in_flight[key]
        shared = self.in_flight[key] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._ask(
                Turn(self.store, key, call.model.limits.timeout_s, is_looked_up=False), plain_call(call), where
            )
        except BaseException:
            shared.cancel()  # who shares it is being cancelled too
            raise
        finally:
            del self.in_flight[key]
        if not shared.done():
            shared.set_result(reply)
        return reply

    async def _replies_to(self, conversation: ConversationState[Any], where: tuple[str, str]) -> list[Reply]:
        """The replies to the calls of a conversation, of which some may be stored."""
        found = self.store.get_many(conversation.keys)
        batch = zip(conversation.keys, conversation.calls, strict=True)
        asked = [found.get(key) or self._shared(key, call, where) for key, call in batch]
        return [reply if isinstance(reply, Reply) else await reply for reply in asked]

    def _shared(self, key: str, call: Call, where: tuple[str, str]) -> asyncio.Future[Reply]:
        """The reply to a call; identical calls in flight are made once."""
        future = self.in_flight.get(key)
        if future is None:
            turn = Turn(self.store, key, call.model.limits.timeout_s)
            future = self.in_flight[key] = asyncio.ensure_future(self._ask(turn, plain_call(call), where))
            future.add_done_callback(lambda ended: self._end(key, ended))
        return future

    def _end(self, key: str, future: asyncio.Future[Reply]) -> None:
        """Remove an ended call; an interrupt that ended it was raised elsewhere, and nothing awaits it any more."""
        del self.in_flight[key]
        if not future.cancelled():
            future.exception()

    async def _ask(self, turn: Turn, call: Call, where: tuple[str, str]) -> Reply:
        """Make a call and store its reply, or record that there is none."""
        key = turn.key
        if self.unavailable.reply_to(key, call):
            return UNAVAILABLE
        started = time.monotonic()
        reply, reason = UNAVAILABLE, ""
        try:
            try:
                reply, is_made = await self._stored_reply(turn, call)
                if not is_made:
                    return reply
            except ModelStopped as error:
                reason, name = str(error), call.model.name
                if name not in self.unavailable.models:
                    self.unavailable.models[name] = reason
                    self.watch.stopped(name, reason)
            except ProviderError as error:
                reason, self.unavailable.keys[key] = str(error), error.kind
                self.watch.called(call, UNAVAILABLE)
            else:
                self.watch.called(call, reply)
            finally:
                self.cancellation.left()
            seconds, answered = time.monotonic() - started, None if reply is UNAVAILABLE else reply
            self.watch.noted(CallNote(*where, call, key, seconds, self.watch.tries(call), answered, reason))
        except (Exception, KeyboardInterrupt) as error:
            await self.stop_on(error)
        return reply

    async def _stored_reply(self, turn: Turn, call: Call) -> tuple[Reply, bool]:
        """The reply to a call, once it is on the disk, and whether the call was made.

        Where it waited for its turn, or another process makes the call, that may store the reply in the meantime.

        Raises:
            ProviderError: the call got no reply; also where a provider raised what it should not.
        """
        name = call.model.name
        if name not in self.connections:
            self.connections[name] = self.connect(name, self.cancellation)
            self.room[name] = asyncio.Semaphore(UNSTORED_WINDOW * call.model.limits.concurrency)
        while True:
            async with self.room[name]:
                await self.cancellation.let_through()
                with turn.taken():
                    if turn.found is not None:
                        return turn.found, False
                    if turn.is_mine:
                        return await self._made(turn.key, call), True
            await turn.wait()

    async def _made(self, key: str, call: Call) -> Reply:
        """Make a call; its reply, once it is on the disk."""
        self.cancellation.entered()  # until the connection itself says otherwise
        try:
            reply = separated(await self.connections[call.model.name].send(call))
        except HarnessError:
            raise
        except Exception as error:
            raise ProviderError(f"model {call.model.name}: {unexpected(error)}", kind="unexpected") from error
        entry = Entry(key, call_bytes(call), reply)
        self.storing[key] = entry, self._put(entry)
        await self.confirmations.of(self.storing[key][1])
        del self.storing[key]
        return reply

    def _put(self, entry: Entry) -> Future[None]:
        """The future of a reply that is being stored; it fails where the store raises at once."""
        try:
            return self.store.put(*entry)
        except Exception as error:
            failed: Future[None] = Future()
            failed.set_exception(error)
            return failed

    def unstored(self) -> list[Entry]:
        """Wait for the store, try once more what it could not store, and return what it still could not."""
        failed = not_stored(self.storing.values())
        return not_stored([(entry, self._put(entry)) for entry in failed])

    async def drain(self) -> None:
        """Wait up to `grace_s` for attempts in flight and for the storing of their replies."""
        if not self.cancellation.in_attempt:
            return
        # Not the end of the tasks: a task whose attempt ended in an error waits to be cancelled.
        ends = [asyncio.ensure_future(event.wait()) for event in (self.cancellation.forced, self.cancellation.idle)]
        await asyncio.wait(ends, timeout=self.grace_s, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

    async def close(self) -> None:
        """Cancel what is left, and close every open connection."""
        for future in self.in_flight.values():
            future.cancel()
        await asyncio.gather(*self.in_flight.values(), return_exceptions=True)
        closing = (connection.close() for connection in self.connections.values())
        await asyncio.gather(*closing, return_exceptions=True)
