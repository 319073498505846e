"""Runs in a thread of their own, for callers whose event loop is running, such as notebooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from harness.runner.interruption import Interruption

T = TypeVar("T")


def in_thread(work: Callable[[], T], interruption: Interruption) -> T:
    """The result of work in another thread; Ctrl-C stops it in order."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="harness-run") as thread:
        future = thread.submit(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            interruption.ask()
            raise


async def awaited(work: Callable[[], T], interruption: Interruption) -> T:
    """As `in_thread`, without blocking the event loop; cancelling the task stops the work in order."""
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="harness-run")
    future = asyncio.get_running_loop().run_in_executor(thread, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        interruption.ask()
        await asyncio.wait({future})
        future.exception()  # the caller stopped the run, so its error needs no report
        raise
    finally:
        thread.shutdown(wait=False)
