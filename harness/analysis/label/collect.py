"""Read files that annotators filled in back as labels of the items of a run, checked against the draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.correct.given_labels import LabelSource, NewLabels
from harness.analysis.label.answers import Answer, choices, in_data_order, meanings, number_in, ranking_in
from harness.analysis.label.draw import Draw, DrawnItem
from harness.analysis.label.form import Form, FormRow, is_form, read_form, shown_probability
from harness.analysis.label.record import ENDING, read_record, record_path
from harness.data.labels import NO_LABEL
from harness.data.values import Fault
from harness.errors import DatasetError, Problem
from harness.records.label_set import LabelSet
from harness.text import pluralized, quoted, suggestion

if TYPE_CHECKING:
    from harness.runner.run_reader import Judged, JudgedDataset

TOLERANCE = 1e-3
"""Relative difference of a probability that a spreadsheet may make by rounding."""
SKIPPED = (
    "{dataset}: {skipped} skipped that an annotator saw before labelled ones; the probabilities hold only if they were "
    "skipped whatever their label"
)


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """The labels of one dataset, from all files that were given.

    Attributes:
        draw: what was drawn.
        labels: of the items, with the design.
        annotators_of: the files that were read, in the order of their rounds, with the annotators of each.
        by_annotator: labels of each annotator.
        by_round: items drawn, and items with a label, of each round.
        skipped: items without a label that stand before a labelled one of the same annotator.
    """

    draw: Draw
    labels: NewLabels
    annotators_of: Mapping[Path, tuple[str, ...]]
    by_annotator: Mapping[str, int]
    by_round: tuple[tuple[int, int], ...]
    skipped: int

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that were read."""
        return tuple(self.annotators_of)

    @property
    def drawn(self) -> int:
        """Items drawn in all rounds."""
        return sum(drawn for drawn, _ in self.by_round)

    @property
    def labelled(self) -> int:
        """Items with a label."""
        return sum(labelled for _, labelled in self.by_round)


def is_drawn(path: Path) -> bool:
    """Whether a path is a folder of label files, or a file to fill in."""
    return (path.is_dir() and any(path.glob(f"*{ENDING}"))) or is_form(path)


def drawn_labels(judged: Judged, source: LabelSource) -> dict[str, NewLabels] | None:
    """The labels of a folder of label files, or of a file to fill in; None where a source is neither.

    Args:
        judged: the run.
        source: where labels are.

    Raises:
        DatasetError: with all errors of all files.
    """
    if source.content is not None or not is_drawn(source.path):
        return None
    if source.columns or source.values:
        hint = "leave out `--column` and `--value`"
        raise DatasetError(Problem(file=str(source.path), message="was drawn, its columns are known", hint=hint))
    found = {name: one.labels for name, one in collect(judged, [source.path]).items()}
    if not any((one.codes != NO_LABEL).any() for one in found.values()):
        hint = "fill in the column `label` of its files"
        raise DatasetError(Problem(file=str(source.path), message="holds no label", hint=hint))
    return found


def collect(judged: Judged, paths: Sequence[Path], records: Path | None = None) -> dict[str, Collected]:
    """The labels of files to fill in, by dataset; a file needs the record of its draw.

    Args:
        judged: the run.
        paths: files to fill in, or folders of them.
        records: folder of the records of draws, for files that have none beside them.

    Raises:
        DatasetError: with all errors of all files.
    """
    by_folder: dict[Path, list[Path]] = {}
    for path in paths:
        folder = path if path.is_dir() else path.parent
        if records is not None and not any(folder.glob(f"*{ENDING}")):
            folder = records
        by_folder.setdefault(folder, []).extend(forms_in(path) if path.is_dir() else [path])
    problems: list[Problem] = []
    draws, forms = _read(judged, by_folder, problems)
    rows: dict[str, list[tuple[Form, FormRow]]] = {name: [] for name in draws}
    ids = {draw.id: name for name, draw in draws.items()}
    for form in forms:
        problems += _foreign(form, ids)
        for row in form.rows:
            if row.draw in ids:
                rows[ids[row.draw]].append((form, row))
    found = {}
    for dataset in judged.datasets:
        if dataset.name in draws:
            some = rows[dataset.name]
            found[dataset.name] = _collected(draws[dataset.name], dataset, some, problems)
    if problems:
        raise DatasetError(problems)
    return found


