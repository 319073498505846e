"""What an executor does when a run ends."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from harness.runner.executor import GRACE_S, Executor


def executor(grace_s: float) -> Executor:
    """An executor that stores and asks nothing."""
    nothing = cast(Any, None)
    return Executor(nothing, nothing, nothing, nothing, 0, grace_s=grace_s)


async def drained(one: Executor, *, after: str = "") -> str:
    """What ended the wait for attempts in flight: an event, the grace period, or nothing at all."""

    async def work() -> None:
        one.cancellation.entered()
        await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    assert one.cancellation.in_attempt
    if after:
        asyncio.get_running_loop().call_soon(getattr(one.cancellation, after).set)
    waited = asyncio.create_task(one.drain())
    done, _ = await asyncio.wait([waited], timeout=20)
    events = {name: getattr(one.cancellation, name).is_set() for name in ("forced", "idle")}
    for each in (task, waited):
        each.cancel()
    await asyncio.gather(task, waited, return_exceptions=True)
    return next((name for name, is_set in events.items() if is_set), "grace") if done else "nothing"


def test_the_wait_for_calls_in_flight_ends_with_the_grace_period() -> None:
    assert asyncio.run(drained(executor(0.01))) == "grace"


@pytest.mark.parametrize("event", ["forced", "idle"])
def test_the_wait_ends_when_all_are_stored_or_a_second_interrupt_asks_for_it(event: str) -> None:
    assert asyncio.run(drained(executor(3600), after=event)) == event


def test_without_calls_in_flight_there_is_no_wait() -> None:
    asyncio.run(asyncio.wait_for(executor(3600).drain(), 20))


def test_the_grace_period_is_half_a_minute() -> None:
    assert (GRACE_S, Executor.grace_s) == (30, 30)
