"""How a rule read a reply, for people and programs: what was found, where, and what was rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.prompting.parsing.rules import Trace
from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE, Answer, Note

MAX_PLACES = 50
"""Places of a reply that are shown."""
_OUTCOMES = {
    NO_VALUE: "no value follows, or an echoed form: the search continues further up",
    AMBIGUOUS: "what follows is not clear (two answers, a remark that may turn it, beyond the scale): no answer",
}


def reading_json(name: str, trace: Trace) -> dict[str, Any]:
    """One reply, as `replies` in `schemas/output/reading.schema.json`.

    Args:
        name: of the reply, such as `line 3`.
        trace: how it was read.
    """
    return {
        "reply": name,
        "answer": None if trace.answer is None else answer_json(trace.answer),
        "text": trace.text,
        "places": [_place_json(note, trace.text) for note in trace.notes[:MAX_PLACES]],
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """The values of an answer; those that its kind does not give are null."""
    return answer._asdict()


def _place_json(note: Note, text: str) -> dict[str, Any]:
    is_value = note.outcome not in (NO_VALUE, AMBIGUOUS)
    start = text.rfind("\n", 0, note.start) + 1
    return {
        "what": note.what,
        "line": text.count("\n", 0, note.start) + 1,
        "column": note.start - start + 1,
        "start": note.start,
        "stop": note.stop,
        "marked": text[note.start : note.stop],
        "value": note.outcome if is_value else None,
        "reason": note.why if is_value else _OUTCOMES[note.outcome],  # type: ignore[index]
    }


def reading_lines(found: Mapping[str, Any], ask: str = "pair") -> Iterator[str]:
    """One reply as text, line by line: each place with its line, marked."""
    yield f"{found['reply']}: {answer_words(found['answer'], ask)}"
    lines = found["text"].split("\n")
    for place in found["places"]:
        read = "rejected" if place["value"] is None else f"read as {_number(place['value'])}"
        reason = f": {place['reason']}" if place["reason"] else ""
        yield f"  line {place['line']}, {place['what']}, {read}{reason}"
        yield from _marked(lines[place["line"] - 1], place)
    if not found["places"]:
        yield "  no marker of the rule, no value between delimiters, no field, and no last line that is an answer"
        shown = [line for line in lines if line.strip()][-3:]
        yield from (f"    | {line[:160]}" for line in shown)


def _marked(line: str, place: Mapping[str, Any]) -> Iterator[str]:
    """A line with carets under the part that was found."""
    at = place["column"] - 1
    first = max(0, at - 60)
    shown = line[first : first + 140]
    length = max(1, min(len(place["marked"].split("\n")[0]), len(shown) - (at - first)))
    yield f"    | {shown}"
    yield f"    | {' ' * (at - first)}{'^' * length}"


NOUNS: Mapping[str, str] = {"single": "label", "rank": "ranking", "best": "ranking"}
"""What an answer that is no score is, by what the strategy asks; a verdict elsewhere."""


def answer_words(answer: Mapping[str, Any] | None, ask: str = "pair") -> str:
    """An answer in words.

    Args:
        answer: as `answer_json` gives it; None for none.
        ask: what the strategy asks.
    """
    if answer is None:
        return "no answer"
    if answer["verdict"] is not None:
        return f"{NOUNS.get(ask, 'verdict')} {answer['verdict']}"
    if answer["score"] is not None:
        return f"score {_number(answer['score'])}"
    return f"scores {_number(answer['score_a'])} and {_number(answer['score_b'])}"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
