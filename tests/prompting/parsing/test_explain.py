"""How a reading is shown."""

from __future__ import annotations

import pytest

from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.explain import _place_json
from harness.prompting.parsing.rules import compile_answer
from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE, Note, Nothing

TEXT = "one\nVerdict: A"


def test_a_value_that_was_read_has_its_place_and_the_words_of_its_rule() -> None:
    assert _place_json(Note("marker", 4, 13, "a", "the last one"), TEXT) == {
        "what": "marker",
        "line": 2,
        "column": 1,
        "start": 4,
        "stop": 13,
        "marked": "Verdict: ",
        "value": "a",
        "reason": "the last one",
    }


@pytest.mark.parametrize(
    ("outcome", "reason"), [(NO_VALUE, "no value follows"), (AMBIGUOUS, "what follows is not clear")]
)
def test_a_rejected_place_has_no_value_and_says_why(outcome: Nothing, reason: str) -> None:
    found = _place_json(Note("marker", 8, 9, outcome, "unused"), TEXT)
    assert (found["line"], found["column"], found["value"]) == (2, 5, None)
    assert found["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("kind", "text", "what", "value"),
    [
        ("verdict", "Verdict: A", "marker", "a"),
        ("verdict", '{"chosen": "A"}', "field", "a"),
        ("verdict", "I thought about it.\nA", "last line", "a"),
        ("score", "Score: 7", "marker", 7),
        ("score", '{"points": 7}', "field", 7),
        ("score", "7", "last line", 7),
    ],
)
def test_the_place_of_an_answer_is_named(kind: str, text: str, what: str, value: object) -> None:
    scale = {} if kind == "verdict" else {"scale": {"min": 0, "max": 10}}
    rule = compile_answer(full_rule({"kind": kind, **scale}), ask="pair" if kind == "verdict" else "each")
    notes = rule.trace(text).notes
    assert [(note.what, note.outcome) for note in notes if note.outcome not in (NO_VALUE, AMBIGUOUS)] == [(what, value)]
