"""A schema with everything it refers to, as one document that an editor or a validator reads without other files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.spec.schema import ENDING, load_schema

DEFINITIONS = "$defs"


def bundled(name: str) -> dict[str, Any]:
    """The schema `name`, with the definitions of other schemas that it refers to among its own.

    The definition `answer` of the schema `strategy` becomes `strategy.answer`; a whole schema becomes
    `strategy.schema`.

    Raises:
        KeyError: where there is no such schema.
    """
    schema = load_schema(name)
    definitions = {key: _rewritten(value, name, name) for key, value in schema.get(DEFINITIONS, {}).items()}
    pending = _foreign(schema, name, name)
    while pending:
        other, fragment = pending.pop(0)
        key = _key(other, fragment)
        if key not in definitions:
            definition = _definition(other, fragment)
            definitions[key] = _rewritten(definition, other, name)
            pending += _foreign(definition, other, name)
    whole: dict[str, Any] = _rewritten(schema, name, name)
    return {**whole, DEFINITIONS: definitions} if definitions else whole


def _definition(name: str, fragment: str) -> Any:
    """A definition of a schema, or the schema without its definitions where `fragment` is empty."""
    schema = load_schema(name)
    if fragment:
        return schema[DEFINITIONS][fragment]
    return {key: value for key, value in schema.items() if key not in ("$schema", "$id", DEFINITIONS)}


def _foreign(value: Any, home: str, root: str) -> list[tuple[str, str]]:
    """The references in a part of the schema `home` that leave `root`: schema and definition, in order."""
    return [place for target in _references(value) if (place := _split(target, home))[0] != root]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(target := value.get("$ref"), str):
            yield target
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _rewritten(value: Any, home: str, root: str) -> Any:
    """A copy of a part of the schema `home` whose references lead into the bundle of `root`."""
    if isinstance(value, Mapping):
        return {
            key: _local(inner, home, root)
            if key == "$ref" and isinstance(inner, str)
            else _rewritten(inner, home, root)
            for key, inner in value.items()
        }
    return [_rewritten(inner, home, root) for inner in value] if isinstance(value, list) else value


def _split(target: str, home: str) -> tuple[str, str]:
    """The schema and the definition that a reference in the schema `home` names."""
    file, _, fragment = target.partition("#")
    return file.removesuffix(ENDING) or home, fragment.removeprefix(f"/{DEFINITIONS}/")


def _local(target: str, home: str, root: str) -> str:
    """The same reference inside the bundle of `root`."""
    name, fragment = _split(target, home)
    if name == root:
        return f"#/{DEFINITIONS}/{fragment}" if fragment else "#"
    return f"#/{DEFINITIONS}/{_key(name, fragment)}"


def _key(name: str, fragment: str) -> str:
    return f"{name}.{fragment or 'schema'}"
