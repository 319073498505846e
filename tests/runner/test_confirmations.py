from __future__ import annotations

import asyncio
from concurrent.futures import Future
from threading import Thread
from typing import Any

import pytest

from harness.runner.confirmations import Confirmations


def ended_in_a_thread(futures: list[Future[None]], error: Exception | None = None) -> None:
    def work() -> None:
        for future in futures:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    thread = Thread(target=work)
    thread.start()
    thread.join()


def test_all_that_a_thread_ends_at_once_wakes_the_loop_once():
    async def main() -> int:
        loop, wakes = asyncio.get_running_loop(), 0
        schedule = loop.call_soon_threadsafe

        def counted(*args: Any, **options: Any) -> asyncio.Handle:
            nonlocal wakes
            wakes += 1
            return schedule(*args, **options)

        loop.call_soon_threadsafe = counted  # type: ignore[method-assign]
        confirmations, futures = Confirmations(), [Future[None]() for _ in range(50)]
        waiters = [confirmations.of(future) for future in futures]
        ended_in_a_thread(futures)
        await asyncio.gather(*waiters)
        return wakes

    assert asyncio.run(main()) == 1


def test_groups_one_after_another_all_arrive():
    async def main() -> None:
        confirmations = Confirmations()
        for _ in range(20):
            futures = [Future[None]() for _ in range(3)]
            waiters = [confirmations.of(future) for future in futures]
            ended_in_a_thread(futures)
            await asyncio.wait_for(asyncio.gather(*waiters), 20)

    asyncio.run(main())


def test_an_error_is_passed_on_and_a_future_that_has_ended_counts():
    async def main() -> None:
        confirmations, future, ended = Confirmations(), Future[None](), Future[None]()
        ended.set_result(None)
        waiter = confirmations.of(future)
        ended_in_a_thread([future], ValueError("full"))
        with pytest.raises(ValueError, match="full"):
            await waiter
        await asyncio.wait_for(confirmations.of(ended), 20)

    asyncio.run(main())


def test_who_stops_waiting_and_a_closed_loop_disturb_nothing():
    async def main() -> Future[None]:
        confirmations, first, second = Confirmations(), Future[None](), Future[None]()
        cancelled, waiter = confirmations.of(first), confirmations.of(second)
        cancelled.cancel()
        ended_in_a_thread([first, second])
        await asyncio.wait_for(waiter, 20)
        late = Future[None]()
        confirmations.of(late)
        return late

    asyncio.run(main()).set_result(None)
