"""Tables of verdicts → an experiment: judges and people in columns, without a spec.

Each judge is a column of verdicts and becomes a model of the provider `recorded`; columns of people become the labels.
Columns may lie in several files, joined by the ids of items.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import polars as pl

from harness.api.finished_run import FinishedRun
from harness.api.load import load_spec
from harness.api.run import run_spec
from harness.data.files import unpacked_name
from harness.data.labels import SPELLINGS
from harness.data.paths import roots_of, with_paths
from harness.data.reading import read_files
from harness.data.rows import Rows, format_of, known_endings
from harness.data.values import word
from harness.errors import DatasetError, InputError, Problem
from harness.records.judgments import FAILURES, VERDICTS
from harness.text import listed, printable, quoted, suggestion

ITEM_NAMES = ("id", "item", "item_id", "pair_id", "question_id")
"""Columns that are taken for the ids of items if none is named."""
TEXTS = ("prompt", "response_a", "response_b")
NOT_THERE = "(not in the table)"
"""Stands for texts that a table does not hold."""
MAX_SHOWN = 10
UNGUESSED = "?"
"""Stands for a meaning that nobody can guess."""
GUESSES = {
    **dict.fromkeys(("first", "left", "model a", "response a", "assistant a"), "a"),
    **dict.fromkeys(("second", "right", "model b", "response b", "assistant b"), "b"),
    **dict.fromkeys(("tie", "ties", "tied", "draw", "both", "equal", "same", "neither", "no preference"), "tie"),
}
"""What the option to paste suggests for values in lower case; numbers can mean several things."""
METRICS = ("kappa", "accuracy")


@dataclass(frozen=True, slots=True)
class TableQuestion:
    """What to make of tables of verdicts.

    Attributes:
        judges: columns of verdicts, one for each judge.
        people: columns of labels, one for each annotator.
        item: the column with the ids of items; None to find it.
        cluster: a column whose values rows share that are not independent, or None.
        by: a column of categories, or None.
        values: spellings of verdicts and labels to `a`, `b`, `tie` or a failure; others have a meaning if
            their spelling can mean one thing only.
        name: names the run; the name of the first file by default.
        metrics: which metrics to use; the first one ranks.
        seed: of intervals.
    """

    judges: tuple[str, ...]
    people: tuple[str, ...]
    item: str | None = None
    cluster: str | None = None
    by: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    metrics: tuple[str, ...] = METRICS
    seed: int = 0


class Table(NamedTuple):
    """A file: its path, its format and its rows with a column for each name asked for."""

    path: Path
    form: str
    rows: Rows


def score_tables(
    files: Sequence[str | Path], question: TableQuestion, *, results: str | Path = "results"
) -> FinishedRun:
    """Score the verdicts in tables and write a run folder. Reads no cache and leaves none.

    Args:
        files: the tables, of any format that a dataset can have.
        question: which columns mean what.
        results: folder of all results.

    Raises:
        HarnessError: with everything that is missing or has no meaning.
    """
    spec, folder = table_spec([Path(file) for file in files], question)
    loaded = load_spec(spec, folder=folder)
    with tempfile.TemporaryDirectory(prefix="harness-score-") as cache:
        return run_spec(loaded, cache=cache, results=results, offline=True)


def table_spec(files: Sequence[Path], question: TableQuestion) -> tuple[dict[str, Any], Path]:
    """The experiment that tables of verdicts amount to, as `harness.load_spec` takes it, and the folder of its paths.

    Args:
        files: the tables, of any format that a dataset can have.
        question: which columns mean what.

    Raises:
        InputError: with everything that is missing or has no meaning.
    """
    named = [*question.judges, *question.people, *filter(None, (question.item, question.cluster, question.by))]
    tables = [_table(path, [*named, *ITEM_NAMES, *TEXTS]) for path in files]
    where, missing = _places(named, tables)
    if missing:
        raise InputError(missing)
    values = _values(question, where)
    folder = Path(os.path.commonpath([path.absolute().parent for path in files]))
    labelled = where[question.people[0]] if question.people else tables[0]
    if apart := [
        name for name in (*question.people, question.cluster, question.by) if name and name not in _present(labelled)
    ]:
        message = f"{listed(apart)} {'is' if len(apart) == 1 else 'are'} not in {labelled.path.name}"
        raise InputError(Problem(message=message, hint="labels, clusters and categories come from one file"))
    items = {table.path: _item(table, question.item, alone=len(tables) == 1) for table in tables}
    name = question.name or _slug(unpacked_name(files[0].name))
    spec = {
        "schema": 1,
        "name": name,
        "seed": question.seed,
        "datasets": {name: _dataset(labelled, items[labelled.path], question, values, folder)},
        "models": {
            judge: _model(column, where[column], items[where[column].path], values, folder)
            for judge, column in _named(question.judges)
        },
        "matrix": {
            "dataset": [name],
            "strategy": ["recorded"],
            "evaluator": [{"judge": [judge for judge, _ in _named(question.judges)]}],
        },
        "score": {"metrics": list(question.metrics), **({"by": ["category"]} if question.by else {})},
    }
    return spec, folder


def _table(path: Path, names: Sequence[str]) -> Table:
    form = format_of(path.name)
    if form is None:
        hint = f"known endings: {', '.join(known_endings())}"
        raise InputError(Problem(str(path), message="the ending does not say what format it has", hint=hint))
    try:
        rows = with_paths(read_files(path, form, roots_of(names), {}), names)
    except DatasetError as error:
        raise InputError(_placed(path, error.problems)) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(Problem(str(path), message=f"cannot be read: {reason}")) from None
    if rows.problems:
        first = rows.problems[0]
        raise InputError(Problem(str(path), first.number, message=first.message))
    if rows.frame.is_empty():
        raise InputError(Problem(str(path), message="holds no rows"))
    return Table(path, form, rows)


def _placed(path: Path, problems: Sequence[Problem]) -> list[Problem]:
    return [Problem(one.file or str(path), one.line, one.column, one.path, one.message, one.hint) for one in problems]


def _present(table: Table) -> tuple[str, ...]:
    return table.rows.present


def _places(names: Sequence[str], tables: Sequence[Table]) -> tuple[dict[str, Table], list[Problem]]:
    """The first file that has each column, and the columns that none has."""
    where: dict[str, Table] = {}
    missing = []
    for name in dict.fromkeys(names):
        found = next((table for table in tables if name in _present(table)), None)
        if found is None:
            there = list(dict.fromkeys(column for table in tables for column in _present(table)))
            near = suggestion(name, there) or f"the columns are {listed(there[:MAX_SHOWN])}"
            files = " or ".join(str(table.path) for table in tables)
            missing.append(Problem(message=f"there is no column {quoted(name)} in {files}", hint=near))
        else:
            where[name] = found
    return where, missing


def _item(table: Table, named: str | None, *, alone: bool) -> str | dict[str, str]:
    """The column with the ids of items, or the number of the row where there is none."""
    if named is not None:
        if named in _present(table):
            return named
        raise InputError(Problem(str(table.path), message=f"there is no column {quoted(named)} with ids of items"))
    found = next((name for name in ITEM_NAMES if name in _present(table)), None)
    if found is not None:
        column = table.rows.frame[found]
        if not alone or (column.null_count() == 0 and column.is_unique().all()):
            return found
    if alone:
        return {"from": "row"}
    raise InputError(
        Problem(str(table.path), message="has no ids of items to join the files by", hint="name the column as --item")
    )


def _values(question: TableQuestion, where: Mapping[str, Table]) -> Mapping[str, str]:
    """The meaning of all verdicts and labels.

    Raises:
        InputError: where some have none, with the option to paste.
    """
    counts: Counter[str] = Counter()
    for name in (*question.judges, *question.people):
        counts += Counter(value for value in _words(where[name].rows.frame[name]) if value is not None)
    known: dict[str, str] = {failure: failure for failure in FAILURES}
    meaning = {**known, **_spelling(set(counts) - set(known), question.values), **question.values}
    unknown = [(value, count) for value, count in counts.most_common() if value not in meaning]
    if unknown:
        raise InputError(_unknown(unknown, question.values))
    return {value: meaning[value] for value in sorted(counts)}


def _spelling(used: set[str], given: Mapping[str, str]) -> Mapping[str, str]:
    """The known spelling of most of the values, among those that contradict no given meaning; empty if all do."""
    fitting = [one for one in SPELLINGS if all(one.get(value, meaning) == meaning for value, meaning in given.items())]
    return max(fitting, key=lambda one: len(used & set(one)), default={})


def _unknown(unknown: Sequence[tuple[str, int]], given: Mapping[str, str]) -> Problem:
    """That values have no meaning, with the option to paste; what a value means is only guessed from a plain word."""
    shown = ", ".join(f"{quoted(value)} ({_times(count)})" for value, count in unknown[:MAX_SHOWN])
    more = f", and {len(unknown) - MAX_SHOWN:,} more" if len(unknown) > MAX_SHOWN else ""
    guessed = {value: GUESSES.get(value.strip().lower(), UNGUESSED) for value, _ in unknown[:MAX_SHOWN]}
    pairs = ",".join(f"{value}={meaning}" for value, meaning in {**given, **guessed}.items())
    option = f"--values {json.dumps(printable(pairs), ensure_ascii=False)}"
    fill = f", with a meaning for each {UNGUESSED}" if UNGUESSED in guessed.values() else ""
    verb = "has" if len(unknown) == 1 else "have"
    hint = f"say what each means ({', '.join(VERDICTS)}): {option}{fill}; the other values keep their meaning"
    return Problem(message=f"{shown}{more} {verb} no meaning", hint=hint)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _words(column: pl.Series) -> Iterator[str | None]:
    for value in column:
        parsed = orjson.loads(value) if isinstance(value, bytes) else value
        yield None if parsed is None else word(parsed) if not isinstance(parsed, str) else parsed


def _dataset(
    table: Table, item: str | dict[str, str], question: TableQuestion, values: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    columns: dict[str, Any] = {"id": item}
    for name in TEXTS:
        if name not in _present(table):
            columns[name] = {"value": NOT_THERE}
    if question.people:
        columns["labels"] = list(question.people)
    named = {"cluster": question.cluster, "category": question.by}
    columns |= {key: column for key, column in named.items() if column is not None}
    labels = {value: meaning for value, meaning in values.items() if meaning in VERDICTS}
    entry = {"path": os.path.relpath(table.path.absolute(), folder), "format": table.form, "columns": columns}
    return {**entry, "label_values": labels} if labels and question.people else entry


def _model(
    column: str, table: Table, item: str | dict[str, str], values: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    used = {value for value in _words(table.rows.frame[column]) if value is not None}
    return {
        "provider": "recorded",
        "path": os.path.relpath(table.path.absolute(), folder),
        "format": table.form,
        "columns": {"item": item, "verdict": column},
        "verdict_values": {value: meaning for value, meaning in values.items() if value in used},
    }


def _named(judges: Sequence[str]) -> list[tuple[str, str]]:
    """The names that a spec gives the judges, each with its column."""
    names: dict[str, str] = {}
    for column in dict.fromkeys(judges):
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", column).strip("-._")[:60] or "judge"
        name, number = plain, 2
        while name in names:
            name, number = f"{plain}-{number}", number + 1
        names[name] = column
    return list(names.items())


def _slug(name: str) -> str:
    """The name of a file as the name of an experiment."""
    plain = re.sub(r"[^a-z0-9.-]+", "-", name.rpartition(".")[0].lower()).strip("-.")
    return plain[:64].rstrip("-.") or "verdicts"
