"""The alternatives of a pattern, texts that go through one of them, and the pattern without one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from re import _compiler, _constants, _parser  # type: ignore[attr-defined] # the parse tree has no public name
from typing import Any

Path = tuple[Any, ...]
"""Steps from the root of a parse tree to an alternative."""


def _branches(tree: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The places of all lists of alternatives, with the lists."""
    for number, (kind, value) in enumerate(tree):
        here = (*at, number)
        if kind is _constants.BRANCH:
            yield here, value[1]
            for which, inner in enumerate(value[1]):
                yield from _branches(inner, (*here, which))
        elif kind is _constants.SUBPATTERN:
            yield from _branches(value[3], here)
        elif kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            yield from _branches(value[2], here)


def alternatives(pattern: re.Pattern[str]) -> list[tuple[Path, int]]:
    """Every alternative at any depth: the place of its list, and its number there."""
    return [(at, which) for at, found in _branches(_tree(pattern)) for which in range(len(found))]


def without(pattern: re.Pattern[str], at: Path, which: int) -> re.Pattern[str]:
    """The pattern without an alternative."""
    tree = _tree(pattern)
    found = next(list_ for place, list_ in _branches(tree) if place == at)
    del found[which]
    compiled: re.Pattern[str] = _compiler.compile(tree, pattern.flags & ~re.UNICODE)
    return compiled


def _tree(pattern: re.Pattern[str]) -> Any:
    return _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)


def example(pattern: re.Pattern[str], at: Path, which: int, random: Random) -> str:
    """A short text that goes through an alternative."""
    return _text(_tree(pattern), at, which, random, ())


def _text(tree: Any, at: Path, which: int, random: Random, here: Path) -> str:
    parts = []
    for number, (kind, value) in enumerate(tree):
        place = (*here, number)
        is_on_way = at[: len(place)] == place
        if kind is _constants.LITERAL:
            parts.append(chr(value))
        elif kind is _constants.BRANCH:
            chosen = which if at == place else at[len(place)] if is_on_way else random.randrange(len(value[1]))
            parts.append(_text(value[1][chosen], at, which, random, (*place, chosen)))
        elif kind is _constants.SUBPATTERN:
            parts.append(_text(value[3], at, which, random, place))
        elif kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            kinds = (_constants.IN, _constants.NOT_LITERAL, _constants.ANY)
            is_gap = len(value[2]) == 1 and value[2][0][0] in kinds and random.random() < 0.7
            times = max(value[0], 1) if is_on_way or is_gap else value[0]
            parts += [_text(value[2], at, which, random, place) for _ in range(times)]
        elif kind is _constants.IN:
            parts.append(_one_of(value))
        elif kind in (_constants.ANY, _constants.NOT_LITERAL):
            parts.append(" ")
    return "".join(parts)


def _one_of(members: Any) -> str:
    texts = {_constants.CATEGORY_WORD: "w", _constants.CATEGORY_SPACE: " ", _constants.CATEGORY_DIGIT: "7"}
    kind, value = members[0]
    if kind is _constants.NEGATE:
        return " "
    if kind is _constants.LITERAL:
        return chr(value)
    return chr(value[0]) if kind is _constants.RANGE else texts.get(value, "-")
