"""The judge, stepped by hand: no network, no event loop."""

from collections.abc import Sequence
from typing import Any

import pytest

from harness.cache.key import locator_of
from harness.evaluators.modes import judge
from harness.evaluators.question import EMPTY
from harness.prompting.strategy import Questions, compile_strategy, strategy_from
from harness.records.calls import UNAVAILABLE, Call, Model, Reply
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.records.judgments import Outcome
from harness.spec.strategies import built_in
from support.worlds import held

ITEM = Item("item-1", ({"role": "user", "content": "Name a colour."},), "Red.", "Blue.")
CELL = Cell("pairs", "mine", "judge", ("small",))
MODELS = {"small": Model("small", "simulated", "simulated"), "other": Model("other", "simulated", "other")}
PAIR = compile_strategy(built_in("combined-10"))
EACH = compile_strategy(built_in("independent-10"))
DIRECT = compile_strategy(built_in("direct"))
REFUSED = Reply("I cannot.", finish="refusal")
MUTE = Reply("Both are colours.")


def talk(questions: Questions, *rounds: Sequence[Reply], models: Any = MODELS) -> tuple[list[list[Call]], Outcome]:
    """Hold the conversation with these replies; the batches it yielded and what it came to."""
    return held(judge.converse(ITEM, CELL, questions, models), *rounds)


def cut(text: str) -> Reply:
    return Reply(text, finish="length")


def test_pair_answered_at_once() -> None:
    batches, outcome = talk(PAIR, [Reply("Score A: 8/10\nScore B: 7/10")])
    assert outcome == Outcome("a", None, 8, 7)
    ((call,),) = batches
    assert (call.model, call.step, call.draw, call.locator) == (MODELS["small"], "judge", 0, "")
    assert call.messages == PAIR.pair(ITEM)


def test_verdict_answered_at_once() -> None:
    assert talk(DIRECT, [Reply("Verdict: tie")])[1] == Outcome("tie")


def test_follow_up_continues_the_same_conversation() -> None:
    batches, outcome = talk(PAIR, [MUTE], [Reply("Score A: 2\nScore B: 7")])
    assert outcome == Outcome("b", None, 2, 7)
    (call,) = batches[1]
    assert call.step == "judge.again"
    assert call.messages == [*batches[0][0].messages, {"role": "assistant", "content": MUTE.text}, PAIR.again]


def test_an_empty_reply_is_not_sent_back_empty() -> None:
    batches, _ = talk(PAIR, [Reply(" \n")], [MUTE])
    assert batches[1][0].messages[-2] == {"role": "assistant", "content": EMPTY}


@pytest.mark.parametrize(
    ("rounds", "failure"),
    [
        pytest.param([[MUTE], [MUTE]], "unparsed", id="unparsed"),
        pytest.param([[cut("Both")], [cut("are")]], "truncated", id="truncated"),
        pytest.param([[MUTE], [cut("Both are")]], "truncated", id="truncated-at-last"),
        pytest.param([[cut("Both are")], [MUTE]], "unparsed", id="unparsed-at-last"),
        pytest.param([[REFUSED]], "refused", id="refused-at-once"),
        pytest.param([[Reply("Score A: 8\nScore B: 7", finish="refusal")]], "refused", id="refused-whatever-it-says"),
        pytest.param([[MUTE], [REFUSED]], "refused", id="refused-at-last"),
        pytest.param([[UNAVAILABLE]], "unavailable", id="unavailable-at-once"),
        pytest.param([[MUTE], [UNAVAILABLE]], "unavailable", id="unavailable-at-last"),
    ],
)
def test_failure_of_a_pair(rounds: list[list[Reply]], failure: Any) -> None:
    assert talk(PAIR, *rounds)[1] == Outcome(None, failure)


def test_a_truncated_reply_that_had_answered_counts() -> None:
    assert talk(PAIR, [cut("Score A: 8/10\nScore B: 7/10\nBecause A")])[1] == Outcome("a", None, 8, 7)


