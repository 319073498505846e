"""The schema of an experiment, assembled from its common part and the schema fragments of providers and modes.

The common part is `experiment.schema.json` beside this file. A provider or a mode with settings has a fragment
`NAME.schema.json` beside its module: a JSON Schema of a model's entry with that provider, or of what a spec writes
under the name of that mode. A fragment refers to the common definitions as `experiment.schema.json#/$defs/NAME`.

The `$ref` at the top of a provider's fragment names the settings that it shares with others: `call_settings` for a
provider that makes calls, `endpoint_settings` for one that calls an endpoint by HTTP. They are copied into its
definition, which allows no further keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

from harness import registry
from harness.text import quoted

Schema = dict[str, Any]

WHOLE = "experiment.schema.json"
"""The file of the common part, and the name by which fragments refer to it."""
SHARED = ("call_settings", "endpoint_settings")
"""Definitions that are copied into those of providers."""
NO_FRAGMENT: Schema = {"$ref": "#/$defs/call_settings"}
"""The fragment of a provider that has none."""
OTHERS = ("strategy.schema.json#", "personas.schema.json#", "review.schema.json#")
"""Schemas that a fragment may refer to besides."""


def experiment_schema(providers: Iterable[str], modes: Iterable[str]) -> Schema:
    """The schema of an experiment that may name these providers and modes."""
    whole = _common()
    definitions: Schema = whole["$defs"]
    _add_providers(definitions, {name: _fragment("providers", name) or NO_FRAGMENT for name in providers})
    _add_modes(definitions, {name: _fragment("modes", name) or {} for name in modes})
    for name in SHARED:
        del definitions[name]
    return whole


def fragment_fault(kind: str, name: str) -> registry.PluginError | None:
    """Why the schema fragment of an installed plug-in cannot be used; None where it can, or where there is none."""
    text = registry.fragment(kind, name)
    if text is None or not registry.is_installed(kind, name):
        return None
    plugin = registry.installed(kind, name)
    assert plugin is not None, "a plug-in that is installed and sound is found"
    message = _what_is_wrong(text)
    return registry.broken(plugin, f"its schema fragment {message}") if message else None


def _what_is_wrong(text: str) -> str:
    """What keeps a schema fragment from being used, "" for nothing."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        fragment = json.loads(text)
        Draft202012Validator.check_schema(fragment)
    except ValueError as error:
        return f"is not valid JSON: {error}"
    except SchemaError as error:
        return f"is not a valid JSON Schema: {error.message}"
    if not isinstance(fragment, dict):
        return "is not a JSON object"
    known = _common()["$defs"]
    unknown = [target for target in _references(fragment) if target.removeprefix(f"{WHOLE}#/$defs/") not in known]
    return f"refers to {quoted(unknown[0])}, which does not exist" if unknown else ""


def _references(value: Any) -> Iterator[str]:
    """The references of a fragment to definitions of experiments."""
    if isinstance(value, Mapping):
        target = value.get("$ref")
        if isinstance(target, str) and not target.startswith(OTHERS):
            yield target
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _references(each)


def _fragment(kind: str, name: str) -> Schema | None:
    """The fragment of a plug-in, with references into the whole; None where there is none that can be used."""
    text = registry.fragment(kind, name)
    if text is None or fragment_fault(kind, name):
        return None
    fragment: Schema = _local(json.loads(text))
    fragment.pop("$schema", None)
    return fragment


def _common() -> Schema:
    """The common part."""
    whole: Schema = json.loads(resources.files(__package__).joinpath(WHOLE).read_text(encoding="utf-8"))
    return whole


def _local(value: Any) -> Any:
    """A part of a fragment with its references to the common part as references into the whole."""
    if isinstance(value, list):
        return [_local(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _local(each) for key, each in value.items()}
    if isinstance(target := found.get("$ref"), str):
        found["$ref"] = target.removeprefix(WHOLE)
    return found


def _add_providers(definitions: Schema, fragments: Mapping[str, Schema]) -> None:
    """One definition for each provider, chosen by the key `provider` of a model."""
    model = definitions["model"]
    choice = model["properties"]["provider"]
    described = [f"`{name}`: {each['description']}" for name, each in fragments.items() if "description" in each]
    choice["description"] = " ".join([choice["description"], "; ".join(described)]).strip() + "." * bool(described)
    choice["enum"] = list(fragments)
    model["allOf"] = []
    for name, fragment in fragments.items():
        key = f"provider-{name}"
        asked = {"required": ["provider"], "properties": {"provider": {"const": name}}}
        model["allOf"].append({"if": asked, "then": {"$ref": f"#/$defs/{key}"}})
        properties = {"provider": {"const": name}, **_settings(fragment, definitions)}
        rest = {key: each for key, each in fragment.items() if key not in ("$ref", "description")}
        definitions[key] = {"type": "object", **rest, "additionalProperties": False, "properties": properties}


def _settings(fragment: Schema, definitions: Schema) -> Schema:
    """The keys of a fragment, then those that it shares with others."""
    found = dict(fragment.get("properties", {}))
    if target := fragment.get("$ref"):
        shared = _settings(definitions[target.removeprefix("#/$defs/")], definitions)
        found |= {key: rule for key, rule in shared.items() if key not in found}
    return found


def _add_modes(definitions: Schema, fragments: Mapping[str, Schema]) -> None:
    """One definition for each mode, chosen by the one key of an entry of the evaluator axis."""
    properties = definitions["evaluator"]["properties"] = {}
    for name, fragment in fragments.items():
        definitions[f"mode-{name}"] = fragment
        properties[name] = {"$ref": f"#/$defs/mode-{name}"}
