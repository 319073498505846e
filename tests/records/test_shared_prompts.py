"""What several cells share of a prompt never changes a cache key."""

import hashlib
import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cache.key import call_bytes, call_key
from harness.evaluators.aggregation import swap_responses
from harness.evaluators.cell import converse
from harness.prompting.strategy import compile_strategy
from harness.records import shared_prompts
from harness.records.calls import Call, Model
from harness.records.datasets import Item, Message
from harness.records.shared_prompts import (
    KnownPrompt,
    SharedItem,
    SharedPrompt,
    SharedPrompts,
    plain_call,
    plain_messages,
    text_size,
)
from harness.runner.session import ConversationState, start_conversations
from harness.spec.strategies import built_in
from support.worlds import item, model, plan_of

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
MESSAGES = st.lists(st.builds(lambda role, content: Message(role=role, content=content), TEXT, TEXT), max_size=3)
CALLS = st.fixed_dictionaries(
    {
        "id": TEXT,
        "params": st.dictionaries(TEXT, st.one_of(TEXT, st.just({"messages": 0}), st.integers(0, 9)), max_size=3),
        "endpoint": st.sampled_from(["", '"messages":0', "http://127.0.0.1/v1"]),
        "system": st.sampled_from(["", "user"]),
        "draw": st.integers(0, 3),
        "locator": st.sampled_from(["", "here"]),
        "more": st.one_of(st.none(), st.dictionaries(TEXT, TEXT, max_size=2)),
    }
)


def made(messages: Any, fields: dict[str, Any]) -> Call:
    parts = {name: fields[name] for name in ("endpoint", "system") if fields[name]}
    asked = Model("m", "openai", fields["id"], fields["params"], key_parts=parts)
    return Call(asked, messages, fields["draw"], "judge", fields["locator"], fields["more"])


@given(MESSAGES, st.lists(CALLS, min_size=1, max_size=12))
def test_the_key_of_a_shared_prompt_is_that_of_its_messages(messages: list[Message], calls: list[Any]) -> None:
    known = KnownPrompt()
    for fields in calls:
        shared, plain = made(SharedPrompt(lambda: messages, known), fields), made(messages, fields)
        assert call_key(shared) == call_key(plain) == hashlib.sha256(call_bytes(shared)).hexdigest()
        assert call_bytes(shared) == call_bytes(plain)
        assert text_size(shared.messages) == text_size(messages)
        assert plain_call(shared) == plain_call(plain) == plain


def test_is_rendered_for_the_first_judge_alone() -> None:
    renderings = []

    def render() -> list[Message]:
        renderings.append(1)
        return [{"role": "user", "content": "hé"}]

    known = KnownPrompt()
    for name in "abc":
        prompt = SharedPrompt(render, known)
        call_key(Call(model(name), prompt))
        assert text_size(prompt) == 3
    assert len(renderings) == 1
    assert prompt == [{"role": "user", "content": "hé"}]
    assert len(renderings) == 2


def test_reads_as_the_list_that_it_stands_for() -> None:
    messages: list[Message] = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    prompt = SharedPrompt(messages.copy, KnownPrompt())
    assert (prompt[0], prompt[1:], len(prompt), [*prompt], repr(prompt)) == (
        messages[0], messages[1:], 2, messages, repr(messages)
    )  # fmt: skip
    assert prompt + messages == messages + prompt == messages * 2
    assert prompt == SharedPrompt(messages.copy, KnownPrompt())
    assert pickle.loads(pickle.dumps(prompt)) == plain_messages(prompt) == plain_messages(messages) == messages
    with pytest.raises(TypeError, match="unhashable"):
        hash(prompt)


def keys_of(one: Item, questions: Any, *, order: str, strategy: str, repeats: int = 1) -> list[str]:
    plan = plan_of(models=(model("x"),), strategies=(strategy,))
    (cell,) = plan.cells
    cell = replace(cell, order=order, repeats=repeats)
    return ConversationState(one, converse(one, cell, questions, plan.spec.models)).keys


@pytest.mark.parametrize("strategy", ["direct", "independent-10"])
@pytest.mark.parametrize("order", ["given", "swapped", "both"])
def test_orders_and_repeats_keep_their_keys(strategy: str, order: str) -> None:
    questions, plain = compile_strategy(built_in(strategy)), item(3)
    shared = SharedItem.of(plain, SharedPrompts(questions), 7)
    expected = keys_of(plain, questions, order=order, strategy=strategy, repeats=12)
    for _ in range(2):
        assert keys_of(shared, questions, order=order, strategy=strategy, repeats=12) == expected


def test_a_changed_item_and_another_maker_share_nothing() -> None:
    questions, other = compile_strategy(built_in("direct")), compile_strategy(built_in("cot"))
    shared = SharedItem.of(item(1), SharedPrompts(questions), 0)
    assert isinstance(questions.pair(shared), SharedPrompt)
    assert isinstance(questions.pair(swap_responses(swap_responses(shared))), SharedPrompt)
    assert isinstance(other.pair(shared), list)
    assert isinstance(questions.pair(shared, {"step": "reply"}), list)
    changed = shared._replace(response_a="another text")
    assert questions.pair(changed) == questions.pair(Item(*changed))
    assert isinstance(questions.pair(changed), list)
    assert isinstance(questions.pair(swap_responses(changed)), list)


def test_items_beyond_the_limit_are_hashed_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(items=5)
    expected = [state.keys for chunk in plan.chunks() for state in start_conversations(plan, chunk)]
    monkeypatch.setattr(shared_prompts, "MOST_PROMPTS", 2)
    plan = plan_of(items=5)
    for _ in range(2):
        assert [state.keys for chunk in plan.chunks() for state in start_conversations(plan, chunk)] == expected


def test_a_copy_in_another_process_starts_anew() -> None:
    prompts = SharedPrompts("maker")
    prompts.known("pair", 0).size = 5
    copy = pickle.loads(pickle.dumps(prompts))
    assert (copy.maker, copy.known("pair", 0).size) == ("maker", -1)


def test_a_cell_that_shares_with_no_other_holds_nothing() -> None:
    plan = plan_of(models=(model("x"),), strategies=("direct",))
    (chunk,) = plan.chunks()
    assert all(isinstance(call.messages, list) for state in start_conversations(plan, chunk) for call in state.calls)
