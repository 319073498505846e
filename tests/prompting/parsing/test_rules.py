"""What an answer rule reads and what it must not read; pairs of tables, each case with an id."""

import math
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.prompting.parsing import numbers
from harness.prompting.parsing import reply as reply_module
from harness.prompting.parsing.definition import answer_faults, full_rule
from harness.prompting.parsing.rules import AnswerRule, compile_answer
from harness.prompting.parsing.values import Answer
from harness.spec.strategies import built_in
from support.paths import ROOT

VERDICT = compile_answer(full_rule({"kind": "verdict"}))
STATED = compile_answer(
    full_rule(
        {
            "kind": "verdict",
            "markers": ["Better output"],
            "statements": {"a": ["Output (a) is better"], "b": ["Output (b) is better"], "tie": ["They are level"]},
        }
    )
)
SCORES = compile_answer(full_rule({"kind": "scores", "scale": {"min": 0, "max": 10}}))
SCORE = compile_answer(full_rule({"kind": "score", "scale": {"min": 0, "max": 10}}))

READ_VERDICTS = {
    "plain": ("Verdict: A", "a"),
    "lower-case": ("verdict: b", "b"),
    "bold": ("**Verdict:** **B**", "b"),
    "bold-together": ("**Verdict: B**", "b"),
    "heading-and-line": ("### Answer:\n\nA", "a"),
    "brackets": ("Final verdict: [[B]]", "b"),
    "angle-brackets-kept": ("Verdict: <A>", "a"),
    "backticks": ("Verdict: `tie`", "tie"),
    "quotes": ("Verdict: “A”", "a"),
    "is": ("My verdict is B.", "b"),
    "equals": ("verdict = A", "a"),
    "dash": ("Verdict - A", "a"),
    "full-width-colon": ("Verdict：A", "a"),
    "response-a": ("Verdict: Response A", "a"),
    "assistant-bold": ("Verdict: Assistant **B**", "b"),
    "is-better": ("Verdict: Response B is better", "b"),
    "is-clearly-better": ("Verdict: A is clearly better than the other one", "a"),
    "reason": ("Verdict: A because it is shorter", "a"),
    "over": ("Verdict: A over B", "a"),
    "tie-between": ("Verdict: tie between A and B", "tie"),
    "not-the-other": ("Verdict: A, not B", "a"),
    "json": ('{"verdict": "B"}', "b"),
    "remark-brackets": ("Verdict: A (by a hair)", "a"),
    "remark-dash": ("Verdict: A - it is shorter", "a"),
    "remark-sentence": ("Verdict: A. Response B has errors.", "a"),
    "remark-below": ("Verdict: A\n\nB has errors.", "a"),
    "tie": ("Verdict: tie", "tie"),
    "a-tie": ("Verdict: a tie", "tie"),
    "tie-contraction": ("Verdict: It’s a tie.", "tie"),
    "equal": ("Verdict: Equal", "tie"),
    "c-is-tie": ("### Answer:\nC", "tie"),
    "last-wins": ("Verdict: A\nOn second thoughts:\nVerdict: B", "b"),
    "mentioned-later": ("Verdict: A\nThis verdict rests on the facts.", "a"),
    "asked-for-marker-first": ("Verdict: A\nBoth see that the right answer is C.", "a"),
    "echo-after": ("Verdict: A\n(Format: Verdict: <A, B or tie>)", "a"),
    "echo-before": ("Verdict: <A, B or tie>\nVerdict: B", "b"),
    "echo-with-bars": ("Verdict: B\nVerdict: A | B | tie", "b"),
    "article-later": ("Verdict: B\nThe answer is a matter of taste", "b"),
    "label-in-running-text": ("Verdict: B\nAnswer A, on the other hand, rambles", "b"),
    "bare": ("A", "a"),
    "bare-last-line": ("Response A is longer.\n\n### **B**", "b"),
    "bare-with-stop": ("I would say\nTie.", "tie"),
    "same-twice": ("Verdict: A, Response A", "a"),
}
UNREAD_VERDICTS = {
    "empty": "",
    "blank": " \n ",
    "no-marker": "Response A is better than response B.",
    "two-or": "Verdict: A or B",
    "endless-or": "Verdict: " + "A, B, " * 20,
    "two-slash": "Verdict: A/B",
    "two-comma": "Verdict: A, B",
    "two-and": "Verdict: A and B are equal",
    "greater-than": "Verdict: A > B",
    "less-than": "Verdict: A < B",
    "neither": "Verdict: neither",
    "neither-after-verdict": "Verdict: A\nVerdict: neither",
    "none": "Verdict: None of them",
    "both": "Verdict: both are good",
    "cannot": "Verdict: can’t say",
    "echo": "Verdict: <A, B or tie>",
    "placeholder": "Verdict: [your verdict]",
    "article": "Verdict: a response that helps",
    "worse": "Verdict: A is worse than B",
    "not-better": "Verdict: A is not better",
    "question": "Verdict: A?",
    "grade": "Verdict: A-",
    "plus": "Verdict: A+",
    "longer-word": "Verdict: Aardvark",
    "marker-inside-word": "Counterverdict: A",
    "no-separator": "Verdict A",
    "nothing-behind": "Verdict:",
    "ambiguous-beats-bare": "Verdict: A or B\n\nA",
    "scores-in-place": "Verdict: A: 8, B: 7",
}
READ_SCORES = {
    "plain": ("Score A: 8\nScore B: 7", 8, 7),
    "fractions": ("Score A: 8/10\nScore B: 7/10", 8, 7),
    "spaced-fractions": ("Score A: 8 / 10\nScore B: 7 /10", 8, 7),
    "out-of": ("Score A: 8 out of 10\nScore B: 7 of 10", 8, 7),
    "full-marks": ("Score A: 10/10\nScore B: 0/10", 10, 0),
    "decimals": ("Score A: 8.5/10\nScore B: .5", 8.5, 0.5),
    "decimal-comma": ("Score A: 8,5/10\nScore B: 7,25", 8.5, 7.25),
    "denominator-decimal": ("Score A: 8/10.0\nScore B: 7/10.0", 8, 7),
    "bold": ("**Score A:** **8**/10\n**Score B: 7/10**", 8, 7),
    "study-form": ("### Score Assistant A:\n8/10\n\n### Score Assistant B:\n9/10", 8, 9),
    "for-response": ("Score for Response A: 8\nScore for Response B: 9", 8, 9),
    "possessive": ("Assistant A's score: 8/10\nAssistant B’s score: 9/10", 8, 9),
    "name-first": ("Response A score = 8\nResponse B score = 9", 8, 9),
    "bracketed-letter": ("Score (A): 8\nScore [B]: 9", 8, 9),
    "table": ("| Score A | 8 |\n| Score B | 9 |", 8, 9),
    "bullets": ("- Score A: 8/10\n- Score B: 9/10", 8, 9),
    "bullet-value": ("Score A:\n- 8/10\nScore B:\n- 9/10", 8, 9),
    "one-line": ("Score A: 8/10, Score B: 9/10.", 8, 9),
    "is": ("Score A is 8/10. Score B is 9/10!", 8, 9),
    "no-separator-fraction": ("Score A 8/10\nScore B 9/10", 8, 9),
    "em-dash": ("Score A—8/10\nScore B – 9/10", 8, 9),
    "scale-aside": ("Score A (out of 10): 8\nScore B (0-10): 9", 8, 9),
    "brackets-kept": ("Score A: <8>/10\nScore B: [9]/10", 8, 9),
    "double-brackets": ("Score A: [[8]]\nScore B: [[9]]", 8, 9),
    "remarks": ("Score A: 8/10 (clear)\nScore B: 9/10 - a bit better", 8, 9),
    "remark-because": ("Score A: 8 because it is short\nScore B: 9 points", 8, 9),
    "remark-sentence": ("Score A: 8. Clear enough.\nScore B: 9, but long", 8, 9),
    "one-line-no-comma": ("Score A: 8 Score B: 9", 8, 9),
    "json": ('{"score_a": 8, "score_b": 9}', 8, 9),
    "table-of-bars": ("Score A: 8/10 | Score B: 9/10", 8, 9),
    "thought-aloud": ("<think>Score A: 1/10</think>\n\nScore A: 8/10\nScore B: 9/10", 8, 9),
    "upper-case": ("SCORE A: 8\nSCORE B: 9", 8, 9),
    "reverse-order": ("Score B: 9\nScore A: 8", 8, 9),
    "last-wins": ("Score A: 1\nScore B: 2\nAfter thought:\nScore A: 8\nScore B: 9", 8, 9),
    "echo-after": ("Score A: 8\nScore B: 9\nScore A: <0 to 10>/10\nScore B: X/10", 8, 9),
    "echo-words": ("Score A: 8\nScore B: 9\nScore A: [score]\nScore B: ?/10", 8, 9),
    "mentioned-later": ("Score A: 8\nScore B: 9\nScore A reflects its clarity", 8, 9),
    "sentence-behind-a-score": ("Score A: 1. It is clear\nScore B: 9", 1, 9),
    "text-below": ("Score A: 8/10\nScore B: 9/10\n\n" + "B names 3 sources. " * 60, 8, 9),
    "crlf": ("Score A: 8/10\r\nScore B: 9/10\r\n", 8, 9),
}
UNREAD_SCORES = {
    "empty": "",
    "one-missing": "Score A: 8",
    "first-missing": "Score B: 8",
    "too-high": "Score A: 11\nScore B: 9",
    "negative": "Score A: -3\nScore B: 9",
    "negative-unicode": "Score A: −3\nScore B: 9",
    "other-denominator": "Score A: 4/5\nScore B: 9/10",
    "denominator-only-prefix": "Score A: 8/100\nScore B: 9/10",
    "denominator-word": "Score A: 8 out of ten\nScore B: 9",
    "range-fraction": "Score A: 7-8/10\nScore B: 9/10",
    "range-spaced": "Score A: 7 – 8\nScore B: 9",
    "range-to": "Score A: 7 to 8\nScore B: 9",
    "either-or": "Score A: 7 or 8\nScore B: 9",
    "versus": "Score A: 7/10 vs 8/10\nScore B: 9",
    "percent": "Score A: 8%\nScore B: 9",
    "plus": "Score A: 8+\nScore B: 9",
    "ordinal": "Score A: 8th\nScore B: 9",
    "half-sign": "Score A: 8½\nScore B: 9",
    "version": "Score A: 8.5.1\nScore B: 9",
    "thousands": "Score A: 1,000\nScore B: 9",
    "twice-divided": "Score A: 8/10/10\nScore B: 9",
    "echo-only": "Score A: <0 to 10>/10\nScore B: <0 to 10>/10",
    "placeholders": "Score A: X/10\nScore B: Y/10",
    "words": "Score A: eight\nScore B: nine",
    "counted-things": "Score A: 3 errors\nScore B: 9",
    "numbered-list": "Score A:\n1. It is clear\nScore B: 9",
    "no-separator": "Score A 8\nScore B 9",
    "slash-between": "Score A: 8 / Score B: 9",
    "open-fraction": "Score A: 8/\nScore B: 9",
    "numbered-list-after-scores": "Score A: 8\nScore B: 9\nScore A:\n1. It is clear",
    "numbered-list-in-brackets": "Score A:\n1) It is clear\nScore B: 9",
    "ambiguous-last": "Score A: 8\nScore B: 9\nScore A: 7-8",
    "inside-word": "Underscore A: 8\nScore B: 9",
}
READ_SINGLE = {
    "plain": ("Score: 8", 8),
    "overall": ("### Overall Score:\n7/10", 7),
    "rating": ("Rating: **7.5**/10", 7.5),
    "remark-below": ("Overall score: 7/10\n\nThe response is clear.", 7),
    "bare-fraction": ("It is clear and correct.\n\n**7/10**", 7),
    "nothing-but-a-number": (" **8**\n", 8),
    "last-wins": ("Accuracy score: 3/10\nOverall score: 7/10", 7),
}
UNREAD_SINGLE = {
    "empty": "",
    "nothing-but-a-number-beyond-the-scale": "11",
    "bare-number-last-line": "It names these points:\n8",
    "bare-other-scale": "4/5",
    "criteria": "Score: 3 criteria were met",
    "ambiguous-beats-bare": "Score: 7-8\n8/10",
}


