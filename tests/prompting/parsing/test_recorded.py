"""Every reading of many replies by many rules, with its explanation, compared with what it was before.

Other tests say which readings are right; this one notices every change beside them: places, values, reasons, words.
`HARNESS_RECORD=1 python -m pytest tests/prompting/parsing/test_recorded.py` writes the file anew: look at its diff.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.explain import reading_json, reading_lines
from harness.prompting.parsing.rules import compile_answer
from support.parsed_replies import CALLS
from support.recorded import check

RECORD = Path(__file__).with_name("recorded.json")
TEN = {"scale": {"min": 1, "max": 10}}
CRITERIA = [{"name": "clarity", "weight": 1.0}, {"name": "truth", "weight": 3.0}]
RULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "verdict": ({"kind": "verdict"}, {}),
    "verdict, exact case": ({"kind": "verdict", "case_sensitive": True}, {}),
    "verdict in JSON": ({"kind": "verdict", "format": "json"}, {}),
    "verdict by a pattern": ({"kind": "verdict", "pattern": r"winner is (?P<verdict>\w+)"}, {}),
    "verdict by statements": ({"kind": "verdict", "statements": {"a": ["A wins"], "b": ["B wins"]}}, {}),
    "label": ({"kind": "label", "labels": {"pass": ["yes"], "fail": ["no"]}}, {"ask": "single"}),
    "graded": ({"kind": "graded", "labels": [["A>>B"], ["A>B"], ["A=B"], ["B>A"], ["B>>A"]]}, {}),
    "score": ({"kind": "score", **TEN}, {"ask": "each"}),
    "score as a label": ({"kind": "score", **TEN, "thresholds": {"pass": 6}}, {"ask": "single"}),
    "scores": ({"kind": "scores", **TEN}, {}),
    "ranking": ({"kind": "ranking"}, {"ask": "rank", "responses": 3}),
    "choice": ({"kind": "choice"}, {"ask": "best", "responses": 3}),
}
REPLIES = [
    "", " ", "A", "B.", "**A**", "(b)", "tie", "It's a tie", "7", "7/10", "7 out of 10", "11", "-1", "7.5", "7,5",
    "yes", "No.", "Verdict: A", "verdict: b", "Verdict: Response A", "**Verdict:** [[B]]", "Verdict: A or B",
    "Verdict: not A", "Verdict:", "Verdict: A\nVerdict: B", "Verdict: B\n\nI am sure.", "Winner: Assistant B",
    "Answer: C", "Decision = A", "Verdict\nA", "The winner is A", "the winner is Both", "A wins", "Clearly B wins.",
    "[[A]]", "[[C]]", "[[A]] or [[B]]", "\\boxed{A}", '{"verdict": "A"}', '{"reasons": "x", "verdict": "B"}',
    '```json\n{"verdict": "tie"}\n```', '{"verdict": ', '{"winner": "A"}', '{"score": 7}',
    '{"score_a": 7, "score_b": 3}', '{"A": 7, "B": 3}', '{"ranking": [2, 1, 3]}', '{"overall": 4, "clarity": 9}',
    '{"clarity": 2, "truth": 6}', '{"best": 2}', '{"rating": "7/10"}', "[7, 3]", "Score: 7", "Score: 7/10",
    "Score: 70%", "Rating: 7\nRating: 8", "Score A: 7\nScore B: 3", "Score for Response A: 7.5, B: 3",
    "Response A's Score: 7\nResponse B's Score: 3", "Score A: 7", "Score: 7 (was 5)", "Grade: seven", "Score: 0",
    "Score: 10", "Score: 10.5", "A>>B", "My verdict is A>B", "Verdict: A=B", "[[B>>A]]", "B>A\nA>B", "2 > 1 > 3",
    "Ranking: 2, 1, 3", "[2, 1, 3]", "1. 2\n2. 1\n3. 3", "2 > 1 = 3", "2 > 1", "2 > 2 > 1", "1 < 2 < 3", "2, 1 > 3",
    "Best: 2", "The best is 4", "Response 2 is best", "Ranking: 3 > 1 > 2\nRanking: 1 > 2 > 3",
    "<think>Verdict: A</think>Verdict: B", "Verdict: A\u000bmore", "Verdict\u00a0: A", "Verdict\uff1aA",
    "Verdict: \u201cA\u201d", "Verdict: &quot;A&quot;", "I cannot judge this.", "Verdict: [A|B]",
    "Verdict: <A or B>", "Final verdict - A", "# Verdict\n\nB", "| Verdict | A |", "Verdict: A, unless B",
    "clarity: 7\ntruth: 3", "Clarity: 7/10", "pass", "fail", "Verdict: yes",
    "Verdict: A " + "x" * 200, "x" * 200 + " Verdict: B", "Verdict: A\n" * 60,
]  # fmt: skip


def read(name: str) -> list[Any]:
    """What a rule reads in every reply, and how it is explained."""
    rule, options = RULES[name]
    compiled, ask = compile_answer(full_rule(rule), **options), options.get("ask", "pair")
    found = []
    for at, text in enumerate(REPLIES):
        trace = compiled.trace(text)
        shown = reading_json(f"reply {at}", trace)
        answer = compiled.read(text)
        values = None if answer is None else {key: one for key, one in answer._asdict().items() if one is not None}
        places = [list(place.values()) for place in shown["places"][:2]]
        lines = list(reading_lines(shown, ask))[:4]
        found.append([values, trace.answer == answer, places, [line[:90] for line in lines]])
    return found


@pytest.mark.parametrize("name", RULES)
def test_every_reply_is_read_and_explained_as_it_was(name: str) -> None:
    found = json.loads(json.dumps(read(name)))
    kept = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    if os.environ.get("HARNESS_RECORD"):
        kept[name] = found
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        RECORD.write_text(text.replace("]],", "]],\n") + "\n", "utf-8")
    for text, one, other in zip(REPLIES, found, kept[name], strict=True):
        assert one == other, repr(text)


@pytest.mark.parametrize("name", CALLS)
def test_tables_of_words_signs_and_forms_are_read_as_they_were(name: str) -> None:
    check(Path(__file__).with_name("recorded") / f"{name.replace(' ', '-')}.json", CALLS[name]())
