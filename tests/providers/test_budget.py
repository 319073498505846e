"""Money set aside and spent, stepped by hand."""

import asyncio
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BudgetReachedError
from harness.providers.budget import Budget, BudgetGuard, ModelBudget, Reservation, bill_at_most, has_usage
from harness.providers.ledger import Ledger
from harness.providers.tokens import TOKENS_PER_MESSAGE, TOKENS_PER_PROMPT
from harness.records.calls import Call, Model, Price, Reply

PRICE = Price(10.0, 20.0)
PRICED = Model("m", "openai", "id", {"max_tokens": 50}, price=PRICE)
AROUND = TOKENS_PER_MESSAGE + TOKENS_PER_PROMPT
"""Tokens around the text of a single message."""


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
    assert budget.spent_usd == pytest.approx(PRICE.cost(10, 5))
    assert budget.is_idle
    assert budget.reserve(reservation(80)) is not None


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply("x"), id="none"),
        pytest.param(Reply("x", completion_tokens=5), id="of the reply alone"),
        pytest.param(Reply("x", prompt_tokens=5), id="of the prompt alone"),
    ],
)
def test_usage_that_is_not_reported_counts_as_the_bound(reply):
    budget = Budget(1)
    budget.settle(budget.reserve(reservation()), reply)
    assert (budget.spent_usd, budget.unknown_usd) == (0, reservation().usd)
    assert not has_usage(reply)


@pytest.mark.parametrize(
    ("reply", "is_credible"),
    [
        pytest.param(Reply("", prompt_tokens=5, completion_tokens=1), True, id="an empty reply that cost something"),
        pytest.param(Reply("x" * 256, prompt_tokens=5, completion_tokens=1), True, id="the longest token"),
        pytest.param(Reply("", prompt_tokens=5), False, id="an empty reply without tokens"),
        pytest.param(Reply("", "length", prompt_tokens=5), False, id="cut before its first token"),
        pytest.param(Reply("hi", completion_tokens=5), False, id="a prompt without tokens"),
        pytest.param(Reply("x" * 257, prompt_tokens=5, completion_tokens=1), False, id="a token that is too long"),
        pytest.param(
            Reply("", prompt_tokens=5, completion_tokens=1, reasoning="x" * 999), False, id="reasoning for free"
        ),
    ],
)
def test_usage_that_cannot_be_believed_is_booked_at_the_bound(reply, is_credible):
    assert has_usage(reply) is is_credible
    budget = Budget(1.0)
    wanted = reservation(1000, 1000)
    budget.settle(budget.reserve(wanted), reply)
    assert budget.unknown_usd == pytest.approx(0 if is_credible else wanted.usd)
    assert budget.committed_usd == pytest.approx(budget.spent_usd if is_credible else wanted.usd)


def test_cached_prompt_tokens_are_settled_at_their_own_price():
    budget = Budget(10.0)
    wanted = Reservation("m", Price(1, 10, 0.1), 2_000_000, 100)
    budget.settle(budget.reserve(wanted), Reply("x", "stop", 1_000_000, 10, cached_tokens=900_000))
    assert budget.spent_usd == pytest.approx(0.1 + 0.09 + 0.0001)


def test_what_is_billed_above_the_bound_counts_as_it_is_reported():
    budget = Budget(0.0021)
    budget.settle(budget.reserve(reservation()), Reply("x", prompt_tokens=1000, completion_tokens=50))
    assert budget.committed_usd == pytest.approx(0.011)
    assert budget.reserve(reservation(1, 1)) is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=30), st.floats(0, 1000))
def test_no_rounding_adds_up_to_less_than_is_billed(bills, price):
    budget = Budget(10**9)
    for prompt, completion in bills:
        held = Reservation("m", Price(price, price), prompt, completion)
        budget.keep(budget.reserve(held))
    assert budget.unknown_usd >= sum(Price(price, price).cost(*bill) for bill in bills) * (1 - 1e-9)


def test_an_attempt_that_was_turned_away_costs_nothing_and_one_that_may_be_billed_all():
    budget = Budget(1)
    budget.release(budget.reserve(reservation()))
    assert budget.committed_usd == 0
    budget.keep(budget.reserve(reservation()))
    assert budget.unknown_usd == budget.committed_usd == reservation().usd
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
    budget, in_flight = Budget(limit), []
    for prompt, reply, then, share in steps:
        wanted = reservation(prompt, reply)
        number = budget.reserve(wanted)
        if number is not None:
            in_flight.append((number, wanted))
        assert budget.committed_usd <= limit * (1 + 1e-9)
        if in_flight and then != "wait":
            number, held = in_flight.pop(int(share * (len(in_flight) - 1)))
            prompt_used = max(1, int(share * held.prompt_tokens))
            used = Reply("", prompt_tokens=prompt_used, completion_tokens=int(share * held.reply_tokens))
            if then == "settle":
                budget.settle(number, used)
            else:
                getattr(budget, then)(number)
        assert budget.committed_usd <= limit * (1 + 1e-9)
    assert budget.is_idle == (not in_flight)


