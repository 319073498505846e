"""Strategies for single responses: their labels, and what a score stands for."""

import pytest

from harness.errors import SpecError
from harness.evaluators.question import outcome_of
from harness.prompting.single import labels_of, single_rule
from harness.prompting.strategy import compile_strategy, strategy_from, strategy_json
from harness.records.datasets import Item
from harness.spec.strategies import built_in

ITEM = Item("1", ({"role": "user", "content": "Name a colour."},), "Red.", "")


def strategy(answer, **changes):
    written = {"ask": "single", "user": "{{ prompt }} {{ response }} {{ answer_format }}", "answer": answer, **changes}
    return strategy_from(written, name="mine", source="mine.yaml")


def label(**labels):
    return {"kind": "label", "labels": labels}


def test_labels_of_each_kind():
    assert labels_of(strategy(label(fail=None, **{"pass": None}))).names == ("fail", "pass")
    assert labels_of(strategy(label(fail=None, **{"pass": None}))).positive == "pass"
    grades = labels_of(strategy({"kind": "score", "scale": {"min": 1, "max": 5}}))
    assert grades.names == ("1", "2", "3", "4", "5")
    assert grades.is_ordered
    assert grades.values == (1.0, 2.0, 3.0, 4.0, 5.0)
    cut = labels_of(strategy({"kind": "score", "scale": {"min": 0, "max": 10}, "thresholds": {"pass": 7, "fail": 0}}))
    assert cut == labels_of(strategy(label(fail=None, **{"pass": None})))
    ordered = labels_of(strategy({**label(low=None, mid=None, high=None), "ordered": True}))
    assert ordered.is_ordered
    assert not labels_of(strategy(label(red=None, green=None, blue=None))).is_ordered


@pytest.mark.parametrize(
    ("score", "expected"),
    [(1, "1"), (2.4, "2"), (2.5, "2"), (2.6, "3"), (4.9999999999, "5"), (5, "5"), (0, "1"), (9, "5")],
)
def test_a_score_is_the_nearest_grade(score, expected):
    assert single_rule(strategy({"kind": "score", "scale": {"min": 1, "max": 5}})).label_of(score) == expected


@pytest.mark.parametrize(("score", "expected"), [(0, "fail"), (6.9, "fail"), (6.9999999999, "pass"), (7, "pass")])
def test_a_score_is_the_label_that_begins_there(score, expected):
    answer = {"kind": "score", "scale": {"min": 0, "max": 10}, "thresholds": {"fail": 0, "pass": 7}}
    assert single_rule(strategy(answer)).label_of(score) == expected


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"kind": "score", "scale": {"min": 0, "max": 100}}, "the scale has 101 grades; at most 20 are labels"),
        ({"kind": "score", "scale": {"min": 0.5, "max": 5}}, "its ends are none"),
        (label(refused=None, fine=None), "`refused` is the name of a failure"),
        (
            {"kind": "score", "scale": {"min": 0, "max": 10}, "thresholds": {"fail": 1, "pass": 7}},
            "no label begins at 0, the least score",
        ),
        (
            {"kind": "score", "scale": {"min": 0, "max": 10}, "thresholds": {"fail": 0, "pass": 11}},
            "a label begins above 10",
        ),
        (
            {"kind": "score", "scale": {"min": 0, "max": 10}, "thresholds": {"fail": 0, "pass": 0}},
            "two labels begin at the same score",
        ),
    ],
)
def test_faults(answer, message):
    with pytest.raises(SpecError, match=message):
        compile_strategy(strategy(answer))


def test_what_only_pairs_have_is_refused():
    pass_fail = label(fail=None, **{"pass": None})
    with pytest.raises(SpecError, match="a single response has no other to tie with"):
        compile_strategy(strategy(pass_fail, tie_margin=1))
    with pytest.raises(SpecError, match="a response alone has no order"):
        compile_strategy(strategy(pass_fail, second_look={"user": "{{ swapped_reply }}"}))
    each = {"kind": "score", "scale": {"min": 0, "max": 10}, "thresholds": {"fail": 0, "pass": 7}}
    with pytest.raises(SpecError, match="only `ask: single` asks for"):
        compile_strategy(strategy(each, ask="each"))
    with pytest.raises(SpecError, match="`verdict` does not fit `ask: single`"):
        compile_strategy(strategy({"kind": "verdict"}))


REPLIES = [
    ("It does all.\n\nVerdict: pass", "pass"),
    ("**Verdict:** FAIL", "fail"),
    ("My verdict: the response passes.", None),
    ("Verdict: passed", "pass"),
    ("[[PASS]]", "pass"),
    ('{"verdict": "fail", "why": "wrong"}', "fail"),
    ('{"label": "pass"}', "pass"),
    ("pass", "pass"),
    ("Verdict: pass or fail", None),
    ("Verdict: not a pass", None),
    ("Verdict: <fail or pass>", None),
    ("", None),
]


@pytest.mark.parametrize(("reply", "expected"), REPLIES)
def test_replies_of_pass_fail(reply, expected):
    questions = compile_strategy(built_in("pass-fail"))
    answer = questions.read(reply)
    outcome = outcome_of([answer or "unparsed"], questions)
    assert (outcome.verdict, outcome.failure) == (expected, None if expected else "unparsed")


def test_scores_keep_their_number():
    questions = compile_strategy(built_in("grade-5"))
    outcome = outcome_of([questions.read("Fine.\nGrade: 4/5")], questions)
    assert (outcome.verdict, outcome.score_a, outcome.score_b) == ("4", 4.0, None)


def test_a_json_form():
    questions = compile_strategy(strategy({**label(fail=None, **{"pass": None}), "format": "json"}))
    assert questions.answer_format == '{"reasons": "<your reasons, in a few sentences>", "label": "<fail or pass>"}'
    assert questions.read('{"reasons": "so", "label": "pass"}').verdict == "pass"
    assert questions.params["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"] == [
        "fail",
        "pass",
    ]


@pytest.mark.parametrize("name", ["pass-fail", "grade-5", "rubric-5"])
def test_built_in_ones_show_the_response_once(name):
    questions = compile_strategy(built_in(name))
    text = questions.whole(ITEM)[-1]["content"]
    assert text.count("Red.") == 1
    assert strategy_from(strategy_json(built_in(name)), name=name, source="built-in") == built_in(name)


def test_steps_and_examples_show_the_single_response():
    mine = strategy(
        label(fail=None, **{"pass": None}),
        user="{{ prompt }} {{ response }} {{ step_claims }} {{ answer_format }}",
        steps=[{"id": "claims", "user": "What does it claim? {{ response }}"}],
    )
    questions = compile_strategy(mine)
    assert "Red." in questions.step("claims", ITEM, {})[-1]["content"]
    assert "It claims." in questions.whole(ITEM, {"claims": "It claims."})[-1]["content"]
    shown = strategy(
        label(fail=None, **{"pass": None}),
        examples=[{"prompt": "Name a fruit.", "response": "Stone.", "assistant": "Verdict: fail"}],
    )
    assert "Stone." in compile_strategy(shown).whole(ITEM)[0]["content"]
