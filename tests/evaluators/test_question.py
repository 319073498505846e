"""What of a reply other calls are shown: never its reasoning, unless the spec says so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.evaluators.modes import debate, judge
from harness.evaluators.question import EMPTY, said, shown, understood
from harness.generation.loop import converse as loop
from harness.generation.records import Selection
from harness.prompting.parsing.values import Answer
from harness.prompting.strategy import compile_strategy
from harness.records.calls import Model, Reply
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.spec.strategies import built_in
from support import loops
from support.worlds import held

ITEM = Item("item-1", ({"role": "user", "content": "Name a colour."},), "Red.", "Blue.")
MODEL = Model("small", "simulated", "simulated")
SHOWING = replace(MODEL, show_reasoning=True)
CELL = Cell("pairs", "mine", "judge", ("small",))
PERSONAS = [{"name": "Ann", "role": "You like red."}, {"name": "Bob", "role": "You like blue."}]
BLOCK = "<think>\nSECRET\n</think>\n\n"


def thinking(text: str, finish: str = "stop") -> Reply:
    return Reply(text, finish, reasoning="SECRET")  # type: ignore[arg-type]


def count_shown(batches) -> int:
    """Calls that show the reasoning of another reply."""
    return sum("SECRET" in repr(call.messages) for batch in batches for call in batch)


def test_a_reply_is_shown_without_its_reasoning():
    assert shown(thinking("B"), MODEL) == "B"
    assert said(thinking("B"), MODEL) == {"role": "assistant", "content": "B"}
    assert said(thinking(""), MODEL) == {"role": "assistant", "content": EMPTY}
    assert said(thinking("B"), SHOWING) == {"role": "assistant", "content": BLOCK + "B"}


@pytest.mark.parametrize(("model", "count"), [(MODEL, 0), (SHOWING, 1)])
def test_a_follow_up_question(model: Model, count: int):
    questions = compile_strategy(built_in("direct"))
    talk = judge.converse(ITEM, CELL, questions, {"small": model})
    batches, outcome = held(talk, [thinking("Hm.")], [Reply("Verdict: B")])
    assert count_shown(batches) == count
    assert outcome.verdict == "b"


@pytest.mark.parametrize(("model", "count"), [(MODEL, 0), (SHOWING, 1)])
def test_a_preparatory_step(model: Model, count: int):
    questions = compile_strategy(built_in("own-criteria"))
    talk = judge.converse(ITEM, CELL, questions, {"small": model})
    batches, _ = held(talk, [thinking("Be warm.")], [thinking("Score A: 4/10\nScore B: 7/10\nVerdict: B")])
    assert count_shown(batches) == count


@pytest.mark.parametrize(("model", "count"), [(MODEL, 0), (SHOWING, 1)])
def test_a_second_look(model: Model, count: int):
    questions = compile_strategy(built_in("second-look"))
    talk = judge.converse(ITEM, CELL, questions, {"small": model})
    batches, _ = held(talk, [thinking("Verdict: A")] * 2, [thinking("Verdict: B")])
    assert count_shown(batches) == count


@pytest.mark.parametrize(("model", "count"), [(MODEL, 0), (SHOWING, 4)])
@pytest.mark.parametrize("summary", ["none", "after-round"])
def test_a_debate(model: Model, count: int, summary: str):
    ((members, settings),) = debate.expand({"personas": PERSONAS, "model": "small", "summary": summary}, ["small"])
    cell = Cell("pairs", "mine", "debate", members, settings=settings)
    turns = [[thinking("Red.")], [thinking("Blue.")]]
    between = [[thinking("Summed up.")]] if summary == "after-round" else []
    answers = [thinking("Score A: 4/10\nScore B: 7/10")] * 2
    questions = compile_strategy(built_in("combined-10"))
    batches, outcome = held(debate.converse(ITEM, cell, questions, {"small": model}), *turns, *between, *turns, answers)
    assert outcome.verdict == "b"
    assert count_shown(batches) >= count
    assert bool(count_shown(batches)) is model.show_reasoning


def test_a_turn_that_is_reasoning_alone_says_nothing():
    ((members, settings),) = debate.expand({"personas": PERSONAS, "model": "small", "rounds": 1}, ["small"])
    cell = Cell("pairs", "mine", "debate", members, settings=settings)
    questions = compile_strategy(built_in("combined-10"))
    turns = [[thinking("", "length")], [thinking("")]]
    _, outcome = held(debate.converse(ITEM, cell, questions, {"small": MODEL}), *turns)
    assert outcome.failure in ("truncated", "unparsed")


@pytest.mark.parametrize("is_shown", [False, True])
def test_drafts_and_reviews(is_shown: bool):
    models = {name: replace(model, show_reasoning=is_shown) for name, model in loops.MODELS.items()}
    selection = Selection("tournament", loops.JUDGED)
    talk = loop(loops.ITEM, loops.system("critic", rounds=2), loops.room(selection, models=models))
    review = loops.review(4)._replace(reasoning="SECRET\nScore: 9/10")
    batches, one = held(talk, [thinking("Red.")], [review], [thinking("Crimson.")], [loops.scores(4, 9)])
    assert bool(count_shown(batches)) is is_shown
    assert [draft.text for draft in one.drafts] == [(BLOCK if is_shown else "") + text for text in ("Red.", "Crimson.")]
    assert one.drafts[0].reviews[0].score == 4, "the score that stands in the reasoning is not read"
    stripped = [one.drafts[0].is_stripped, one.drafts[1].is_stripped, one.drafts[0].reviews[0].is_stripped]
    assert stripped == [not is_shown] * 3


@pytest.mark.parametrize(
    ("preference", "margin", "verdict"),
    [(0.8, 0, "a"), (0.5, 0, "tie"), (0.2, 0, "b"), (0.0, 0, "b"), (0.55, 0.1, "tie"), (0.56, 0.1, "a")],
)
def test_preference_of_a_recorded_reply_is_its_verdict(preference: float, margin: float, verdict: str):
    questions = compile_strategy(replace(built_in("combined-10"), tie_margin=margin))
    talk = judge.converse(ITEM, CELL, questions, {"small": MODEL})
    _, outcome = held(talk, [Reply("no verdict in words", preference=preference)])
    assert (outcome.verdict, outcome.preference) == (verdict, preference)
    assert (outcome.score_a, outcome.score_b) == (preference, 1 - preference)


@pytest.mark.parametrize("finish", ["stop", "length"])
def test_log_probabilities_give_a_soft_verdict(finish: str):
    questions = compile_strategy(replace(built_in("logprobs"), tie_margin=0.2))
    reply = Reply("A", finish, logprobs=((("A", -0.6), ("B", -0.8)),))  # type: ignore[arg-type]
    batches, outcome = held(judge.converse(ITEM, CELL, questions, {"small": MODEL}), [reply])
    assert batches[0][0].params == {"logprobs": True, "top_logprobs": 20}
    assert (outcome.verdict, round(outcome.preference, 3)) == ("tie", 0.55)


def test_reply_without_log_probabilities_is_unparsed_even_if_its_text_is_clear():
    questions = compile_strategy(built_in("logprobs"))
    talk = judge.converse(ITEM, CELL, questions, {"small": MODEL})
    _, outcome = held(talk, [Reply("A")], [Reply("A")])
    assert (outcome.failure, outcome.preference) == ("unparsed", None)


@pytest.mark.parametrize(
    ("strategy", "judged", "outcome"),
    [
        ("pass-fail", '{"result":"pass"}', ("pass", None, None)),
        ("pass-fail", '{"result":"PASS"}', ("pass", None, None)),
        ("pass-fail", '{"result":"maybe"}', (None, "unparsed", None)),
        ("pass-fail", '{"result":"refused"}', (None, "refused", None)),
        ("pass-fail", '{"score":1}', (None, "unparsed", None)),
        ("grade-5", '{"score":3.123456789}', ("3", None, 3.123456789)),
        ("grade-5", '{"result":"4"}', ("4", None, None)),
        ("grade-5", '{"score":6}', (None, "unparsed", None)),
    ],
)
def test_a_recorded_label_or_score_of_a_single_response(strategy: str, judged: str, outcome):
    questions = compile_strategy(built_in(strategy))
    recorded = replace(MODEL, provider="recorded", settings={"columns": {"item": "id"}})
    talk = judge.converse(ITEM, CELL, questions, {"small": recorded})
    _, found = held(talk, [Reply(judged, "judged")])
    assert (found.verdict, found.failure, found.score_a) == outcome


@pytest.mark.parametrize(
    ("values", "preference", "expected"),
    [
        ({"result": "a"}, None, Answer("a")),
        ({"result": "a", "score_a": 8, "score_b": 5}, None, Answer("a", 8, 5)),
        ({"result": "a", "score_a": 8}, None, Answer("a", 8)),
        ({"result": "a"}, 0.75, Answer("a", 0.75, 0.25, preference=0.75)),
        ({"result": "a", "score_a": 8, "score_b": 5}, 0.75, Answer("a", 8, 5, preference=0.75)),
        ({"result": "a", "score_a": 8}, 0.75, Answer("a", 0.75, 0.25, preference=0.75)),
        ({"score": 4}, None, Answer(score=4)),
        ({"result": "refused"}, None, "refused"),
    ],
)
def test_a_recorded_judgment_has_the_scores_of_its_preference_where_it_has_none_of_its_own(
    values: dict[str, object], preference: float | None, expected: object
):
    reply = Reply(json.dumps(values), "judged", preference=preference)
    assert understood(reply, compile_strategy(built_in("direct"))) == expected
