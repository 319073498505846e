"""The order in which the places of an answer are searched, for each kind of answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from harness.prompting.parsing.enclosed import Enclosed
from harness.prompting.parsing.fields import score_in, scores_in, verdict_in
from harness.prompting.parsing.labels import Labels, Statements
from harness.prompting.parsing.markers import OTHER, OWN, Finder
from harness.prompting.parsing.numbers import Numbers
from harness.prompting.parsing.reply import NormalisedReply, Piece
from harness.prompting.parsing.values import NO_VALUE, Note, Noted, Nothing, Reader, Value

Step: TypeAlias = Callable[[NormalisedReply, Noted | None], Value | Nothing]
Find: TypeAlias = Callable[[Piece, Noted | None], Value | Nothing]


class Search:
    """Steps that are taken one after another until one gives a value, or something that is not clear."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)

    def last(self, reply: NormalisedReply, note: Noted | None) -> Value | Nothing:
        """The value that the first step with one gives."""
        for step in self._steps:
            value = step(reply, note)
            if value is not NO_VALUE:
                return value
        return NO_VALUE

    @classmethod
    def by_markers(cls, markers: Sequence[str], reader: Reader) -> Search:
        """A search for markers alone."""
        finders = finders_of(markers, reader)
        return cls([*marked(finders, OWN), *marked(finders, OTHER)])


def finders_of(
    markers: Sequence[str], reader: Reader, *, case_sensitive: bool = False, enclosed: Enclosed | None = None
) -> list[Finder]:
    """One for the marker that is asked for, one for all others."""
    groups = [group for group in (markers[:1], markers[1:]) if group]
    return [Finder(group, reader, case_sensitive=case_sensitive, enclosed=enclosed) for group in groups]


def marked(finders: Sequence[Finder], rank: int) -> list[Step]:
    """The steps that search for markers of a rank."""

    def step(finder: Finder) -> Step:
        return in_pieces(lambda piece, note: finder.find(piece.text, rank, piece.places(finder), note))

    return [step(finder) for finder in finders]


def in_pieces(find: Find) -> Step:
    """A step that searches the end of a reply first: from the start of a line it gives the same value sooner."""

    def step(reply: NormalisedReply, note: Noted | None) -> Value | Nothing:
        for piece in reply.pieces():
            value = find(piece, note)
            if value is not NO_VALUE:
                return value
        return NO_VALUE

    return step


def _enclosed(finder: Enclosed) -> Step:
    return in_pieces(lambda piece, note: finder.find(piece.text, note))


def _own_enclosed(reader: Reader, rule: Mapping[str, Any]) -> list[Step]:
    """The step that searches between the delimiters of a rule that has some."""
    if "between" not in rule:
        return []
    return [_enclosed(Enclosed(reader, rule["between"], case_sensitive=bool(rule.get("case_sensitive"))))]


def verdict_search(rule: Mapping[str, Any], labels: Labels, statements: Mapping[Any, Sequence[str]] | None) -> Search:
    """The search for a label: a verdict or a grade."""
    case_sensitive = bool(rule.get("case_sensitive"))
    enclosed = Enclosed(labels)
    finders = finders_of(rule["markers"], labels, case_sensitive=case_sensitive, enclosed=enclosed)

    def fields(reply: NormalisedReply, note: Noted | None) -> Value | Nothing:
        return _noted("field", verdict_in(reply.raw, labels, is_single=rule["kind"] == "label"), reply, note)

    def last_line(reply: NormalisedReply, note: Noted | None) -> Value | Nothing:
        return _noted("last line", labels.alone(reply.last_line()), reply, note)

    own = _own_enclosed(labels, rule)
    steps = [*own, *marked(finders, OWN), _enclosed(enclosed), fields, *marked(finders, OTHER)]
    if statements:
        stated = Statements(statements, case_sensitive=case_sensitive)
        steps.append(in_pieces(lambda piece, note: stated.find(piece.text, note)))
    return Search([*steps, last_line])


def score_search(rule: Mapping[str, Any], numbers: Numbers) -> Search:
    """The search for the score of one response."""
    enclosed = Enclosed(numbers)
    finders = finders_of(rule["markers"], numbers, enclosed=enclosed)

    def fields(reply: NormalisedReply, note: Noted | None) -> Value | Nothing:
        return _noted("field", score_in(reply.raw, numbers), reply, note)

    def last_line(reply: NormalisedReply, note: Noted | None) -> Value | Nothing:
        is_all = "\n" not in reply.whole().text.strip()
        return _noted("last line", numbers.alone(reply.last_line(), is_all=is_all), reply, note)

    own = _own_enclosed(numbers, rule)
    return Search([*own, *marked(finders, OWN), _enclosed(enclosed), fields, *marked(finders, OTHER), last_line])


def scores_search(
    markers: Mapping[str, Sequence[str]], numbers: Numbers
) -> Callable[[NormalisedReply, Noted | None], tuple[float, float] | None]:
    """The search for the scores of both responses, by their markers, else in a JSON object."""
    search_a, search_b = (Search.by_markers(markers[side], numbers) for side in ("a", "b"))

    def search(reply: NormalisedReply, note: Noted | None) -> tuple[float, float] | None:
        first = search_a.last(reply, note)
        second = NO_VALUE if first is NO_VALUE else search_b.last(reply, note)
        if first is NO_VALUE or second is NO_VALUE:
            first, second = scores_in(reply.raw, numbers)
            _noted("field", first, reply, note)
        if isinstance(first, Nothing) or isinstance(second, Nothing):
            return None
        return first, second  # type: ignore[return-value]

    return search


def _noted(what: str, value: Value | Nothing, reply: NormalisedReply, note: Noted | None) -> Value | Nothing:
    if note and value is not NO_VALUE:
        text = reply.whole().text.rstrip()
        note(Note(what, text.rfind("\n") + 1 if what == "last line" else 0, len(text), value))
    return value
