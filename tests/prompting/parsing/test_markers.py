"""Which marker counts, and what may stand between it and its value."""

from typing import Any

import pytest

from harness.prompting.parsing.definition import answer_faults, full_rule
from harness.prompting.parsing.markers import NEVER, OTHER, OWN, rank_at
from harness.prompting.parsing.rules import compile_answer
from harness.prompting.parsing.values import Answer

VERDICT = compile_answer(full_rule({"kind": "verdict"}))
SCORE = compile_answer(full_rule({"kind": "score", "scale": {"min": 0, "max": 10}}))
SIGNS = compile_answer(
    full_rule({"kind": "verdict", "labels": {"a": ["A>B", "B<A"], "b": ["B>A", "A<B"], "tie": ["A=B"]}})
)
LANGUAGES = compile_answer(full_rule({"kind": "verdict", "labels": {"a": ["C#"], "b": ["C"], "tie": ["C++"]}}))

SCORES = {
    "confidence": ("Score: 7/10\n\nConfidence score: 9/10", 7),
    "max": ("**Score:** 7/10\nMax score: 10", 7),
    "style": ("Score: 7/10\n\nStyle score: 3/10 (not counted)", 7),
    "style-in-brackets": ("Score: 7/10\nStyle (score: 3/10)", 7),
    "style-behind-a-dash": ("Score: 7/10\nStyle – score: 3/10", 7),
    "another-marker": ("Rating: 7/10\nConfidence score: 9/10", 7),
    "json": ('{"score": 7, "confidence_score": 9}', 7),
    "only-other-words": ("I would give this answer a score: 7/10", 7),
    "only-confidence": ("Confidence score: 9/10", None),
    "overall": ("Style score: 3/10\nOverall score: 7/10", 7),
    "final-in-a-sentence": ("Score: 3/10 at first. So my final score is 7/10.", 7),
    "later-clause": ("It is clear, score: 7/10", 7),
    "chinese": ("Style score: 3/10\n最终 Score：7/10", 7),
    "aside-scale": ("Score (0-10): 7", 7),
    "aside-words": ("Score (1 to 10, higher is better): 7", 7),
    "aside-out-of": ("Score out of 10: 7", 7),
    "aside-on-a-scale": ("Score, on a scale of 0 to 10: 7", 7),
    "aside-square": ("Score [0-10] = 7", 7),
    "aside-remark": ("Score (weighted): 7.5", 7.5),
    "value-in-brackets": ("Score (7/10): it is clear", 7),
    "own-brackets": ("[Score] 7", 7),
    "own-bold": ("**Score** 7", 7),
    "no-brackets": ("Score 7", None),
}
VERDICTS = {
    "aside-choices": ("Verdict (A, B or tie): A", "a"),
    "aside-slashes": ("Verdict [A/B/tie]: B", "b"),
    "aside-dash": ("Verdict - A, B or tie: B", "b"),
    "aside-blanks": ("Verdict: <A, B or tie>: B", "b"),
    "two-and-no-aside": ("Verdict: A or B\n\nA", None),
    "own-brackets": ("(Verdict) B", "b"),
    "own-bold": ("**Verdict** A", "a"),
    "bold-word-in-a-sentence": ("The **answer** a person wants.\nVerdict: B", "b"),
    "twice-on-a-line": ("**Final Verdict:** My final verdict is Assistant B is slightly better", "b"),
    "initial": ("Verdict: B\nMy initial verdict was: A", "b"),
}


@pytest.mark.parametrize(("text", "score"), SCORES.values(), ids=SCORES)
def test_score(text: str, score: float | None) -> None:
    assert SCORE.read(text) == (None if score is None else Answer(score=score))


@pytest.mark.parametrize(("text", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_verdict(text: str, verdict: Any) -> None:
    assert VERDICT.read(text) == (None if verdict is None else Answer(verdict=verdict))


@pytest.mark.parametrize(
    ("before", "rank"),
    [
        ("", OWN),
        ("### ", OWN),
        ("- **my final ", OWN),
        ("1. ", OWN),
        ("it is clear. ", OWN),
        ("style ", OTHER),
        ("a: ", OTHER),
        ("confidence ", NEVER),
        ("the maximum ", NEVER),
    ],
)
def test_rank(before: str, rank: int) -> None:
    assert rank_at(f"text\n{before}score: 7", len(f"text\n{before}")) == rank


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("A>B", "a"), ("[[B > A]]", "b"), ("A<B", "b"), ("**B<A**", "a"), ("A=B", "tie"), ("A>>B", None), ("A", None)],
)
def test_signs_in_labels_count(text: str, verdict: Any) -> None:
    assert SIGNS.read(f"Verdict: {text}") == (None if verdict is None else Answer(verdict=verdict))


@pytest.mark.parametrize(("text", "verdict"), [("C#", "a"), ("**C#**", "a"), ("C", "b"), ("C++", "tie"), ("C+", None)])
def test_signs_at_the_end_of_labels_count(text: str, verdict: Any) -> None:
    assert LANGUAGES.read(f"Verdict: {text}") == (None if verdict is None else Answer(verdict=verdict))


@pytest.mark.parametrize(
    ("labels", "more", "message"),
    [
        ({"a": ["A*"], "b": ["A"]}, {}, "`A` of b cannot be distinguished from `A*` of a"),
        ({"a": ["(x)"], "b": ["[x]"]}, {}, "`[x]` of b cannot be distinguished from `(x)` of a"),
        ({"a": ["Ａ"], "b": ["A"]}, {}, "`A` of b cannot be distinguished from `Ａ` of a"),
        ({"a": ["m"], "b": ["M"]}, {}, "`M` stands for both a and b"),
        ({"a": ["m"], "b": ["M"]}, {"case_sensitive": True}, None),
        ({"a": ["A>B"], "b": ["A<B"]}, {}, None),
        ({"a": ["=="], "b": ["B"]}, {}, "`==` has no letter or digit to be found by"),
    ],
)
def test_labels_that_cannot_be_told_apart_are_a_fault(labels: Any, more: dict[str, Any], message: str | None) -> None:
    faults = list(answer_faults(full_rule({"kind": "verdict", "labels": labels, **more})))
    assert [fault[1] for fault in faults] == ([] if message is None else [message])


def test_grades_are_checked_as_labels_are() -> None:
    rule = full_rule({"kind": "graded", "labels": [["A"], ["same"], ["**A**"]]})
    assert [(fault[0], fault[1]) for fault in answer_faults(rule)] == [
        (("labels", 2, 0), "`**A**` of grade 3 cannot be distinguished from `A` of grade 1")
    ]


def test_a_scale_of_grades_is_spread_evenly() -> None:
    labels = [["A>>B"], ["A>B"], ["A=B"], ["B>A"], ["B>>A"]]
    rule = compile_answer(full_rule({"kind": "graded", "labels": labels, "scale": {"min": 0, "max": 1}}))
    assert rule.read("Verdict: A>B") == Answer(None, 0.75, 0.25)
