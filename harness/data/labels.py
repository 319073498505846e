"""Labels: each annotator's labels as codes of a label set, and the reference label from them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import polars as pl

from harness.data.number_labels import as_numbers
from harness.data.rows import Rows
from harness.data.values import Fault, converted, word
from harness.errors import Problem
from harness.records.datasets import DatasetSpec
from harness.records.judgments import VERDICTS, Verdict
from harness.records.label_set import VERDICT_LABELS, LabelSet
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
    """The annotators' names, and for each of them a column of Int8 codes of the label set, or null.

    Where labels are numbers the columns are Float64 and hold the numbers.

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
    if spec.label_set.is_number:
        named = names[column] if len(names[column]) == len(words) else names[column][:1] * len(words)
        return annotators, [as_numbers(one, faults, name) for one, name in zip(words, named, strict=True)]
    return annotators, [_codes(column, spec, faults) for column in words]


def meanings_of(words: pl.Series, labels: LabelSet = VERDICT_LABELS) -> Mapping[str, str]:
    """The meaning of a column's words if the spec gives none: the first known spelling that has them all."""
    used = set(words.drop_nulls().unique())
    if labels.is_pair:
        return next((spelling for spelling in SPELLINGS if used <= set(spelling)), SPELLINGS[0])
    if labels.values:
        return {word: name for word in used if (name := _number_named(word, labels)) is not None} or {
            name: name for name in labels.names
        }
    by_case = {name.casefold(): name for name in labels.names}
    if len(by_case) < len(labels.names):
        return {name: name for name in labels.names}
    found = {word: by_case[word.casefold()] for word in used if word.casefold() in by_case}
    return found or {name: name for name in labels.names}


def _number_named(word: str, labels: LabelSet) -> str | None:
    """The label whose number a word is, such as `4` for 4.0; None where it is none of them."""
    try:
        return labels.names[labels.values.index(float(word))]
    except ValueError:
        return None


def label_problem(
    faults: Sequence[Fault], column: str = "label", key: str = "label_values", *, labels: LabelSet = VERDICT_LABELS
) -> Problem:
    """One message for all labels without a meaning: the distinct values, how often each occurs, the line to paste.

    Args:
        faults: the rows with such a label.
        column: what the message calls them.
        key: of the spec, where their meaning is written.
        labels: what they can mean.
    """
    counts = Counter(fault.label for fault in faults if fault.label is not None).most_common()
    shown = ", ".join(
        f"{quoted(value)} ({count:,} {'row' if count == 1 else 'rows'})" for value, count in counts[:MAX_SHOWN]
    )
    more = f", and {len(counts) - MAX_SHOWN:,} more values" if len(counts) > MAX_SHOWN else ""
    entries = ", ".join(
        f"{json.dumps(value, ensure_ascii=False)}: {(labels.is_pair and _usual_meaning(value)) or '…'}"
        for value, _ in counts[:MAX_SHOWN]
    )
    or_numbers = (
        "write `labels: number` in the spec to keep numbers as they are, or " if _are_numbers(counts, labels) else ""
    )
    return Problem(
        message=f"`{column}` {shown}{more} {'has' if len(counts) == 1 else 'have'} no meaning",
        hint=f"{or_numbers}say what each means, {_choices(labels)}, in place of `…`: `{key}: {{{printable(entries)}}}`",
    )


def _are_numbers(counts: Sequence[tuple[str, int]], labels: LabelSet) -> bool:
    """Whether labels without a meaning are mostly numbers, where those of the strategies are grades."""
    faults: list[Fault] = []
    as_numbers(pl.Series([word for word, _ in counts], dtype=pl.String), faults)
    return bool(labels.values) and 2 * len(faults) < len(counts)


def _choices(labels: LabelSet) -> str:
    """The labels as a message lists them."""
    if labels.is_pair:
        return "`a`, `b` or `tie`"
    *others, last = (f"`{printable(name)}`" for name in labels.names)
    return f"{', '.join(others)} or {last}"


def _usual_meaning(value: str) -> Verdict | None:
    """What a value means in every spelling that has it; None where none has."""
    meanings = {spelling[value] for spelling in SPELLINGS if value in spelling}
    return meanings.pop() if len(meanings) == 1 else None


def label_codes(frame: pl.DataFrame, annotators: int) -> Codes:
    """The label columns of a canonical frame as an array (rows × annotators), −1 where there is no label."""
    codes = np.empty((len(frame), annotators), dtype=np.int8)
    for at in range(annotators):
        column = frame[f"label_{at}"]
        if column.dtype == pl.Float64:  # numbers are of one class
            codes[:, at] = np.where(column.is_null().to_numpy(), NO_LABEL, 0)
        else:
            codes[:, at] = column.fill_null(NO_LABEL).to_numpy()
    return codes


def majority(codes: Codes, labels: LabelSet = VERDICT_LABELS) -> Codes:
    """The label that most annotators gave, for each row, −1 where none labelled.

    A split without one is the label that the set names for it (of pairs `tie`); of ordered labels else the lower median
    of all labels of the row, and of others none, −1.
    """
    counts = np.stack([(codes == code).sum(axis=1) for code in range(len(labels.names))], axis=1)
    most = counts.max(axis=1, initial=0)
    if labels.split:
        split: Any = labels.names.index(labels.split)
    elif labels.is_ordered:
        split = (np.cumsum(counts, axis=1) * 2 >= counts.sum(axis=1, keepdims=True)).argmax(axis=1)
    else:
        split = NO_LABEL
    found = np.where((counts == most[:, None]).sum(axis=1) == 1, counts.argmax(axis=1), split)
    return np.where(most > 0, found, NO_LABEL).astype(np.int8)


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
            faults.append(Fault(row, name, "is no list of labels", "name one column per annotator, or use `label`"))
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
    """Words as Int8 codes of labels; a word that means none becomes null and a fault."""
    meaning = spec.label_values or meanings_of(words, spec.label_set)
    named = [spec.label_set.names.index(label) for label in meaning.values()]
    codes = words.replace_strict(list(meaning), named, default=None, return_dtype=pl.Int8)
    if codes.null_count() > words.null_count():
        known = ", ".join(f"`{label}`" for label in meaning)
        faults += [
            Fault(
                row, "label", f"`{words[row]}` is none of {known}", "say what it means with `label_values:`", words[row]
            )
            for row in (codes.is_null() & words.is_not_null()).arg_true()
        ]
    return codes
