"""How a reading is shown."""

from __future__ import annotations

import pytest

from harness.prompting.parsing.explain import _place_json
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
