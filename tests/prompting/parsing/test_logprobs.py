"""Soft verdicts from log probabilities: which token answers, and what its alternatives amount to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.prompting.checks import check_strategy
from harness.prompting.parsing.definition import answer_faults, full_rule
from harness.prompting.parsing.rules import compile_answer
from harness.prompting.single import single_rule
from harness.prompting.strategy import strategy_from
from harness.records.document import Document
from harness.spec.schema import check


def place(**probabilities: float) -> tuple[tuple[str, float], ...]:
    return tuple((token, math.log(p)) for token, p in probabilities.items())


def read(*places, **rule):
    compiled = compile_answer(full_rule({"kind": "logprobs", **rule}))
    assert compiled.read_logprobs is not None
    return compiled.read_logprobs(places)


def test_probabilities_of_both_letters_are_scaled_to_one():
    answer = read(place(A=0.6, B=0.2, The=0.2))
    assert (answer.preference, answer.score_a, answer.score_b) == pytest.approx((0.75, 0.75, 0.25))
    assert answer.verdict is None


def test_forms_of_one_letter_are_added_up():
    answer = read((("A", math.log(0.3)), (" A", math.log(0.2)), ("**a", math.log(0.1)), ("B", math.log(0.4))))
    assert answer.preference == pytest.approx(0.6)


def test_half_the_probability_of_a_tie_counts_for_each():
    answer = read(place(A=0.5, B=0.2, C=0.3), tokens={"a": ["A"], "b": ["B"], "tie": ["C"]})
    assert (answer.preference, answer.score_a, answer.score_b) == pytest.approx((0.65, 0.5, 0.2))


def test_last_place_whose_sampled_token_is_a_letter_answers():
    answer = read(place(A=0.9, B=0.1), place(so=0.5, B=0.5), place(B=0.7, A=0.3), ((".", 0.0), ("A", -9.0)))
    assert answer.preference == pytest.approx(0.3)


def test_letter_that_is_no_alternative_has_probability_zero():
    assert read(place(B=0.99, x=0.01)).preference == 0


@pytest.mark.parametrize("places", [(), (place(The=1.0),), ((("Answer", 0.0), ("A", -1.0)),)])
def test_reply_without_a_sampled_letter_has_no_answer(places):
    assert read(*places) is None


def test_case_can_matter():
    both = {"a": ["m"], "b": ["M"]}
    assert read(place(M=0.8, m=0.2), tokens=both, case_sensitive=True).preference == pytest.approx(0.2)
    assert [message for _, message, _ in answer_faults(full_rule({"kind": "logprobs", "tokens": both}))] == [
        "`M` stands for both a and b"
    ]


@pytest.mark.parametrize("is_exact", [False, True])
def test_case_is_suggested_where_it_does_not_matter_yet(is_exact):
    rule = {"kind": "logprobs", "tokens": {"a": ["m"], "b": ["m"]}, "case_sensitive": is_exact}
    ((_, _, hint),) = answer_faults(full_rule(rule))
    assert hint == "give each a token of its own" + ("" if is_exact else ", or write `case_sensitive: true`")


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ({"a": ["Response A"], "b": ["B"]}, "more than one token"),
        ({"a": ["**"], "b": ["B"]}, "nothing but decoration"),
        ({"a": ["A"], "b": [" A"]}, "stands for both a and b"),
    ],
)
def test_tokens_that_cannot_answer_are_faults(tokens, message):
    (fault,) = answer_faults(full_rule({"kind": "logprobs", "tokens": tokens}))
    assert message in fault[1]


def test_call_asks_for_log_probabilities_and_the_prompt_names_the_letters():
    rule = compile_answer(full_rule({"kind": "logprobs", "top": 5}))
    assert rule.params == {"logprobs": True, "top_logprobs": 5}
    assert rule.format_text() == "A or B"
    three = compile_answer(full_rule({"kind": "logprobs", "tokens": {"a": ["A"], "b": ["B"], "tie": ["C"]}}))
    assert three.format_text() == "A, B or C"


def test_text_alone_gives_a_verdict_without_a_probability():
    rule = compile_answer(full_rule({"kind": "logprobs"}))
    assert rule.read("So: **B**").verdict == "b"
    assert (rule.read("neither"), rule.read("")) == (None, None)
    assert rule.trace("B").answer.preference is None


def test_full_rule_is_accepted_by_the_schema_and_stays_the_same():
    full = full_rule({"kind": "logprobs"})
    strategy = {"name": "x", "schema": 1, "ask": "pair", "user": "{{ response_a }}{{ response_b }}", "answer": full}
    assert check(Document("", strategy), "strategy") == []
    assert full_rule(full) == full


@given(st.lists(st.tuples(st.sampled_from(["A", " b", "x", ""]), st.floats(-9999, 0)), min_size=1, max_size=6))
def test_any_alternatives_give_a_probability_or_nothing(pairs):
    answer = read(tuple(pairs))
    assert answer is None or 0 <= answer.preference <= 1


# --- one response ------------------------------------------------------------------------------------------


def read_one(*places, ask="single", **rule):
    full = full_rule({"kind": "logprobs", **rule})
    compiled = compile_answer(full, ask=ask)
    assert full_rule(full) == full
    assert compiled.read_logprobs is not None
    return compiled.read_logprobs(places)


YES_NO = {"fail": ["no"], "pass": ["yes"]}


def test_probability_of_the_second_of_two_labels_is_the_score():
    answer = read_one(place(Yes=0.6, No=0.2, Maybe=0.2), tokens=YES_NO)
    assert (answer.score, answer.preference, answer.verdict) == (pytest.approx(0.75), pytest.approx(0.75), None)
    assert read_one(place(Maybe=0.9, Yes=0.1), tokens=YES_NO) is None


def test_the_most_likely_of_three_labels_is_the_label_and_the_first_of_equal_ones():
    tokens = {"bad": None, "fair": None, "good": None}
    assert read_one(place(fair=0.4, good=0.5, bad=0.1), tokens=tokens).verdict == "good"
    assert read_one(place(good=0.4, fair=0.4), tokens=tokens).verdict == "fair"


@pytest.mark.parametrize("ask", ["each", "single"])
def test_expected_grade_is_the_mean_by_probability(ask):
    answer = read_one((("4", math.log(0.5)), (" 5", math.log(0.3)), ("3", math.log(0.1)), ("six", math.log(0.1))),
                      scale={"min": 1, "max": 5}, ask=ask)  # fmt: skip
    assert answer.score == pytest.approx((4 * 0.5 + 5 * 0.3 + 3 * 0.1) / 0.9)


FIVE = {"min": 1, "max": 5}
GRADES = [
    (("4", "/", "5"), 4),
    (("Score", ":", "\u2581", "3"), 3),
    (("\u0120Score", ":", "\u01202"), 2),
    (("4", ".", "5"), None),
    (("7",), None),
    (("none",), None),
    (("I", " give", " 3", " of", " the", " 5"), None),
]


@pytest.mark.parametrize(("tokens", "grade"), GRADES)
def test_the_text_says_which_token_is_the_grade(tokens, grade):
    answer = read_one(*(((token, 0.0),) for token in tokens), scale=FIVE)
    assert (answer and answer.score) == grade


FAULTS = [
    ("single", {"tokens": {"a": ["A"], "b": ["B"]}}, "a single response has labels"),
    ("single", {}, "a single response has labels"),
    ("pair", {"tokens": YES_NO}, "the tokens of a pair stand for"),
    ("pair", {"scale": FIVE}, "the tokens of a pair stand for"),
    ("each", {"tokens": YES_NO}, "a response that is shown alone has a grade"),
    ("single", {"scale": {"min": 1, "max": 10}}, "single digits"),
    ("single", {"scale": {"min": 0.5, "max": 4}}, "single digits"),
    ("single", {"scale": FIVE, "tokens": YES_NO}, "probabilities of labels have a scale of their own"),
    ("single", {"tokens": {"fail": ["no"], "pass": ["No"]}}, "`No` stands for both fail and pass"),
    ("single", {"tokens": YES_NO, "thresholds": {"pass": 0, "fail": 0.4}}, "the second of two labels"),
    ("single", {"tokens": YES_NO, "thresholds": {"fail": 0, "pass": 1.4}}, "above 1"),
    ("each", {"scale": FIVE, "thresholds": {"fail": 1, "pass": 3}}, "only `ask: single` asks for"),
    ("each", {"scale": FIVE, "ordered": True}, "only the labels of single responses have an order"),
]


@pytest.mark.parametrize(("ask", "rule", "message"), FAULTS)
def test_rules_that_do_not_fit_what_is_asked_are_refused(ask, rule, message):
    shown = "{{ response_a }} {{ response_b }}" if ask == "pair" else "{{ response }}"
    mapping = {"ask": ask, "user": f"{shown} {{{{ answer_format }}}}", "answer": {"kind": "logprobs", **rule}}
    strategy = strategy_from(mapping, name="s", source="s.yaml")
    assert any(message in f"{problem.message}; {problem.hint}" for problem in check_strategy(strategy))


def test_labels_and_thresholds_of_probabilities():
    mapping = {"ask": "single", "user": "{{ response }}", "answer": {"kind": "logprobs", "tokens": YES_NO}}
    rule = single_rule(strategy_from(mapping, name="s", source="s.yaml"))
    assert [rule.label_of(p) for p in (0, 0.5, 0.51, 1)] == ["fail", "fail", "pass", "pass"]
    assert (rule.labels.positive, rule.labels.is_ordered) == ("pass", False)
    mapping["answer"]["thresholds"] = {"fail": 0, "pass": 0.8}
    strict = single_rule(strategy_from(mapping, name="s", source="s.yaml"))
    assert [strict.label_of(p) for p in (0.79, 0.8)] == ["fail", "pass"]
    mapping["answer"] = {"kind": "logprobs", "scale": FIVE}
    assert single_rule(strategy_from(mapping, name="s", source="s.yaml")).label_of(3.6) == "4"
