"""Orders and repeats around a mode, stepped by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.cache.key import locator_of
from harness.evaluators.cell import asks, calls_per_item, converse
from harness.prompting.strategy import compile_strategy
from harness.records.calls import Call, Model, Reply
from harness.records.experiment import Cell
from harness.records.judgments import Outcome
from harness.spec.strategies import built_in
from support.worlds import item

MODELS = {"x": Model("x", "simulated", "x"), "r": Model("r", "recorded", "r")}


def held(
    answer: Callable[[Call], str], *, strategy: str = "direct", model: str = "x", **cell: object
) -> tuple[list[list[Call]], Outcome]:
    """The batches that a cell sends for an item, each call answered by `answer`, and the outcome."""
    questions = compile_strategy(built_in(strategy))
    talk = converse(item(0), Cell("d", strategy, "judge", (model,), **cell), questions, MODELS)
    batches = []
    try:
        calls = next(talk)
        while True:
            batches.append(list(calls))
            calls = talk.send([Reply(answer(call)) for call in calls])
    except StopIteration as stop:
        return batches, stop.value


def test_given_once_is_the_mode_itself() -> None:
    batches, outcome = held(lambda call: "Verdict: A")
    assert [(call.step, call.draw) for batch in batches for call in batch] == [("judge", 0)]
    assert outcome == Outcome("a")


def test_swapped_shows_the_responses_exchanged_and_names_the_verdict_back() -> None:
    batches, outcome = held(lambda call: "Verdict: A", order="swapped")
    (call,) = batches[0]
    text = call.messages[-1]["content"]
    assert call.step == "swapped/judge"
    assert text.index("second answer 0") < text.index("first answer 0")
    assert outcome == Outcome("b")


@pytest.mark.parametrize(
    ("order", "shown", "verdicts"),
    [
        ("given", ["first", "first"], ("a", "a")),
        ("swapped", ["second", "second"], ("b", "b")),
        ("both", ["first", "first", "second", "second"], ("a", "a", "b", "b")),
    ],
)
def test_each_order_shows_its_response_first_and_maps_its_own_verdicts_back(
    order: str, shown: list[str], verdicts: tuple[str, ...]
) -> None:
    batches, outcome = held(lambda call: "Verdict: A", order=order, repeats=2)
    texts = [call.messages[-1]["content"] for batch in batches for call in batch]
    firsts = [min(("first", "second"), key=lambda word: text.index(f"{word} answer 0")) for text in texts]
    assert firsts == shown
    assert outcome.votes == verdicts


@pytest.mark.parametrize(
    ("given", "swapped", "verdict"), [("A", "B", "a"), ("A", "A", "tie"), ("B", "A", "b"), ("tie", "tie", "tie")]
)
def test_both_orders_go_out_as_one_batch_and_must_agree(given: str, swapped: str, verdict: str) -> None:
    batches, outcome = held(
        lambda call: f"Verdict: {swapped if call.step.startswith('swapped') else given}", order="both"
    )
    assert [[call.step for call in batch] for batch in batches] == [["judge", "swapped/judge"]]
    back = {"A": "b", "B": "a", "tie": "tie"}[swapped]
    assert outcome == Outcome(verdict, votes=(given.lower(), back))


def test_scores_are_added_up_over_the_orders() -> None:
    scores = {"judge-a": 9, "judge-b": 5, "swapped/judge-a": 6, "swapped/judge-b": 4}
    _, outcome = held(lambda call: f"Score: {scores[call.step]}/10", strategy="independent-10", order="both")
    assert outcome == Outcome("a", None, 6.5, 5.5, ("a", "b"))


def test_an_order_that_fails_fails_the_item_and_is_a_vote() -> None:
    _, outcome = held(lambda call: "Verdict: A" if call.step == "judge" else "?", order="both")
    assert outcome == Outcome(None, "unparsed", votes=("a", "unparsed"))


def test_repeats_are_draws_with_their_number_in_the_call() -> None:
    said = iter(["A", "A", "B"])
    batches, outcome = held(lambda call: f"Verdict: {next(said)}", repeats=3)
    assert [[(call.step, call.draw) for call in batch] for batch in batches] == [
        [("judge", 0), ("judge#1", 1), ("judge#2", 2)]
    ]
    assert outcome == Outcome("a", votes=("a", "a", "b"))


def test_a_follow_up_keeps_draw_and_order() -> None:
    batches, _ = held(lambda call: "?" if "again" not in call.step else "Verdict: B", order="swapped", repeats=2)
    assert [[(call.step, call.draw) for call in batch] for batch in batches] == [
        [("swapped/judge", 0), ("swapped/judge#1", 1)],
        [("swapped/judge.again", 0), ("swapped/judge.again#1", 1)],
    ]


def test_repeats_in_both_orders_collapse_within_an_order_first() -> None:
    answers = {"judge": "A", "judge#1": "A", "judge#2": "B", "swapped/judge": "B", "swapped/judge#1": "B"}
    _, outcome = held(lambda call: f"Verdict: {answers.get(call.step, 'A')}", order="both", repeats=3)
    assert outcome == Outcome("a", votes=("a", "a", "b", "a", "a", "b"))


def test_mean_score_collapses_repeats_by_their_scores() -> None:
    scores = {"judge-a": 6, "judge-b": 5, "judge-a#1": 6, "judge-b#1": 5, "judge-a#2": 0, "judge-b#2": 10}
    answer = {"strategy": "independent-10", "repeats": 3}
    outcomes = {
        collapse: held(lambda call: f"Score: {scores[call.step]}/10", collapse=collapse, **answer)[1].verdict
        for collapse in ("majority", "mean-score")
    }
    assert outcomes == {"majority": "a", "mean-score": "b"}


def test_recorded_calls_are_found_by_order_and_draw() -> None:
    batches, _ = held(lambda call: "Verdict: A", model="r", order="both", repeats=2)
    steps = ("judge", "judge#1", "swapped/judge", "swapped/judge#1")
    assert [call.locator for call in batches[0]] == [locator_of("d", "i0", "direct", step) for step in steps]


def test_calls_are_counted_for_every_order_and_repeat() -> None:
    direct = built_in("direct")
    assert calls_per_item(Cell("d", "direct", "judge", ("x",)), direct) == (1, 2)
    assert calls_per_item(Cell("d", "direct", "judge", ("x",), order="both", repeats=3), direct) == (6, 12)
    jury = Cell("d", "direct", "jury", ("x", "y"))
    assert not asks(jury)
    assert calls_per_item(jury, direct) == (0, 0)


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply("I cannot say.", "stop"), "unparsed"),
        (Reply("", "refusal"), "refused"),
        (Reply("Verd", "length"), "truncated"),
        (Reply("", "unavailable"), "unavailable"),
    ],
)
def test_a_jury_whose_members_all_fail_fails_as_they_do(reply: Reply, failure: str) -> None:
    members = [{"model": "x", "strategy": None}] * 3
    settings = {"members": members, "vote": "majority", "weights": None, "quorum": 1}
    cell = Cell("d", "direct", "jury", ("x", "x", "x"), settings=settings)
    talk = converse(item(0), cell, compile_strategy(built_in("direct")), MODELS)
    outcome = None
    try:
        calls = next(talk)
        while True:
            calls = talk.send([reply for _ in calls])
    except StopIteration as stop:
        outcome = stop.value
    assert outcome is not None
    assert outcome.failure == failure
