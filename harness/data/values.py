"""Single values of somebody's file, made text; what cannot be is a fault with its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import orjson
import polars as pl

MAX_EXACT = 2**53
"""Whole numbers up to here are what they seem when they come as floating point."""


class Fault(NamedTuple):
    """What is wrong with a row: its position in `Rows.frame`, the canonical column, what, and how to mend it."""

    row: int
    column: str
    message: str
    hint: str = ""


def text(value: Any) -> str | None:
    """A text as it is; None for anything else."""
    return value if isinstance(value, str) else None


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
    if values.dtype == pl.String:
        return values
    texts: list[str | None] = []
    for row, json in enumerate(values):
        value = None if json is None else orjson.loads(json)
        texts.append(None if value is None else as_text(value))
        if value is not None and texts[-1] is None:
            faults.append(Fault(row, column, f"is {kind(value)}, it must be text"))
    return pl.Series(texts, dtype=pl.String)
