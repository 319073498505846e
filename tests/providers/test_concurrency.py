"""As many attempts at once as an endpoint bears."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.concurrency import Concurrency


def test_the_number_is_halved_once_for_attempts_that_were_under_way_together():
    async def main():
        slots = Concurrency(16)
        started = [await slots.__aenter__() for _ in range(16)]
        for one in started:
            slots.too_many(one)
        assert slots.limit == 8
        for _ in range(9):
            await slots.__aexit__(None, None, None)
        slots.too_many(await slots.__aenter__())
        assert slots.limit == 4

    asyncio.run(main())


def test_it_grows_by_one_for_as_many_answers_as_it_is_and_never_beyond_the_most():
    slots = Concurrency(4)
    slots.too_many(1)
    assert slots.limit == 2
    slots.answered()
    slots.answered()
    slots.answered()
    assert slots.limit == 3
    for _ in range(100):
        slots.answered()
    assert slots.limit == 4


def test_a_wide_one_comes_back_within_a_bounded_number_of_rounds():
    slots, rounds = Concurrency(1024), 0
    for started in range(1, 20):
        slots._started = started
        slots.too_many(started)
    assert slots.limit == 1
    while slots.limit < 1024:
        rounds += 1
        for _ in range(slots.limit):
            slots.answered()
    assert rounds <= 40


def test_it_never_falls_below_one():
    slots = Concurrency(2)
    for started in range(1, 10):
        slots._started = started
        slots.too_many(started)
    assert slots.limit == 1


@given(st.integers(1, 5), st.lists(st.sampled_from(["enter", "leave", "answered", "too-many", "cancel"]), max_size=60))
def test_no_more_are_in_than_were_let_in_and_none_waits_for_nothing(most, steps):
    async def main():
        slots, inside, waiting = Concurrency(most), 0, []
        for step in steps:
            if step == "enter":
                waiting.append(asyncio.ensure_future(slots.__aenter__()))
            elif step == "leave" and inside:
                inside -= 1
                await slots.__aexit__(None, None, None)
            elif step == "answered":
                slots.answered()
            elif step == "too-many":
                slots.too_many(slots._started)
            elif step == "cancel" and waiting:
                waiting.pop(0).cancel()
            for _ in range(4):
                await asyncio.sleep(0)
            inside += sum(task.done() and not task.cancelled() for task in waiting)
            waiting = [task for task in waiting if not task.done()]
            assert slots._taken == inside <= most
            assert not waiting or inside >= slots.limit
        for task in waiting:
            task.cancel()

    asyncio.run(main())


@pytest.mark.parametrize("moment", ["before", "after"])
def test_who_is_cancelled_while_waiting_leaves_the_place_to_the_next(moment):
    async def main():
        slots = Concurrency(1)
        await slots.__aenter__()
        first, second = (asyncio.ensure_future(slots.__aenter__()) for _ in range(2))
        await asyncio.sleep(0)
        if moment == "before":
            first.cancel()
            await slots.__aexit__(None, None, None)
        else:
            await slots.__aexit__(None, None, None)  # its turn has come, and it does not know yet
            first.cancel()
        await second
        assert slots._taken == 1

    asyncio.run(main())
