"""An axis of a document on which links stand: with what won in their place, every entry keeps its line and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from harness.evaluators.mode import find_mode, members_of
from harness.hashing import canonical_json
from harness.records.document import Document, Step
from harness.records.experiment import Cell

Place: TypeAlias = tuple[Step, ...]


class Entry(NamedTuple):
    """One entry of an axis: its value, and where it stands, or where what it replaces stood (`is_taken`)."""

    value: Any
    origin: Place
    is_taken: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A value of an axis, comparable by what it means and not by how it is written."""

    key: str
    value: Any = field(compare=False)


def is_link(entry: Any) -> bool:
    """Whether an entry of an axis is a `winner_of`."""
    return isinstance(entry, Mapping) and "winner_of" in entry


def listed(document: Document, axis: str) -> Document:
    """The document with a list around a link that stands on an axis alone."""
    stem, link = ("matrix", axis), document.value["matrix"][axis]
    values, keys = (
        {(*stem, 0, *path[2:]) if path[:2] == stem and path != stem else path: at for path, at in places.items()}
        for places in (document.values, document.keys)
    )
    values[(*stem, 0)] = document.place(stem)
    matrix = {**document.value["matrix"], axis: [link]}
    return replace(document, value={**document.value, "matrix": matrix}, values=values, keys=keys)


def with_winners(document: Document, axis: str, won: Mapping[Place, Sequence[Cell]], models: Sequence[str]) -> Document:
    """The document with what won in place of the links of an axis; what the axis has already is not repeated.

    Args:
        document: the spec.
        axis: `strategy` or `evaluator`.
        won: the cells whose strategies or evaluators stand for a link, by its place; other links are dropped.
        models: all models of the spec.
    """
    before = document.value["matrix"][axis]
    known = {part for value in before if not is_link(value) for part in _parts(value, models)}
    entries: list[Entry] = []
    for index, value in enumerate(before):
        origin = ("matrix", axis, index)
        if not is_link(value):
            entries.append(Entry(value, origin))
            continue
        new = dict.fromkeys(part for cell in won.get(origin, ()) for part in _parts_of(axis, cell))
        entries += [Entry(part.value, origin, is_taken=True) for part in new if part not in known]
        known.update(new)
    return _with_entries(document, ("matrix", axis), entries)


def _parts(value: Any, models: Sequence[str]) -> Iterator[Part]:
    """What an entry without a link adds to its axis."""
    if isinstance(value, str):
        yield Part(value, value)
        return
    for mode, wanted in value.items():
        for members, settings in find_mode(mode).expand(wanted, models):
            yield _evaluator(mode, tuple(members), settings)


def _parts_of(axis: str, cell: Cell) -> Iterator[Part]:
    """What a cell adds to an axis when it is taken over: its evaluator, and before it those that it counts."""
    if axis == "strategy":
        yield Part(cell.strategy, cell.strategy)
        return
    for member in members_of(cell):
        yield _evaluator(member.mode, member.models, member.settings)
    yield _evaluator(cell.mode, cell.models, cell.settings)


def _evaluator(mode: str, models: tuple[str, ...], settings: Mapping[str, Any]) -> Part:
    written = find_mode(mode).written(models, settings)
    return Part(canonical_json([mode, models, settings]).decode(), {mode: written})


def _with_entries(document: Document, stem: Place, entries: Sequence[Entry]) -> Document:
    moved = {entry.origin: index for index, entry in enumerate(entries) if not entry.is_taken}
    values, keys = (
        {place: at for path, at in places.items() if (place := _moved(path, stem, moved)) is not None}
        for places in (document.values, document.keys)
    )
    for index, entry in enumerate(entries):
        values.setdefault((*stem, index), document.place(entry.origin))
    matrix = {**document.value["matrix"], stem[-1]: [entry.value for entry in entries]}
    return replace(document, value={**document.value, "matrix": matrix}, values=values, keys=keys)


def _moved(path: Place, stem: Place, moved: Mapping[Place, int]) -> Place | None:
    """Where a path of a document leads when its axis has changed; None where nowhere."""
    if path[: len(stem)] != stem or path == stem:
        return path
    index = moved.get(path[: len(stem) + 1])
    return None if index is None else (*stem, index, *path[len(stem) + 1 :])
