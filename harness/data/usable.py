"""Select the usable rows; the others are an error, or are left out and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl

from harness.data.column_names import REQUIRED, RESPONSE, RESPONSES, SIDES
from harness.data.columns import EMPTY, answered_already, empty_and_repeated
from harness.data.findings import gathered
from harness.data.labels import label_problem
from harness.data.rows import Rows
from harness.data.values import Fault
from harness.errors import DatasetError, Problem
from harness.records.datasets import DatasetSpec
from harness.records.label_set import VERDICT_LABELS, LabelSet

MAX_SHOWN = 20
"""Problems that are shown one by one; of the others only the number is."""

MAX_REASONS = 3
"""Reasons for leaving rows out that a note names."""


class Usable(NamedTuple):
    """The rows that are used, and notes on those that are not or that have an empty response."""

    frame: pl.DataFrame
    notes: tuple[str, ...]


def usable(
    frame: pl.DataFrame, faults: Sequence[Fault], rows: Rows, spec: DatasetSpec, required: Sequence[str] = REQUIRED
) -> Usable:
    """The rows of a frame that can be used.

    Args:
        frame: the rows that `where` keeps, in canonical columns.
        faults: what is wrong with single rows of the file.
        rows: the file.
        spec: says what becomes of the others.
        required: the columns that must hold something.

    Raises:
        DatasetError: with every bad row, unless the spec leaves bad rows out; where no row is left.
    """
    used = set(frame["row"]) if faults else set()
    wrong = [fault for fault in faults if fault.row in used]
    sides = [side for side in (*SIDES, RESPONSE, RESPONSES) if side in required]
    judged_empty = spec.empty_response == "judge"
    wrong += empty_and_repeated(frame, wrong, [name for name in required if not (name in sides and judged_empty)])
    empty = [fault for fault in wrong if fault.column in sides and fault.message == EMPTY]
    if not sides:
        wrong += answered_already(frame)
    left_out: Counter[str] = Counter()
    dropped: set[int] = set()
    if spec.empty_response == "skip":
        dropped |= {fault.row for fault in empty}
        wrong = [fault for fault in wrong if fault.row not in dropped]
        left_out["an empty response"] = len(dropped)
    if spec.on_problem == "skip":
        bad = {fault.row: f"`{fault.column}` {fault.message}" for fault in reversed(wrong)}
        left_out += Counter(bad.values())
        left_out += Counter(f"a row that cannot be read ({problem.message})" for problem in rows.problems)
        dropped |= set(bad)
    elif problems := row_problems(rows, wrong, spec.label_set):
        raise DatasetError(problems)
    if dropped:
        frame = frame.filter(~pl.col("row").is_in(list(dropped)))
    if frame.is_empty():
        raise DatasetError([Problem(message="no row is left"), *row_problems(rows, wrong, spec.label_set)])
    notes = [_left_out(left_out, len(frame))] if left_out.total() else []
    if sides and judged_empty:
        frame, note = _with_empty_texts(frame, sides)
        notes += note
    return Usable(frame, tuple(notes))


def _with_empty_texts(frame: pl.DataFrame, sides: Sequence[str]) -> tuple[pl.DataFrame, list[str]]:
    """The frame with "" for a response that is missing, and a note on how many are empty."""
    blank = pl.any_horizontal(pl.col(side).is_null() | ~pl.col(side).str.contains(r"\S") for side in sides)
    count = frame.filter(blank).height
    if not count:
        return frame, []
    if count == len(frame):
        raise DatasetError(Problem(message="every row has an empty response", hint="check `columns:`"))
    items = "1 item has" if count == 1 else f"{count:,} items have"
    note = f"{items} an empty response, judged as an empty text (`empty_response: skip` leaves such rows out)"
    return frame.with_columns(pl.col(side).fill_null("") for side in sides), [note]


def _left_out(reasons: Counter[str], kept: int) -> str:
    total = reasons.total()
    named = [f"{count:,} × {reason}" for reason, count in reasons.most_common(MAX_REASONS)]
    others = len(reasons) - MAX_REASONS
    more = f"; and {others} other {'reason' if others == 1 else 'reasons'}" if others > 0 else ""
    rows = "1 row is" if total == 1 else f"{total:,} rows are"
    return f"{rows} left out and {kept:,} {'is' if kept == 1 else 'are'} used: {'; '.join(named)}{more}"


def row_problems(rows: Rows, faults: Sequence[Fault], labels_of: LabelSet = VERDICT_LABELS) -> list[Problem]:
    """What is wrong with rows, in file order; labels without a meaning, and what is wrong with many rows, as one."""
    labels = [fault for fault in faults if fault.label is not None]
    others = [fault for fault in faults if fault.label is None]
    numbers = rows.numbers() if others else ()
    of_rows, of_problems = rows.files or ((), ())
    found = [
        (of_problems[at] if of_problems else "", problem.number, problem.message, "")
        for at, problem in enumerate(rows.problems)
    ]
    found += [
        (of_rows[fault.row] if of_rows else "", numbers[fault.row], f"`{fault.column}` {fault.message}", fault.hint)
        for fault in others
    ]
    found = gathered(sorted(found, key=lambda finding: finding[:2]))
    problems = [
        Problem(file=file, line=number, message=message, hint=hint)
        if rows.unit == "line"
        else Problem(file=file, path=f"{rows.unit} {number}", message=message, hint=hint)
        for file, number, message, hint in found[:MAX_SHOWN]
    ]
    if len(found) > MAX_SHOWN:
        problems.append(Problem(message=f"and {len(found) - MAX_SHOWN} more"))
    if labels:
        problems.append(at_row(label_problem(labels, labels=labels_of), rows, labels[0].row))
    return problems


def at_row(problem: Problem, rows: Rows, row: int) -> Problem:
    """The problem with its place in the file.

    Args:
        problem: of a row.
        rows: the file.
        row: the position of the row in `rows.frame`.
    """
    number = rows.numbers()[row]
    place: dict[str, Any] = {"line": number} if rows.unit == "line" else {"path": f"{rows.unit} {number}"}
    return replace(problem, **place)
