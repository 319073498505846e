"""The models of a completed spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import Problem, SpecError
from harness.hashing import digest_of
from harness.providers.provider import find_provider
from harness.records.calls import Limits, Model, Price
from harness.records.document import Document
from harness.records.frozen import FrozenDict, freeze, with_plain_numbers
from harness.spec.checks import unpacked
from harness.text import quoted


def models_of(document: Document, entries: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, Model]]:
    """The models with their ids; a provider may read a file to make one."""
    problems: list[Problem] = []
    for name, entry in entries.items():
        try:
            yield name, _model(name, entry, folder)
        except SpecError as error:
            problems += [document.problem(("models", name), one.message, hint=one.hint) for one in error.problems]
    if problems:
        raise SpecError(problems)


def shared_replies(document: Document, models: Mapping[str, Model]) -> Iterator[Problem]:
    """Models that differ in their headers alone, which the cache key leaves out: one would get the other's replies."""
    first: dict[str, str] = {}
    for name, model in models.items():
        headers = model.settings.get("headers")
        key = digest_of(with_plain_numbers([model.provider, model.id, model.params, model.key_parts]))
        same = first.setdefault(key, name)
        if headers != models[same].settings.get("headers"):
            message = f"{quoted(name)} differs from {quoted(same)} only in its headers, which the cache key leaves out"
            hint = "give one of them an `identity` of its own, or both the same headers"
            yield document.problem(("models", name, "headers"), message, hint=hint)


def _model(name: str, entry: Mapping[str, Any], folder: Path) -> Model:
    provider = find_provider(entry["provider"])
    settings = {key: entry.get(key, value) for key, value in provider.SETTINGS.items()}
    if "path" in settings:
        settings["path"] = str(folder / settings["path"])
    return Model(
        name=name,
        provider=entry["provider"],
        id=provider.model_id(name, entry, folder),
        params=freeze({key: value for key, value in unpacked(entry.get("params", {})).items() if value is not None}),
        base_url=entry.get("base_url"),
        api_key_env=entry.get("api_key_env"),
        price=Price(**entry["price"]) if entry.get("price") else None,
        limits=Limits(**entry.get("limits", {})),
        settings=freeze(settings),
        show_reasoning=bool(entry.get("show_reasoning", False)),
        key_parts=FrozenDict(provider.key_parts(entry)) if hasattr(provider, "key_parts") else FrozenDict({}),
    )
