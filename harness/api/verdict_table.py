"""Tables of verdicts or labels → a run: judges and people in columns or rows, without a spec.

Each judge becomes a model of the provider `recorded`; what people said becomes the labels. Columns may lie in several
files, joined by the ids of items. Where a file has several rows for an item, or several files are joined, the items are
rows in memory; otherwise the file itself is the dataset.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from harness.api.finished_run import FinishedRun
from harness.api.load import load_spec
from harness.api.run import run_spec
from harness.api.table_columns import TableColumns, columns_of
from harness.api.table_dataset import Meanings, dataset_entry
from harness.api.table_labels import LABELLED, check_labels, label_meanings, strategy_of
from harness.api.table_models import SCORED, matrix_of, models_of, scored_strategy
from harness.api.table_question import METRICS as METRICS
from harness.api.table_question import TableQuestion as TableQuestion
from harness.api.table_reading import Place, Tables
from harness.api.table_values import Words, meanings, unused
from harness.atomic import replacing
from harness.data.files import unpacked_name
from harness.errors import InputError
from harness.text import listed, printable, quoted


class TableSpec(NamedTuple):
    """The experiment that tables amount to.

    Attributes:
        spec: as `harness.load_spec` takes it, rows of items included.
        folder: what its paths are relative to.
        notes: what a reader should know of how the tables were read.
    """

    spec: dict[str, Any]
    folder: Path
    notes: tuple[str, ...]


class ScoredTable(NamedTuple):
    """The run of tables, and its spec."""

    run: FinishedRun
    spec: TableSpec


def score_tables(
    files: Sequence[str | Path], question: TableQuestion, *, results: str | Path = "results"
) -> FinishedRun:
    """Score the verdicts or labels in tables and write a run folder. Reads no cache and leaves none.

    Args:
        files: the tables, of any format that a dataset can have.
        question: which columns mean what.
        results: folder of all results.

    Raises:
        HarnessError: with everything that is missing or has no meaning.
    """
    return scored_table(files, question, results=results).run


def scored_table(
    files: Sequence[str | Path],
    question: TableQuestion,
    *,
    results: str | Path = "results",
    spec_file: Path | None = None,
) -> ScoredTable:
    """As `score_tables`, with the spec and the notes on the tables.

    Args:
        files: the tables.
        question: which columns mean what.
        results: folder of all results.
        spec_file: where to write the spec, so that commands which need texts find them; None for nowhere.
    """
    tables = [Path(file) for file in files]
    if spec_file is not None:
        _check_folder(tables, spec_file)
    made = table_spec(tables, question, None if spec_file is None else spec_file.parent)
    written = [] if spec_file is None else write_spec(made, spec_file)
    try:
        loaded = load_spec(made.spec, folder=made.folder) if spec_file is None else load_spec(spec_file)
        with tempfile.TemporaryDirectory(prefix="harness-score-") as cache:
            return ScoredTable(run_spec(loaded, cache=cache, results=results, offline=True), made)
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        raise


def _check_folder(tables: Sequence[Path], spec_file: Path) -> None:
    """Check that the tables are in the folder of a spec, or below: its paths lead nowhere else.

    Raises:
        InputError: where one is not.
    """
    folder = spec_file.parent.resolve()
    outside = [str(table) for table in tables if not table.resolve().is_relative_to(folder)]
    if outside:
        common = os.path.commonpath([str(table.resolve().parent) for table in tables])
        message = f"--spec {printable(str(spec_file))}: {listed(outside)} lies outside the folder of the spec"
        raise InputError(message, hint=f"write the spec to a folder that holds the tables, such as {quoted(common)}")


def write_spec(made: TableSpec, file: Path) -> list[Path]:
    """Write the spec of tables, and `NAME.items.jsonl` beside it where the items are rows in memory.

    Returns:
        The files.

    Raises:
        InputError: where one of the files exists.
    """
    import yaml

    spec = dict(made.spec)
    ((name, entry),) = spec["datasets"].items()
    content: dict[Path, bytes] = {}
    if isinstance(entry["path"], list):
        items = file.with_name(f"{file.stem}.items.jsonl")
        content[items] = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in entry["path"])
        spec["datasets"] = {name: {**entry, "path": items.name}}
    content[file] = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True).encode()
    if there := [str(path) for path in content if path.exists()]:
        raise InputError(f"{listed(there)} exists already", hint="choose another file for the spec")
    for path, text in content.items():
        with replacing(path) as out:
            out.write(text)
    return list(content)


def table_spec(files: Sequence[Path], question: TableQuestion, folder: Path | None = None) -> TableSpec:
    """The experiment that tables of verdicts amount to.

    Args:
        files: the tables, of any format that a dataset can have.
        question: which columns mean what.
        folder: what its paths are relative to; None for the folder that holds all files.

    Raises:
        InputError: with everything that is missing or has no meaning.
    """
    check_labels(question)
    columns = columns_of(Tables(files), question, folder)
    meaning, foreign = _meanings(columns, question)
    models = models_of(columns, question, meaning)
    name = question.name or _slug(unpacked_name(files[0].name))
    strategy, strategies = _strategy(question)
    metrics = {"metrics": list(question.metrics)} if question.metrics else {}
    spec: dict[str, Any] = {
        "schema": 1,
        **({"responses": "single"} if question.is_single else {}),
        "name": name,
        "seed": question.seed,
        "datasets": {name: dataset_entry(columns, meaning, is_number=question.is_number)},
        "models": dict(models.entries),
        **strategies,
        "matrix": matrix_of(name, strategy, models.asked, question.collapse),
        "score": {**metrics, **({"by": ["category"]} if question.by else {})},
    }
    notes = [f"--values {listed(foreign)}: no verdict and no label has this value"] if foreign else []
    return TableSpec(spec, columns.folder, (*columns.notes, *models.notes, *notes))


def _strategy(question: TableQuestion) -> tuple[str, dict[str, Any]]:
    """The name of the strategy, and the part of the spec that defines it where it is not built in."""
    if question.is_single:
        return LABELLED, {"strategies": {LABELLED: strategy_of(question)}}
    if question.scale is not None:
        return SCORED, {"strategies": {SCORED: scored_strategy(*question.scale)}}
    return "recorded", {}


def _meanings(columns: TableColumns, question: TableQuestion) -> tuple[Meanings, list[str]]:
    """The meaning of the words of every column of verdicts and labels, and the given values that no column has."""
    words: dict[Place, Words] = {}
    for judge in columns.judges:
        begin = "--verdict " if judge.row_value is not None else f"--judge {judge.name}="
        for place in judge.words:
            words[place] = Words(place.column, _counts(columns, place), is_judge=True, field=begin)
    for place in columns.labels.columns.values():
        counts = {word: count for word, count in _counts(columns, place).items() if word}
        words[place] = Words(place.column, counts, is_judge=False, field="--human ")
    listed_words = list(words.values())
    meant = label_meanings(listed_words, question) if question.is_single else meanings(listed_words, question.values)
    found = dict(zip(words, meant, strict=True))
    return found, unused(question.values, words.values())


def _counts(columns: TableColumns, place: Place) -> Counter[str]:
    return Counter(word for word in columns.tables.words(place) if word is not None)


def _slug(name: str) -> str:
    """The name of a file as the name of an experiment."""
    plain = re.sub(r"[^a-z0-9.-]+", "-", name.rpartition(".")[0].lower()).strip("-.")
    return plain[:64].rstrip("-.") or "verdicts"
