"""Labels as shares: numbers in one column for each verdict, such as votes, shares of annotators or probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.data.labels import NO_LABEL, TIE
from harness.data.rows import Rows
from harness.data.values import Fault, converted, text
from harness.records.datasets import SOFT_LABEL, DatasetSpec
from harness.records.judgments import VERDICTS

CLOSE = 1e-9
"""Shares that differ by no more are equal."""
_ROUNDING = 1e-6
"""How far probabilities may add up to more than 1."""
_NOTE = "the reference verdict of a row is the one with the largest share, and a tie where no share is largest"
_NO_VALUES = ("", "nan", "null", "none", "na", "n/a")

Array = NDArray[np.float64]


class Shares(NamedTuple):
    """Labels made of shares.

    Attributes:
        columns: `label_0`, Int8 codes of VERDICTS, and the soft label, Float64: the share that prefers a, half of the
            ties included. Both are null where a row has no label.
        notes: what a reader of the results should know.
    """

    columns: list[pl.Series]
    notes: tuple[str, ...]


def share_columns(spec: DatasetSpec) -> Mapping[str, str]:
    """For each verdict the column with its share; nothing where labels are no shares."""
    label = spec.columns.get("label")
    return label if isinstance(label, Mapping) else {}


def labels_of_shares(rows: Rows, named: Mapping[str, str], faults: list[Fault]) -> Shares:
    """The label of each row, the verdict with the largest share, and its soft label.

    Args:
        rows: the file.
        named: for each verdict the column with its share. Without one for `b`, the others are probabilities, and that
            of `b` is what they leave of 1.
        faults: what is wrong with single shares is added to it.
    """
    height = rows.frame.height
    sound = np.ones(height, dtype=np.bool_)
    given = {verdict: _numbers(rows.frame[name], name, sound, faults) for verdict, name in named.items()}
    missing = np.stack([np.isnan(values) for values in given.values()])
    for verdict, absent in zip(given, missing, strict=True):
        partly = sound & absent & ~missing.all(axis=0)
        _refuse(partly, named[verdict], "has no value, and another share of the row has one", sound, faults)
    if "b" not in given:
        rest = 1 - np.nansum(list(given.values()), axis=0)
        beyond = sound & (rest < -_ROUNDING)
        wrong = "is no probability: without a column for `b`, the shares of a row are at most 1 in all"
        _refuse(beyond, named["a"], wrong, sound, faults)
        given["b"] = np.maximum(rest, 0)
    shares = np.stack([given.get(verdict, np.zeros(height)) for verdict in VERDICTS])
    shares = np.where(sound & ~missing.any(axis=0), shares, 0.0)
    most = shares.max(axis=0)
    shares = shares / np.where(most > 0, most, 1)  # first, so that the sum of large numbers is finite
    total = shares.sum(axis=0)
    shares = shares / np.where(total > 0, total, 1)
    most = shares.max(axis=0)
    is_single = (shares >= most - CLOSE).sum(axis=0) == 1
    codes = np.where(total > 0, np.where(is_single, shares.argmax(axis=0), TIE), NO_LABEL).astype(np.int8)
    soft = shares[VERDICTS.index("a")] + shares[TIE] / 2
    return Shares([_nullable("label_0", codes, total > 0), _nullable(SOFT_LABEL, soft, total > 0)], (_NOTE,))


def _nullable(name: str, values: NDArray[Any], there: NDArray[np.bool_]) -> pl.Series:
    return pl.select(pl.when(pl.Series(there)).then(pl.Series(name, values))).to_series().alias(name)


def _numbers(values: pl.Series, name: str, sound: NDArray[np.bool_], faults: list[Fault]) -> Array:
    """The numbers of a column, NaN where there is no value; a value that is no share is a fault, and unsound."""
    not_text: list[Fault] = []
    words = converted(values, text, name, not_text)
    wrong = np.zeros(len(values), dtype=np.bool_)
    wrong[[fault.row for fault in not_text]] = True
    words = words.str.strip_chars().str.to_lowercase().replace({"true": "1", "false": "0"})
    words = pl.select(pl.when(~words.is_in(_NO_VALUES)).then(words)).to_series()
    numbers = words.cast(pl.Float64, strict=False)
    found = numbers.to_numpy().astype(np.float64)
    wrong |= ~np.isfinite(found) & words.is_not_null().to_numpy()
    _refuse(wrong | (found < 0), name, "is no share: it must be a number that is not negative", sound, faults)
    return found


def _refuse(wrong: NDArray[np.bool_], column: str, message: str, sound: NDArray[np.bool_], faults: list[Fault]) -> None:
    faults += [Fault(int(row), column, message) for row in np.flatnonzero(wrong)]
    sound &= ~wrong
