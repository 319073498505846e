"""Labels that are numbers: each annotator's as Float64, and their mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.data.values import Fault
from harness.text import printable

GREATEST = 1e15
"""Labels may not be further from 0: sums of their squares must be exact enough."""

Array = NDArray[np.float64]


def as_numbers(words: pl.Series, faults: list[Fault], column: str = "label") -> pl.Series:
    """Words as Float64; a blank one is null, and one that is no finite number is null and a fault.

    Args:
        words: of a column, as text.
        faults: what is wrong with single labels is added to it.
        column: what the faults call it.
    """
    stripped = words.str.strip_chars()
    stripped = pl.select(pl.when(stripped != "").then(stripped)).to_series()
    found = stripped.cast(pl.Float64, strict=False)
    is_sound = found.is_finite() & (found.abs() <= GREATEST)
    faults += [
        Fault(row, column, f"`{printable(stripped[row])}` is {_why(found[row])}", HINT)
        for row in (stripped.is_not_null() & ~is_sound.fill_null(value=False)).arg_true()
    ]
    return pl.select(pl.when(is_sound).then(found)).to_series()


def _why(number: float | None) -> str:
    is_far = number is not None and math.isfinite(number)
    return f"further from 0 than {GREATEST:g}" if is_far else "no finite number"


HINT = "labels are numbers here: write one such as 3.5, or nothing where there is no label"


def numbers_in(frame: pl.DataFrame, annotators: int) -> Array:
    """The label columns of a canonical frame as numbers (rows × annotators), NaN where there is none."""
    numbers = np.empty((len(frame), annotators))
    for at in range(annotators):
        numbers[:, at] = frame[f"label_{at}"].to_numpy()
    return numbers


def mean_numbers(numbers: Array) -> Array:
    """The mean over the annotators of each item who gave a number, NaN where none did.

    Args:
        numbers: items × annotators, NaN where there is none.
    """
    given = ~np.isnan(numbers)
    sums: Array = np.where(given, numbers, 0.0).sum(axis=1)
    return np.where(given.any(axis=1), sums / np.maximum(given.sum(axis=1), 1), np.nan)


def number_texts(numbers: NDArray[Any]) -> list[str | None]:
    """Numbers as text that gives the same numbers when it is read, such as `4` and `3.5`; None for NaN."""
    return [None if number != number else repr(number).removesuffix(".0") for number in numbers.tolist()]
