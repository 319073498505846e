"""A pattern of the strategy's own: what its groups give, what is refused, and that no pattern takes long."""

import importlib
import time
from typing import Any

import pytest

from harness.prompting.parsing.definition import answer_faults, full_rule
from harness.prompting.parsing.pattern import INSTALL, MAX_MATCHES
from harness.prompting.parsing.rules import AnswerRule, compile_answer
from harness.prompting.parsing.values import AMBIGUOUS, Answer

pytest.importorskip("re2", reason="google-re2, the extra `patterns`, is not installed")

SCALE = {"min": 0, "max": 10}


def rule(kind: str, pattern: str, **more: Any) -> AnswerRule:
    scale = {"scale": SCALE} if kind in ("score", "scores") else {}
    return compile_answer(full_rule({"kind": kind, "pattern": pattern, **scale, **more}))


@pytest.mark.parametrize(
    ("made", "text", "answer"),
    [
        pytest.param(rule("verdict", r"\[\[(?P<verdict>[ABC])\]\]"), "[[A]] no: [[B]]", Answer("b"), id="last-match"),
        pytest.param(rule("verdict", r"pick (?P<verdict>\w+)"), "pick C\r\n", Answer("tie"), id="label"),
        pytest.param(rule("verdict", r"pick (?P<verdict>\w+)"), "pick D", None, id="no-label"),
        pytest.param(rule("verdict", r"pick (?P<verdict>\w+)"), "Verdict: A", None, id="no-match-no-fallback"),
        pytest.param(
            rule("verdict", r"(?P<a>first) wins|(?P<b>second) wins"), "The second wins", Answer("b"), id="sides"
        ),
        pytest.param(rule("verdict", r"(?P<a>1)(?P<b>2)"), "12", None, id="both-sides"),
        pytest.param(rule("verdict", r"<v>(?P<verdict>A|B)</v>"), "<v>A</v>", Answer("a"), id="tags-are-as-written"),
        pytest.param(rule("score", r"(?i)mark: (?P<score>\S+)"), "MARK: 7/10", Answer(score=7), id="score"),
        pytest.param(rule("score", r"mark: (?P<score>\S+)"), "mark: 11", None, id="out-of-scale"),
        pytest.param(
            rule("scores", r"(?P<score_b>\d+) to (?P<score_a>\d+)"), "é 7 to 8", Answer(None, 8, 7), id="scores"
        ),
        pytest.param(
            rule("graded", r"grade (?P<verdict>\S+)", labels=[["A"], ["same"], ["B"]]),
            "grade B",
            Answer(None, 1, 3),
            id="graded",
        ),
    ],
)
def test_replies(made: AnswerRule, text: str, answer: Answer | None) -> None:
    assert made.read(text) == answer
    assert made.trace(text).answer == answer


def test_a_trace_marks_what_matched() -> None:
    found = rule("verdict", r"pick (?P<verdict>\w+)").trace("I pick A.\r\nI pick D.")
    (note,) = found.notes
    assert found.text[note.start : note.stop] == "pick D"
    assert note.outcome is AMBIGUOUS


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"pattern": "(?=a)"}, "not a pattern that RE2 accepts", id="lookaround"),
        pytest.param({"pattern": r"(a)\1"}, "not a pattern that RE2 accepts", id="backreference"),
        pytest.param({"pattern": "(?P<verdict>a"}, "not a pattern that RE2 accepts", id="syntax"),
        pytest.param({"pattern": "(?P<verdict>((a{900}){900}))"}, "not a pattern that RE2 accepts", id="too-large"),
        pytest.param({"pattern": "(a)"}, "named groups", id="no-group"),
        pytest.param({"pattern": "(?P<score>a)"}, "named groups", id="group-of-another-kind"),
        pytest.param({"pattern": "(?P<verdict>a)", "format": "json"}, "not both", id="json"),
    ],
)
def test_faults(given: dict[str, Any], message: str) -> None:
    faults = list(answer_faults(full_rule({"kind": "verdict", **given})))
    assert [message in fault[1] for fault in faults] == [True]


def test_a_missing_package_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    faults = list(answer_faults(full_rule({"kind": "verdict", "pattern": "(?P<verdict>a)"})))
    assert faults == [(("pattern",), "google-re2 is not installed", INSTALL)]


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?P<verdict>(a*)*b)",
        r"(?P<verdict>(a|a)*$)",
        r"(?P<verdict>a.*b|a)",
        r"(?P<verdict>(.*a){9})",
        r"(?s)(?P<verdict>.*x)",
    ],
)
@pytest.mark.parametrize("unit", ["a", "a\n", "ab", "é"])
def test_no_pattern_takes_long(pattern: str, unit: str) -> None:
    made = rule("verdict", pattern)
    started = time.process_time()
    made.read(unit * (2**20 // len(unit)))
    assert time.process_time() - started < 3


def test_more_matches_than_are_counted_are_no_answer() -> None:
    made = rule("verdict", "(?P<verdict>A)")
    assert made.read("A " * MAX_MATCHES) == Answer("a")
    assert made.read("A " * (MAX_MATCHES + 1)) is None
