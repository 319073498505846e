"""The part of a reply that the answer rule read, and what it read there."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, NamedTuple

from harness.prompting.parsing.explain import answer_json, answer_words
from harness.prompting.parsing.rules import Trace, compile_answer
from harness.prompting.parsing.values import Answer, Note, Nothing
from harness.prompting.strategy import Questions
from harness.records.experiment import Strategy

MOST_ALIGNED = 4_000
"""Characters that are aligned one by one to find a place of the normalised reply in the reply itself."""
LONGEST_MARK = 200
"""Characters of a line that are marked."""


class Reading(NamedTuple):
    """What the rule read in a reply.

    Attributes:
        answer: in words.
        spans: where, as pairs of offsets in the reply.
        read_text: the part of the normalised reply, where it has no place in the reply; else "".
    """

    answer: str
    spans: tuple[tuple[int, int], ...]
    read_text: str


class ReadTexts:
    """The texts that an answer rule was given.

    A mode decides which replies it reads. This keeps what it passed to the rule, so that a page shows exactly that.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer | None] = {}

    def watching(self, questions: Questions) -> Questions:
        """The same questions, which note here what they read."""
        read: Callable[[str], Answer | None] = questions.read
        noting = copy(questions)

        def noted(text: str) -> Answer | None:
            answer = self.answers[text] = read(text)
            return answer

        noting.read = noted
        return noting

    def given(self, reply: str) -> str | None:
        """The text of a reply as the rule received it: all of it, or all but a last line that was cut off."""
        for text in (reply, reply.rpartition("\n")[0]):
            if text in self.answers:
                return text
        return None


class Reader:
    """Find what a strategy's rule reads in replies.

    Args:
        strategy: with its answer rule.
    """

    def __init__(self, strategy: Strategy) -> None:
        rule: Mapping[str, Any] = strategy.answer
        self._ask = strategy.ask
        self._trace: Callable[[str], Trace] = compile_answer(rule, ask=strategy.ask, criteria=strategy.criteria).trace

    def reading(self, text: str) -> Reading:
        """What the rule reads in a text, and where."""
        trace = self._trace(text)
        words = answer_words(None if trace.answer is None else answer_json(trace.answer), self._ask)
        if trace.answer is None:
            return Reading(words, (), "")
        places = [_place(trace.text, note) for note in trace.notes if not isinstance(note.outcome, Nothing)]
        to_raw = _alignment(trace.text, text)
        spans = [to_raw(*place) for place in places]
        found = tuple(sorted({span for span in spans if span is not None}))
        if found or not places:
            return Reading(words, found, "")
        start, stop = places[-1]
        return Reading(words, (), trace.text[start:stop])


def _place(text: str, note: Note) -> tuple[int, int]:
    """The start of a note and the end of its line, where the value is; all of a JSON object for a note on a field."""
    if note.what == "field":
        start = text.rfind("\n{", 0, note.stop) + 1 or max(text.find("{"), 0)
        return start, note.stop
    end = text.find("\n", note.stop)
    end = len(text) if end < 0 else end
    stop = max(note.stop, min(end, note.start + LONGEST_MARK))
    return note.start, note.start + len(text[note.start : stop].rstrip())


def _alignment(one: str, other: str) -> Callable[[int, int], tuple[int, int] | None]:
    """A function that turns offsets in one text into those in another that differs from it in places.

    It returns None where the place itself differs.
    """
    if one == other:
        return lambda start, stop: (start, stop)
    most = min(len(one), len(other))
    head = next((at for at in range(most) if one[at] != other[at]), most)
    tail = next((at for at in range(most - head) if one[-1 - at] != other[-1 - at]), most - head)
    shift = len(other) - len(one)
    inner = (one[head : len(one) - tail], other[head : len(other) - tail])
    blocks = None
    if len(inner[0]) + len(inner[1]) <= MOST_ALIGNED:
        blocks = difflib.SequenceMatcher(None, *inner, autojunk=False).get_matching_blocks()

    def moved(at: int) -> int | None:
        if at < head:
            return at
        if at >= len(one) - tail:
            return at + shift
        found = next((each for each in blocks or () if each.a <= at - head < each.a + each.size), None)
        return None if found is None else found.b + at - head - found.a + head

    def aligned(start: int, stop: int) -> tuple[int, int] | None:
        known = [place for at in range(start, stop) if (place := moved(at)) is not None]
        return (known[0], known[-1] + 1) if known else None

    return aligned
