"""Read a file of human labels for the items of a run, in any dataset format.

The columns are

| column | holds |
| --- | --- |
| id (or item) | the id of an item of the run |
| label | a verdict, empty for an item without label |
| labels | the verdicts of several: a list in one column, or one column for each |
| annotator | who gave the verdict of this row, where an item has a row for each annotator |
| dataset | the item's dataset, where several datasets of the run have an item of that id |
| probability | with which the item was drawn for labelling, where that is not the same for all |

A verdict is `a`, `tie` or `b`, or one of the `label_values` of the dataset. All errors are reported at once, by line.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.analysis.correct.given_labels import LabelSource, NewLabels, Target
from harness.analysis.correct.label_probabilities import designs_of, probabilities_of, unequal
from harness.data.formats.jsonl import read_lines
from harness.data.labels import NO_LABEL, label_columns
from harness.data.paths import roots_of, with_paths
from harness.data.reading import read_files
from harness.data.rows import Rows, format_of, hint_on_ending
from harness.data.usable import row_problems
from harness.data.values import Fault, converted, word
from harness.errors import DatasetError, Problem
from harness.records.datasets import DatasetSpec
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.text import listed, quoted, suggestion

COLUMNS = ("id", "item", "label", "labels", "annotator", "dataset", "probability")
"""The columns, by these names or by `--column`."""

MEANING = "say what it means with `--value WORD=LABEL`"

MAX_COMPARED = 20_000
"""Item ids that are searched for a similar one; more take seconds."""
MAX_GUESSED = 20
"""Unknown ids for which a similar one is searched."""


def read_labels(source: LabelSource, targets: Sequence[Target]) -> dict[str, NewLabels]:
    """The labels of a file, by dataset; only datasets with labels.

    Raises:
        DatasetError: with all errors of the file.
    """
    shown = str(source.path)
    try:
        return _read(source, targets)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(Problem(file=shown, message=f"cannot be read: {reason}")) from None
    except DatasetError as error:
        raise DatasetError(replace(problem, file=shown) for problem in error.problems) from None


def _read(source: LabelSource, targets: Sequence[Target]) -> dict[str, NewLabels]:
    every = {column: _in_file(source, column) for column in COLUMNS}
    wanted = list(dict.fromkeys(name for names in every.values() for name in names))
    rows = _rows(source, wanted)
    missing = _missing(rows, source, every) if rows.present else []
    if missing or rows.frame.is_empty():
        raise DatasetError([*missing, *row_problems(rows, [])] or [Problem(message="holds no rows")])
    present = {column: names for column, names in every.items() if set(names) <= set(rows.present)}
    return _placed(rows, source, present, targets)


def _rows(source: LabelSource, wanted: Sequence[str]) -> Rows:
    """The wanted columns and paths of the file, or of the rows that a program gives."""
    if source.content is not None:
        rows = read_lines(io.BytesIO(source.content), roots_of(wanted))._replace(unit="row")
        return with_paths(rows, wanted)
    format_name = format_of(source.path.name)
    if format_name is None:
        hint = hint_on_ending(source.path.name)
        raise DatasetError(Problem(message="the file's ending does not say its format", hint=hint))
    return with_paths(read_files(source.path, format_name, roots_of(wanted), {}), wanted)


def _placed(
    rows: Rows, source: LabelSource, names: Mapping[str, tuple[str, ...]], targets: Sequence[Target]
) -> dict[str, NewLabels]:
    """The labels at the places of their items, or every fault of every row."""
    faults: list[Fault] = []
    labels = targets[0].labels if targets else VERDICT_LABELS
    words = _words(source, targets, labels)
    spec = DatasetSpec("labels", source.path, "", "", columns=source.columns, label_values=words, label_set=labels)
    annotators, given = label_columns(rows, spec, names, faults)
    faults = [fault._replace(hint=MEANING, label=None) if "label_values" in fault.hint else fault for fault in faults]
    ids = _column(rows, names.get("id") or names["item"], "id", faults)
    assert ids is not None  # one of both columns is there
    datasets = _column(rows, names.get("dataset"), "dataset", faults, may_lack=True)
    by = _column(rows, names.get("annotator"), "annotator", faults)
    probabilities = probabilities_of(rows, names.get("probability"), faults)
    if by is not None and len(given) > 1:
        message = "has a column `annotator` and several labels in a row"
        raise DatasetError(Problem(message=message, hint="use one of both"))
    places, unknown = _places(ids, datasets, targets, faults)
    if len(unknown) == len(places) and not rows.problems:
        raise DatasetError(_no_overlap(ids, targets))
    if not source.skip_unknown:
        faults += _unknown(unknown, ids, targets)
    faults += _repeated(places, ids, by)
    faults += unequal(places, probabilities, ids)
    if problems := row_problems(rows, faults):
        raise DatasetError(problems)
    found = _by_dataset(places, given, annotators, by, targets)
    if probabilities is not None:
        sizes = [len(target.ids) for target in targets]
        designs = dict(zip((one.name for one in targets), designs_of(places, probabilities, sizes), strict=True))
        found = {name: replace(one, design=designs[name]) for name, one in found.items()}
    if not found:
        known = ", ".join(f"`{label}`" for label in labels.names)
        hint = f"write {'a number' if labels.is_number else f'one of {known}'} in the column `label`"
        raise DatasetError(Problem(message="holds no label", hint=hint))
    return found


def _in_file(source: LabelSource, column: str) -> tuple[str, ...]:
    named = source.columns.get(column, column)
    return (named,) if isinstance(named, str) else tuple(named)


def _missing(rows: Rows, source: LabelSource, every: Mapping[str, tuple[str, ...]]) -> list[Problem]:
    """The columns that must be there and are not."""
    there = f"the file has {listed(rows.present)}"
    problems = [
        Problem(message=f"there is no column {quoted(name)}; {there}", hint=suggestion(name, rows.present))
        for column in COLUMNS
        if column in source.columns
        for name in every[column]
        if name not in rows.present
    ]
    for one, other in (("id", "item"), ("label", "labels")):
        if one in source.columns or other in source.columns:
            continue
        if not {one, other} & set(rows.present):
            same = [name for name in rows.present if name.strip().casefold() in (one, other)]
            near = same or difflib.get_close_matches(one, rows.present, n=1)
            problems.append(
                Problem(
                    message=f"there is no column `{one}` (nor `{other}`); {there}",
                    hint=f"say what it is called with `--column {one}={near[0] if near else 'NAME'}`",
                )
            )
    return problems


def _words(source: LabelSource, targets: Sequence[Target], labels: LabelSet) -> dict[str, str]:
    """Every word that means a label: the labels themselves, then the specs' words, then the user's.

    Raises:
        DatasetError: where a word of the user means no label of the run.
    """
    if labels.is_number and source.values:
        raise DatasetError(Problem(message="labels are numbers, and words have no meaning", hint="leave out `--value`"))
    if wrong := [value for value in source.values.values() if value not in labels.names]:
        names = ", ".join(f"`{name}`" for name in labels.names)
        raise DatasetError(Problem(message=f"{quoted(wrong[0])} is no label of this run", hint=f"it has {names}"))
    words = {label: label for label in labels.names}
    said = [(name, verdict) for target in targets for name, verdict in target.values.items()]
    agreed = {  # where two datasets mean different verdicts by a word, neither is meant
        name: verdict for name, verdict in said if all(other == verdict for same, other in said if same == name)
    }
    return words | agreed | dict(source.values)


def _column(
    rows: Rows, names: Sequence[str] | None, column: str, faults: list[Fault], *, may_lack: bool = False
) -> pl.Series | None:
    """A column as text, null where empty (an error unless `may_lack`); None where the file has no such column."""
    if not names:
        return None
    known_faults = len(faults)
    values = converted(rows.frame[names[0]], word, column, faults)
    known = {fault.row for fault in faults[known_faults:]}
    values = values.set(~values.str.contains(r"\S").fill_null(value=False), None)
    if not may_lack:
        faults += [Fault(row, column, "is missing or empty") for row in values.is_null().arg_true() if row not in known]
    return values


def _places(
    ids: pl.Series, datasets: pl.Series | None, targets: Sequence[Target], faults: list[Fault]
) -> tuple[list[tuple[int, int] | None], list[int]]:
    """The dataset and the position of each row's item, None where there is none; and the rows whose id is unknown."""
    index = [{name: at for at, name in enumerate(target.ids)} for target in targets]
    number = {target.name: at for at, target in enumerate(targets)}
    places: list[tuple[int, int] | None] = [None] * len(ids)
    unknown: list[int] = []
    for row, name in enumerate(ids):
        dataset = None if datasets is None else datasets[row]
        if name is None:
            continue
        if dataset is not None and dataset not in number:
            faults.append(Fault(row, "dataset", f"{quoted(dataset)} is not in this run", suggestion(dataset, number)))
            continue
        among = range(len(targets)) if dataset is None else (number[dataset],)
        found = [at for at in among if name in index[at]]
        if len(found) == 1:
            places[row] = (found[0], index[found[0]][name])
        elif found:
            both = listed(targets[at].name for at in found)
            faults.append(Fault(row, "id", f"{quoted(name)} is an item of {both}", "add a column `dataset`"))
        else:
            unknown.append(row)
    return places, unknown


