"""Structured answers: the JSON that a call asks for, the form that a prompt shows, and how a reply is read.

The schema of the answer is made from the answer rule, and everything else from the schema. A reply is read in the
same way whether the endpoint held the model to the schema or the model only followed the form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE, Nothing, Reader, Value

T = TypeVar("T")

TRIES = 64
"""Opening braces, from the end of a reply, at which a JSON object may begin."""
LONGEST = 65_536
"""Characters that an object in the midst of text may have. With TRIES it bounds the time that any reply takes."""
_SCAN = json.JSONDecoder().raw_decode


def schema_of(rule: Mapping[str, Any], ask: str, criteria: Sequence[str]) -> dict[str, Any]:
    """The JSON Schema of the answer that a full rule wants; what is read from it stands in the order of its fields."""
    fields: dict[str, Any] = {}
    if rule["reasons"]:
        fields["reasons"] = {"type": "string", "description": "your reasons, in a few sentences"}
    if rule["kind"] in ("verdict", "graded", "label"):
        groups = rule["labels"] if rule["kind"] == "graded" else rule["labels"].values()
        labels = [phrases[0] for phrases in groups if phrases]
        name = "label" if rule["kind"] == "label" else "verdict"
        return _object({**fields, name: {"type": "string", "enum": labels}})
    # Not `minimum` and `maximum`: some endpoints refuse them in a strict schema. The range is checked when reading.
    score = {"type": "number", "description": f"{rule['scale']['min']} to {rule['scale']['max']}"}
    sides = ("_a", "_b") if ask == "pair" else ("",)
    if rule["kind"] == "rubric":
        scores = _object(dict.fromkeys(criteria, score))
        return _object({**fields, **{f"scores{side}": scores for side in sides}})
    return _object({**fields, **{f"score{side}": score for side in sides}})


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The parameter of a call that asks for such an answer."""
    return {
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    }


def form_line(schema: Mapping[str, Any]) -> str:
    """The form of the answer, as a prompt shows it: the object on one line, with what is wanted in angle brackets."""
    return json.dumps(form_of(schema), ensure_ascii=False)


def form_of(schema: Mapping[str, Any]) -> Any:
    """The answer that a schema describes, with what is wanted in angle brackets in place of every value."""
    if schema["type"] == "object":
        return {name: form_of(field) for name, field in schema["properties"].items()}
    if "enum" in schema:
        *others, last = schema["enum"]
        return f"<{', '.join(others)} or {last}>"
    return f"<{schema['description']}>"


def json_reader(
    schema: Mapping[str, Any],
    reader: Reader,
    scale: Mapping[str, float] | None,
    answer_in: Callable[[Sequence[Value]], T],
    otherwise: Callable[[str], T | None],
) -> Callable[[str], T | None]:
    """Reads the last object in a reply that has all fields of a schema, or where there is none, the reply as lines.

    Args:
        schema: of the answer.
        reader: reads a value that is text.
        scale: what numbers must lie within; None where the answer holds none.
        answer_in: makes an answer of the values, in the order of the schema.
        otherwise: reads a reply without such an object.
    """
    paths = [path for path in _paths(schema) if path != ("reasons",)]

    def value_of(found: Any) -> Value | Nothing:
        if isinstance(found, str):
            return reader.whole(found)
        if scale is None or isinstance(found, bool) or not isinstance(found, int | float):
            return NO_VALUE
        return float(found) if scale["min"] <= found <= scale["max"] else AMBIGUOUS

    def read(text: str) -> T | None:
        for found in objects_in(text):
            values = [value_of(_inside(found, path)) for path in paths]
            if NO_VALUE in values:
                continue
            return None if AMBIGUOUS in values else answer_in(values)  # type: ignore[arg-type]
        return otherwise(text)

    return read


def _paths(schema: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if schema["type"] != "object":
        yield before
        return
    for name, field in schema["properties"].items():
        yield from _paths(field, (*before, name))


def _inside(found: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, by where they begin, last ones first; what stands around them does not matter."""
    whole = text.strip()
    if whole.startswith("{") and whole.endswith("}"):
        try:
            yield orjson.loads(whole)
            return
        except orjson.JSONDecodeError:
            pass
    start = len(text)
    for _ in range(TRIES):
        start = text.rfind("{", 0, start)
        if start < 0:
            return
        try:
            found, _ = _SCAN(text[start : start + LONGEST])
        except (ValueError, RecursionError):
            continue
        yield found
