"""The matrix of a spec → cells: axes multiply, `exclude` takes partial matches away.

The order is that of the file, datasets outermost, then strategies, then evaluators; nothing sorts it, so a cell
added at the end leaves the others where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from harness import plugs
from harness.checks import Sound
from harness.errors import Problem
from harness.records import Cell
from harness.source import Document, Step
from harness.wording import quoted, suggestion

MAX_CELLS = 10_000
"""More than anybody compares; it keeps a slip of the pen from filling the memory."""


class Names(NamedTuple):
    """What a matrix may name."""

    datasets: tuple[str, ...]
    strategies: tuple[str, ...]
    models: tuple[str, ...]


class Evaluator(NamedTuple):
    """One point of the evaluator axis, and where it stands in the matrix."""

    place: tuple[Step, ...]
    mode: str
    models: tuple[str, ...]
    settings: Mapping[str, Any]


def cells_of(matrix: Mapping[str, Any], models: Sequence[str]) -> tuple[Cell, ...]:
    """The cells of a matrix without problems, in canonical order."""
    exclusions = matrix.get("exclude", ())
    every = _product(matrix, list(_evaluators(matrix["evaluator"], models)))
    return tuple(cell for cell in every if not any(_matches(one, cell) for one in exclusions))


def matrix_problems(sound: Sound, names: Names) -> list[Problem]:
    """What is wrong with the matrix of a spec, as far as its schema accepts it."""
    document, matrix = sound.document, sound.part("matrix")
    evaluators = list(_evaluators(sound.part("matrix", "evaluator") or (), names.models))
    problems = [
        *_unknown_on_axis(sound, "dataset", names.datasets),
        *_unknown_on_axis(sound, "strategy", names.strategies),
        *_unknown_models(document, evaluators, names.models),
    ]
    if problems or matrix is None:
        return problems
    count = len(matrix["dataset"]) * len(matrix["strategy"]) * len(evaluators)
    if count > MAX_CELLS:
        return [document.problem(("matrix",), f"it has {count} cells; at most {MAX_CELLS} are allowed")]
    cells = list(_product(matrix, evaluators))
    problems = [*_repeated(document, evaluators), *_idle_exclusions(document, cells)]
    if not problems and not cells_of(matrix, names.models):
        hint = "remove an entry of `exclude`"
        problems.append(document.problem(("matrix", "exclude"), "every cell is excluded", hint=hint))
    return problems


def _evaluators(axis: Sequence[Mapping[str, Any]], models: Sequence[str]) -> Iterator[Evaluator]:
    for index, entry in enumerate(axis):
        for mode, wanted in entry.items():
            for members, settings in plugs.find("modes", mode).expand(wanted, models):
                yield Evaluator(("matrix", "evaluator", index, mode), mode, tuple(members), settings)


def _product(matrix: Mapping[str, Any], evaluators: Sequence[Evaluator]) -> Iterator[Cell]:
    for dataset, strategy, one in product(matrix["dataset"], matrix["strategy"], evaluators):
        yield Cell(dataset, strategy, one.mode, one.models, settings=one.settings)


def _features(cell: Cell) -> dict[str, tuple[str, ...]]:
    """What an entry of `exclude` may ask of a cell."""
    return {
        "dataset": (cell.dataset,),
        "strategy": (cell.strategy,),
        "evaluator": (cell.mode,),
        "model": cell.models,
    }


def _matches(exclusion: Mapping[str, str], cell: Cell) -> bool:
    features = _features(cell)
    return all(value in features[key] for key, value in exclusion.items())


# --- what can be wrong -------------------------------------------------------------------------------------


def _unknown_on_axis(sound: Sound, axis: str, known: Sequence[str]) -> Iterator[Problem]:
    for index, name in enumerate(sound.part("matrix", axis) or ()):
        if name not in known:
            message = f"there is no {axis} {quoted(name)}"
            yield sound.document.problem(("matrix", axis, index), message, hint=suggestion(name, known))


def _unknown_models(document: Document, evaluators: Sequence[Evaluator], known: Sequence[str]) -> Iterator[Problem]:
    told = set()
    for one in evaluators:
        for name in one.models:
            if name not in known and (one.place, name) not in told:
                told.add((one.place, name))
                place = _where_named(document, one.place, name)
                yield document.problem(place, f"there is no model {quoted(name)}", hint=suggestion(name, known))


def _where_named(document: Document, place: tuple[Step, ...], name: str) -> tuple[Step, ...]:
    """The first place at or inside another where a name stands."""
    inside = (path for path in document.values if path[: len(place)] == place)
    return next((path for path in sorted(inside, key=document.place) if _value_at(document, path) == name), place)


def _value_at(document: Document, path: Sequence[Step]) -> Any:
    value = document.value
    for step in path:
        value = value[step]
    return value


def _repeated(document: Document, evaluators: Sequence[Evaluator]) -> Iterator[Problem]:
    """Evaluators that occur before; the names on the other axes differ, so these alone make two cells the same."""
    seen = set()
    for one in evaluators:
        key = (one.mode, one.models)
        if key in seen:
            message = f"the evaluator {quoted(f'{one.mode}:' + '+'.join(one.models))} is here twice"
            place = _where_named(document, one.place, one.models[0])
            yield document.problem(place, message, hint="remove one")
        seen.add(key)


def _idle_exclusions(document: Document, cells: Sequence[Cell]) -> Iterator[Problem]:
    known: dict[str, dict[str, None]] = {}
    for cell in cells:
        for key, values in _features(cell).items():
            known.setdefault(key, {}).update(dict.fromkeys(values))
    for index, exclusion in enumerate(document.value["matrix"].get("exclude", ())):
        place = ("matrix", "exclude", index)
        unknown = [(key, value) for key, value in exclusion.items() if value not in known[key]]
        for key, value in unknown:
            message = f"the matrix has no {key} {quoted(value)}"
            yield document.problem((*place, key), message, hint=suggestion(value, known[key]))
        if not unknown and not any(_matches(exclusion, cell) for cell in cells):
            yield document.problem(place, "this matches no cell", hint="remove it, or ask for less")