def cases(table: dict[str, Any]) -> Any:
    return pytest.mark.parametrize("case", table.values(), ids=table.keys())


@cases(READ_VERDICTS)
def test_reads_verdict(case: tuple[str, str]) -> None:
    assert VERDICT.read(case[0]) == Answer(verdict=case[1])


@cases(UNREAD_VERDICTS)
def test_leaves_verdict(case: str) -> None:
    assert VERDICT.read(case) is None


@cases(READ_SCORES)
def test_reads_scores(case: tuple[str, float, float]) -> None:
    assert SCORES.read(case[0]) == Answer(score_a=case[1], score_b=case[2])


@cases(UNREAD_SCORES)
def test_leaves_scores(case: str) -> None:
    assert SCORES.read(case) is None


@cases(READ_SINGLE)
def test_reads_score(case: tuple[str, float]) -> None:
    assert SCORE.read(case[0]) == Answer(score=case[1])


@cases(UNREAD_SINGLE)
def test_leaves_score(case: str) -> None:
    assert SCORE.read(case) is None


REFUSALS = "neither none both either n/a unclear unknown undecided unsure cannot can't can’t no not Neither NONE N/A"


@pytest.mark.parametrize("word", REFUSALS.split())
@pytest.mark.parametrize("rest", ["", " of them", ".", ", A is shorter"])
def test_each_word_of_a_refusal_takes_back_an_earlier_verdict(word: str, rest: str) -> None:
    assert VERDICT.read(f"Verdict: A\nVerdict: {word}{rest}") is None