def forms_in(folder: Path) -> list[Path]:
    """The files to fill in of a folder."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".csv", ".jsonl") and is_form(path))


def _read(
    judged: Judged, by_folder: Mapping[Path, Sequence[Path]], problems: list[Problem]
) -> tuple[dict[str, Draw], list[Form]]:
    draws: dict[str, Draw] = {}
    forms: list[Form] = []
    for folder, files in by_folder.items():
        here = {one.name: record_path(folder, one.name) for one in judged.datasets}
        known = {name: path for name, path in here.items() if path.is_file()}
        if not known:
            hint = "keep the files in the folder that `harness label next` wrote, and name the run they are of"
            problems.append(Problem(file=str(folder), message="holds no record of a draw from this run", hint=hint))
            continue
        for name, path in known.items():
            dataset = next(one for one in judged.datasets if one.name == name)
            try:
                draw = read_record(path, judged.id, name, dataset.ids(), dataset.cluster_codes())
            except DatasetError as error:
                problems += error.problems
                continue
            if name in draws and draws[name].rounds != draw.rounds:
                problems.append(Problem(file=str(path), message="is another draw from the same dataset"))
            draws[name] = draw
        for file in files:
            try:
                forms.append(read_form(file))
            except DatasetError as error:
                problems += error.problems
    return draws, forms


def _foreign(form: Form, ids: Mapping[str, str]) -> list[Problem]:
    """Rows of another draw."""
    faults = [
        Fault(row.row, "draw", f"is {quoted(row.draw)}, no draw of this run", "was the file filled in for another run?")
        for row in form.rows
        if row.draw not in ids
    ]
    return list(form.error(faults).problems) if faults else []


def _collected(
    draw: Draw, dataset: JudgedDataset, rows: Sequence[tuple[Form, FormRow]], problems: list[Problem]
) -> Collected:
    rounds = draw.drawn
    items = {one.key: one for some in rounds for one in some}
    answers = _Answers(draw, dataset, [row.label for _, row in rows])
    annotators = tuple(sorted({row.annotator for _, row in rows}))
    given: dict[tuple[int, int], Answer] = {}
    faults: dict[Path, tuple[Form, list[Fault]]] = {}
    seen: set[tuple[str, str]] = set()
    for form, row in rows:
        item = items.get(row.key)
        answer, wrong = (None, "") if item is None or not row.label else answers.of(item, row.label)
        own = list(_faults(row, item, items))
        if wrong:
            own.append(Fault(row.row, "label", wrong, f"write {choices(dataset.label_set)}, or leave it empty"))
        if (row.key, row.annotator) in seen:
            own.append(Fault(row.row, "key", f"{quoted(row.key)} by {quoted(row.annotator)} occurs twice"))
        seen.add((row.key, row.annotator))
        faults.setdefault(form.path, (form, []))[1].extend(own)
        if item is not None and answer is not None and not own:
            given[item.at, annotators.index(row.annotator)] = answer
    problems += [one for form, some in faults.values() if some for one in form.error(some).problems]
    labels = _labels(annotators, given, len(draw.items), dataset.label_set)
    has_label = labels.is_labelled
    skipped = _skipped(draw, annotators, labels.codes)
    notes = (SKIPPED.format(dataset=draw.dataset, skipped=pluralized(skipped, "item")),) if skipped else ()
    return Collected(
        draw=draw,
        labels=replace(labels, design=draw.design(has_label), notes=notes),
        annotators_of=_annotators_of(rows),
        by_annotator={name: int((labels.codes[:, at] != NO_LABEL).sum()) for at, name in enumerate(annotators)},
        by_round=tuple((len(some), int(has_label[[one.at for one in some]].sum())) for some in rounds),
        skipped=skipped,
    )


class _Answers:
    """What the words of annotators mean.

    Args:
        draw: says in which order the responses of an item are shown.
        dataset: whose items are labelled.
        words: all that were written.
    """

    def __init__(self, draw: Draw, dataset: JudgedDataset, words: Sequence[str]) -> None:
        self._draw, self._labels = draw, dataset.label_set
        self._counts = dataset.response_counts() if self._labels.is_ranking else ()
        is_word = self._labels.scale is None and not self._labels.is_ranking
        self._meanings = meanings(self._labels, words) if is_word else {}

    def of(self, item: DrawnItem, word: str) -> tuple[Answer | None, str]:
        """What a word says of the responses in the order of the data, and what is wrong with it, "" for nothing."""
        if self._labels.scale is not None:
            return number_in(word, self._labels.scale)
        if self._labels.is_ranking:
            count = self._counts[item.at]
            ranking, wrong = ranking_in(word, count)
            return ranking and in_data_order(ranking, self._draw.order_shown(item.at, count)), wrong
        code = self._meanings.get(word)
        if code is None:
            return None, f"is {quoted(word)}"
        return 2 - code if self._labels.is_pair and item.is_swapped else code, ""


def _labels(
    annotators: tuple[str, ...], given: Mapping[tuple[int, int], Answer], items: int, labels: LabelSet
) -> NewLabels:
    """Answers by item and annotator as labels."""
    shape = items, len(annotators)
    codes = np.full(shape, NO_LABEL, np.int8)
    numbers, rankings = np.full(shape, np.nan), np.full(shape, None, dtype=object)
    for place, answer in given.items():
        if labels.is_number:
            codes[place], numbers[place] = 0, answer
        elif labels.is_ranking:
            codes[place], rankings[place] = 0, answer
        else:
            codes[place] = answer
    return NewLabels(
        annotators,
        codes,
        numbers=numbers if labels.is_number else None,
        rankings=rankings if labels.is_ranking else None,
    )


def _annotators_of(rows: Sequence[tuple[Form, FormRow]]) -> dict[Path, tuple[str, ...]]:
    """The annotators of each file; files of earlier rounds first."""
    found: dict[Path, tuple[str, ...]] = {}
    first: dict[Path, int] = {}
    for form, row in rows:
        found[form.path] = tuple(dict.fromkeys((*found.get(form.path, ()), row.annotator)))
        first.setdefault(form.path, int(row.key[1:].partition("-")[0] or 0) if row.key[1:2].isdigit() else 0)
    return {path: found[path] for path in sorted(found, key=lambda path: (first[path], str(path)))}


def _faults(row: FormRow, item: DrawnItem | None, items: Mapping[str, DrawnItem]) -> Iterator[Fault]:
    """What is wrong with a row."""
    if not row.annotator:
        yield Fault(row.row, "annotator", "is empty")
    if item is None:
        yield Fault(row.row, "key", f"{quoted(row.key)} is no item of this draw", suggestion(row.key, list(items)))
        return
    try:
        given = float(row.probability.replace(",", "."))
    except ValueError:
        given = float("nan")
    if not abs(given - item.probability) <= TOLERANCE * item.probability:
        expected = shown_probability(item.probability)
        message = f"is {quoted(row.probability)}, and the draw gives {quoted(row.key)} {expected}"
        yield Fault(row.row, "probability", message, "a probability follows from the draw; restore it")


def _skipped(draw: Draw, annotators: Sequence[str], codes: np.ndarray[tuple[int, int], np.dtype[np.int8]]) -> int:
    """Items that an annotator left without a label and labelled a later one of the same round.

    The order of a file is random, so the items labelled so far are a random part of the round only if none was skipped.
    """
    skipped = 0
    for number in range(1, len(draw.rounds) + 1):
        for at, annotator in enumerate(annotators):
            has_label = [bool(codes[one.at, at] != NO_LABEL) for one in draw.shuffled(number, annotator)]
            last = max((place for place, is_there in enumerate(has_label) if is_there), default=-1)
            skipped += last + 1 - sum(has_label)
    return skipped
