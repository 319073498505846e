"""Which rows of a dataset are used: `where` first, then `sample`, then `limit`."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence

import orjson
import polars as pl

from harness.data.columns import MAX_LISTED, Canonical
from harness.data.labels import label_codes, majority
from harness.data.number_labels import mean_numbers, number_texts, numbers_in
from harness.data.rows import Rows
from harness.data.values import word
from harness.errors import DatasetError, Problem
from harness.hashing import seed_for
from harness.records.datasets import SLICE, SLICES, DatasetSpec
from harness.records.label_set import LabelSet
from harness.text import listed, quoted

MAX_SHOWN = 10
"""Values that a message lists."""


def rows_where(found: Canonical, rows: Rows, where: Mapping[str, Sequence[str]], labels: LabelSet) -> pl.DataFrame:
    """The rows whose columns each hold one of the wanted values; null matches none.

    A canonical column takes precedence over a column of the file. `label` is the reference verdict of all annotators;
    other values are compared as text, numbers and booleans as JSON writes them.

    Raises:
        DatasetError: if there is no such column, or if no row is left.
    """
    frame = found.frame
    for name, values in where.items():
        column = _column(name, found, rows, labels).gather(frame["row"])
        kept = frame.filter(column.is_in(list(values)))
        if kept.is_empty():
            raise DatasetError(_nothing_left(name, values, column))
        frame = kept
    return frame


def with_slices(frame: pl.DataFrame, found: Canonical, rows: Rows, names: Sequence[str]) -> pl.DataFrame:
    """The rows with a column `slice.NAME` for each of some columns of the file that it has, as text."""
    there = [name for name in names if name in rows.frame.columns and name not in SLICES]
    return frame.with_columns(_as_text(rows.frame[name]).gather(frame["row"]).alias(f"{SLICE}{name}") for name in there)


def chosen(frame: pl.DataFrame, spec: DatasetSpec, seed: int) -> pl.DataFrame:
    """The rows that remain after `sample` and `limit`, in file order.

    A row's chance depends on its id and the seed alone, so that rows added to a file change little of a sample.
    A sample or a limit that is larger than the dataset is the whole of it.
    """
    subset = spec.subset
    if subset.sample is not None and subset.sample < len(frame):
        draw = sample_seed(spec, seed)
        lots = pl.Series([hashlib.sha256(f"{draw}:{name}".encode()).digest() for name in frame["id"]])
        frame = frame.filter(lots.rank("ordinal") <= subset.sample)
    return frame if subset.limit is None else frame.head(subset.limit)


def sample_seed(spec: DatasetSpec, seed: int) -> int | None:
    """The seed of a dataset's sample, from its own seed or else the experiment's; None where none is drawn."""
    if spec.subset.sample is None:
        return None
    return seed_for(seed if spec.subset.seed is None else spec.subset.seed, "sample", spec.name)


def _column(name: str, found: Canonical, rows: Rows, labels: LabelSet) -> pl.Series:
    """A column as text, by its canonical name or the file's."""
    if name == "label" and found.annotators:
        if labels.is_number:
            numbers = mean_numbers(numbers_in(found.frame, len(found.annotators)))
            return pl.Series(number_texts(numbers), dtype=pl.String)
        codes = majority(label_codes(found.frame, len(found.annotators)), labels)
        return pl.Series([(*labels.names, None)[code] for code in codes], dtype=pl.String)
    if name in found.frame.columns:
        return found.frame[name]
    if name in rows.frame.columns:
        return _as_text(rows.frame[name])
    near = difflib.get_close_matches(name, rows.present, n=1)
    raise DatasetError(
        Problem(
            message=f"there is no column `{name}` to choose rows by",
            hint=f"did you mean {quoted(near[0])}?" if near else f"the file has {listed(rows.present[:MAX_LISTED])}",
        )
    )


def _as_text(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return values
    texts = [None if json is None else word(orjson.loads(json)) for json in values]
    as_json = (None if json is None else json.decode() for json in values)
    return pl.Series(
        [json if text is None else text for text, json in zip(texts, as_json, strict=True)], dtype=pl.String
    )


def _nothing_left(name: str, values: Sequence[str], column: pl.Series) -> Problem:
    there = column.drop_nulls().unique(maintain_order=True).head(MAX_SHOWN + 1).to_list()
    shown = ", ".join(f"`{value}`" for value in there[:MAX_SHOWN])
    asked = " or ".join(f"`{value}`" for value in values)
    return Problem(
        message=f"no row is left whose `{name}` is {asked}",
        hint=f"it is {shown}{', …' if len(there) > MAX_SHOWN else ''}" if there else "it is empty everywhere",
    )
