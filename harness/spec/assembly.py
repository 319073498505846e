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
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from harness import registry

Schema = dict[str, Any]

WHOLE = "experiment.schema.json"
"""The file of the common part, and the name by which fragments refer to it."""
SHARED = ("call_settings", "endpoint_settings")
"""Definitions that are copied into those of providers."""


def experiment_schema(providers: Iterable[str], modes: Iterable[str]) -> Schema:
    """The schema of an experiment that may name these providers and modes."""
    whole: Schema = json.loads(resources.files(__package__).joinpath(WHOLE).read_text(encoding="utf-8"))
    definitions: Schema = whole["$defs"]
    fragments = {name: _fragment("providers", name) for name in providers}
    _add_providers(definitions, fragments)
    _add_modes(definitions, {name: _fragment("modes", name) for name in modes})
    for name in SHARED:
        del definitions[name]
    return whole


def _fragment(kind: str, name: str) -> Schema:
    """The fragment of a plug-in, with references into the whole; empty where it has none."""
    text = registry.fragment(kind, name)
    fragment: Schema = _local(json.loads(text)) if text else {}
    fragment.pop("$schema", None)
    return fragment


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
