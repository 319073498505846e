"""The cells of a matrix: the product of its axes without the matches of `exclude`.

The order is that of the file: datasets, then strategies, evaluators, orders and repeats, so that a cell added at the
end does not move the others. Cells that count the judgments of others come last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

from harness.errors import Problem
from harness.evaluators.cell import asks
from harness.evaluators.mode import faults_of, find_mode, members_of, variant_of
from harness.records.document import Document, Step
from harness.records.experiment import Cell
from harness.spec.axes import MATRIX, Axes
from harness.spec.checks import CheckedDocument
from harness.text import quoted, suggestion

MAX_CELLS = 10_000
"""A limit on memory, above any real comparison."""


class Names(NamedTuple):
    """The names that a matrix may use."""

    datasets: tuple[str, ...]
    strategies: tuple[str, ...]
    models: tuple[str, ...]


class Evaluator(NamedTuple):
    """One point of the evaluator axis, and its place in the matrix."""

    place: tuple[Step, ...]
    mode: str
    models: tuple[str, ...]
    settings: Mapping[str, Any]
    variant: str


def cells_of(matrix: Mapping[str, Any], models: Sequence[str]) -> tuple[Cell, ...]:
    """The cells of a matrix without problems, in canonical order."""
    exclusions = matrix.get("exclude", ())
    every = _product(matrix, list(_evaluators(matrix["evaluator"], models)))
    kept = [cell for cell in every if not any(_matches(one, cell) for one in exclusions)]
    return tuple(sorted(kept, key=lambda cell: not asks(cell)))


def without_idle_exclusions(document: Document) -> Document:
    """The document without those entries of `exclude` that match no cell of a matrix that has no other problems."""
    matrix = document.value["matrix"]
    cells = list(_product(matrix, list(_evaluators(matrix["evaluator"], ()))))
    kept = [one for one in matrix.get("exclude", ()) if any(_matches(one, cell) for cell in cells)]
    return replace(document, value={**document.value, "matrix": {**matrix, "exclude": kept}})


def matrix_problems(
    checked: CheckedDocument, names: Names, *, axes: Axes = MATRIX, needs_members: bool = True
) -> list[Problem]:
    """The problems of a matrix in the parts that its schema accepts.

    Args:
        checked: the spec.
        names: the names that the matrix may use.
        axes: where the spec writes the axes.
        needs_members: whether the members of a cell that counts must be cells of the matrix.
    """
    document, written = checked.document, axes.values(checked, "evaluator")
    evaluators = list(_evaluators(written, names.models, axes))
    problems = [
        *_unknown_on_axis(checked, axes, "dataset", names.datasets),
        *_unknown_on_axis(checked, axes, "strategy", names.strategies),
        *_unknown_models(document, evaluators, names.models),
        *_faults_of_modes(document, axes, written),
    ]
    if problems or checked.part(*axes.place) is None:
        return problems
    matrix = axes.matrix(document)
    count = len(matrix["dataset"]) * len(matrix["strategy"]) * len(evaluators)
    if count > MAX_CELLS:
        return [document.problem(axes.place, f"it has {count} cells; at most {MAX_CELLS} are allowed")]
    cells = list(_product(matrix, evaluators))
    problems = [*_repeated(document, evaluators), *_idle_exclusions(document, axes, matrix, cells)]
    if needs_members:
        problems += _missing_members(document, cells_of(matrix, names.models), evaluators, axes)
    if not problems and not cells_of(matrix, names.models):
        hint = "remove an entry of `exclude`"
        problems.append(document.problem((*axes.place, "exclude"), "every cell is excluded", hint=hint))
    return problems


def _evaluators(axis: Sequence[Mapping[str, Any]], models: Sequence[str], axes: Axes = MATRIX) -> Iterator[Evaluator]:
    for index, entry in enumerate(axis):
        for mode, wanted in entry.items():
            module = find_mode(mode)
            for members, settings in module.expand(wanted, models):
                place = axes.at("evaluator", index, mode)
                yield Evaluator(place, mode, tuple(members), settings, variant_of(module, settings))


def _product(matrix: Mapping[str, Any], evaluators: Sequence[Evaluator]) -> Iterator[Cell]:
    repeats, collapse = matrix.get("repeats", 1), matrix.get("collapse", "majority")
    times = [repeats] if isinstance(repeats, int) else repeats
    orders = matrix.get("order", ("given",))
    for dataset, strategy, one, order, repeat in product(
        matrix["dataset"], matrix["strategy"], evaluators, orders, times
    ):
        yield Cell(
            dataset, strategy, one.mode, one.models, order, repeat, collapse, settings=one.settings, variant=one.variant
        )


def _features(cell: Cell) -> dict[str, tuple[str, ...]]:
    """The values of a cell that an entry of `exclude` can match."""
    return {
        "dataset": (cell.dataset,),
        "strategy": (cell.strategy,),
        "evaluator": (cell.mode,),
        "model": cell.models,
        "order": (cell.order,),
    }


def _matches(exclusion: Mapping[str, str], cell: Cell) -> bool:
    features = _features(cell)
    return all(value in features[key] for key, value in exclusion.items())


# --- problems ----------------------------------------------------------------------------------------------


def _unknown_on_axis(checked: CheckedDocument, axes: Axes, axis: str, known: Sequence[str]) -> Iterator[Problem]:
    for index, name in enumerate(axes.values(checked, axis)):
        if name not in known:
            message = f"there is no {axis} {quoted(name)}"
            more = "`harness list strategies` shows the built-in ones" if axis == "strategy" else ""
            yield checked.document.problem(axes.at(axis, index), message, hint=suggestion(name, known) or more)


def _unknown_models(document: Document, evaluators: Sequence[Evaluator], known: Sequence[str]) -> Iterator[Problem]:
    reported = set()
    for one in evaluators:
        for name in one.models:
            if name not in known and (one.place, name) not in reported:
                reported.add((one.place, name))
                place = _where_named(document, one.place, name)
                yield document.problem(place, f"there is no model {quoted(name)}", hint=suggestion(name, known))


def _where_named(document: Document, place: tuple[Step, ...], name: str) -> tuple[Step, ...]:
    """The first place of a name at or inside another place."""
    inside = (path for path in document.values if path[: len(place)] == place)
    return next((path for path in sorted(inside, key=document.place) if _value_at(document, path) == name), place)


def _value_at(document: Document, path: Sequence[Step]) -> Any:
    value = document.value
    for step in path:
        value = value[step]
    return value


def _faults_of_modes(document: Document, axes: Axes, axis: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Errors that the modes find in their own settings."""
    for index, entry in enumerate(axis):
        for mode, wanted in entry.items():
            for place, message, hint in faults_of(find_mode(mode), wanted):
                yield document.problem(axes.at("evaluator", index, mode, *place), message, hint=hint)


