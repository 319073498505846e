"""The JSON Schemas of the package, and their errors as messages with a suggested fix.

The schemas are written so that each mistake gives one error: they use `if` and `then` on a key instead of `oneOf`, and
a `patternErrorMessage`, which editors show too, where a pattern alone would not explain what is expected.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from harness import registry
from harness.errors import Problem
from harness.spec.assembly import experiment_schema
from harness.spec.misplaced import right_place
from harness.text import listed, quoted, suggestion

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from harness.records.document import Document, Step

Error: TypeAlias = Any
"""The ValidationError of jsonschema, most of whose attributes are untyped."""

ENDING = ".schema.json"

TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}
SIZES = {
    "minLength": ("at least", "characters"),
    "maxLength": ("at most", "characters"),
    "minItems": ("at least", "entries"),
    "maxItems": ("at most", "entries"),
    "minProperties": ("at least", "keys"),
    "maxProperties": ("at most", "keys"),
}


WINNER = "winner_of"
"""The key of an entry that takes over the winner of another spec."""

KEYS_NAMED = 15
"""Keys that a message on an unknown one lists: those of a whole spec."""


class Finding(NamedTuple):
    """A violation of a schema, without its line and column.

    Attributes:
        path: the place in the document.
        message: what is wrong.
        hint: a suggested fix, or "".
        key: whether the key is wrong and not its value.
    """

    path: tuple[Step, ...]
    message: str
    hint: str = ""
    key: bool = False


def schema_names() -> tuple[str, ...]:
    """The names of all schemas, sorted."""
    return tuple(sorted(_files()))


def load_schema(name: str) -> dict[str, Any]:
    """A schema by its name, such as `experiment`. Raises KeyError where there is none."""
    if name not in schema_names():
        raise KeyError(name)
    if name == "experiment":
        return experiment_schema(registry.names("providers"), registry.names("modes"))
    schema: dict[str, Any] = json.loads(_files()[name].read_text(encoding="utf-8"))
    return schema


def schema_path(name: str) -> Path:
    """The file of a schema on this machine."""
    return Path(str(_files()[name])).resolve()


def check(document: Document, schema_name: str) -> list[Problem]:
    """All violations of a schema in a document, in the order of the file.

    A value that was not read from YAML is checked as `Document(file, value)`; its problems have no line.
    """
    found: dict[Finding, None] = {}
    validator = _validator(schema_name)
    for error in validator.iter_errors(document.value):
        found.update(dict.fromkeys(_findings(error, validator.schema)))
    problems = (document.problem(one.path, one.message, hint=one.hint, key=one.key) for one in found)
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _files() -> dict[str, Traversable]:
    """The schema files by name: package data in a wheel, the folder `schemas` in a checkout."""
    packaged = resources.files("harness").joinpath("schemas")
    root = packaged if packaged.is_dir() else Path(__file__).parents[2] / "schemas"
    files = (file for folder in ("input", "output") for file in root.joinpath(folder).iterdir())
    return {file.name.removesuffix(ENDING): file for file in files if file.name.endswith(ENDING)}


def _validator(name: str) -> Any:
    """A validator that knows the other schemas of the package and makes no network requests."""
    import jsonschema
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    draft = jsonschema.Draft202012Validator
    # In jsonschema, 1.0 is an integer, NaN is within any bounds, and `$` matches before a line break at the end.
    types = draft.TYPE_CHECKER.redefine_many(
        {
            "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
            "number": lambda _, value: _is_number(value),
        }
    )
    extend: Any = jsonschema.validators.extend  # has no types
    validator = extend(draft, {"pattern": _pattern}, type_checker=types)
    resources = [(each + ENDING, DRAFT202012.create_resource(load_schema(each))) for each in schema_names()]
    known: Registry[Any] = Registry().with_resources(resources)
    return validator(load_schema(name), registry=known)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Error]:
    from jsonschema import ValidationError

    if validator.is_type(instance, "string") and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("pattern")


# --- errors in words --------------------------------------------------------------------------------------


def _findings(error: Error, root: Mapping[str, Any]) -> Iterator[Finding]:
    """The findings of a validation error: one for each key or value that is wrong.

    Args:
        error: of jsonschema.
        root: the schema of the document.
    """
    path: tuple[Step, ...] = tuple(error.absolute_path)
    keyword = str(error.validator)
    if "propertyNames" in list(error.relative_schema_path)[-2:-1]:
        message = f"the name {quoted(str(error.instance))} is not allowed"
        yield Finding((*path, str(error.instance)), message, _wish(error), key=True)
    elif keyword in ("additionalProperties", "unevaluatedProperties"):
        yield from _unknown_keys(error, path, root)
    elif keyword == "required":
        for key in error.validator_value:
            if key not in error.instance:
                yield Finding(path, f"the key {quoted(key)} is missing")
    elif keyword == "uniqueItems":
        yield from _repeated(error.instance, path)
    elif keyword in ("anyOf", "oneOf"):
        yield from _no_choice_fits(error, path, root)
    else:
        yield Finding(path, *_in_words(error))


def _unknown_keys(error: Error, path: tuple[Step, ...], root: Mapping[str, Any]) -> Iterator[Finding]:
    known: Sequence[str] = list(error.schema.get("properties", ()))
    patterns = error.schema.get("patternProperties", ())
    is_winner = WINNER in error.instance and WINNER not in known  # its other keys are no faults of their own
    for key in (WINNER,) if is_winner else error.instance:
        if key not in known and not any(re.search(pattern, key) for pattern in patterns):
            yield Finding((*path, key), f"unknown key {quoted(key)}", _hint(key, error.schema, root, path), key=True)


def _hint(key: str, here: Mapping[str, Any], root: Mapping[str, Any], path: tuple[Step, ...]) -> str:
    """The fix for an unknown key: where it belongs, or the most similar key."""
    if key == WINNER:
        return (
            "only the axes `matrix.strategy` and `matrix.evaluator` of an evaluation take over the winner of another "
            "spec; write the winner itself here, as the leaderboard of that spec names it"
        )
    place = right_place(key, here, root, path[0] if path else "")
    return place or suggestion(key, list(here.get("properties", ())), most=KEYS_NAMED)


def _repeated(values: Sequence[Any], path: tuple[Step, ...]) -> Iterator[Finding]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Finding((*path, index), f"{_described(value)} occurs twice", "remove one")


def _no_choice_fits(error: Error, path: tuple[Step, ...], root: Mapping[str, Any]) -> Iterator[Finding]:
    """The errors of the alternatives whose type fits; if none fits, the expected types."""
    context = list(error.context or ())
    of_type = [one for one in context if one.validator == "type" and not one.relative_path]
    deeper = [one for one in context if one not in of_type]
    if deeper:
        for one in deeper:
            yield from _findings(one, root)
    else:
        wanted = [name for one in of_type for name in _as_list(one.validator_value)]
        yield Finding(path, *_wrong_type(wanted, error.instance))


def _wrong_type(wanted: Sequence[str], value: Any) -> tuple[str, str]:
    message = f"wants {' or '.join(TYPES[name] for name in wanted)}, not {_described(value)}"
    if "string" in wanted and isinstance(value, bool | int | float):
        return message, "put it in quotes"
    if isinstance(value, str) and {"integer", "number", "boolean"} & set(wanted):
        return message, "write it without quotes" if _reads_as_plain(value) else ""
    if wanted == ["array"] and isinstance(value, str):
        return message, f"write {quoted(f'[{value}]')}"
    if value is None and "array" not in wanted:
        return message, "write a value after the `:`, or leave the key out"
    return message, ""


def _reads_as_plain(text: str) -> bool:
    return re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?|true|false", text) is not None


def _described(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, str):
        return quoted(value) if value else "an empty text"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else f"the number {value}"


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _wish(error: Error) -> str:
    """The requirement for a text, as the schema words it."""
    if error.validator == "maxLength":
        return f"use at most {error.validator_value} characters"
    return str(error.schema.get("patternErrorMessage", f"it must match {error.validator_value}"))


def _hint_for_constant(error: Error) -> str:
    """How to fix a value that is not the only one allowed."""
    rule, value = error.validator_value, error.instance
    if list(error.absolute_path) == ["schema"] and isinstance(value, int) and value > rule:
        return "the file is for a newer version of the harness; upgrade with `pip install --upgrade fellowship-harness`"
    return "write it without quotes" if value == str(rule) else ""


def _in_words(error: Error) -> tuple[str, str]:
    """Message and hint for an error about one value."""
    keyword, rule, value = error.validator, error.validator_value, error.instance
    if keyword == "type":
        return _wrong_type(_as_list(rule), value)
    if keyword == "enum":
        choices = [str(choice) for choice in rule]
        hint = suggestion(value, choices, most=0) if isinstance(value, str) else ""
        return f"{_described(value)} is not one of {listed(choices)}", hint
    if keyword == "pattern":
        return f"{_described(value)} is not allowed", _wish(error)
    if keyword == "const":
        return f"wants {rule}, not {_described(value)}", _hint_for_constant(error)
    if keyword in BOUNDS:
        return f"wants {BOUNDS[keyword]} {rule}, not {_described(value)}", ""
    if keyword in SIZES:
        bound, things = SIZES[keyword]
        return (f"has {len(value)} {things}, {bound} {rule} are wanted" if value else "must not be empty"), ""
    return f"{_described(value)} breaks the rule `{keyword}` of the schema", ""