def _unknown(rows: Sequence[int], ids: pl.Series, targets: Sequence[Target]) -> list[Fault]:
    """The rows whose id is of no item."""
    near = [name for target in targets for name in islice(target.ids, MAX_COMPARED)]
    return [
        Fault(
            row,
            "id",
            f"{quoted(ids[row])} is of no item of this run",
            (suggestion(ids[row], near) if at < MAX_GUESSED else "") or "leave such rows out with `--skip-unknown`",
        )
        for at, row in enumerate(rows)
    ]


def _no_overlap(ids: pl.Series, targets: Sequence[Target]) -> Problem:
    theirs = listed(ids.drop_nulls().unique(maintain_order=True).head(3))
    ours = listed(name for target in targets for name in islice(target.ids, 3))
    return Problem(
        message=f"labels no item of this run: it has ids such as {theirs}, the run has ids such as {ours}",
        hint="is this the right run, and does `--column id=NAME` name the right column?",
    )


def _repeated(places: Sequence[tuple[int, int] | None], ids: pl.Series, by: pl.Series | None) -> list[Fault]:
    """The rows that label an item again."""
    seen: set[tuple[tuple[int, int], str | None]] = set()
    faults = []
    for row, place in enumerate(places):
        if place is None:
            continue
        key = (place, None if by is None else by[row])
        if key in seen:
            again = quoted(ids[row]) if by is None else f"{quoted(ids[row])} by {quoted(str(by[row]))}"
            hint = "name the annotators in a column `annotator`" if by is None else ""
            faults.append(Fault(row, "id", f"{again} is labelled before", hint))
        seen.add(key)
    return faults


