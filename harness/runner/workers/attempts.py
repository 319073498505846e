"""The part of asking that workers do: single attempts of calls, many at once, in an event loop of their own thread.

These functions run in workers. Limits, budget, retries and storing are the coordinator's: a worker makes an attempt
that it was given, and returns what came of it. It finds API keys in its own environment; no task holds any.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from functools import cache
from threading import Condition, Thread
from typing import NamedTuple, TypeAlias

from harness.errors import HarnessError, ModelStopped
from harness.providers.attempts import ModelConnection
from harness.providers.provider import Context, find_provider
from harness.providers.retry import Fault, unexpected
from harness.records.calls import Call, Model, Reply

Result: TypeAlias = Reply | Fault


class Order(NamedTuple):
    """One attempt that a worker is to make.

    Attributes:
        number: returned with its result.
        call: the call.
        asks_format: whether to send the call's `response_format`, if it has one.
    """

    number: int
    call: Call
    asks_format: bool


def exchange(run: str, orders: Sequence[Order], wait_s: float) -> list[tuple[int, Result]]:
    """Begin attempts, and return what came of attempts that have ended, these or earlier ones.

    Args:
        run: random digits that distinguish coordinators, since several may use one worker.
        orders: the attempts to begin.
        wait_s: seconds to wait for a first result.
    """
    return _attempts(run).exchange(orders, wait_s)


def finish(run: str) -> None:
    """Close the connections of a run, and forget it."""
    attempts = _runs().pop(run, None)
    if attempts is not None:
        attempts.close()


class Attempts:
    """Attempts of one run in this worker."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread()
        self._connections: dict[str, ModelConnection | Fault] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._results: list[tuple[int, Result]] = []
        self._changed = Condition()

    def exchange(self, orders: Sequence[Order], wait_s: float) -> list[tuple[int, Result]]:
        """As the function `exchange`."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = Thread(target=_run, args=(self._loop,), name="harness-attempts", daemon=True)
            self._thread.start()
        if orders:
            self._loop.call_soon_threadsafe(self._begin, orders)
        with self._changed:
            self._changed.wait_for(lambda: self._results, wait_s)
            results, self._results = self._results, []
        return results

    def close(self) -> None:
        """Close all connections, and end the thread."""
        loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()

    def _begin(self, orders: Sequence[Order]) -> None:
        for order in orders:
            task = asyncio.ensure_future(self._make(order))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _make(self, order: Order) -> None:
        """Make an attempt; whatever it raises is a result."""
        try:
            result = await self._result(order)
        except HarnessError as error:
            result = Fault("unexpected", str(error), remedy="give-up")
        except Exception as error:
            result = Fault("unexpected", unexpected(error), remedy="again", may_be_billed=True)
        with self._changed:
            self._results.append((order.number, result))
            self._changed.notify()

    async def _result(self, order: Order) -> Result:
        model = order.call.model
        if model.name not in self._connections:
            self._connections[model.name] = _connected(model)
        connection = self._connections[model.name]
        if isinstance(connection, Fault):
            return connection
        return await connection.attempt(order.call, asks_format=order.asks_format)

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        closing = (one.close() for one in self._connections.values() if not isinstance(one, Fault))
        await asyncio.gather(*closing, return_exceptions=True)
        self._connections.clear()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


def _connected(model: Model) -> ModelConnection | Fault:
    """A connection to a model, or why no call can succeed."""
    try:
        connection = find_provider(model.provider).connect(model, Context(os.environ))
    except ModelStopped as error:
        problem = error.problems[0]
        message = problem.message.removeprefix(f"model {model.name}").removeprefix(":").strip()
        return Fault(error.kind, f"a worker cannot ask it: {message}", remedy="stop", hint=problem.hint)
    assert isinstance(connection, ModelConnection), "the coordinator gives away no other attempts"
    return connection


@cache
def _runs() -> dict[str, Attempts]:
    return {}


def _attempts(run: str) -> Attempts:
    """The attempts of a run in this worker, which other runs may use as well."""
    return _runs().setdefault(run, Attempts())
