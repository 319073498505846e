"""Files to fill in: CSV or JSON Lines with a row for each drawn item, which name no system, judge or position.

| column | holds |
| --- | --- |
| key | what the item is called; it says nothing about the item |
| label | empty, for the annotator to fill in |
| prompt, response | the texts; of several `response_1`, `response_2` and so on, in an order that says nothing |
| reference | the reference answer, where the data have one |
| annotator | who labels |
| probability | with which the round drew the item from those not drawn before |
| draw | id of the draw |
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import orjson

from harness.atomic import replacing
from harness.data.reading import read_files
from harness.data.rows import Rows
from harness.data.usable import row_problems
from harness.data.values import Fault, converted, word
from harness.errors import DatasetError, Problem
from harness.records.rankings import MOST_RESPONSES

FORMATS = ("csv", "jsonl")
RESPONSES = tuple(f"response_{number}" for number in range(1, MOST_RESPONSES + 1))
TEXTS = ("prompt", "response", *RESPONSES, "reference")
NEEDED = ("key", "label", "annotator", "probability", "draw")
COLUMNS = ("key", "label", *TEXTS, "annotator", "probability", "draw")
LONGEST_CELL = 30_000
"""Characters of a text in a CSV file: a spreadsheet cuts longer cells, and breaks the row."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula; an apostrophe before it keeps it a text."""
EMPTY_RESPONSE = "(empty response)"
"""Of a response that is ranked: a column without text stands for no response."""
DIGITS = 6
"""Significant digits of a probability."""


class Texts(NamedTuple):
    """What an annotator reads of an item.

    Attributes:
        prompt: the prompt.
        responses: of one response, or of all in the order of the data.
        reference: the reference answer, "" without one.
    """

    prompt: str
    responses: tuple[str, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class FormRow:
    """A row of a file to fill in.

    Attributes:
        key: of the item.
        annotator: who labels.
        probability: as the file has it.
        draw: id of the draw.
        texts: by column.
        label: as the annotator wrote it, "" without one.
        row: its position in the file.
        more: columns that the annotator added, which are kept.
    """

    key: str
    annotator: str
    probability: str
    draw: str
    texts: Mapping[str, str]
    label: str = ""
    row: int = 0
    more: Mapping[str, str] = field(default_factory=dict)


class Form(NamedTuple):
    """A file to fill in, read.

    Attributes:
        path: of the file.
        rows: in its order.
        source: the rows as they were read, for the lines of messages.
    """

    path: Path
    rows: tuple[FormRow, ...]
    source: Rows

    def error(self, faults: Sequence[Fault]) -> DatasetError:
        """An error with the lines of some faults."""
        return DatasetError(replace(one, file=str(self.path)) for one in row_problems(self.source, faults))


def shown_probability(value: float) -> str:
    """A probability as a file has it."""
    return f"{value:.{DIGITS}g}"


def text_columns(texts: Texts, order: Sequence[int], form: str = "jsonl") -> dict[str, str]:
    """The texts of an item by column.

    Args:
        texts: of the item.
        order: of each response as it is shown, its position among these.
        form: format of the file; in CSV long texts are shortened.
    """
    columns = {"prompt": texts.prompt}
    if len(texts.responses) == 1:
        columns["response"] = texts.responses[0]
    else:
        columns |= dict(zip(RESPONSES, (texts.responses[place] for place in order), strict=False))
    columns |= {"reference": texts.reference} if texts.reference else {}
    return {name: _clipped(text) for name, text in columns.items()} if form == "csv" else columns


def _clipped(text: str) -> str:
    if len(text) <= LONGEST_CELL:
        return text
    return f"{text[:LONGEST_CELL]}… ({len(text) - LONGEST_CELL:,} more characters)"


def write_form(path: Path, rows: Sequence[FormRow]) -> None:
    """Write a file to fill in, or write it anew with labels; atomic, so that a kill loses no label that was saved.

    Raises:
        StorageError: where it cannot be written.
    """
    content = _csv(rows) if path.suffix == ".csv" else _jsonl(rows)
    with replacing(path) as file:
        file.write(content)


def read_form(path: Path) -> Form:
    """Read a file to fill in.

    Raises:
        DatasetError: where it cannot be read, lacks a column, or has rows that cannot be read.
    """
    shown = str(path)
    form = "csv" if path.suffix == ".csv" else "jsonl"
    try:
        rows = read_files(path, form, COLUMNS, {})
        if more := tuple(name for name in rows.present if name not in COLUMNS):
            rows = read_files(path, form, (*COLUMNS, *more), {})
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(Problem(file=shown, message=f"cannot be read: {reason}")) from None
    except DatasetError as error:
        raise DatasetError(replace(problem, file=shown) for problem in error.problems) from None
    if not rows.present:
        raise DatasetError(
            Problem(file=shown, message="holds no rows", hint="restore it, or write it anew with --again")
        )
    if missing := [name for name in NEEDED if name not in rows.present]:
        message = f"has no column `{missing[0]}`"
        raise DatasetError(Problem(file=shown, message=message, hint="keep every column of the file that was drawn"))
    faults: list[Fault] = []
    columns = {name: converted(rows.frame[name], word, name, faults) for name in rows.frame.columns}
    if problems := row_problems(rows, faults):
        raise DatasetError(replace(one, file=shown) for one in problems)
    found = []
    for at in range(rows.frame.height):
        values = {name: column[at] or "" for name, column in columns.items()}
        texts = {name: _unguarded(values[name]) if form == "csv" else values[name] for name in TEXTS if name in values}
        kept = {name: values[name].strip() for name in NEEDED}
        own = {name: values[name] for name in more}
        found.append(
            FormRow(kept["key"], kept["annotator"], kept["probability"], kept["draw"], texts, kept["label"], at, own)
        )
    return Form(path, tuple(found), rows)


def is_form(path: Path) -> bool:
    """Whether a file is one to fill in, by its columns."""
    if path.suffix not in (".csv", ".jsonl") or not path.is_file():
        return False
    try:
        rows = read_files(path, "csv" if path.suffix == ".csv" else "jsonl", ("key", "draw"), {})
    except (OSError, DatasetError):
        return False
    return {"key", "draw"} <= set(rows.present)


def _columns(rows: Sequence[FormRow]) -> list[str]:
    used = {name for row in rows for name in row.texts}
    known = [name for name in COLUMNS if name not in TEXTS or name in used]
    return [*known, *dict.fromkeys(name for row in rows for name in row.more)]


def _values(row: FormRow) -> dict[str, str]:
    return {
        **row.more,
        **row.texts,
        "key": row.key,
        "label": row.label,
        "annotator": row.annotator,
        "probability": row.probability,
        "draw": row.draw,
    }


def _csv(rows: Sequence[FormRow]) -> bytes:
    out, columns = io.StringIO(newline=""), _columns(rows)
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        values = _values(row)
        writer.writerow([_cell(values.get(name, ""), is_text=name in TEXTS) for name in columns])
    return out.getvalue().encode("utf-8-sig", "replace")  # spreadsheets take UTF-8 for it only with the mark


def _cell(text: str, *, is_text: bool) -> str:
    text = text.replace("\0", "\ufffd")
    return f"'{text}" if is_text and text.startswith(FORMULA) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _jsonl(rows: Sequence[FormRow]) -> bytes:
    columns = _columns(rows)
    lines = []
    for row in rows:
        values = _values(row)
        kept = {name: values.get(name, "").encode("utf-8", "replace").decode() for name in columns}
        lines.append(orjson.dumps(kept) + b"\n")
    return b"".join(lines)
