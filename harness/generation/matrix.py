"""The matrix of loops → systems and matches: axes multiply, `exclude` removes, opponents are added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from harness.errors import Problem
from harness.generation.records import Match, System
from harness.records.document import Document
from harness.spec.checks import CheckedDocument
from harness.text import quoted, suggestion

NONE, SELF = "none", "self"
MOST = 10_000
"""The most systems or matches."""


def systems_of(matrix: Mapping[str, Any], opponents: Sequence[str]) -> tuple[System, ...]:
    """The systems in canonical order, each once: the loops as the file names them, then models that only oppose."""
    kept = [system for system, features in _product(matrix) if not _is_excluded(features, matrix.get("exclude", ()))]
    systems = dict.fromkeys(kept)
    for prompts in matrix["prompts"]:
        names = {system.name for system in systems if system.prompts == prompts}
        systems |= {System(prompts, name, (), 1): None for name in opponents if name not in names and "+" not in name}
    return tuple(systems)


def matches_of(systems: Sequence[System], opponents: Sequence[str]) -> dict[str, Match]:
    """The matches: every system against each opponent, each pair once; of two opponents the later one is first."""
    matches = []
    for prompts in dict.fromkeys(system.prompts for system in systems):
        here = [system for system in systems if system.prompts == prompts]
        by_name = {system.name: system for system in here}
        for at, name in enumerate(opponents):
            met = opponents[: at + 1]
            matches += [
                Match(f"{system.id}-vs-{name}", system.id, by_name[name].id)
                for system in here
                if name in by_name and system.name not in met
            ]
    return {match.name: match for match in matches}


def system_problems(checked: CheckedDocument) -> Iterator[Problem]:
    """The problems of the loops and their opponents that the schema does not find."""
    document, models = checked.document, checked.names("models")
    matrix, opponents = checked.part("matrix"), checked.part("compare", "opponents") or ()
    found = list(_unknown(checked))
    yield from found
    if found or not matrix or not opponents:  # the names of the systems are unknown, those of the models are not
        strangers = [(index, name) for index, name in enumerate(opponents) if "+" not in name and name not in models]
        yield from (_no_system(document, index, name, models) for index, name in strangers)
        return
    every = list(_product(matrix))
    for index, one in enumerate(matrix.get("exclude", ())):
        if not any(_is_excluded(features, [one]) for _, features in every):
            hint = "remove it, or ask for less"
            yield document.problem(("matrix", "exclude", index), "this matches no loop", hint=hint)
    systems = systems_of(matrix, [name for name in opponents if name in models])
    known = tuple(dict.fromkeys(system.name for system in systems))
    unknown = [(index, name) for index, name in enumerate(opponents) if name not in known]
    yield from (_no_system(document, index, name, (*known, *models)) for index, name in unknown)
    if not systems:
        yield document.problem(("matrix", "exclude"), "every loop is excluded", hint="remove an entry of `exclude`")
    elif not unknown and not matches_of(systems, opponents):
        message = "no two systems are compared: the only system is its own opponent"
        yield document.problem(("compare", "opponents"), message, hint="name another opponent, or give it reviewers")
    elif len(systems) * len(opponents) > MOST:
        yield document.problem(("matrix",), f"it has more than {MOST:,} matches")


def _no_system(document: Document, index: int, name: str, known: Sequence[str]) -> Problem:
    message = f"there is no system {quoted(name)} in this experiment, and no model"
    return document.problem(("compare", "opponents", index), message, hint=suggestion(name, known))


def _product(matrix: Mapping[str, Any]) -> Iterator[tuple[System, Mapping[str, Any]]]:
    """Every system of the matrix, with the values that an entry of `exclude` may match."""
    rounds = matrix.get("rounds", 3)
    numbers = [rounds] if isinstance(rounds, int) else rounds
    for prompts, generator, wanted, number in product(
        matrix["prompts"], matrix["generator"], matrix["reviewer"], numbers
    ):
        names = () if wanted == NONE else (wanted,) if isinstance(wanted, str) else tuple(wanted)
        reviewers = tuple(generator if name == SELF else name for name in names)
        reviewer_names = {NONE} if not reviewers else {*names, *reviewers, *([SELF] if generator in reviewers else [])}
        variant = f"(rounds={number})" if len(numbers) > 1 and reviewers else ""
        system = System(prompts, generator, reviewers, number if reviewers else 1, variant)
        yield (
            system,
            {"prompts": {prompts}, "generator": {generator}, "reviewer": reviewer_names, "rounds": {system.rounds}},
        )


def _is_excluded(features: Mapping[str, Any], exclusions: Sequence[Mapping[str, Any]]) -> bool:
    return any(all(value in features[key] for key, value in one.items()) for one in exclusions)


def _unknown(checked: CheckedDocument) -> Iterator[Problem]:
    """Names in the matrix that are no prompt sets and no models."""
    document, known, models = checked.document, checked.names("prompts"), checked.names("models")
    for index, name in enumerate(checked.part("matrix", "prompts") or ()):
        if name not in known:
            message = f"there is no prompt set {quoted(name)}"
            yield document.problem(("matrix", "prompts", index), message, hint=suggestion(name, known))
    for index, name in enumerate(checked.part("matrix", "generator") or ()):
        if name not in models:
            message = f"there is no model {quoted(name)}"
            yield document.problem(("matrix", "generator", index), message, hint=suggestion(name, models))
    for index, wanted in enumerate(checked.part("matrix", "reviewer") or ()):
        several = not isinstance(wanted, str)
        for at, name in enumerate(wanted if several else [wanted]):
            place = ("matrix", "reviewer", index, at) if several else ("matrix", "reviewer", index)
            if several and name == NONE:
                yield document.problem(place, "`none` stands alone", hint="remove it from the list")
            elif name not in (*models, NONE, SELF):
                message = f"a reviewer is a model, and there is none called {quoted(name)}"
                yield document.problem(place, message, hint=suggestion(name, (*models, NONE, SELF)))