@pytest.mark.parametrize("word", ["notable", "nobody", "nonetheless", "perhaps", "unknowable", "canny"])
def test_a_word_that_only_begins_like_a_refusal_takes_back_nothing(word: str) -> None:
    assert VERDICT.read(f"Verdict: A\nVerdict: {word}") == Answer(verdict="a")


def test_a_reply_over_a_mebibyte_is_searched_at_its_end_only() -> None:
    line = "x" * 63 + "\n"
    assert VERDICT.read("Verdict: A\n" + line * (2**14 - 1)) == Answer(verdict="a")
    assert VERDICT.read("Verdict: A\n" + line * 2**14) is None
    assert VERDICT.read(line * 2**14 + "Verdict: B") == Answer(verdict="b")


@pytest.mark.parametrize("ask", ["each", "pair"])
def test_a_rubric_of_one_criterion_is_the_score_of_that_criterion(ask: str) -> None:
    rule = full_rule({"kind": "rubric", "scale": {"min": 0, "max": 10}})
    read = compile_answer(rule, ask=ask, criteria=({"name": "Clarity", "weight": 3},))
    one = Answer(score=7) if ask == "each" else Answer(score_a=7, score_b=4)
    lines = read.format_text().splitlines()
    assert len(lines) == (1 if ask == "each" else 2)
    reply = "\n".join(f"{line.partition(':')[0]}: {number}/10" for line, number in zip(lines, (7, 4), strict=False))
    assert read.read(reply) == one
    assert read.read("Other: 7/10") is None


