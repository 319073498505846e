"""Money set aside and spent, stepped by hand."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget import Budget, Purse, Reservation, Till, cost_usd
from harness.errors import BudgetReachedError
from harness.records import Model, Price, Reply

PRICE = Price(10.0, 20.0)


def reservation(prompt=100, reply=50, model="m"):
    return Reservation(model, PRICE, prompt, reply)


def test_an_attempt_holds_the_most_that_it_can_cost():
    assert reservation().usd == pytest.approx((100 * 10 + 50 * 20) / 1e6)
    budget = Budget(0.0021)
    assert budget.reserve(reservation()) is not None
    assert budget.reserve(reservation()) is None
    assert budget.committed_usd == pytest.approx(0.002)


def test_a_settled_attempt_costs_what_is_reported_and_gives_back_the_rest():
    budget = Budget(0.0021)
    budget.settle(budget.reserve(reservation()), Reply("x", prompt_tokens=10, completion_tokens=5))
    assert budget.spent == {"m": pytest.approx(cost_usd(PRICE, 10, 5))}
    assert budget.is_idle
    assert budget.reserve(reservation(80)) is not None


@pytest.mark.parametrize("reply", [Reply("x"), Reply("x", completion_tokens=5)])
def test_usage_that_is_not_reported_counts_as_the_bound(reply):
    budget = Budget(1)
    budget.settle(budget.reserve(reservation()), reply)
    assert budget.spent["m"] == reservation().usd


def test_an_attempt_that_was_turned_away_costs_nothing_and_one_that_may_be_billed_all():
    budget = Budget(1)
    budget.release(budget.reserve(reservation()))
    assert budget.committed_usd == 0
    budget.keep(budget.reserve(reservation()))
    assert budget.unknown["m"] == budget.committed_usd == reservation().usd
    assert budget.is_idle


steps = st.lists(
    st.tuples(
        st.integers(1, 500),
        st.integers(1, 300),
        st.sampled_from(["settle", "release", "keep", "wait"]),
        st.floats(0, 1),
    ),
    max_size=60,
)


@given(steps, st.floats(1e-4, 0.05))
def test_no_more_is_ever_committed_than_the_limit(steps, limit):
    budget, under_way = Budget(limit), []
    for prompt, reply, then, share in steps:
        wanted = reservation(prompt, reply)
        number = budget.reserve(wanted)
        if number is not None:
            under_way.append((number, wanted))
        assert budget.committed_usd <= limit * (1 + 1e-9)
        if under_way and then != "wait":
            number, held = under_way.pop(int(share * (len(under_way) - 1)))
            prompt_used = max(1, int(share * held.prompt_tokens))
            used = Reply("", prompt_tokens=prompt_used, completion_tokens=int(share * held.reply_tokens))
            if then == "settle":
                budget.settle(number, used)
            else:
                getattr(budget, then)(number)
        assert budget.committed_usd <= limit * (1 + 1e-9)
    assert budget.is_idle == (not under_way)


def test_where_too_little_is_left_the_attempts_under_way_are_waited_for():
    async def main():
        purse = Purse(Budget(0.0021))
        first = await purse.reserve(reservation())
        second = asyncio.ensure_future(purse.reserve(reservation()))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not second.done()
        await purse.settle(first, Reply("x", prompt_tokens=1, completion_tokens=1))
        number = await second
        await purse.give_back(number, may_be_billed=True)
        with pytest.raises(BudgetReachedError, match=r"up to \$0.0020 for attempts whose bill is not known"):
            await purse.reserve(reservation())

    asyncio.run(main())


def test_a_till_bounds_a_prompt_by_its_bytes():
    async def main():
        budget = Budget(1)
        till = Till(Purse(budget), Model("m", "openai", "id", price=PRICE), 50, None)
        await till.reserve([{"role": "user", "content": "ä" * 100}])
        assert budget.committed_usd == pytest.approx(cost_usd(PRICE, 200 + 8 + 16, 50))

    asyncio.run(main())
