"""Convert single values of a file to text; a value that cannot be converted is a fault with its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from harness.data.json_rows import json_bytes

if TYPE_CHECKING:
    import polars as pl

MAX_EXACT = 2**53
"""Whole numbers up to here are exact as floating point."""


class Fault(NamedTuple):
    """What is wrong with a row.

    Attributes:
        row: its position in `Rows.frame`.
        column: the canonical column.
        message: what is wrong.
        hint: how to fix it, or "".
        label: the label that has no meaning, where that is what is wrong.
    """

    row: int
    column: str
    message: str
    hint: str = ""
    label: str | None = None


def text(value: Any) -> str | None:
    """A text as it is, a number and `true` or `false` as JSON writes them; None for anything else."""
    if isinstance(value, str):
        return value
    return json_bytes(value).decode() if isinstance(value, int | float) else None


def word(value: Any) -> str | None:
    """A short value as text: a number as it is written, a whole one without a fraction; None for lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_EXACT:
        value = int(value)
    return orjson.dumps(value).decode() if isinstance(value, int | float) else None


def kind(value: Any) -> str:
    """What a JSON value other than text or null is, in words."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"


def converted(values: pl.Series, as_text: Callable[[Any], str | None], column: str, faults: list[Fault]) -> pl.Series:
    """A column as String; a value that `as_text` refuses becomes null and a fault."""
    import polars as pl

    if values.dtype == pl.String:
        return values
    texts: list[str | None] = []
    for row, json in enumerate(values):
        value = None if json is None else orjson.loads(json)
        texts.append(None if value is None else as_text(value))
        if value is not None and texts[-1] is None:
            faults.append(Fault(row, column, f"is {kind(value)}, it must be text"))
    return pl.Series(texts, dtype=pl.String)
