"""The columns of tables by what they mean, and the items that their rows are about."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from harness.api.table_items import ITEM_NAMES, Labels, item_column, item_ids, labels_of
from harness.api.table_judges import TableJudge, long_judges, wide_judge
from harness.api.table_question import ROWS, TableQuestion
from harness.api.table_reading import Place, Tables
from harness.errors import InputError, Problem
from harness.text import quoted

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class TableColumns:
    """The columns of tables.

    Attributes:
        tables: the files, with the values of these columns.
        folder: that holds all files, which paths are relative to.
        judges: the judges.
        labels: what people said.
        of_items: other columns that describe items, by the canonical names of a dataset.
        judge: in long form, the column with the judge of a row, or None.
        order: the column of orders, or None.
        repeat: the column of repeats, or None.
        first: the file whose items are judged.
        texts: the columns that a dataset must have, which the tables may lack.
        keys: of each file, the column with the ids of items; None where its rows are the items.
        ids: of each file, the item of each row.
        notes: what a reader should know of how the tables were read.
    """

    tables: Tables
    folder: Path
    judges: Sequence[TableJudge]
    labels: Labels
    of_items: Mapping[str, Place]
    judge: Place | None
    order: Place | None
    repeat: Place | None
    first: int
    texts: Sequence[str]
    keys: Mapping[int, str | None] = field(default_factory=dict)
    ids: Mapping[int, Sequence[str | None]] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def path(self, file: int) -> str:
        """The path of a file in the spec."""
        return os.path.relpath(self.tables.paths[file].absolute(), self.folder)


def columns_of(tables: Tables, question: TableQuestion, folder: Path | None = None) -> TableColumns:
    """Find and read the columns that a question names, and those with the names of a dataset.

    Args:
        tables: the files.
        question: which columns mean what.
        folder: what the paths in the spec are relative to; None for the folder that holds all files.

    Raises:
        InputError: with everything that is missing.
    """
    problems: list[Problem] = []
    judges = _judges(tables, question, problems)
    labels = _tried(
        lambda: labels_of(question.people, question.annotator, tables, with_shares=not question.is_single), problems
    )
    of_items = _places(tables, _item_columns(question), problems)
    of_rows = _places(tables, _row_columns(question), problems)
    if question.item is not None and not tables.places(question.item):
        problems.append(tables.missing(question.item))
    if problems or labels is None:
        raise InputError(list(dict.fromkeys(problems)))
    first = labels.places[0].file if labels.places and labels.annotator is None else judges[0].file
    texts = {name: Place(first, name) for name in question.text_names if name in tables.present(first)}
    of_items = {**texts, **of_items}
    by = [] if labels.annotator is None else [labels.annotator]
    tables.read(
        [
            *(place for judge in judges for place in judge.places),
            *labels.places,
            *by,
            *of_items.values(),
            *of_rows.values(),
        ]
    )
    _check_one_file(tables, judges, of_rows)
    files = dict.fromkeys([first, *(judge.file for judge in judges)])
    files |= dict.fromkeys(place.file for place in (*labels.places, *of_items.values()))
    has_several_rows = any((question.judge_column, question.order, question.repeat, question.annotator))
    keys = {file: item_column(tables, file, question.item, is_key=len(files) > 1 or has_several_rows) for file in files}
    common = Path(os.path.commonpath([path.absolute().parent for path in tables.paths]))
    return TableColumns(
        tables,
        common if folder is None else folder.absolute(),
        judges,
        labels,
        of_items,
        of_rows.get("judge"),
        of_rows.get("order"),
        of_rows.get("repeat"),
        first,
        [name for name in question.text_names if not name.startswith("model")],
        keys,
        {file: item_ids(tables, file, key) for file, key in keys.items()},
        (*_notes(tables, keys), *_notes_on_labels(tables, first, labels)),
    )


def _item_columns(question: TableQuestion) -> dict[str, str | None]:
    """The columns that describe an item, by their meaning; None where the question names none."""
    texts = {name: question.texts.get(name) for name in question.text_names}
    return {"cluster": question.cluster, "category": question.by, **texts}


def _row_columns(question: TableQuestion) -> dict[str, str | None]:
    """The columns that describe a row of judgments, by their meaning; None where the question names none."""
    repeat = None if question.repeat == ROWS else question.repeat
    return {"judge": question.judge_column, "order": question.order, "repeat": repeat}


def _places(tables: Tables, columns: Mapping[str, str | None], problems: list[Problem]) -> dict[str, Place]:
    """Where the columns are; those that are missing become problems."""
    found = {}
    for key, name in columns.items():
        if name is not None and (place := _tried(lambda name=name: tables.find(name), problems)):  # type: ignore[misc]
            found[key] = place
    return found


def _judges(tables: Tables, question: TableQuestion, problems: list[Problem]) -> list[TableJudge]:
    if question.judge_column is not None:
        column = question.judge_column
        long = (column, question.fields, question.judges, tables, question.result)
        return _tried(lambda: long_judges(*long), problems) or []
    if not question.judges:
        hint = "--judge COLUMN, or --judge-column COLUMN where each row has one judge"
        problems.append(Problem(message="no judge is named", hint=hint))
    named = dict.fromkeys(question.judges)
    made = [_tried(lambda text=text: wide_judge(text, tables, question.result), problems) for text in named]  # type: ignore[misc]
    return [judge for judge in made if judge is not None]


def _tried(make: Callable[[], T], problems: list[Problem]) -> T | None:
    try:
        return make()
    except InputError as error:
        problems += error.problems
        return None


def _check_one_file(tables: Tables, judges: Sequence[TableJudge], rows: Mapping[str, Place]) -> None:
    """Check that what describes a row of judgments is in the file with the judgments.

    Raises:
        InputError: where it is not.
    """
    for key, place in rows.items():
        for judge in judges:
            if judge.file != place.file:
                both = f"{tables.paths[judge.file].name} and {tables.paths[place.file].name}"
                message = f"the judge {quoted(judge.name)} and the column of {key}s are in two files: {both}"
                raise InputError(Problem(message=message, hint="one file has the judgments of all judges in rows"))


def _notes(tables: Tables, keys: Mapping[int, str | None]) -> list[str]:
    """That rows are items although a column has ids."""
    found = []
    for file, key in keys.items():
        there = next((name for name in ITEM_NAMES if name in tables.present(file)), None)
        if key is None and there is not None:
            found.append(
                f"{quoted(there)} is not unique in {tables.paths[file].name}, so each row is an item of its own; "
                "--judge-column, --order, --repeat and --annotator read rows that belong together"
            )
    return found


def _notes_on_labels(tables: Tables, first: int, labels: Labels) -> list[str]:
    """That nobody is named who labelled although a column looks like labels."""
    there = [name for name in ("label", "labels") if name in tables.present(first)]
    return [f"no labels are used; --human {there[0]} names those of a column"] if there and not labels.places else []