# --- scales, markers and labels of one's own --------------------------------------------------------------


def test_percent_is_read_on_a_scale_of_a_hundred() -> None:
    rule = compile_answer(full_rule({"kind": "score", "scale": {"min": 0, "max": 100}}))
    assert rule.read("Score: 85%") == Answer(score=85)


def test_negative_scores_are_read_where_the_scale_has_them() -> None:
    rule = compile_answer(full_rule({"kind": "score", "scale": {"min": -1, "max": 1}}))
    assert [rule.read(f"Score: {text}") for text in ("-1", "−0.5", "- 0.5", "+1", "-2")] == [
        Answer(score=-1),
        Answer(score=-0.5),
        Answer(score=0.5),
        Answer(score=1),
        None,
    ]
    assert rule.read("Score: <-1 to 1>/1") is None


def test_own_markers_and_labels_are_literal() -> None:
    rule = compile_answer(
        full_rule(
            {
                "kind": "verdict",
                "markers": ["Urteil (.*)"],
                "labels": {"a": ["links"], "b": ["rechts"], "tie": ["un[ent]schieden", "gleich gut"]},
            }
        )
    )
    assert rule.read("Urteil (.*): Rechts") == Answer(verdict="b")
    assert rule.read("Urteil (.*): gleich **gut**") == Answer(verdict="tie")
    assert rule.read("Urteil xyz: rechts") is None
    assert rule.read("Urteil (..): rechts") is None
    assert rule.read("urteil (.*): un[ent]schieden") == Answer(verdict="tie")


