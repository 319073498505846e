"""Values between delimiters: the last one counts, unless its sentence offers another one or denies it."""

from __future__ import annotations

import pytest

from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.rules import compile_answer

RULES = ({"kind": "verdict"}, {"kind": "verdict", "between": ["[[", "]]"]})


def read(text: str, rule: dict[str, object]) -> str | float | None:
    found = compile_answer(full_rule(rule)).read(text)
    return None if found is None else found.verdict or found.score


@pytest.mark.parametrize("rule", RULES, ids=["usual", "between"])
@pytest.mark.parametrize(
    "text",
    [
        "[[A]] or [[B]]",
        "[[B]] and [[A]]",
        "My verdict is: [[A]]/[[B]]",
        "[[A]], [[B]] or [[C]]",
        "[[A]] | [[B]]",
        "[[A]] || [[B]]",
        "[[A]] vs. [[B]]",
        "[[A]] > [[B]]",
        "[[A]] (or [[B]])",
        "It is [[A]], not [[B]].",
        "I prefer [[A]] over [[B]]",
        "[[A]] rather than [[B]]",
        "[[A]] is by far better than [[B]], in my view",
        "It is not [[B]].",
        "It isn't [[B]]",
        "It isn’t **[[B]]**",
        "Neither [[A]] nor [[B]]",
        "Final: [[A]]\nThe options were [[A]] or [[B]]",
        r"\boxed{A} or \boxed{B}",
    ],
)
def test_a_sentence_with_two_values_or_a_denial_gives_no_answer(text: str, rule: dict[str, object]) -> None:
    assert read(text, rule) is None


@pytest.mark.parametrize("rule", RULES, ids=["usual", "between"])
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("I was told to write [[A]] or [[B]]. It is: [[A]]", "a"),
        ("I was told to write [[A]] or [[B]].\n\n[[A]]", "a"),
        ("If A were better I would say [[A]], but here it is: [[B]]", "b"),
        ("[[A]] reads well! Still [[B]]", "b"),
        ("[[A]]? No; [[B]]", "b"),
        ("So [[A]], or rather [[B]]", "b"),
        ("First [[A]], wait, [[B]]", "b"),
        ("[[B]] it is, so [[B]]", "b"),
        ("[[A]]\n[[B]]", "b"),
        ("A is not as good. [[B]]", "b"),
        ("Over and over: [[A]]", "a"),
        ("A knot [[A]]", "a"),
        ("[[X]] or [[A]]", "a"),
    ],
)
def test_the_last_value_of_others_is_the_answer(text: str, verdict: str, rule: dict[str, object]) -> None:
    assert read(text, rule) == verdict


@pytest.mark.parametrize(
    ("text", "score"),
    [("Rating: [[7]]", 7), ("[[7]] out of [[10]]", None), ("Was [[3]]. Now: [[4]]", 4), ("[[5]] or [[6]]", None)],
)
def test_scores_follow_the_same_rule(text: str, score: float | None) -> None:
    assert read(text, {"kind": "score", "between": ["[[", "]]"], "scale": {"min": 1, "max": 10}}) == score


def test_long_rows_of_values_take_no_time() -> None:
    assert read("[[A]] or " * 20_000 + "[[B]]", RULES[1]) is None
    assert read("[[A]] and so " * 20_000 + "[[A]]", RULES[1]) == "a"
