"""The columns of somebody's file, made into the columns that the harness knows.

| column | holds |
| --- | --- |
| id | text or a number, unique |
| prompt | text, or a list of messages |
| response_a, response_b | text |
| label | the verdict of one annotator, or null |
| labels | the verdicts of several: a list in one column (shorter lists end in null), or one column for each |
| cluster, category, model_a, model_b | text or a number, or null |
| reference | a reference answer, or null |

A column is found by its own name or by the one that the spec's `columns:` gives; where a file has both `label` and
`labels` and the spec names neither, `labels` is used. Columns that nobody asks for are not read. Work is done column
by column; only a value that is not text costs a step of Python.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson
import polars as pl

from harness.data.labels import label_columns
from harness.data.prompts import prompt_columns
from harness.data.rows import Rows
from harness.data.values import Fault, converted, text, word
from harness.errors import Problem
from harness.records.datasets import DatasetSpec

REQUIRED = ("id", "prompt", "response_a", "response_b")
TEXTS = ("response_a", "response_b", "reference")
WORDS = ("id", "cluster", "category", "model_a", "model_b")
COLUMNS = (*REQUIRED, "label", "labels", *WORDS[1:], "reference")
"""The canonical columns, as `columns:` of a spec may name them."""


class Canonical(NamedTuple):
    """A file in canonical columns, still with its faults.

    Attributes:
        frame: `row` (the position in `Rows.frame`), the canonical columns as String, `is_chat` (whether the prompt
            is the JSON of a list of messages) and `label_0`, `label_1`, … (Int8 codes of VERDICTS, or null).
        annotators: names of those who labelled, in the order of the label columns.
        faults: what is wrong with single rows; the value in question is null in the frame.
    """

    frame: pl.DataFrame
    annotators: tuple[str, ...]
    faults: list[Fault]


def wanted_columns(spec: DatasetSpec) -> list[str]:
    """The names of all columns of the file that may be needed."""
    names = [name for column in COLUMNS for name in _names(spec, column)]
    return list(dict.fromkeys([*names, *spec.subset.where]))


def missing_columns(rows: Rows, spec: DatasetSpec, required: Sequence[str] = REQUIRED) -> list[Problem]:
    """The columns that the file must have, or that the spec names, and that are not there."""
    return [
        _missing(name, column, rows)
        for column in COLUMNS
        if column in required or column in spec.columns
        for name in _names(spec, column)
        if name not in rows.present
    ]


def canonical(rows: Rows, spec: DatasetSpec) -> Canonical:
    """Make canonical columns of a file's columns, of which none is missing."""
    every = {column: _names(spec, column) for column in COLUMNS}
    names = {column: found for column, found in every.items() if set(found) <= set(rows.present)}
    faults: list[Fault] = []
    columns = list(prompt_columns(rows, names["prompt"][0], faults))
    for column in (*TEXTS, *WORDS):
        if column in names:
            values = rows.frame[names[column][0]]
            columns.append(converted(values, text if column in TEXTS else word, column, faults).alias(column))
    annotators, labels = label_columns(rows, spec, names, faults)
    columns += [codes.alias(f"label_{at}") for at, codes in enumerate(labels)]
    return Canonical(pl.DataFrame(columns).with_row_index("row"), annotators, faults)


def empty_and_repeated(frame: pl.DataFrame, known: Iterable[Fault], required: Sequence[str] = REQUIRED) -> list[Fault]:
    """The faults that only show in the rows that are used: nothing where something must be, and repeated ids."""
    faults = []
    for column in required:
        told = {fault.row for fault in known if fault.column == column}
        empty = frame.filter(pl.col(column).is_null() | ~pl.col(column).str.contains(r"\S"))["row"]
        faults += [Fault(row, column, "is missing or empty") for row in empty if row not in told]
    repeated = frame.filter(pl.col("id").is_not_null() & ~pl.col("id").is_first_distinct())
    faults += [Fault(row, "id", f"`{name}` occurs before") for row, name in repeated.select("row", "id").rows()]
    return faults


def answered_already(frame: pl.DataFrame) -> list[Fault]:
    """The faults of prompts that leave nothing to write: the last word is the assistant's."""
    chats = frame.filter("is_chat").select("row", "prompt").rows()
    wrong = "ends with a message of the assistant, it must end with what is to be answered"
    return [Fault(row, "prompt", wrong) for row, chat in chats if orjson.loads(chat)[-1]["role"] == "assistant"]


def _names(spec: DatasetSpec, column: str) -> tuple[str, ...]:
    """What a canonical column is called in the file."""
    named = spec.columns.get(column, column)
    return (named,) if isinstance(named, str) else tuple(named)


def _missing(name: str, column: str, rows: Rows) -> Problem:
    near = difflib.get_close_matches(name, rows.present, n=1)
    there = ", ".join(f"`{present}`" for present in rows.present)
    question = f"did you mean `{near[0]}`? " if near else ""
    return Problem(
        message=f"there is no column `{name}`; the file has {there}",
        hint=f"{question}say what it is called with `columns: {{{column}: NAME}}`",
    )