def _by_dataset(
    places: Sequence[tuple[int, int] | None],
    given: Sequence[pl.Series],
    annotators: tuple[str, ...],
    by: pl.Series | None,
    targets: Sequence[Target],
) -> dict[str, NewLabels]:
    """The labels as items × annotators of each dataset that has any."""
    names = annotators if by is None else tuple(sorted({str(name) for name in by.drop_nulls()}))
    column = {name: at for at, name in enumerate(names)}
    is_number = bool(targets) and targets[0].labels.is_number
    empty, kind = (np.nan, np.float64) if is_number else (NO_LABEL, np.int8)
    codes: list[NDArray[Any]] = [np.full((len(target.ids), len(names)), empty, kind) for target in targets]
    for at, labels in enumerate(given):
        for row, code in enumerate(labels):
            place = places[row]
            if place is not None and code is not None:
                codes[place[0]][place[1], at if by is None else column[str(by[row])]] = code
    found = {target.name: _given(names, some) for target, some in zip(targets, codes, strict=True)}
    return {name: one for name, one in found.items() if one.is_labelled.any()}


def _given(names: tuple[str, ...], labels: NDArray[Any]) -> NewLabels:
    """Labels of a dataset, codes or numbers, items × annotators."""
    if labels.dtype == np.int8:
        return NewLabels(names, labels)
    return NewLabels(names, np.where(np.isnan(labels), NO_LABEL, 0).astype(np.int8), numbers=labels)