READ_STATEMENTS = {
    "in-running-text": ("It is shorter. Therefore, Output (a) is better.", "a"),
    "with-a-reason": ("Therefore, output (b) is better as it is shorter.", "b"),
    "decorated": ("So **Output (b)** is better", "b"),
    "last-wins": ("Assistant (a) says that Output (a) is better. I find that Output (b) is better.", "b"),
    "tie": ("Output (a) is better, one might say; but they are level.", "tie"),
    "marker-first": ("Better output: B\nSome say that Output (a) is better.", "b"),
    "before-the-last-line": ("Output (a) is better\nB", "a"),
    "last-line": ("Both are fine.\nB", "b"),
}
UNREAD_STATEMENTS = {
    "other-words": "Output (a) is worse.",
    "part-of-a-word": "Output (a) is bettering itself; throughput (b) is betterment.",
    "over-two-lines": "Output (a)\nis better.",
    "unclear-marker": "Output (a) is better.\nBetter output: neither",
}


@pytest.mark.parametrize("case", READ_STATEMENTS.values(), ids=READ_STATEMENTS)
def test_reads_statement(case: tuple[str, str]) -> None:
    assert STATED.read(case[0]) == Answer(verdict=case[1])  # type: ignore[arg-type]


@pytest.mark.parametrize("case", UNREAD_STATEMENTS.values(), ids=UNREAD_STATEMENTS)
def test_leaves_statement(case: str) -> None:
    assert STATED.read(case) is None


def test_format_names_first_markers_and_labels() -> None:
    assert VERDICT.format_text() == "Verdict: <A, B or tie>"
    assert SCORES.format_text() == "Score A: <0 to 10>/10\nScore B: <0 to 10>/10"
    assert SCORE.format_text() == "Score: <0 to 10>/10"


