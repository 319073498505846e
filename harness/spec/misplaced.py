"""Where a key that stands in the wrong place of a document belongs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.text import quoted

DEEPEST = 2
"""Levels below the mapping with the unknown key that are searched."""


def right_place(key: str, here: Mapping[str, Any], root: Mapping[str, Any], section: object = "") -> str:
    """A fix that names the place of a key; "" where the schema has none near, or several.

    Args:
        key: the unknown key.
        here: the schema of the mapping that it stands in.
        root: the schema of the document.
        section: the key of the document under which that mapping stands.
    """
    below = sorted(_paths(key, here, root, DEEPEST), key=len)
    if below and (len(below) == 1 or len(below[1]) > len(below[0])):
        parents = below[0]
        return f"it belongs under {quoted('.'.join(parents))}: write {quoted(_nested(parents, key))}"
    if here is not root and key != section and key in root.get("properties", ()):
        return f"{quoted(key)} belongs at the top of the file, beside {quoted(next(iter(root['properties'])))}"
    return ""


def _nested(parents: tuple[str, ...], key: str) -> str:
    text = f"{key}: …"
    for name in reversed(parents):
        text = f"{name}: {{{text}}}"
    return text


def _paths(key: str, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Iterator[tuple[str, ...]]:
    """The names of the mappings, from the outer one on, in which a schema has the key."""
    for name, part in schema.get("properties", {}).items():
        inner = _resolved(part, root)
        if key in inner.get("properties", ()):
            yield (name,)
        elif depth > 1:
            yield from ((name, *more) for more in _paths(key, inner, root, depth - 1))


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of a schema, looked up where it is a reference into the same document."""
    found: Any = schema
    reference = found.get("$ref", "") if isinstance(found, Mapping) else ""
    if reference.startswith("#/$defs/"):
        found = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
    return found if isinstance(found, Mapping) else {}
