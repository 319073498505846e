"""Answers in JSON whose fields are not those that were asked for: the names that people and other prompts use.

`{"winner": "A"}`, `{"A": 8, "B": 7}`, `{"scores": {"assistant_1": 8, "assistant_2": 7}}`, a ranked list
`[{"model": "m", "rank": 1}, {"model": "M", "rank": 2}]`, also as Python writes it, with single quotes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.prompting.parsing.labels import Labels
from harness.prompting.parsing.numbers import Numbers
from harness.prompting.parsing.structured_output import objects_in
from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE, Nothing, Value

_LABELS = frozenset(["label", "class", "category", "grade", "rating", "score", "judgment", "status"])
"""Fields that name the label of a single response, beside those of verdicts."""
_VERDICTS = frozenset(
    [
        "verdict",
        "winner",
        "choice",
        "preferred",
        "preference",
        "better",
        "best",
        "answer",
        "decision",
        "judgment",
        "judgement",
        "result",
        "selection",
        "selected",
        "pick",
        "winning",
        "chosen",
        "outcome",
    ]
)
_SCORES = frozenset(["score", "scores", "rating", "ratings", "grade", "grades", "points", "value", "overall"])
_IGNORED = frozenset(
    [
        "final",
        "the",
        "my",
        "your",
        "is",
        "which",
        "model",
        "response",
        "assistant",
        "answer",
        "option",
        "output",
        "id",
        "name",
        "letter",
        "label",
        "candidate",
        "for",
        "of",
        "total",
    ]
)
_SIDES = {"a": 0, "1": 0, "first": 0, "b": 1, "2": 1, "second": 1}
_RANKED = ("model", "name", "response", "assistant", "output", "id", "label", "answer", "candidate")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_PYTHON = re.compile(r"\{[^{}]{1,400}+\}")
MAX_OBJECTS = 16
"""Objects, from the end of a reply, that are searched for the fields."""
MAX_FIELDS = 200
"""Fields of an object that are checked."""


def verdict_in(text: str, labels: Labels, *, is_single: bool = False) -> Value | Nothing:
    """The verdict in the last object with a field that names one, or the first place of a ranked list.

    Args:
        text: the reply.
        labels: reads a value.
        is_single: whether the label of a single response is wanted, which other fields name as well.
    """
    names = _VERDICTS | _LABELS if is_single else _VERDICTS
    ranks: dict[Value, float] = {}
    for found in _objects(text):
        values = set()
        for path, value in _fields(found):
            words = _words(path[-1:])
            if (words - _IGNORED or words) & names and isinstance(value, str):
                values.add(labels.whole(value))
        values.discard(NO_VALUE)
        if values:
            return values.pop() if len(values) == 1 else AMBIGUOUS
        ordered = found.get("ranking") or found.get("ranked_models")
        if isinstance(ordered, list) and len(ordered) > 1 and isinstance(ordered[0], str):
            first = labels.whole(ordered[0])
            if first is not NO_VALUE:
                return first
        rank = found.get("rank")
        if isinstance(rank, int) and not isinstance(rank, bool):
            named = next((found[key] for key in _RANKED if isinstance(found.get(key), str)), "")
            value_of = labels.whole(named)
            if not isinstance(value_of, Nothing):
                ranks.setdefault(value_of, rank)
    if len(ranks) < 2:
        return NO_VALUE
    best = [value for value, rank in ranks.items() if rank == min(ranks.values())]
    return best[0] if len(best) == 1 else "tie"


def scores_in(text: str, numbers: Numbers) -> tuple[Value | Nothing, Value | Nothing]:
    """The scores of both responses in the last object that has them."""
    for found in _objects(text):
        sides: list[dict[tuple[str, ...], Value | Nothing]] = [{}, {}]
        for path, value in _fields(found):
            words = _words(path)
            named = {_SIDES[word] for word in words & _SIDES.keys()}
            if len(named) == 1 and words - _IGNORED - _SCORES <= _SIDES.keys():
                sides[named.pop()][path] = _number(value, numbers)
        if all(len(side) == 1 for side in sides):
            (first,), (second,) = (side.values() for side in sides)
            if NO_VALUE not in (first, second):
                return first, second
    return NO_VALUE, NO_VALUE


def score_in(text: str, numbers: Numbers) -> Value | Nothing:
    """The score in the last object that has one field for it."""
    for found in _objects(text):
        named = {path: _number(value, numbers) for path, value in _fields(found) if len(path) == 1}
        values = [
            value
            for path, value in named.items()
            if (words := _words(path)) & _SCORES and words <= _SCORES | _IGNORED and value is not NO_VALUE
        ]
        if values:
            return values[0] if len(set(values)) == 1 else AMBIGUOUS
    return NO_VALUE


def _number(value: Any, numbers: Numbers) -> Value | Nothing:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return NO_VALUE
    return numbers.whole(value if isinstance(value, str) else f"{value}"[:40])


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """Objects in a text, last ones first: as JSON, else small ones as Python writes them."""
    if "{" not in text:
        return
    count = 0
    for count, found in enumerate(objects_in(text), 1):
        if isinstance(found, dict):
            yield found
            yield from _listed(found)
        if count >= MAX_OBJECTS:
            return
    if count:
        return
    for match in reversed(list(_PYTHON.finditer(text))[-MAX_OBJECTS:]):
        try:
            found = ast.literal_eval(match[0])
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        if isinstance(found, dict) and all(isinstance(key, str) for key in found):
            yield found


def _listed(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The objects in the lists of an object."""
    for value in found.values():
        if isinstance(value, list):
            yield from (one for one in value[:MAX_OBJECTS] if isinstance(one, dict))


def _fields(found: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The fields of an object, and those of the objects in it, one level down."""
    for count, (name, value) in enumerate(found.items()):
        if count >= MAX_FIELDS:
            return
        if isinstance(value, dict):
            for inner, each in list(value.items())[:MAX_FIELDS]:
                yield (name, inner), each
        else:
            yield (name,), value


def _words(path: tuple[str, ...]) -> set[str]:
    """The words of field names: `scoreA`, `score_a` and `Score A` are `score` and `a`."""
    return {word.lower() for name in path for word in _WORDS.findall(name[:80])}
