"""Soft verdicts from log probabilities: which token answers, and what its alternatives amount to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.prompting.parsing.definition import answer_faults, full_rule
from harness.prompting.parsing.rules import compile_answer
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