def test_where_too_little_is_left_the_attempts_under_way_are_waited_for():
    async def main():
        purse = BudgetGuard(Budget(0.0021))
        first = await purse.reserve(reservation())
        second = asyncio.ensure_future(purse.reserve(reservation()))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not second.done()
        await purse.settle(first, Reply("x", prompt_tokens=1, completion_tokens=1))
        number = await second
        await purse.refund(number, may_be_billed=True)
        with pytest.raises(BudgetReachedError, match=r"up to \$0.0020 for attempts of unknown cost"):
            await purse.reserve(reservation())

    asyncio.run(main())


def test_a_till_bounds_a_prompt_by_its_bytes():
    async def main():
        budget = Budget(1)
        till = ModelBudget(BudgetGuard(budget), PRICED, None)
        await till.reserve(Call(PRICED, [{"role": "user", "content": "ä" * 100}]))
        assert budget.committed_usd == pytest.approx(PRICE.cost(200 + AROUND, 50))

    asyncio.run(main())


def test_a_schema_that_a_call_asks_for_counts_with_its_prompt():
    async def main():
        budget = Budget(1)
        form = {"response_format": {"type": "json_object"}, "top_k": 3}
        await ModelBudget(BudgetGuard(budget), PRICED, None).reserve(
            Call(PRICED, [{"role": "user", "content": ""}], params=form)
        )
        assert budget.committed_usd == pytest.approx(PRICE.cost(AROUND + len('{"type":"json_object"}'), 50))

    asyncio.run(main())


def test_tokens_are_counted_only_where_there_is_no_room_for_the_bytes():
    counted = []

    def count(text):
        counted.append(text)
        return 1

    async def main():
        budget = Budget(PRICE.cost(1000 + AROUND, 50) * 1.5)
        till = ModelBudget(BudgetGuard(budget), PRICED, count)
        call = Call(PRICED, [{"role": "user", "content": "x" * 1000}])
        await till.reserve(call)
        assert counted == []
        await till.reserve(call)
        assert counted == ["x" * 1000]
        assert budget.committed_usd == pytest.approx(PRICE.cost(1001 + 2 * AROUND, 100))

    asyncio.run(main())


def test_an_endpoint_that_goes_beyond_the_bound_has_more_set_aside_from_then_on():
    async def main():
        budget = Budget(1)
        till = ModelBudget(BudgetGuard(budget), PRICED, None)
        call = Call(PRICED, [{"role": "user", "content": ""}])
        numbers = [await till.reserve(call) for _ in range(3)]
        for number, beyond in zip(numbers, (30, 20, -5), strict=True):
            await till.settle(number, Reply("x", prompt_tokens=AROUND + beyond, completion_tokens=54))
        before = budget.committed_usd
        await till.reserve(call)
        assert budget.committed_usd - before == pytest.approx(PRICE.cost(AROUND + 30, 54))

    asyncio.run(main())


def test_a_call_that_the_limit_could_never_pay_says_so():
    async def main():
        with pytest.raises(BudgetReachedError, match=r"cost up to \$0\.0020; no smaller limit lets it be made"):
            await BudgetGuard(Budget(0.001)).reserve(reservation())

    asyncio.run(main())


def test_an_attempt_reserves_the_larger_of_two_bounds_on_the_reply():
    both = Model("m", "openai", "id", {"max_tokens": 2000, "max_completion_tokens": 100}, price=PRICE)
    for swapped in (both, replace(both, params={"max_tokens": 100, "max_completion_tokens": 2000})):
        held = bill_at_most(swapped, PRICE, Call(swapped, [{"role": "user", "content": ""}]))
        assert held.reply_tokens == 2000


def sleepless(waits, meanwhile=lambda: None):
    async def sleep(seconds):
        waits.append(seconds)
        meanwhile()

    return sleep


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_other_runs_of_a_ledger_that_make_no_progress_are_waited_for_up_to_a_limit(tmp_path):
    other = Ledger(tmp_path / "l.jsonl")
    assert other.reserve(1, 10**9, 10**10)
    waits = []
    guard = BudgetGuard(Budget(0.002, Ledger(tmp_path / "l.jsonl")), sleep=sleepless(waits))
    with pytest.raises(BudgetReachedError, match=r"no other run made progress for 900 s; `harness ledger .*l\.jsonl`"):
        asyncio.run(guard.reserve(reservation()))
    assert 900 <= sum(waits) < 902


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_the_wait_for_other_runs_begins_again_with_their_progress(tmp_path):
    other = Ledger(tmp_path / "l.jsonl")
    assert other.reserve(1, 10**9, 10**10)
    waits, numbers = [], iter(range(2, 1000))

    def progress():
        if sum(waits) % 800 == 0:
            number = next(numbers)
            if number < 5:
                other.reserve(number, 1, 10**10)
            else:
                other.close()

    guard = BudgetGuard(Budget(0.0025, Ledger(tmp_path / "l.jsonl")), sleep=sleepless(waits, progress))
    with pytest.raises(BudgetReachedError, match=r"may cost up to \$0\.0020$"):
        asyncio.run(guard.reserve(reservation()))
    assert sum(waits) == 3200