def _repeated(document: Document, evaluators: Sequence[Evaluator]) -> Iterator[Problem]:
    """Evaluators that occur twice; only they can make two cells the same, since names on other axes are unique."""
    seen = set()
    for one in evaluators:
        key = (one.mode, one.models, one.variant)
        if key in seen:
            message = f"the evaluator {quoted(f'{one.mode}:' + '+'.join(one.models) + one.variant)} occurs twice"
            place = _where_named(document, one.place, one.models[0])
            yield document.problem(place, message, hint="remove one")
        seen.add(key)


def _missing_members(
    document: Document, cells: Sequence[Cell], evaluators: Sequence[Evaluator], axes: Axes
) -> Iterator[Problem]:
    """Cells that count, where a member is not a cell of the matrix."""
    where, instead = ("the matrix", ", or exclude the {} there") if axes == MATRIX else (quoted(str(axes.place[0])), "")
    known = {cell.id for cell in cells}
    places = {(one.mode, one.models, one.variant): one.place for one in evaluators}
    reported = set()
    for cell in cells:
        for member in members_of(cell):
            place = places[cell.mode, cell.models, cell.variant]
            if member.id not in known and (place, member.id) not in reported:
                reported.add((place, member.id))
                shown = member.id.removeprefix(f"{member.dataset}/") if axes.datasets else member.id
                message = f"a member has no cell: {quoted(shown)} is not in {where}"
                judge = f"`- judge: [{member.models[0]}]`"
                hint = f"give {where} its strategy and {judge}" + instead.format(cell.mode)
                yield document.problem(place, message, hint=hint)


def _idle_exclusions(
    document: Document, axes: Axes, matrix: Mapping[str, Any], cells: Sequence[Cell]
) -> Iterator[Problem]:
    known: dict[str, dict[str, None]] = {}
    for cell in cells:
        for key, values in _features(cell).items():
            known.setdefault(key, {}).update(dict.fromkeys(values))
    for index, exclusion in enumerate(matrix.get("exclude", ())):
        place = (*axes.place, "exclude", index)
        unknown = [(key, value) for key, value in exclusion.items() if value not in known[key]]
        for key, value in unknown:
            message = f"the matrix has no {key} {quoted(value)}"
            yield document.problem((*place, key), message, hint=suggestion(value, known[key]))
        if not unknown and not any(_matches(exclusion, cell) for cell in cells):
            yield document.problem(place, "this matches no cell", hint="remove it, or remove a key from it")
