"""Write out the defaults of a document that its schema accepts. The schema is their only source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from harness.spec.schema import load_schema

Schema = Mapping[str, Any]


def with_defaults(value: Any, schema_name: str) -> Any:
    """A copy of the value in which every key that has a default in the schema is there.

    Keys come in the order of the schema, and those that the schema does not name after them. References to other
    schemas are not followed.
    """
    root = load_schema(schema_name)
    return _filled(value, root, root)


def _filled(value: Any, schema: Schema, root: Schema) -> Any:
    parts = list(_parts(value, schema, root))
    if isinstance(value, list):
        items: Schema = next((part["items"] for part in parts if "items" in part), {})
        return [_filled(inner, items, root) for inner in value]
    if not isinstance(value, Mapping):
        return deepcopy(value)
    known = {key: rule for part in parts for key, rule in part.get("properties", {}).items()}
    other: Schema = next((part["additionalProperties"] for part in parts if part.get("additionalProperties")), {})
    present = {**{key: rule["default"] for key, rule in known.items() if "default" in rule}, **value}
    order = [*(key for key in known if key in present), *(key for key in value if key not in known)]
    return {key: _filled(present[key], known.get(key, other), root) for key in order}


def _parts(value: Any, schema: Schema, root: Schema) -> Iterator[Schema]:
    """The schema, and everything it refers to that applies to the value."""
    yield schema
    target = schema.get("$ref", "")
    if target.startswith("#/$defs/"):
        yield from _parts(value, root["$defs"][target.removeprefix("#/$defs/")], root)
    for part in schema.get("allOf", ()):
        if _applies(part.get("if", {}), value):
            yield from _parts(value, part.get("then", {}), root)


def _applies(condition: Schema, value: Any) -> bool:
    """Whether a condition holds; conditions in these schemas test the presence and the constant values of keys."""
    if "not" in condition:
        return not _applies(condition["not"], value)
    asked = condition.get("properties", {})
    return (
        isinstance(value, Mapping)
        and all(key in value for key in condition.get("required", ()))
        and all(value.get(key) == rule["const"] for key, rule in asked.items())
    )
