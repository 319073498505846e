"""A replay that holds no conversations comes to the same as one that holds them all."""

from __future__ import annotations

import dataclasses
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cache.key import call_bytes, call_key
from harness.prompting.strategy import compile_strategy
from harness.records.calls import Call, Model, Price, Reply
from harness.records.datasets import Item
from harness.runner import direct_chunks
from harness.runner.chunk import Chunk
from harness.runner.finished import EndedConversation
from harness.runner.plan import Plan
from harness.runner.session import UnavailableReplies, advance, start_conversations
from harness.runner.stored_chunks import advanced, replayed_directly
from harness.spec.strategies import built_in
from support.worlds import MemoryStore, item, model, plan_of

STRATEGIES = ("direct", "combined-10", "independent-10", "cot", "pass-fail", "grade-5", "second-look", "direct-json")
LONG = "a long answer " * 300


def priced(name: str, price: Price | None, provider: str = "openai") -> Model:
    return dataclasses.replace(model(name), provider=provider, price=price)


MODELS = (priced("x", Price(1, 2, 0.5)), priced("y", None), priced("z", None, "simulated"))


def random_reply(rng: Random, call: Call) -> Reply:
    """An answer that most rules can read, or one that has no answer, was cut off, was refused, or is remarkable."""
    a, b = rng.randint(0, 10), rng.randint(0, 10)
    texts = [f"Score A: {a}/10\nScore B: {b}/10", f"Verdict: {rng.choice(['A', 'B', 'tie'])}", f"Score: {a}/10"]
    texts += ["Verdict: pass", "no answer at all", "<think>Verdict: A</think>Verdict: B"]
    finish = rng.choice(["stop"] * 12 + ["length", "refusal", "too-long"])
    tokens = rng.choice([0, 3, 800])
    served = rng.choice(["", call.model.id, call.model.id, "another-model"])
    cost = rng.choice([None] * 9 + [0.25])
    return Reply(rng.choice(texts), finish, tokens, 10, served, cached_tokens=min(tokens, 2), cost_usd=cost)


def store_of(plan: Plan, rng: Random, missing: float) -> MemoryStore:
    """A store with replies to all calls of a plan but for a share of them."""
    store = MemoryStore()
    for chunk in plan.chunks():
        waiting = start_conversations(plan, chunk)
        while waiting := advance(waiting, store, UnavailableReplies()):
            calls = {call_key(call): call for one in waiting for call in one.calls}
            for key, call in calls.items():
                if key not in store.held:
                    store.held[key] = (call_bytes(call), random_reply(rng, call))
    for key in list(store.held):
        if rng.random() < missing:
            del store.held[key]
    return store


def varied(plan: Plan, order: str, repeats: int, collapse: str, first_draw: int) -> Plan:
    """The plan with other orders and repeats, and with a later first draw."""
    cells = [
        dataclasses.replace(cell, order=order, repeats=repeats, collapse=collapse)
        if plan.spec.strategies[cell.strategy].ask == "pair"
        else cell
        for cell in plan.spec.cells
    ]
    return dataclasses.replace(plan, spec=dataclasses.replace(plan.spec, cells=tuple(cells)), first_draw=first_draw)


def held(plan: Plan, chunk: Chunk, store: MemoryStore) -> list[EndedConversation | None]:
    """What the conversations themselves come to; None where one lacks a reply."""
    states = start_conversations(plan, chunk)
    advance(states, store, UnavailableReplies())
    return [None if one.outcome is None else one.finished() for one in states]


def replayed(plan: Plan, chunk: Chunk, store: MemoryStore) -> list[EndedConversation | None]:
    every, _ = advanced(plan, chunk, store, UnavailableReplies())
    return [one if isinstance(one, EndedConversation) else one.outcome and one.finished() for one in every]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    order=st.sampled_from(["given", "swapped", "both"]),
    repeats=st.integers(1, 3),
    collapse=st.sampled_from(["majority", "mean-score", "all-votes"]),
    first_draw=st.sampled_from([0, 0, 5]),
    missing=st.sampled_from([0, 0, 0.1]),
    strategy=st.sampled_from(STRATEGIES),
)
def test_chunks_come_to_what_their_conversations_come_to(
    seed: int, order: str, repeats: int, collapse: str, first_draw: int, missing: float, strategy: str
) -> None:
    rng = Random(seed)
    items = [item(number)._replace(response_a=rng.choice(["short", LONG])) for number in range(6)]
    plan = varied(plan_of(items=items, models=MODELS, strategies=[strategy]), order, repeats, collapse, first_draw)
    store = store_of(plan, rng, missing)
    for chunk in plan.chunks():
        assert replayed(plan, chunk, store) == held(plan, chunk, store)


def direct_rows(plan: Plan, store: MemoryStore) -> list[int]:
    """For each chunk, how many conversations were not held; −1 where all had to be."""
    found = [replayed_directly(plan, chunk, store) for chunk in plan.chunks()]
    return [-1 if rows is None else sum(row is not None for row in rows) for rows in found]


def test_cells_that_ask_once_are_replayed_without_conversations() -> None:
    def answers(plan: Plan, text: str) -> MemoryStore:
        store = store_of(plan, Random(1), 0)
        store.held = {key: (call, Reply(text, "stop", 1, 1)) for key, (call, _) in store.held.items()}
        return store

    plan = plan_of(items=4, models=MODELS[:2], strategies=["combined-10", "independent-10"])
    assert direct_rows(plan, answers(plan, "Score A: 1/10\nScore B: 2/10")) == [4, 4, -1, -1]
    assert direct_rows(plan, answers(plan, "nothing")) == [0, 0, -1, -1]


class CountedItems(list[Item]):
    """Items that count how often they are taken."""

    taken = 0

    def __getitem__(self, at):  # type: ignore[no-untyped-def]
        CountedItems.taken += 1
        return super().__getitem__(at)


@pytest.mark.parametrize(("most", "taken"), [(1000, 1), (3, 3)])
def test_further_judges_read_no_items_as_long_as_there_is_room(monkeypatch, most: int, taken: int) -> None:
    monkeypatch.setattr(direct_chunks, "MOST_PROMPTS", most)
    items = CountedItems([item(number) for number in range(4)])
    plan = plan_of(items=items, models=MODELS, strategies=["combined-10"])
    store = store_of(plan, Random(2), 0)
    CountedItems.taken = 0
    for chunk in plan.chunks():
        replayed_directly(plan, chunk, store)
    assert CountedItems.taken == taken


@pytest.mark.parametrize("strategy", ["second-look", "independent-10", "rank-list", "own-criteria"])
def test_strategies_with_steps_or_several_questions_are_held(strategy: str) -> None:
    plan = plan_of(items=2, models=MODELS[:1], strategies=["direct"])
    plan = dataclasses.replace(
        plan,
        spec=dataclasses.replace(plan.spec, strategies={"direct": built_in(strategy)}),
        questions={"direct": compile_strategy(built_in(strategy))},
    )
    assert direct_rows(plan, MemoryStore()) == [-1]
