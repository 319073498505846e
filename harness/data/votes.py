"""Labels in long form: a file with one row for each label that an annotator gave an item."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.data.columns import missing_column
from harness.data.labels import NO_LABEL, meanings_of
from harness.data.number_labels import as_numbers
from harness.data.paths import roots_of, with_paths
from harness.data.usable import row_problems
from harness.data.values import Fault, converted, word
from harness.errors import DatasetError, Problem
from harness.records.datasets import DatasetSpec, VotesSpec
from harness.text import quoted

MAX_NAMED = 200
"""Annotators that have a column of their own. With more, labels are numbered within each item instead."""


def with_votes(
    frame: pl.DataFrame, annotators: tuple[str, ...], spec: DatasetSpec
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The frame with a label column for each annotator of the votes; as it is where the spec names no votes.

    Raises:
        DatasetError: where the file cannot be read, where labels have no meaning, where an annotator labels an item
            twice with different labels, or where no vote is of an item of the dataset.
    """
    if spec.votes is None:
        return frame, annotators
    try:
        return _with_votes(frame, spec.votes, spec)
    except DatasetError as error:
        raise DatasetError(replace(one, file=one.file or spec.votes.shown_path) for one in error.problems) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(Problem(file=spec.votes.shown_path, message=f"cannot be read: {reason}")) from None


def _with_votes(frame: pl.DataFrame, votes: VotesSpec, spec: DatasetSpec) -> tuple[pl.DataFrame, tuple[str, ...]]:
    table = _read(votes, spec)
    if table.is_empty():
        raise DatasetError(Problem(message="holds no label"))
    table = table.filter(pl.col("item").is_in(frame["id"].to_list()))
    if table.is_empty():
        hint = "its column of items must hold the ids of the dataset"
        raise DatasetError(Problem(message="holds no vote on an item of the dataset", hint=hint))
    twice = table.group_by("item", "annotator").agg(pl.col("code").n_unique()).filter(pl.col("code") > 1)
    if votes.annotator is not None and not twice.is_empty():
        item, annotator = twice.sort("item", "annotator").select("item", "annotator").row(0)
        message = f"{quoted(annotator)} gives {quoted(item)} two different labels"
        raise DatasetError(Problem(message=f"{message}, and {len(twice) - 1} more" if len(twice) > 1 else message))
    names = sorted(table["annotator"].unique())
    if votes.annotator is None or len(names) > MAX_NAMED:
        place = pl.int_range(pl.len()).over("item").cast(pl.String)
        table = table.sort("item", "annotator", maintain_order=True).with_columns((place).alias("annotator"))
        names = [str(at) for at in range(int(table["annotator"].cast(pl.Int64).max() or 0) + 1)]  # type: ignore[arg-type]
    place_of_item = {item: at for at, item in enumerate(frame["id"])}
    place_of_name = {name: at for at, name in enumerate(names)}
    is_number = spec.label_set.is_number
    codes: NDArray[Any] = np.full((len(frame), len(names)), np.nan if is_number else NO_LABEL)
    for item, annotator, code in table.select("item", "annotator", "code").iter_rows():
        codes[place_of_item[item], place_of_name[annotator]] = code
    old = [name for name in frame.columns if name.startswith("label_")]
    columns = (pl.Series(f"label_{at}", codes[:, at]) for at in range(len(names)))
    labels = [one.fill_nan(None) if is_number else one.replace({NO_LABEL: None}).cast(pl.Int8) for one in columns]
    shown = tuple(str(int(name) + 1) for name in names) if votes.annotator is None else tuple(names)
    return frame.drop(old).with_columns(labels), shown


def _read(votes: VotesSpec, spec: DatasetSpec) -> pl.DataFrame:
    """The votes as text columns `item` and `annotator`, and `code`, which is the number where labels are numbers."""
    from harness.data.reading import read_source

    named = {"item": votes.item, "annotator": votes.annotator, "label": votes.label}
    wanted = [name for name in named.values() if name is not None]
    rows = with_paths(read_source(votes, roots_of(wanted)), wanted)
    if rows.present and (missing := [(key, name) for key, name in named.items() if name and name not in rows.present]):
        found = [missing_column(name, key, rows) for key, name in missing]
        raise DatasetError(replace(one, hint=one.hint.replace("`columns:", "`votes:")) for one in found)
    if rows.frame.is_empty():
        raise DatasetError(row_problems(rows, []) or [Problem(message="holds no rows")])
    faults: list[Fault] = []
    columns = [converted(rows.frame[name], word, kind, faults).alias(kind) for kind, name in named.items() if name]
    table = pl.DataFrame(columns)
    if votes.annotator is None:
        table = table.with_columns(pl.lit("").alias("annotator"))
    known = {fault.row for fault in faults}
    empty = (table["item"].is_null() & table["label"].is_not_null()).arg_true()
    faults += [Fault(row, "item", "is missing or empty") for row in empty if row not in known]
    labels = spec.label_set
    if labels.is_number:
        table = table.with_columns(
            pl.col("annotator").fill_null("unnamed"), as_numbers(table["label"], faults).alias("code")
        )
        if problems := row_problems(rows, faults, labels):
            raise DatasetError(problems)
        return table.filter(pl.col("code").is_not_null() & pl.col("item").is_not_null())
    meaning = spec.label_values or meanings_of(table["label"], labels)
    codes = [labels.names.index(label) for label in meaning.values()]
    table = table.with_columns(
        pl.col("annotator").fill_null("unnamed"),
        pl.col("label").replace_strict(list(meaning), codes, default=None, return_dtype=pl.Int8).alias("code"),
    )
    unknown = (table["code"].is_null() & table["label"].is_not_null()).arg_true()
    faults += [Fault(row, "label", "", label=table["label"][row]) for row in unknown]
    if problems := row_problems(rows, faults, labels):
        raise DatasetError(problems)
    return table.filter(pl.col("label").is_not_null() & pl.col("item").is_not_null())
