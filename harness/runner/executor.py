"""Ask for all that is missing. The only file of the pipeline that knows asyncio; a replay does not import it.

Conversations are held concurrently, one lane for each set of models so that a slow model holds up no other. Every
reply is stored before it is used. Nothing comes out of here but the content of the cache, and what could not be had.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.cache.entry import Entry, Store
from harness.cache.key import call_bytes
from harness.errors import HarnessError, ModelStopped, Problem, ProviderError
from harness.providers.cancellation import Cancellation
from harness.providers.provider import Connection
from harness.providers.retry import unexpected
from harness.records.calls import UNAVAILABLE, Call, Reply
from harness.records.reasoning import separated
from harness.records.shared_prompts import plain_call
from harness.runner.interruption import EndingSignal
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
from harness.runner.turn import Turn
from harness.text import pluralized

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
        cause = _rescue(executor, cause)
    if cause is not None:
        raise cause


async def _execute(
    plan: ConversationPlan[Any], chunks: Iterable[ConversationChunk], executor: Executor
) -> BaseException | None:
    """The cause of a stop, None if the run came to its end."""
    work = asyncio.ensure_future(_run_all(plan, chunks, executor))
    asked = asyncio.ensure_future(executor.cancellation.asked.wait())
    try:
        with _handling_signals(executor):
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


@contextmanager
def _handling_signals(executor: Executor) -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP stop the run in order; only the main thread receives signals."""

    def on_signal() -> None:
        if executor.cancellation.cause is None:
            executor.interrupt()
        else:
            executor.cancellation.forced.set()

    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread() and sys.platform != "win32":
            for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                handler = signal.getsignal(one)
                if handler not in (None, signal.SIG_IGN):  # ignored by the parent process, or not set from Python
                    loop.add_signal_handler(one, on_signal)
                    before[one] = handler
        yield
    finally:
        for one, handler in before.items():
            if isinstance(handler, EndingSignal) and isinstance(executor.cancellation.cause, KeyboardInterrupt):
                handler.is_ending = True
            loop.remove_signal_handler(one)
            signal.signal(one, handler)


async def _run_queue(
    plan: ConversationPlan[Any], chunks: Sequence[ConversationChunk], executor: Executor, width: int
) -> None:
    """Run the conversations of some chunks, at most `width` of them at once."""
    places = asyncio.Semaphore(width)
    async with asyncio.TaskGroup() as group:
        for chunk in chunks:
            async with executor.stopping_on_error():
                conversations = start_conversations(plan, chunk)
                waiting = advance(conversations, executor.store, executor.unavailable)
                executor.ended(len(conversations) - len(waiting))
            for conversation in waiting:
                await places.acquire()
                task = group.create_task(executor.converse(conversation, chunk.cell.id))
                task.add_done_callback(lambda _: places.release())


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

    @asynccontextmanager
    async def stopping_on_error(self) -> AsyncIterator[None]:
        """Let an error in the block stop the run, and wait for the end of it.

        An error that leaves a task would cancel all others at once, and lose the replies that are on their way.
        """
        try:
            yield
        except Exception as error:
            self.cancellation.stop(error)
            await self.cancellation.let_through()

    async def converse(self, conversation: ConversationState[Any], place: str = "") -> None:
        """Run one conversation to its end; `place` is the id of its cell or system, for the log."""
        async with self.stopping_on_error():
            going = True
            while going:
                found = self.store.get_many(conversation.keys)
                where = (place, conversation.item.id)
                batch = zip(conversation.keys, conversation.calls, strict=True)
                asked = [found.get(key) or self._shared(key, call, where) for key, call in batch]
                replies = [reply if isinstance(reply, Reply) else await reply for reply in asked]
                going = conversation.receive(replies)
            self.watch.ended(getattr(conversation.outcome, "failure", None) or "")
            self.ended(1)

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
        async with self.stopping_on_error():
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
        await asyncio.wrap_future(self.storing[key][1])
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
        failed = _not_stored(self.storing.values())
        return _not_stored([(entry, self._put(entry)) for entry in failed])

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


def _not_stored(storing: Collection[tuple[Entry, Future[None]]]) -> list[Entry]:
    """Wait until the store has ended with some entries, or for an interrupt; those that it has not stored."""
    try:
        wait([stored for _, stored in storing])
    except KeyboardInterrupt:
        pass  # the caller writes what is left to a bundle
    return [entry for entry, stored in storing if not stored.done() or stored.exception()]


def _rescue(executor: Executor, cause: BaseException | None) -> BaseException | None:
    """Write replies that the store could not keep to a file, and return the cause with a word on where they are."""
    entries = executor.unstored()
    if not entries:
        return cause
    file = executor.store.rescue(entries)
    problem = Problem(message=f"{pluralized(len(entries), 'paid reply', 'paid replies')} could not be stored anywhere")
    if file is not None:
        count = pluralized(len(entries), "reply", "replies")
        hint = f"`harness cache import {shlex.quote(str(file))}` adds them to a cache"
        problem = Problem(file=str(file), message=f"holds {count} that the cache could not store", hint=hint)
    if isinstance(cause, HarnessError):
        cause.add(problem)
    else:
        executor.watch.warned(str(problem))
    return cause
