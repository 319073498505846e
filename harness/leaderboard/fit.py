"""Which columns of a summary a terminal has room for, and names shortened to what is left."""

from __future__ import annotations

from collections.abc import Sequence

from harness.leaderboard.tables import Field, Form, Marked
from harness.text import printable

GAP = 2
"""Spaces between columns."""
SHORTEST_NAME = 16
"""A name is shortened to no fewer characters."""
READABLE_NAME = 30
"""A name is shortened to no fewer characters for the sake of a column that matters."""
MATTERS = 20
"""The last priority of a column that names are shortened for."""


def fitted(fields: Sequence[Field], width: int, *, may_shorten: bool) -> list[tuple[Field, Form]]:
    """The columns that fit into a width, from left to right, each in its widest form that fits.

    Forms get room by priority. Forms of priority 0 are always there. Names get shorter where these alone are too wide,
    and, as far as they can still be read, for the columns that matter.

    Args:
        fields: the columns.
        width: characters of a line.
        may_shorten: whether names may be shortened.
    """
    shown = {at: form for at, field in enumerate(fields) for form in field.forms if form.priority == 0}
    later = sorted(
        ((form.priority, at, form) for at, field in enumerate(fields) for form in field.forms if form.priority),
        key=lambda entry: entry[:2],
    )
    for priority, at, form in later:
        tried = {**shown, at: form}
        spare = _spare(fields, shown) if may_shorten and priority <= MATTERS else 0
        if _width(tried) - spare <= width:
            shown = tried
    over = _width(shown) - width
    if may_shorten and over > 0:
        for at, form in shown.items():
            if fields[at].is_name:
                room = max(SHORTEST_NAME, _form_width(form) - over)
                shown[at] = form._replace(texts=shortened(form.texts, room))
    return [(fields[at], shown[at]) for at in sorted(shown)]


def _width(shown: dict[int, Form]) -> int:
    return sum(_form_width(form) + GAP for form in shown.values()) - GAP


def _spare(fields: Sequence[Field], shown: dict[int, Form]) -> int:
    """Characters that long names can be shortened by and still be read."""
    return sum(max(0, _form_width(form) - READABLE_NAME) for at, form in shown.items() if fields[at].is_name)


def _form_width(form: Form) -> int:
    return max(len(printable(text)) for text in (form.header, *form.texts))


def shortened(names: Sequence[str], room: int) -> list[str]:
    """Names with their middle left out where they are longer than `room`, all distinct; as they are where none can be.

    Args:
        names: distinct names.
        room: characters of a name.
    """
    for share in (0.5, 0.35, 0.65, 0.2, 0.8):
        head = round((room - 1) * share)
        tail = room - 1 - head
        found = [name if len(name) <= room else f"{name[:head]}…{name[len(name) - tail :]}" for name in names]
        if len(set(found)) == len(set(names)):
            return [_like(name, text) for name, text in zip(names, found, strict=True)]
    return list(names)


def _like(name: str, text: str) -> str:
    """A text with the meaning of the name that it stands for."""
    return Marked(text, name.meaning) if isinstance(name, Marked) else text
