"""Findings in rows: what is wrong with many rows of a file in the same way is one finding, with a count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

Finding: TypeAlias = tuple[str, int, str, str]
"""File, number of the row, message and hint."""

MAX_ALIKE = 3
"""Rows with a problem of one kind that are shown one by one; more are one problem with a count."""
MAX_ROWS = 5
"""Rows that such a problem names beside its first."""
_COLUMN = re.compile(r"`[^`]*` ")
_VALUES = re.compile(r"`[^`]*`|\d+")


def gathered(found: Sequence[Finding]) -> list[Finding]:
    """The findings, of which those of one kind in more than three rows of a file are one, at the first of them.

    Findings are of one kind where they differ in numbers and quoted values alone, that of the column aside.
    """
    rows: dict[tuple[str, str], list[int]] = {}
    kinds = [(file, _kind(message)) for file, _, message, _ in found]
    for kind, finding in zip(kinds, found, strict=True):
        rows.setdefault(kind, []).append(finding[1])
    fewer = []
    done: set[tuple[str, str]] = set()
    for kind, (file, number, message, hint) in zip(kinds, found, strict=True):
        alike = rows[kind]
        if len(alike) <= MAX_ALIKE:
            fewer.append((file, number, message, hint))
        elif kind not in done:
            done.add(kind)
            named = ", ".join(f"{other}" for other in alike[1 : MAX_ROWS + 1])
            more = ", …" if len(alike) > MAX_ROWS + 1 else ""
            message += f", and {len(alike) - 1:,} other rows have a problem of this kind ({named}{more})"
            fewer.append((file, number, message, hint))
    return fewer


def _kind(message: str) -> str:
    """A message without its values."""
    column = _COLUMN.match(message)
    start = column.end() if column else 0
    return message[:start] + _VALUES.sub("…", message[start:])