def test_full_rule_is_its_own_full_rule_and_writes_integral_scales_as_integers() -> None:
    full = full_rule({"kind": "scores", "scale": {"min": 0.0, "max": 7.5}})
    assert full["scale"] == {"min": 0, "max": 7.5}
    assert isinstance(full["scale"]["min"], int)
    assert full_rule(full) == full


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        pytest.param({"kind": "score", "scale": {"min": 10, "max": 0}}, ("scale",), id="scale-upside-down"),
        pytest.param({"kind": "score", "scale": {"min": 1, "max": 1}}, ("scale",), id="scale-of-one-point"),
        pytest.param(
            {"kind": "scores", "scale": {"min": 0, "max": 1}, "markers": {"a": ["X", "Score  x"], "b": ["score X"]}},
            ("markers", "b", 0),
            id="marker-of-both",
        ),
        pytest.param(
            {"kind": "verdict", "labels": {"a": ["1"], "b": ["2"], "tie": ["0", "2"]}},
            ("labels", "tie", 1),
            id="label-of-two-verdicts",
        ),
        pytest.param(
            {"kind": "verdict", "statements": {"a": ["One wins"], "b": ["Two wins", "one  wins"]}},
            ("statements", "b", 1),
            id="statement-of-two-verdicts",
        ),
        pytest.param({"kind": "verdict", "markers": ["Verdict", "**"]}, ("markers", 1), id="marker-of-decoration"),
    ],
)
def test_faults_have_their_place(rule: dict[str, Any], place: tuple[str | int, ...]) -> None:
    assert [fault[0] for fault in answer_faults(full_rule(rule))] == [place]


def test_default_rules_have_no_faults() -> None:
    rules = ({"kind": "verdict"}, *({"kind": kind, "scale": {"min": 1, "max": 5}} for kind in ("score", "scores")))
    assert [list(answer_faults(full_rule(rule))) for rule in rules] == [[], [], []]


# --- properties -------------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        *(
            "Output (a) is better",
            "Score A",
            "score b",
            "Score",
            "Verdict",
            "Answer",
            "A",
            "B",
            "tie",
            "8",
            "/10",
            "/",
            "7-8",
            "out of 10",
            "8.5",
        ),
        *(":", "=", "\n", "\n\n", " ", "**", "###", "<0 to 10>", " is ", "or", "-", "İ", "“", "(", ")", "[["),
        "text " * 30,
    ]
)
REPLIES = st.one_of(st.text(max_size=300), st.lists(FRAGMENTS, max_size=60).map("".join))
RULES = pytest.mark.parametrize("rule", [VERDICT, STATED, SCORES, SCORE], ids=["verdict", "stated", "scores", "score"])


@RULES
@given(text=REPLIES)
@settings(deadline=None)
def test_any_text_is_read_without_error_within_the_scale_and_again_the_same(rule: AnswerRule, text: str) -> None:
    found = rule.read(text)
    assert rule.read(text) == found
    for score in (found.score_a, found.score_b, found.score) if found else ():
        assert score is None or 0 <= score <= 10


@RULES
@given(text=REPLIES)
@settings(deadline=None)
def test_reading_the_end_first_changes_nothing(rule: AnswerRule, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reply_module, "TAILS", ())
        whole = rule.read(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reply_module, "TAILS", (8, 20, 40))
        assert rule.read(text) == whole


@given(text=REPLIES, verdict=st.sampled_from([("A", "a"), ("B", "b"), ("tie", "tie")]))
@settings(deadline=None)
def test_a_final_verdict_is_read_whatever_stands_before_it(text: str, verdict: tuple[str, str]) -> None:
    assert VERDICT.read(f"{text}\nVerdict: {verdict[0]}") == Answer(verdict=verdict[1])


@given(text=REPLIES, tenths=st.tuples(st.integers(0, 100), st.integers(0, 100)))
@settings(deadline=None)
def test_final_scores_are_read_whatever_stands_before_them(text: str, tenths: tuple[int, int]) -> None:
    score_a, score_b = tenths[0] / 10, tenths[1] / 10
    found = SCORES.read(f"{text}\nScore A: {score_a}/10\nScore B: {score_b}/10")
    assert found is not None
    assert math.isclose(found.score_a or 0, score_a)
    assert math.isclose(found.score_b or 0, score_b)


