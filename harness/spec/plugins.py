"""Plug-ins of installed distributions that a spec names: those that cannot be used, and the documents of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from harness import registry
from harness.errors import Problem, SpecError
from harness.records.document import Document, Step
from harness.spec.assembly import fragment_fault
from harness.spec.schema import check
from harness.spec.yaml import parse_yaml


class Use(NamedTuple):
    """A place in a spec that names a plug-in."""

    place: tuple[Step, ...]
    kind: str
    name: str


def plugin_problems(document: Document) -> Iterator[Problem]:
    """The places of a spec, of either kind, that name an installed plug-in that cannot be used."""
    for use in _uses(document.value):
        if use.name in registry.names(use.kind) and registry.is_installed(use.kind, use.name):
            found = registry.fault(use.kind, use.name) or fragment_fault(use.kind, use.name)
            for one in found.problems if found else ():
                yield document.problem(use.place, one.message, hint=one.hint, key=use.kind == "modes")


def plugin_document(kind: str, name: str, schema_name: str) -> Document:
    """The YAML of a plug-in; that of an installed one is checked.

    Raises:
        KeyError: where there is none.
        PluginError: where an installed one cannot be used.
    """
    text, plugin = registry.text(kind, name), registry.installed(kind, name)
    if plugin is None:
        return parse_yaml(text, f"{name}.yaml")
    try:
        document = parse_yaml(text, f"{name}.yaml")
        if problems := check(document, schema_name):
            raise SpecError(problems)
    except SpecError as error:
        raise registry.broken(plugin, str(error.problems[0])) from None
    return document


def _uses(value: Any) -> Iterator[Use]:
    """The plug-ins that a spec names, whatever else it holds."""
    for name, entry in _entries(value, "models"):
        yield from _use(("models", name, "provider"), "providers", _get(entry, "provider"))
    for section in ("datasets", "prompts"):
        for name, entry in _entries(value, section):
            yield from _use((section, name, "format"), "dataset_formats", _get(entry, "format"))
    for section in ("matrix", "compare"):
        part = _get(value, section)
        for index, name in enumerate(_list(_get(part, "strategy"))):
            yield from _use((section, "strategy", index), "strategies", name)
        for index, entry in enumerate(_list(_get(part, "evaluator"))):
            yield from _modes((section, "evaluator", index), entry)
    yield from _use(("selection", "strategy"), "strategies", _get(_get(value, "selection"), "strategy"))
    yield from _modes(("selection", "evaluator"), _get(_get(value, "selection"), "evaluator"))
    yield from _use(("loop", "review"), "reviews", _get(_get(value, "loop"), "review"))
    for kind in ("metrics", "probes"):
        for index, name in enumerate(_list(_get(_get(value, "score"), kind))):
            yield from _use(("score", kind, index), _metric_kind(name) if kind == "metrics" else kind, name)


def _metric_kind(name: Any) -> str:
    """The kind of plug-in that a metric of a spec is."""
    kinds = ("soft_metrics", "ranking_metrics")
    return next((kind for kind in kinds if name in registry.names(kind)), "metrics")


def _modes(place: tuple[Step, ...], entry: Any) -> Iterator[Use]:
    for mode in entry if isinstance(entry, Mapping) else ():
        yield from _use((*place, mode), "modes", mode)
        yield from _use((*place, mode, "personas"), "personas", _get(entry[mode], "personas"))


def _use(place: tuple[Step, ...], kind: str, name: Any) -> Iterator[Use]:
    if isinstance(name, str):
        yield Use(place, kind, name)


def _entries(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    section = _get(value, key)
    yield from section.items() if isinstance(section, Mapping) else ()


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
