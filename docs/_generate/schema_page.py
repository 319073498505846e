"""A JSON Schema as a page for people: each key, its type, whether it must be there, its default, what it means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.spec.schema import load_schema, schema_names, schema_path

Schema = Mapping[str, Any]

TYPES = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}
BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
}


def folder_of(name: str) -> str:
    """The folder of a schema, `input` or `output`, which is also the folder of its page."""
    return schema_path(name).parent.name


def index_section(heading: str, folder: str) -> list[str]:
    """The list of the schemas of a folder, with their titles."""
    names = [name for name in schema_names() if folder_of(name) == folder]
    entries = [f"- [{name}]({folder}/{name}.md): {load_schema(name).get('title', name)}" for name in names]
    return [f"## {heading}", "", *entries, ""]


def schema_page(name: str, schema: Schema) -> str:
    """The page of a schema."""
    definitions: Schema = schema.get("$defs", {})
    lines = [f"# {name}", "", f"{schema.get('title', name)}. {schema.get('description', '')}".strip(), ""]
    lines += [f"The schema itself: `harness schema {name}`.", ""]
    lines += body(schema, definitions)
    for key, definition in definitions.items():
        if is_section(definition):
            lines += ["", f"## {key}", ""]
            if "description" in definition:
                lines += [definition["description"], ""]
            lines += body(definition, definitions)
    return "\n".join(lines).rstrip() + "\n"


def is_section(schema: Schema) -> bool:
    """Whether a definition has keys of its own to describe; others are described where they are used."""
    return bool({"properties", "allOf"} & schema.keys()) or isinstance(schema.get("additionalProperties"), Mapping)


def body(schema: Schema, definitions: Schema, depth: int = 0) -> list[str]:
    """The keys of a mapping, and what depends on them."""
    lines: list[str] = []
    if "$ref" in schema:
        lines.append(f"{'  ' * depth}- {kind(schema, definitions)}")
    required = schema.get("required", ())
    for key, value in schema.get("properties", {}).items():
        lines += entry(key, value, definitions, is_required=key in required, depth=depth)
    if isinstance(others := schema.get("additionalProperties"), Mapping):
        lines += entry("any name", others, definitions, is_required=False, depth=depth)
    for part in schema.get("allOf", ()):
        if "if" in part:
            lines.append(f"{'  ' * depth}- where {condition(part['if'])}: {kind(part['then'], definitions)}")
    return lines


def condition(schema: Schema) -> str:
    """What an `if` asks for, in words: keys, and the values that they have."""
    if "not" in schema:
        return f"not ({condition(schema['not'])})"
    there = [f"`{key}` is there" for key in schema.get("required", ()) if key not in schema.get("properties", {})]
    asked = ((key, value.get("const", value.get("enum"))) for key, value in schema.get("properties", {}).items())
    return " and ".join([*there, *(f"`{key}` is `{value}`" for key, value in asked)])


def entry(key: str, schema: Schema, definitions: Schema, *, is_required: bool, depth: int) -> list[str]:
    """A key, and below it the keys of the mapping that it holds."""
    schema = {**resolved(schema, definitions), **schema}
    facts = [kind(schema, definitions), *bounds(schema)]
    if is_required:
        facts.append("required")
    if "default" in schema:
        facts.append(f"default {shown(schema['default'])}")
    text: str = schema.get("description", "")
    if "patternErrorMessage" in schema:
        text += f" ({schema['patternErrorMessage']})"
    if "examples" in schema:
        text += f" Example: {shown(schema['examples'][0])}."
    name = f"`{key}`" if key != "any name" else f"*{key}*"
    lines = [f"{'  ' * depth}- {name} ({', '.join(facts)})" + (f": {text.strip()}" if text else "")]
    inner = schema.get("items", schema) if schema.get("type") == "array" else schema
    return lines + (body(inner, definitions, depth + 1) if "$ref" not in inner else [])


def resolved(schema: Schema, definitions: Schema) -> Schema:
    """What a reference to a definition without a section stands for; nothing for other schemas."""
    target = definitions.get(schema.get("$ref", "").removeprefix("#/$defs/"), {})
    return {} if is_section(target) else target


def kind(schema: Schema, definitions: Schema) -> str:
    """The type of a value in words; one with a section of its own as a link."""
    if "const" in schema:
        return shown(schema["const"])
    if "enum" in schema:
        return " or ".join(shown(choice) for choice in schema["enum"])
    if "$ref" in schema:
        return reference(schema["$ref"], definitions)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(kind(choice, definitions) for choice in choices)
    if "if" in schema and "type" not in schema:
        rest = {key: value for key, value in schema.items() if key not in ("if", "then", "else")}
        parts = (schema.get("else", {}), {**schema["if"], **schema.get("then", {})})
        return " or ".join(kind({**rest, **part}, definitions) for part in parts)
    types = schema.get("type", "any")
    names = [TYPES.get(each, str(each)) for each in (types if isinstance(types, list) else [types])]
    words = " or ".join(names)
    items = schema.get("items")
    return f"{words} of {kind(items, definitions)}" if items and words == "list" else words


def reference(target: str, definitions: Schema) -> str:
    """A reference in words: a link to its page or section, or the type of what it stands for."""
    file, _, fragment = target.partition("#")
    if file:
        page = file.partition(".")[0]
        return f"[{page}](../{folder_of(page)}/{page}.md)"
    name = fragment.rpartition("/")[2]
    definition = definitions[name]
    return f"[{name}](#{name})" if is_section(definition) else kind(definition, definitions)


def bounds(schema: Schema) -> Iterator[str]:
    """The bounds of a value in words; those that only keep absurd sizes out are left to the schema."""
    for key, words in BOUNDS.items():
        if key in schema and abs(schema[key]) < 1_000_000_000:
            yield words.format(schema[key])
    if schema.get("minItems", schema.get("minProperties")) == 1:
        yield "not empty"


def shown(value: Any) -> str:
    """A value as a spec would write it."""
    return f"`{value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)}`"
