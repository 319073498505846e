"""Signals and other threads that stop a run."""

from __future__ import annotations

import asyncio
import signal

import pytest

from harness.providers.cancellation import Cancellation
from harness.providers.provider import Connection
from harness.runner.interruption import EndingSignal, Interruption


def test_a_signal_interrupts_once() -> None:
    handler = EndingSignal()
    with pytest.raises(KeyboardInterrupt):
        handler(signal.SIGTERM, None)
    handler(signal.SIGTERM, None)
    assert handler.is_ending


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_a_signal_does_not_interrupt_an_ending(ending: type[BaseException]) -> None:
    handler = EndingSignal()
    try:
        raise ending
    except ending:
        handler(signal.SIGINT, None)
    handler(signal.SIGINT, None)


def test_a_run_that_connects_after_it_was_stopped_is_stopped_too() -> None:
    interruption = Interruption()
    made: list[str] = []

    def connect(name: str, cancellation: Cancellation) -> Connection:
        made.append(name)
        return None  # type: ignore[return-value]

    async def main() -> tuple[Cancellation, Cancellation]:
        first, second = Cancellation(), Cancellation()
        interruption.reaching(connect)("one", first)
        interruption.ask()
        interruption.reaching(connect)("two", second)
        await asyncio.sleep(0)
        return first, second

    first, second = asyncio.run(main())
    assert made == ["one", "two"]
    assert isinstance(first.cause, KeyboardInterrupt)
    assert isinstance(second.cause, KeyboardInterrupt)
    interruption.ask()  # the loop is closed, and nothing is left to stop


def test_a_cancellation_that_is_not_bound_cannot_be_stopped_from_outside() -> None:
    cancellation = Cancellation()
    cancellation.stop_from_outside(KeyboardInterrupt())
    assert cancellation.cause is None


def test_a_wait_ends_once_the_run_is_to_stop() -> None:
    interruption = Interruption()
    interruption.wait(0.0)
    interruption.ask()
    with pytest.raises(KeyboardInterrupt):
        interruption.wait(3600.0)
