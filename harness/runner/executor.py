"""Ask for all that is missing. The only file of the pipeline that knows asyncio; a replay does not import it.

Conversations are held concurrently, one lane for each set of models so that a slow model holds up no other. Every
reply is stored before it is used. Nothing comes out of here but the content of the cache, and what could not be had.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from harness.cache.entry import Store
from harness.cache.key import call_bytes
from harness.errors import BudgetReachedError, HarnessError, ModelStopped, ProviderError
from harness.providers.cancellation import Cancellation
from harness.providers.provider import Connection
from harness.records.calls import UNAVAILABLE, Call, Reply
from harness.records.reasoning import separated
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

GRACE_S = 30.0
"""Seconds that a stopping run waits for calls in flight, each of which may be billed."""

QUEUE_WINDOW = 4
"""Conversations in progress in a queue, as a multiple of the calls in flight that its models allow."""


def execute(plan: ConversationPlan[Any], chunks: Iterable[ConversationChunk], executor: Executor) -> None:
    """Run all conversations of some chunks and store the replies that the cache lacks.

    Raises:
        HarnessError: the first error that ended it; the replies received before are stored.
    """
    cause = asyncio.run(_execute(plan, chunks, executor))
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
            await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await executor.drain()
    finally:
        for task in (work, asked):
            task.cancel()
        await asyncio.gather(work, asked, return_exceptions=True)
        await executor.close()
    return executor.cancellation.cause if work.cancelled() else work.exception()


async def _run_all(plan: ConversationPlan[Any], chunks: Iterable[ConversationChunk], executor: Executor) -> None:
    queues: dict[tuple[str, ...], list[ConversationChunk]] = {}
    for chunk in chunks:
        queues.setdefault(chunk.cell.models, []).append(chunk)
    try:
        async with asyncio.TaskGroup() as group:
            for models, queue in queues.items():
                width = QUEUE_WINDOW * sum(plan.spec.models[name].limits.concurrency for name in models)
                group.create_task(_run_queue(plan, queue, executor, width))
    except* HarnessError as failures:
        raise _first(failures) from None


@contextmanager
def _handling_signals(executor: Executor) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop the run in order; only the main thread receives signals."""

    def on_signal() -> None:
        if executor.cancellation.cause is None:
            executor.cancellation.stop(KeyboardInterrupt())
            executor.watch.stopping(len(executor.cancellation.in_attempt))
        else:
            executor.cancellation.forced.set()

    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread() and sys.platform != "win32":
            for one in (signal.SIGINT, signal.SIGTERM):
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

    def ended(self, conversations: int) -> None:
        """Report a number of ended conversations."""
        self.reached += conversations
        self.watch.reached(self.reached)

    async def converse(self, conversation: ConversationState[Any], place: str = "") -> None:
        """Run one conversation to its end; `place` is the id of its cell or system, for the log."""
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
            future = self.in_flight[key] = asyncio.ensure_future(self._ask(key, call, where))
            future.add_done_callback(lambda ended: self._end(key, ended))
        return future

    def _end(self, key: str, future: asyncio.Future[Reply]) -> None:
        """Remove an ended call; an error that nothing awaits any more was raised elsewhere."""
        del self.in_flight[key]
        if not future.cancelled():
            future.exception()

    async def _ask(self, key: str, call: Call, where: tuple[str, str]) -> Reply:
        """Make a call and store its reply, or record that there is none."""
        if self.unavailable.reply_to(key, call):
            return UNAVAILABLE
        started = time.monotonic()

        def note(reply: Reply | None, reason: str = "") -> None:
            seconds = time.monotonic() - started
            self.watch.noted(CallNote(*where, call, key, seconds, self.watch.tries(call), reply, reason))

        name = call.model.name
        try:
            if name not in self.connections:
                self.connections[name] = self.connect(name, self.cancellation)
            reply = separated(await self.connections[name].send(call))
            await asyncio.wrap_future(self.store.put(key, call_bytes(call), reply))
        except ModelStopped as error:
            if name not in self.unavailable.models:
                self.unavailable.models[name] = str(error)
                self.watch.stopped(name, str(error))
            note(None, str(error))
            return UNAVAILABLE
        except ProviderError as error:
            self.unavailable.keys[key] = error.kind
            self.watch.called(call, UNAVAILABLE)
            note(None, str(error))
            return UNAVAILABLE
        except BudgetReachedError as error:
            self.cancellation.stop(error)
            await self.cancellation.let_through()
        finally:
            self.cancellation.left()
        self.watch.called(call, reply)
        note(reply)
        return reply

    async def drain(self) -> None:
        """Wait up to `grace_s` for attempts in flight and for the storing of their replies."""
        forced = asyncio.ensure_future(self.cancellation.forced.wait())
        ends_at = asyncio.get_running_loop().time() + self.grace_s
        while waiting := [task for task in self.cancellation.in_attempt if not task.done()]:
            left_s = ends_at - asyncio.get_running_loop().time()
            ended, _ = await asyncio.wait(
                {*waiting, forced}, timeout=max(0.0, left_s), return_when=asyncio.FIRST_COMPLETED
            )
            if forced in ended or not ended:
                break
        forced.cancel()

    async def close(self) -> None:
        """Cancel what is left, and close every open connection."""
        for future in self.in_flight.values():
            future.cancel()
        await asyncio.gather(*self.in_flight.values(), return_exceptions=True)
        for connection in self.connections.values():
            await connection.close()


def _first(failures: BaseExceptionGroup[HarnessError]) -> HarnessError:
    """The first error of nested groups; the others repeat it."""
    inner = failures.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
