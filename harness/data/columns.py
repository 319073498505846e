"""Map the columns of a file to the columns of the harness.

| column | holds |
| --- | --- |
| id | text or a number, unique; made from the content where the file has none |
| prompt | text, or a list of messages |
| response_a, response_b | text, or a list of messages |
| response | the same, in a dataset of single responses, in place of both |
| responses, and one of scores, ranks, ranking, best | of several responses (`harness.data.response_lists`) |
| label | the verdict of one annotator, or null; or the shares of verdicts, one column for each |
| labels | the verdicts of several: a list in one column (shorter lists end in null), or one column for each |
| cluster, category, model_a, model_b | text or a number, or null; of single responses `model` |
| reference | a reference answer, or null |

A column is found by its own name or by the one that the spec's `columns:` gives, which may be a path into a column
(`harness.data.paths`); where a file has both `label` and `labels` and the spec names neither, `labels` is used.
`columns: {model_a: {value: gpt-4}}` gives every row the same value, `columns: {id: {from: row}}` numbers the rows.
Columns that are not wanted are not read. Work is done column by column; only a value that is not text costs a step of
Python.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

import orjson
import polars as pl

from harness.data.column_names import REQUIRED, RESPONSE, RESPONSES, SIDES, TEXTS, WORDS, columns_of
from harness.data.labels import label_columns
from harness.data.paths import roots_of
from harness.data.prompts import prompt_columns
from harness.data.response_lists import response_lists
from harness.data.responses import CHOSEN, Responses, may_be_messages, responses_of
from harness.data.rows import Rows
from harness.data.shares import labels_of_shares, share_columns
from harness.data.values import Fault, converted, text, word
from harness.errors import Problem
from harness.records.datasets import DatasetSpec
from harness.records.judgments import VERDICTS
from harness.text import listed, quoted

MAX_LISTED = 20
"""Columns of a file that a message names."""
EMPTY = "is missing or empty"


class Canonical(NamedTuple):
    """A file in canonical columns, still with its faults.

    Attributes:
        frame: `row` (the position in `Rows.frame`), the canonical columns as String, `is_chat` (whether the prompt
            is the JSON of a list of messages) and `label_0`, `label_1`, … (Int8 codes of the label set, or null), and
            `soft_label` (Float64) where labels are shares.
        annotators: names of those who labelled, in the order of the label columns.
        faults: what is wrong with single rows; the value in question is null in the frame.
        notes: what a reader of the results should know of how the file was read.
        is_drawn: whether the order of the responses was drawn from the seed.
    """

    frame: pl.DataFrame
    annotators: tuple[str, ...]
    faults: list[Fault]
    notes: tuple[str, ...] = ()
    is_drawn: bool = False


def wanted_columns(spec: DatasetSpec) -> list[str]:
    """The names of all columns of the file that may be needed."""
    names = [name for column in columns_of(spec) for name in _names(spec, column)]
    return roots_of([*names, *(CHOSEN if spec.label_set.is_pair else ()), *spec.subset.where, *spec.slices])


def path_names(spec: DatasetSpec) -> list[str]:
    """The names in the spec that may be paths into a column."""
    return [name for column in columns_of(spec) if column in spec.columns for name in _names(spec, column)] + [
        *spec.subset.where,
        *spec.slices,
    ]


def missing_columns(rows: Rows, spec: DatasetSpec, required: Sequence[str] = REQUIRED) -> list[Problem]:
    """The columns that the file must have, or that the spec names, and that are not there."""
    made = {"id"}
    if _is_preference(rows, spec):
        made |= {"response_a", "response_b"}
    if "response_a" in required and _holds_messages(rows, spec):
        made.add("prompt")
    return [
        missing_column(name, key, rows)
        for column in columns_of(spec)
        if column in spec.columns or (column in required and column not in made)
        for key, name in _keys_and_names(spec, column)
        if name not in rows.present
    ]


def canonical(rows: Rows, spec: DatasetSpec, seed: int) -> Canonical:
    """Make canonical columns of a file's columns, of which none is missing.

    Args:
        rows: the file.
        spec: what its columns are called.
        seed: of the experiment; it decides which of a chosen and a rejected response is a.
    """
    every = {column: _names(spec, column) for column in columns_of(spec)}
    names = {column: found for column, found in every.items() if found and set(found) <= set(rows.present)}
    faults: list[Fault] = []
    notes: list[str] = []
    is_drawn = _is_preference(rows, spec)
    if is_drawn:
        order = tuple(names.get(side, (default,))[0] for side, default in zip(SIDES, CHOSEN, strict=True))
        names |= {side: (name,) for side, name in zip(SIDES, order, strict=True)}
    of_lists = response_lists(rows, spec, names, faults, seed) if spec.is_many else None
    found = of_lists or responses_of(rows, names, faults)
    columns = [*found.columns]
    if "prompt" in names and not (isinstance(found, Responses) and found.prompt is not None):
        columns += prompt_columns(rows, names["prompt"][0], faults)
    for column in ("reference", *WORDS):
        if column in names:
            values = rows.frame[names[column][0]]
            columns.append(converted(values, text if column in TEXTS else word, column, faults).alias(column))
    if shares := share_columns(spec):
        made = labels_of_shares(rows, shares, faults)
        columns += made.columns
        notes += made.notes
        annotators: tuple[str, ...] = ("label",)
    else:
        annotators, labels = label_columns(rows, spec, names, faults)
        columns += [codes.alias(f"label_{at}") for at, codes in enumerate(labels)]
    frame = pl.DataFrame(columns or {"row": rows.frame.height * [0]}).with_columns(_constants(spec))
    frame = frame.drop("row", strict=False).with_row_index("row")
    notes += found.notes
    if "id" not in frame.columns:
        frame = frame.with_columns(_made_ids(rows, frame, spec))
        if "id" not in spec.columns:
            texts = "response" if spec.label_set.is_single else "responses"
            notes.append(f"the file has no column `id`: an id is the digest of the prompt and the {texts}")
    if "prompt" in frame.columns and isinstance(spec.columns.get("prompt"), Mapping) and "cluster" not in frame.columns:
        frame = frame.with_columns(pl.col("id").alias("cluster"))  # one text for all rows makes them no cluster
    if is_drawn:
        frame = _shuffled(frame, names[SIDES[0]] == ("rejected",), seed)
        annotators = ("chosen",)
        notes.append(
            "`chosen` and `rejected` are shown as a and b in an order drawn from the seed; the label is `chosen`"
        )
    is_drawn = is_drawn or bool(of_lists and of_lists.notes)
    return Canonical(frame, annotators, faults, tuple(notes), is_drawn)


def _is_preference(rows: Rows, spec: DatasetSpec) -> bool:
    """Whether the responses are a chosen and a rejected one, and nothing else says which is better."""
    if not spec.label_set.is_pair or {"label", "labels"} & set(spec.columns) or {"label", "labels"} & set(rows.present):
        return False
    named = {name for side in SIDES for name in _names(spec, side)}
    is_default = not any(side in spec.columns or side in rows.present for side in SIDES)
    return set(CHOSEN) <= set(rows.present) and (is_default or named == set(CHOSEN))


def _holds_messages(rows: Rows, spec: DatasetSpec) -> bool:
    """Whether the first response that is there is a list of messages, which a prompt can be read from."""
    if "prompt" in spec.columns or "prompt" in rows.present:
        return False
    sides = CHOSEN if _is_preference(rows, spec) else tuple(name for side in SIDES for name in _names(spec, side))
    return all(name in rows.frame.columns and may_be_messages(rows.frame[name], rows.only_text) for name in sides)


def _shuffled(frame: pl.DataFrame, is_a_rejected: bool, seed: int) -> pl.DataFrame:
    """The frame with the chosen response as a or as b, drawn from the seed and the content of each row."""
    texts = frame.select("prompt", "response_a", "response_b").iter_rows()
    draws = [hashlib.sha256(orjson.dumps([seed, *row])).digest()[0] % 2 == 1 for row in texts]
    swaps = pl.Series(draws, dtype=pl.Boolean)
    pairs = [(f"{name}_a", f"{name}_b") for name in ("response", "model")]
    columns = []
    for one, other in pairs:
        if one in frame.columns or other in frame.columns:
            a = pl.col(one) if one in frame.columns else pl.lit(None, pl.String)
            b = pl.col(other) if other in frame.columns else pl.lit(None, pl.String)
            columns += [
                pl.when(swaps).then(b).otherwise(a).alias(one),
                pl.when(swaps).then(a).otherwise(b).alias(other),
            ]
    chosen_is_b = swaps ^ is_a_rejected
    label = pl.when(chosen_is_b).then(VERDICTS.index("b")).otherwise(VERDICTS.index("a")).cast(pl.Int8)
    return frame.with_columns(*columns, label.alias("label_0"))


def _made_ids(rows: Rows, frame: pl.DataFrame, spec: DatasetSpec) -> pl.Series:
    """Ids for a file that has none: row numbers where the spec asks for them, else digests of the content."""
    made = spec.columns.get("id")
    if isinstance(made, Mapping) and made.get("from") == "row":
        return pl.Series("id", [str(number) for number in rows.numbers()], dtype=pl.String)
    texts = frame.select(
        name for name in ("prompt", "response_a", "response_b", RESPONSE, RESPONSES) if name in frame.columns
    ).iter_rows()
    seen: dict[str, int] = {}
    ids = []
    for row in texts:
        digest = hashlib.sha256(orjson.dumps(row)).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        ids.append(digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
    return pl.Series("id", ids, dtype=pl.String)


def _constants(spec: DatasetSpec) -> list[pl.Expr]:
    """The columns to which the spec gives one value for all rows."""
    made = {
        column: word(value["value"])
        for column, value in spec.columns.items()
        if isinstance(value, Mapping) and "value" in value
    }
    chats = [pl.lit(value=False).alias("is_chat")] if "prompt" in made else []
    return [*(pl.lit(value, pl.String).alias(column) for column, value in made.items()), *chats]


def empty_and_repeated(frame: pl.DataFrame, known: Iterable[Fault], required: Sequence[str] = REQUIRED) -> list[Fault]:
    """The faults that only show in the rows that are used: nothing where something must be, and repeated ids."""
    faults = []
    for column in required:
        known_rows = {fault.row for fault in known if fault.column == column}
        empty = frame.filter(pl.col(column).is_null() | ~pl.col(column).str.contains(r"\S"))["row"]
        faults += [Fault(row, column, EMPTY) for row in empty if row not in known_rows]
    is_there = pl.col("id").str.contains(r"\S").fill_null(value=False)
    repeated = frame.filter(is_there & ~pl.col("id").is_first_distinct())
    faults += [Fault(row, "id", f"{quoted(name)} occurs before") for row, name in repeated.select("row", "id").rows()]
    return faults


def answered_already(frame: pl.DataFrame) -> list[Fault]:
    """The faults of prompts that leave nothing to write: the last word is the assistant's."""
    chats = frame.filter("is_chat").select("row", "prompt").rows()
    wrong = "ends with a message of the assistant, it must end with what is to be answered"
    return [Fault(row, "prompt", wrong) for row, chat in chats if orjson.loads(chat)[-1]["role"] == "assistant"]


