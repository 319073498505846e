"""Differences between resolved specs, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import Any, NamedTuple

ABSENT = object()
"""The value of a field that a spec lacks."""

LONG = 80
"""Characters; a longer text, or one of several lines, is shown as a diff."""

IGNORED = ("schema", "description", "choices")
"""Fields without effect on a run, or about other runs."""


class FieldDifference(NamedTuple):
    """One field that is not the same in all specs.

    Attributes:
        path: its path, such as `models.small.params.temperature`.
        values: of each spec; ABSENT where it has no such field.
        text: where values are texts of several lines, how the others differ from the first; else "".
    """

    path: str
    values: tuple[Any, ...]
    text: str


def spec_differences(specs: Sequence[Mapping[str, Any]]) -> list[FieldDifference]:
    """The fields in which resolved specs differ, in the order of the first spec, then of the others.

    Mappings are compared key by key in any order, lists as a whole.
    """
    flat = [dict(_fields(spec)) for spec in specs]
    paths = dict.fromkeys(path for fields in flat for path in fields)
    found = []
    for path in paths:
        values = tuple(fields.get(path, ABSENT) for fields in flat)
        if any(value != values[0] for value in values[1:]) and path.partition(".")[0] not in IGNORED:
            found.append(FieldDifference(path, values, _text(path, values)))
    return found


def _fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _fields(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def _text(path: str, values: Sequence[Any]) -> str:
    """How long texts differ from the first of them, as a unified diff."""
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < 2 or not any("\n" in text or len(text) > LONG for text in texts):
        return ""
    first = texts[0].splitlines()
    lines: list[str] = []
    for other in dict.fromkeys(texts[1:]):
        if other != texts[0]:
            lines += unified_diff(first, other.splitlines(), path, path, lineterm="")
    return "\n".join(lines)
