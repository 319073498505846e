"""Load the personas of a spec: its own entries, files beside it, and plug-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from harness import registry
from harness.errors import Problem, SpecError
from harness.evaluators.mode import takes_personas
from harness.prompting.persona import Persona, persona_faults, personas_from, personas_json
from harness.records.document import Document, Step
from harness.spec.axes import MATRIX, Axes
from harness.spec.checks import CheckedDocument
from harness.spec.paths import Folders, file_fault
from harness.spec.plugins import plugin_document
from harness.spec.schema import check
from harness.spec.yaml import read_yaml
from harness.text import quoted, suggestion

Personas: TypeAlias = tuple[Persona, ...]
DEFAULT_SET = "default"


def with_personas(
    checked: CheckedDocument, folders: Folders, axes: Sequence[Axes] = (MATRIX,)
) -> tuple[Document, list[Problem]]:
    """The document with personas in place of names of sets and of files, and their problems.

    A set that does not exist or has a problem is left empty.

    Args:
        checked: the spec.
        folders: where its paths may lead.
        axes: where the spec names evaluators.
    """
    sets: dict[str, Personas] = {}
    problems: list[Problem] = []
    for name in checked.names("personas"):
        sets[name], found = _own_set(checked, name, folders)
        problems += found
    document = checked.document
    if sets:
        written = {name: personas_json(personas) for name, personas in sets.items()}
        document = replace(document, value={**document.value, "personas": written})
    for each in axes:
        axis = each.values(checked, "evaluator")
        if not isinstance(axis, list):
            continue
        entries = []
        for index, entry in enumerate(axis):
            resolved = dict(entry)
            for mode, wanted in entry.items():
                if takes_personas(mode) and isinstance(wanted, Mapping):
                    place = each.at("evaluator", index, mode, "personas")
                    resolved[mode], found = _with_its_personas(checked.document, place, wanted, sets)
                    problems += found
            entries.append(resolved)
        document = each.with_evaluators(document, entries)
    return document, problems


def _own_set(checked: CheckedDocument, name: str, folders: Folders) -> tuple[Personas, list[Problem]]:
    entry, place = checked.part("personas", name), ("personas", name)
    if entry is None:
        return (), []
    if isinstance(entry, Mapping):
        return _from_file(checked.document, (*place, "path"), entry["path"], folders)
    return _checked(checked.document, place, personas_from(entry))


def _from_file(
    document: Document, place: tuple[Step, ...], path: str, folders: Folders
) -> tuple[Personas, list[Problem]]:
    if fault := file_fault(path, folders):
        return (), [document.problem(place, fault[0], hint=fault[1])]
    try:
        file = read_yaml(folders.own / path, str(Path(document.file).parent / path))
    except SpecError as error:
        return (), list(error.problems)
    if problems := check(file, "personas"):
        return (), problems
    return _checked(file, ("personas",), personas_from(file.value["personas"]))


def _with_its_personas(
    document: Document, place: tuple[Step, ...], wanted: Mapping[str, Any], sets: Mapping[str, Personas]
) -> tuple[dict[str, Any], list[Problem]]:
    """The settings of a mode, with the personas themselves and the name of their set."""
    named = wanted.get("personas", DEFAULT_SET)
    problems: list[Problem] = []
    if not isinstance(named, str):
        _, problems = _checked(document, place, personas_from(named))
        return dict(wanted), problems
    known = tuple(dict.fromkeys((*sets, *registry.names("personas"))))
    if named not in known:
        message = f"there is no set of personas {quoted(named)}"
        problems.append(document.problem(place, message, hint=suggestion(named, known)))
    personas = sets[named] if named in sets else built_in(named) if named in known else ()
    return {**wanted, "personas": personas_json(personas), "persona_set": named}, problems


def _checked(document: Document, place: tuple[Step, ...], personas: Personas) -> tuple[Personas, list[Problem]]:
    """The personas, or none if they have a problem."""
    faults = persona_faults(personas)
    problems = [document.problem((*place, *inner), message, hint=hint) for inner, message, hint in faults]
    return (() if problems else personas), problems


def built_in(name: str) -> tuple[Persona, ...]:
    """The set of that name that this package or an installed distribution brings.

    Raises:
        KeyError: where there is none; `registry.names("personas")` lists them.
        PluginError: where an installed one cannot be used.
    """
    return personas_from(plugin_document("personas", name, "personas").value["personas"])
