"""Replace links on an axis of a document by the winners; every entry keeps its line and column."""

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
    """One entry of an axis: its value, and its place or that of the link it replaces (`is_taken`)."""

    value: Any
    origin: Place
    is_taken: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A value of an axis, compared by its meaning and not by how it is written."""

    key: str
    value: Any = field(compare=False)


def is_link(entry: Any) -> bool:
    """Whether an entry of an axis is a `winner_of`."""
    return isinstance(entry, Mapping) and "winner_of" in entry


def listed(document: Document, axis: str) -> Document:
    """The document with a list around a link that is the whole axis."""
    stem, link = ("matrix", axis), document.value["matrix"][axis]
    values, keys = (
        {(*stem, 0, *path[2:]) if path[:2] == stem and path != stem else path: at for path, at in places.items()}
        for places in (document.values, document.keys)
    )
    values[(*stem, 0)] = document.place(stem)
    matrix = {**document.value["matrix"], axis: [link]}
    return replace(document, value={**document.value, "matrix": matrix}, values=values, keys=keys)


def with_winners(document: Document, axis: str, won: Mapping[Place, Sequence[Cell]], models: Sequence[str]) -> Document:
    """The document with the winners in place of the links of an axis, without repeating values.

    Args:
        document: the spec.
        axis: `strategy` or `evaluator`.
        won: the winning cells of a link, by its place; other links are dropped.
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
    """The values of an entry without a link."""
    if isinstance(value, str):
        yield Part(value, value)
        return
    for mode, wanted in value.items():
        for members, settings in find_mode(mode).expand(wanted, models):
            yield _evaluator(mode, tuple(members), settings)


def _parts_of(axis: str, cell: Cell) -> Iterator[Part]:
    """The values that a winning cell adds to an axis: for an evaluator that counts, its members come first."""
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
    """The new path of a place after its axis has changed; None if it is gone."""
    if path[: len(stem)] != stem or path == stem:
        return path
    index = moved.get(path[: len(stem) + 1])
    return None if index is None else (*stem, index, *path[len(stem) + 1 :])
