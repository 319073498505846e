"""Personas: who takes part in a debate, and what each of them looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Fault: TypeAlias = tuple[tuple[str | int, ...], str, str]


class Persona(NamedTuple):
    """One voice in a debate.

    Attributes:
        name: what the others call it.
        role: the persona and its focus, addressed as `you`.
    """

    name: str
    role: str


def personas_from(entries: Iterable[Mapping[str, Any]]) -> tuple[Persona, ...]:
    """Personas as a file or a spec lists them, which a schema must have accepted."""
    return tuple(Persona(entry["name"], entry["role"]) for entry in entries)


def personas_json(personas: Iterable[Persona]) -> list[dict[str, str]]:
    """Personas as plain JSON values; `personas_from` gives the same back."""
    return [persona._asdict() for persona in personas]


def persona_faults(personas: Sequence[Persona]) -> Iterator[Fault]:
    """What is wrong with a set that its schema accepted: place, message, hint."""
    seen: set[str] = set()
    for index, persona in enumerate(personas):
        plain = persona.name.casefold()
        if plain in seen:
            yield (index, "name"), f"the persona `{persona.name}` occurs twice", "give each a name of its own"
        seen.add(plain)