def test_the_line_at_which_a_reply_was_cut_is_not_read() -> None:
    _, outcome = talk(PAIR, [cut("Score A: 8/10\nScore B: 1")], [Reply("Score A: 8/10\nScore B: 10/10")])
    assert outcome == Outcome("b", None, 8, 10)


def test_nothing_is_asked_again_where_the_strategy_says_so() -> None:
    mapping = {
        "ask": "pair",
        "user": "{{ response_a }}{{ response_b }}{{ answer_format }}",
        "follow_up": None,
        "answer": {"kind": "verdict"},
    }
    questions = compile_strategy(strategy_from(mapping, name="mine", source="test"))
    assert talk(questions, [MUTE])[1] == Outcome(None, "unparsed")
    assert judge.calls_per_item(Cell("d", "s", "judge", ("small",)), questions.strategy) == (1, 1)


def test_each_asks_both_in_one_batch() -> None:
    batches, outcome = talk(EACH, [Reply("Score: 4"), Reply("Score: 9")])
    assert outcome == Outcome("b", None, 4, 9)
    assert [call.step for call in batches[0]] == ["judge-a", "judge-b"]
    assert [call.messages for call in batches[0]] == [EACH.alone(ITEM, "a"), EACH.alone(ITEM, "b")]


def test_each_asks_again_only_where_there_is_no_answer() -> None:
    batches, outcome = talk(EACH, [Reply("Score: 4"), MUTE], [Reply("Score: 4")])
    assert outcome == Outcome("tie", None, 4, 4)
    assert [call.step for call in batches[1]] == ["judge-b.again"]


def test_each_asks_both_again_in_one_batch() -> None:
    batches, outcome = talk(EACH, [MUTE, cut("Well")], [Reply("Score: 5"), Reply("Score: 4")])
    assert outcome == Outcome("a", None, 5, 4)
    assert [call.step for call in batches[1]] == ["judge-a.again", "judge-b.again"]


@pytest.mark.parametrize(
    ("rounds", "outcome"),
    [
        pytest.param([[Reply("Score: 4"), REFUSED]], Outcome(None, "refused", 4, None), id="one-refused"),
        pytest.param([[UNAVAILABLE, Reply("Score: 4")]], Outcome(None, "unavailable", None, 4), id="one-unavailable"),
        pytest.param([[UNAVAILABLE, REFUSED]], Outcome(None, "unavailable"), id="unavailable-before-refused"),
        pytest.param([[MUTE, REFUSED], [cut("W")]], Outcome(None, "refused"), id="refused-before-truncated"),
        pytest.param([[MUTE, MUTE], [cut("W"), MUTE]], Outcome(None, "truncated"), id="truncated-before-unparsed"),
        pytest.param([[MUTE, MUTE], [MUTE, Reply("Score: 0")]], Outcome(None, "unparsed", None, 0), id="keeps-zero"),
    ],
)
def test_gravest_failure_of_two_is_the_outcome_and_scores_are_kept(rounds: list[list[Reply]], outcome: Outcome) -> None:
    assert talk(EACH, *rounds)[1] == outcome


def test_recorded_models_are_told_the_place() -> None:
    models = {"small": Model("small", "recorded", "recorded:0:small")}
    batches, _ = talk(PAIR, [MUTE], [MUTE], models=models)
    assert [batch[0].locator for batch in batches] == [
        locator_of("pairs", "item-1", "mine", "judge"),
        locator_of("pairs", "item-1", "mine", "judge.again"),
    ]


def test_expands_to_one_cell_for_each_model() -> None:
    assert list(judge.expand(["small", "other"], list(MODELS))) == [(("small",), {}), (("other",), {})]
    assert list(judge.expand("small", list(MODELS))) == [(("small",), {})]


@pytest.mark.parametrize(("name", "calls"), [("direct", (1, 2)), ("independent-10", (2, 4))])
def test_counts_calls(name: str, calls: tuple[int, int]) -> None:
    assert judge.calls_per_item(Cell("d", "s", "judge", ("small",)), built_in(name)) == calls
