"""Labels: each annotator's labels as codes of verdicts, and the reference verdict from them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import polars as pl

from harness.data.rows import Rows
from harness.data.values import Fault, converted, word
from harness.errors import Problem
from harness.records.datasets import DatasetSpec
from harness.records.judgments import VERDICTS, Verdict
from harness.text import printable, quoted

TIE = VERDICTS.index("tie")
NO_LABEL = -1

MAX_SHOWN = 10
"""Distinct labels that a message lists."""

SPELLINGS: tuple[Mapping[str, Verdict], ...] = (
    {verdict: verdict for verdict in VERDICTS},
    {"A": "a", "B": "b", "tie": "tie", "Tie": "tie", "TIE": "tie", "C": "tie"},
    {"model_a": "a", "model_b": "b", "tie": "tie", "tie (bothbad)": "tie", "bothbad": "tie", "both_bad": "tie"},
    {"response_a": "a", "response_b": "b", "tie": "tie"},
    {"A>>B": "a", "A>B": "a", "A=B": "tie", "B=A": "tie", "A<B": "b", "A<<B": "b", "B>A": "b", "B>>A": "b"},
    {"[[A]]": "a", "[[B]]": "b", "[[C]]": "tie", "[[A>>B]]": "a", "[[A>B]]": "a", "[[A=B]]": "tie", "[[B>A]]": "b",
     "[[B>>A]]": "b"},
)  # fmt: skip
"""Labels that can mean one thing only; numbers and `true` can mean several, so that the spec has to say."""

Codes = np.ndarray[Any, np.dtype[np.int8]]


def label_columns(
    rows: Rows, spec: DatasetSpec, names: Mapping[str, tuple[str, ...]], faults: list[Fault]
) -> tuple[tuple[str, ...], list[pl.Series]]:
    """The annotators' names, and for each of them a column of Int8 codes of VERDICTS, or null.

    Args:
        rows: the file.
        spec: says which columns are labels and what their words mean.
        names: the canonical columns that there are, with their names in the file.
        faults: what is wrong with single labels is added to it.
    """
    asked = [column for column in ("labels", "label") if column in spec.columns]
    column = next((column for column in asked or ("labels", "label") if column in names), None)
    if column is None:
        return (), []
    if column == "labels" and isinstance(spec.columns.get("labels", ""), str):
        words = _lists_apart(rows, names["labels"][0], faults)
        annotators = tuple(str(number) for number in range(1, len(words) + 1))
    else:
        words = [converted(rows.frame[name], word, name, faults) for name in names[column]]
        annotators = names[column]
    return annotators, [_codes(column, spec, faults) for column in words]


def meanings_of(words: pl.Series) -> Mapping[str, Verdict]:
    """The meaning of a column's words if the spec gives none: the first known spelling that has them all."""
    used = set(words.drop_nulls().unique())
    return next((spelling for spelling in SPELLINGS if used <= set(spelling)), SPELLINGS[0])


def label_problem(faults: Sequence[Fault], column: str = "label", key: str = "label_values") -> Problem:
    """One message for all labels without a meaning: the distinct values, how often each occurs, the line to paste.

    Args:
        faults: the rows with such a label.
        column: what the message calls them.
        key: of the spec, where their meaning is written.
    """
    counts = Counter(fault.label for fault in faults if fault.label is not None).most_common()
    shown = ", ".join(
        f"{quoted(value)} ({count:,} {'row' if count == 1 else 'rows'})" for value, count in counts[:MAX_SHOWN]
    )
    more = f", and {len(counts) - MAX_SHOWN:,} more values" if len(counts) > MAX_SHOWN else ""
    entries = ", ".join(
        f"{json.dumps(value, ensure_ascii=False)}: {_usual_meaning(value) or '…'}" for value, _ in counts[:MAX_SHOWN]
    )
    return Problem(
        message=f"`{column}` {shown}{more} {'has' if len(counts) == 1 else 'have'} no meaning",
        hint=f"say what each means, `a`, `b` or `tie`, in place of `…`: `{key}: {{{printable(entries)}}}`",
    )


def _usual_meaning(value: str) -> Verdict | None:
    """What a value means in every spelling that has it; None where none has."""
    meanings = {spelling[value] for spelling in SPELLINGS if value in spelling}
    return meanings.pop() if len(meanings) == 1 else None


def label_codes(frame: pl.DataFrame, annotators: int) -> Codes:
    """The label columns of a canonical frame as an array (rows × annotators), −1 where there is no label."""
    codes = np.empty((len(frame), annotators), dtype=np.int8)
    for at in range(annotators):
        codes[:, at] = frame[f"label_{at}"].fill_null(NO_LABEL).to_numpy()
    return codes


def majority(codes: Codes) -> Codes:
    """The verdict that most annotators gave, for each row; a split without one is a tie, −1 where none labelled."""
    counts = np.stack([(codes == code).sum(axis=1) for code in range(len(VERDICTS))], axis=1)
    most = counts.max(axis=1)
    verdicts = np.where((counts == most[:, None]).sum(axis=1) == 1, counts.argmax(axis=1), TIE)
    return np.where(most > 0, verdicts, NO_LABEL).astype(np.int8)


def _lists_apart(rows: Rows, name: str, faults: list[Fault]) -> list[pl.Series]:
    """The lists of one column as one column for each place; shorter lists end in null."""
    values = rows.frame[name]
    is_json = values.dtype == pl.Binary or rows.only_text
    lists: list[list[str | None]] = []
    for row, value in enumerate(values):
        labels = _parsed(value) if is_json else value
        known = labels if isinstance(labels, list) else []
        words = [None if label is None else word(label) for label in known]
        if (labels is not None and labels is not known) or words.count(None) > known.count(None):
            faults.append(Fault(row, name, "is no list of verdicts", "name one column per annotator, or use `label`"))
            words = []
        lists.append(words)
    width = max(map(len, lists), default=0)
    return [
        pl.Series([words[at] if at < len(words) else None for words in lists], dtype=pl.String) for at in range(width)
    ]


def _parsed(json: str | bytes | None) -> Any:
    """A JSON text parsed; as it is where it is none."""
    try:
        return None if json is None else orjson.loads(json)
    except orjson.JSONDecodeError:
        return json


def _codes(words: pl.Series, spec: DatasetSpec, faults: list[Fault]) -> pl.Series:
    """Words as Int8 codes of verdicts; a word that means none becomes null and a fault."""
    meaning = spec.label_values or meanings_of(words)
    verdicts = [VERDICTS.index(verdict) for verdict in meaning.values()]
    codes = words.replace_strict(list(meaning), verdicts, default=None, return_dtype=pl.Int8)
    if codes.null_count() > words.null_count():
        known = ", ".join(f"`{label}`" for label in meaning)
        faults += [
            Fault(
                row, "label", f"`{words[row]}` is none of {known}", "say what it means with `label_values:`", words[row]
            )
            for row in (codes.is_null() & words.is_not_null()).arg_true()
        ]
    return codes
