"""The coordinator's part of asking with workers: it gives single attempts to workers and takes what came of them.

Everything around an attempt stays here: which calls are made, each once; rate limits and budget, of which every
attempt has its part before a worker has it; retries; and the storing of replies before they are used. A worker that
is lost costs the attempts that it had in flight, which are made again.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

from harness.providers.attempts import LOST_WORKER, ModelConnection
from harness.providers.provider import Context
from harness.providers.retry import Fault, unexpected
from harness.records.calls import Call, Model, Reply
from harness.runner.workers.attempts import Order, exchange, finish
from harness.runner.workers.lanes import LOST, Lane, Workers

LATE_S = 30.0
"""Seconds that a worker may take longer for an attempt than the model's `timeout_s`."""
START_STEP_S = 0.02
"""Seconds between two looks for a first worker."""
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.005, 0.1
"""Seconds for which one task waits for results; new attempts wait for the task before them."""
PATIENCE = 0.1
"""Such a wait, as a share of the time since the last result."""

Attempt: TypeAlias = Callable[[Call, bool], Awaitable[Reply | Fault]]


@dataclass(eq=False)
class _Line:
    """The attempts that a worker has, and those that it has not been given yet."""

    lane: Lane
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Distinguishes the attempts from those of others in the same process."""
    orders: list[Order] = field(default_factory=list)
    open: dict[int, asyncio.Future[Reply | Fault]] = field(default_factory=dict)
    pump: asyncio.Task[None] | None = None
    is_over: bool = False


class Delegation:
    """Gives attempts to workers. Used in one event loop.

    Args:
        workers: the workers.
        late_s: seconds that a worker may take longer than an attempt may.
    """

    def __init__(self, workers: Workers, late_s: float = LATE_S) -> None:
        self._workers, self._late_s = workers, late_s
        self._lines: dict[Lane, _Line] = {}
        self._numbers = count(1)

    async def attempt(self, call: Call, asks_format: bool) -> Reply | Fault:
        """What came of one attempt of a call, made by the worker that has the fewest.

        Raises:
            WorkersError: where there are no workers.
        """
        line, number = await self._line(), next(self._numbers)
        future: asyncio.Future[Reply | Fault] = asyncio.get_running_loop().create_future()
        line.open[number] = future
        line.orders.append(Order(number, call, asks_format))
        if line.pump is None:
            line.pump = asyncio.ensure_future(self._pump(line))
        try:
            async with asyncio.timeout(call.model.limits.timeout_s + self._late_s):
                return await future
        except TimeoutError:
            self._lost(line)
            return _LOST_IN_FLIGHT
        finally:
            line.open.pop(number, None)

    async def close(self) -> None:
        """End what is in flight."""
        lines, self._lines = list(self._lines.values()), {}
        for line in lines:
            line.is_over = True
            if line.pump is not None:
                line.pump.cancel()
            with suppress(*LOST, RuntimeError):
                line.lane.executor.submit(finish, line.name)

    async def _line(self) -> _Line:
        while not (lanes := self._workers.lanes()):
            await asyncio.sleep(START_STEP_S)
        lines = [self._lines.setdefault(lane, _Line(lane)) for lane in lanes]
        return min(lines, key=lambda line: len(line.open))

    async def _pump(self, line: _Line) -> None:
        """Exchange attempts and results with a worker, as long as it has some."""
        loop = asyncio.get_running_loop()
        last_s = loop.time()
        while line.open:
            orders, line.orders = line.orders, []
            wait_s = min(LONGEST_WAIT_S, max(SHORTEST_WAIT_S, PATIENCE * (loop.time() - last_s)))
            try:
                task = line.lane.executor.submit(exchange, line.name, orders, wait_s)
                results = await asyncio.wrap_future(task)
            except asyncio.CancelledError:
                if line.is_over or not task.cancelled():
                    raise
                self._lost(line)  # the client of a cluster cancels the tasks of a worker that is gone
                return
            except LOST:
                self._lost(line)
                return
            except Exception as error:
                fault = Fault("unexpected", unexpected(error), remedy="again", may_be_billed=True)
                results = [(number, fault) for number in line.open]
            for number, result in results:
                future = line.open.pop(number, None)
                if future is not None and not future.done():
                    future.set_result(result)
            if results:
                last_s = loop.time()
                await asyncio.sleep(0)  # what these results lead to may be new attempts
        line.pump = None

    def _lost(self, line: _Line) -> None:
        """Replace a worker; its attempts end without a reply, and those that it was not given at no cost."""
        self._lines.pop(line.lane, None)
        line.is_over = True
        if line.pump is not None and line.pump is not asyncio.current_task():
            line.pump.cancel()
        unsent = {order.number for order in line.orders}
        for number, future in line.open.items():
            if not future.done():
                future.set_result(_LOST_UNSENT if number in unsent else _LOST_IN_FLIGHT)
        self._workers.lost(line.lane)


_LOST_UNSENT = Fault(LOST_WORKER, "its worker was lost", remedy="again")
_LOST_IN_FLIGHT = Fault(LOST_WORKER, "its worker was lost with the call in flight", remedy="again", may_be_billed=True)


class DelegatedConnection(ModelConnection):
    """A connection to a model whose attempts workers make. See `harness.providers.provider.Connection`.

    Args:
        model: the model.
        context: clock, sleep and everything else from the outside.
        delegation: gives attempts to workers.
    """

    def __init__(self, model: Model, context: Context, delegation: Delegation) -> None:
        super().__init__(model, context)
        self._delegation = delegation

    async def _attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
        return await self._delegation.attempt(call, asks_format)

    async def close(self) -> None:
        """End what is in flight, of all models."""
        await self._delegation.close()