@pytest.mark.slow
@RULES
@pytest.mark.parametrize("unit", ["Score A", "Score A: ", "Verdict: A or ", "*", "Score ", "8/", "A, B, ", " \n"])
def test_time_grows_linearly_with_hostile_text(rule: AnswerRule, unit: str) -> None:
    def seconds(size: int, times: int) -> float:
        text = unit * (size // len(unit))
        start = time.process_time()
        for _ in range(times):
            rule.read(text)
        return time.process_time() - start

    # As many characters in all; quadratic time would take 20 times as long. Some systems count in steps of 10 ms.
    assert min(seconds(200_000, 1) for _ in range(2)) < 6 * max(seconds(10_000, 20), 0.05)


# --- the page for people ------------------------------------------------------------------------------------


def examples() -> list[Any]:
    page = (ROOT / "docs" / "guide" / "answer-rules.md").read_text(encoding="utf-8")
    found, rule = [], VERDICT
    for line in page.splitlines():
        if name := re.match(r"\| reply to `(.+?)`", line):
            strategy = built_in(name[1])
            rule = compile_answer(strategy.answer, ask=strategy.ask, criteria=strategy.criteria)
        elif match := re.fullmatch(r"\| `(.+)` \| (nothing|a|b|tie|[\d.]+(?: and [\d.]+)?) \|", line):
            found.append(pytest.param(rule, match[1].replace("⏎", "\n"), match[2], id=match[1]))
    return found


@pytest.mark.parametrize(("rule", "text", "expected"), examples())
def test_documented_example_is_true(rule: AnswerRule, text: str, expected: str) -> None:
    found = rule.read(text)
    scores = [score for score in found[1:] if score is not None] if found else []
    told = " and ".join(f"{score:g}" for score in scores)
    assert (found.verdict or told if found else "nothing") == expected


def test_there_are_documented_examples() -> None:
    assert len(examples()) == 28


def lines_of(side: str) -> st.SearchStrategy[str]:
    """Lines that look more or less like the one that was asked for."""
    numbers = st.sampled_from(["0", "7", "10", "8.5", "11", "7.25", "007", "8,5", "-3", "10.0", "1e1"])
    return st.builds(
        lambda *parts: "".join(parts),
        st.sampled_from([f"Score {side}", f"score {side}", f"My Score {side}"]),
        st.sampled_from([": ", ":", ":  "]),
        numbers,
        st.sampled_from(["/10", "", "/5", "/10 or so"]),
    )


spaces = st.sampled_from(["", "\n", " \n\n", "\nThat is all.", " " * 200])


@given(st.lists(lines_of("A") | lines_of("B"), max_size=3), lines_of("A"), lines_of("B"), spaces)
def test_the_short_way_to_scores_as_asked_for_leads_where_the_long_one_does(
    before: list[str], line_a: str, line_b: str, after: str
) -> None:
    text = "\n".join([*before, line_a, line_b]) + after
    quick = SCORES.read(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers.Numbers, "as_asked", lambda self, markers: lambda text: None)
        slow_rule = compile_answer(full_rule({"kind": "scores", "scale": {"min": 0, "max": 10}}))
    assert quick == slow_rule.read(text)


def test_the_form_of_a_rule_with_delimiters_shows_every_label_between_them():
    rule = compile_answer(full_rule({"kind": "verdict", "between": ["[[", "]]"]}))
    assert rule.format_text() == "[[A]], [[B]] or [[tie]]"
    plain = compile_answer(full_rule({"kind": "verdict"}))
    assert plain.format_text() == "Verdict: <A, B or tie>"


@pytest.mark.parametrize("case_sensitive", [False, True])
def test_grades_are_read_in_the_case_that_the_rule_asks_for(case_sensitive):
    rule = {"kind": "graded", "labels": [["A>>B"], ["A=B"], ["B>>A"]], "case_sensitive": case_sensitive}
    read = compile_answer(full_rule(rule)).read
    assert read("Verdict: A>>B") is not None
    assert (read("Verdict: a>>b") is None) is case_sensitive
