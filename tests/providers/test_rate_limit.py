from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.providers.rate_limit import CATCH_UP_S, RateLimit
from harness.records.calls import Limits


class Clock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def pace_of(clock: Clock, **limits: int) -> RateLimit:
    return RateLimit(Limits(**limits), clock=clock, sleep=clock.sleep)


async def times_of_turns(pace: RateLimit, clock: Clock, tokens: list[int]) -> list[float]:
    times = []
    for count in tokens:
        await pace.turn(count)
        times.append(clock.now)
    return times


def most_in_a_minute(times: list[float]) -> int:
    return max(sum(start <= other < start + 60 - 1e-6 for other in times) for start in times)


def test_without_limits_nobody_waits():
    clock = Clock()
    pace = pace_of(clock)
    assert asyncio.run(times_of_turns(pace, clock, [10**9] * 50)) == [1000.0] * 50
    assert not pace.counts_tokens


@settings(deadline=None)
@given(rpm=st.integers(1, 300), late=st.lists(st.floats(0, 3), min_size=1, max_size=5))
def test_no_minute_holds_more_requests_than_allowed(rpm: int, late: list[float]):
    clock = Clock()
    pace = pace_of(clock, rpm=rpm)

    async def main() -> list[float]:
        times = []
        for index in range(2 * rpm + 3):
            clock.now += late[index % len(late)] / rpm  # callers do not come on time
            await pace.turn(0)
            times.append(clock.now)
        return times

    times = asyncio.run(main())
    assert most_in_a_minute(times) <= rpm
    assert times[-1] - times[0] <= (2 * rpm + 3) * ((60 + CATCH_UP_S) + max(late)) / rpm


def test_requests_are_spaced_and_may_make_up_for_a_little_lost_time():
    clock = Clock()
    pace = pace_of(clock, rpm=610)  # one in a tenth of a second
    times = asyncio.run(times_of_turns(pace, clock, [0] * 31))
    assert times[10] == pytest.approx(1000.0)  # the first second was made up for
    assert times[30] == pytest.approx(1002.0)


def test_tokens_are_limited_and_settled():
    clock = Clock()
    pace = pace_of(clock, tpm=6100)  # a hundred a second
    assert pace.counts_tokens

    async def main() -> list[float]:
        times = await times_of_turns(pace, clock, [300, 300])
        pace.settle(300, 100)  # the second used only a hundred
        pace.settle(300, 0)  # the first did not say
        return times + await times_of_turns(pace, clock, [1])

    assert asyncio.run(main()) == pytest.approx([1000.0, 1002.0, 1003.0])


def test_a_pause_holds_everybody_also_those_who_wait_already():
    clock = Clock()
    pace = pace_of(clock, rpm=61)

    async def main() -> list[float]:
        times: list[float] = []

        async def one() -> None:
            await pace.turn(0)
            times.append(clock.now)

        pace.pause(10)
        pace.pause(5)  # a shorter pause does not shorten a longer one
        await asyncio.gather(one(), one(), one())
        return times

    assert asyncio.run(main()) == pytest.approx([1010.0, 1010.0, 1011.0])


def test_a_pause_holds_a_model_without_limits_and_ends():
    clock = Clock()
    pace = pace_of(clock)
    pace.pause(2)
    assert asyncio.run(times_of_turns(pace, clock, [0, 0])) == [1002.0, 1002.0]


def test_a_caller_that_is_cancelled_while_waiting_lets_the_next_one_in():
    async def main() -> None:
        clock = Clock()
        pace = RateLimit(Limits(rpm=60), clock=clock, sleep=lambda _: asyncio.Event().wait())  # type: ignore[arg-type,return-value]
        pace.pause(1)
        waiting = asyncio.create_task(pace.turn(0))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        clock.now += 1
        await pace.turn(0)

    asyncio.run(main())


def test_slots_are_as_many_as_calls_may_be_under_way():
    assert pace_of(Clock(), concurrency=3).slots.limit == 3


def test_turns_without_limits_cost_next_to_nothing():
    async def main() -> float:
        pace = RateLimit(Limits(), clock=time.monotonic, sleep=asyncio.sleep)
        best = float("inf")
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(1000):
                await pace.turn(0)
            best = min(best, time.perf_counter() - start)
        return best / 1000

    assert asyncio.run(main()) < 20e-6  # measured: 0.3 µs