def _names(spec: DatasetSpec, column: str) -> tuple[str, ...]:
    """What a canonical column is called in the file; nothing where the spec makes it up."""
    named = spec.columns.get(column, column)
    if isinstance(named, Mapping):
        return tuple(named.values()) if column in ("label", "best") else ()
    return (named,) if isinstance(named, str) else tuple(named)


def _keys_and_names(spec: DatasetSpec, column: str) -> list[tuple[str, str]]:
    """What a canonical column is called in the file, each with the key of `columns:` that says so."""
    shares = share_columns(spec) if column == "label" else {}
    keys = [f"label.{verdict}" for verdict in shares]
    return [*zip(keys or repeat(column), _names(spec, column), strict=False)]


def missing_column(name: str, column: str, rows: Rows) -> Problem:
    """A column that the file does not have, with those that it has.

    Args:
        name: what it is called, or should be.
        column: the key of `columns:` that names it; a dot leads to a key inside.
        rows: the file.
    """
    near = difflib.get_close_matches(name, rows.present, n=1)
    there = listed(rows.present[:MAX_LISTED])
    if len(rows.present) > MAX_LISTED:
        there += f" and {len(rows.present) - MAX_LISTED:,} more"
    question = f"did you mean {quoted(near[0])}? " if near else ""
    setting = "NAME"
    for key in reversed(column.split(".")):
        setting = f"{{{key}: {setting}}}"
    return Problem(
        message=f"there is no column {quoted(name)}; the file has {there}",
        hint=f"{question}say what it is called with `columns: {setting}`",
    )
