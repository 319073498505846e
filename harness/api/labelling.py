"""Draw items of a run for labelling, and write the files to fill in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.analysis.label.collect import Collected, collect
from harness.analysis.label.disagreement import strata_of_cells
from harness.analysis.label.draw import Draw, DrawnItem, Kind, Round
from harness.analysis.label.form import EMPTY_RESPONSE, FORMATS, FormRow, shown_probability, text_columns, write_form
from harness.analysis.label.form import Texts as ItemTexts
from harness.analysis.label.record import ENDING, read_record, record_path, safe, write_record
from harness.atomic import replacing
from harness.data.labels import NO_LABEL
from harness.data.number_labels import number_texts
from harness.errors import InputError, Problem
from harness.report.items.texts import Texts, find_plan
from harness.runner.plan import Plan
from harness.runner.run_folder import MANIFEST, read_json
from harness.statistics.sampling import SMALLEST_STRATUM
from harness.text import listed, quoted

if TYPE_CHECKING:
    from harness.analysis.correct.given_labels import NewLabels
    from harness.records.datasets import Item
    from harness.records.label_set import LabelSet
    from harness.runner.run_reader import Judged, JudgedDataset

ANNOTATOR = "annotator"
"""Who labels, where nobody is named."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """What to draw.

    Attributes:
        folder: of the label files.
        n: items of the round, or clusters.
        kind: how to draw.
        dataset: of the run, None for its only one.
        annotators: each gets a file of their own, in an order of their own.
        form: format of the files.
        again: number of a round to write files of for further annotators, in place of a new round.
        seed: of the first round; None for that of the spec.
        by_cluster: whether whole clusters are drawn.
    """

    folder: Path
    n: int = 50
    kind: Kind = "uniform"
    dataset: str | None = None
    annotators: Sequence[str] = (ANNOTATOR,)
    form: str = "csv"
    again: int | None = None
    seed: int | None = None
    by_cluster: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRound:
    """A round that was drawn.

    Attributes:
        draw: all rounds, this one included.
        number: of the round, from 1.
        files: to fill in, by annotator.
        record: the file from which the draw is made again.
    """

    draw: Draw
    number: int
    files: Mapping[str, Path] = field(default_factory=dict)
    record: Path = Path()


def label_folder(judged: Judged, root: Path) -> Path:
    """The folder of the label files of a run.

    Args:
        judged: the run.
        root: folder of all label files.
    """
    return root / safe(judged.spec_name) / safe(judged.id)


def draw_round(judged: Judged, request: DrawRequest, texts: Texts) -> DrawnRound:
    """Draw a round of items and write its files; nothing is written where anything is wrong.

    Args:
        judged: the run.
        request: what to draw.
        texts: where the data of the run may be.

    Raises:
        InputError: where the request cannot be met, the texts are not found, or a file exists.
        DatasetError: where the record of earlier rounds cannot be used.
        StorageError: where a file cannot be written.
    """
    data = _dataset(judged, request.dataset)
    _check(request)
    record = record_path(request.folder, data.name)
    draw = _draw_so_far(judged, data, request, record)
    if request.again is None:
        draw = _with_round(draw, judged, data, request)
        number = len(draw.rounds)
    elif not 1 <= request.again <= len(draw.rounds):
        raise InputError(f"there is no round {request.again}; {len(draw.rounds)} were drawn from {data.name}")
    else:
        number = request.again
    files = {
        name: request.folder / f"{safe(data.name)}.round-{number}.{name}.{request.form}" for name in request.annotators
    }
    if there := [path for path in files.values() if path.exists()]:
        hint = "its labels are kept; move it away to write it anew"
        raise InputError([Problem(str(path), message="exists already", hint=hint) for path in there])
    read = _texts(judged, data, draw, number, texts)
    if request.again is None:
        write_record(request.folder, draw)  # first, so that files without a record cannot be left behind
    for name, path in files.items():
        write_form(path, list(_rows(draw, number, name, read, data.label_set, request.form)))
    return DrawnRound(draw, number, files, record)


def _draw_so_far(judged: Judged, data: JudgedDataset, request: DrawRequest, record: Path) -> Draw:
    """The rounds that were drawn, none where there is no record."""
    ids, clusters = list(data.ids()), data.cluster_codes()
    if record.is_file():
        draw = read_record(record, judged.id, data.name, ids, clusters)
        if request.again is None and request.by_cluster != (draw.clusters is not None):
            what = "whole clusters" if draw.clusters is not None else "single items"
            hint = "draw the same, or into another folder with --dir"
            raise InputError(f"earlier rounds drew {what} from {data.name}", hint=hint)
        return draw
    if request.by_cluster and not data.clustered:
        hint = "an item is a cluster of its own: leave out `--unit cluster`"
        raise InputError(f"no two items of {data.name} share a cluster", hint=hint)
    seed = judged.seed if request.seed is None else request.seed
    return Draw(judged.id, data.name, seed, ids, clusters=clusters if request.by_cluster else None)


def _check(request: DrawRequest) -> None:
    if wrong := [name for name in request.annotators if not _NAME.fullmatch(name)]:
        hint = "use letters, digits, `-` and `_`, at most 40"
        raise InputError(f"{quoted(wrong[0])} is no name of an annotator", hint=hint)
    if len(set(request.annotators)) < len(request.annotators):
        raise InputError("an annotator is named twice")
    if request.form not in FORMATS:
        raise InputError(f"{quoted(request.form)} is no format of label files", hint=f"use {listed(FORMATS)}")


def _dataset(judged: Judged, name: str | None) -> JudgedDataset:
    names = [one.name for one in judged.datasets]
    if name is None and len(names) > 1:
        raise InputError(f"the run has {len(names)} datasets", hint=f"name one with --dataset: {listed(names)}")
    found = next((one for one in judged.datasets if name in (None, one.name)), None)
    if found is None:
        raise InputError(f"the run has no dataset {quoted(name or '')}", hint=f"it has {listed(names)}")
    return found


def _with_round(draw: Draw, judged: Judged, data: JudgedDataset, request: DrawRequest) -> Draw:
    if not draw.left:
        raise InputError(f"every item of {data.name} is drawn")
    if request.seed is not None and draw.rounds and request.seed != draw.seed:
        raise InputError(f"earlier rounds were drawn with seed {draw.seed}", hint="leave out --seed")
    strata = None
    if request.kind == "disagreement" and draw.strata is None:
        strata = strata_of_cells(judged, data, draw.clusters)
        if strata is None:
            each = f"{SMALLEST_STRATUM} {draw.unit}s each on which they agree and differ"
            message = f"{data.name} cannot be stratified: it needs two cells or more, and {each}"
            raise InputError(message, hint="leave out --stratify")
    return draw.with_round(Round(request.kind, request.n), strata)


def _texts(judged: Judged, data: JudgedDataset, draw: Draw, number: int, texts: Texts) -> dict[int, ItemTexts]:
    """The texts of the items of a round, by position."""
    found = find_plan(judged.spec, read_json(judged.folder, MANIFEST), texts)
    if not isinstance(found.plan, Plan):
        hint = "name the folder that the paths of the spec are relative to with --data DIR"
        raise InputError(f"the texts of {data.name} are not there: {found.missing}", hint=hint)
    source, read = found.plan.datasets[data.name], {}
    for one in draw.drawn[number - 1]:
        (item,) = source.items(one.at, one.at + 1)
        read[one.at] = _item_texts(item, data.label_set)
    return read


def _item_texts(item: Item, labels: LabelSet) -> ItemTexts:
    if len(item.prompt) == 1 and item.prompt[0]["role"] == "user":
        prompt = item.prompt[0]["content"]
    else:
        prompt = "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in item.prompt)
    responses: tuple[str, ...] = (item.response_a, item.response_b) if labels.is_pair else (item.response_a,)
    if labels.is_ranking:
        responses = tuple(text if text.strip() else EMPTY_RESPONSE for text in item.responses)
    return ItemTexts(prompt, responses, item.reference or "")


def _rows(
    draw: Draw, number: int, annotator: str, read: Mapping[int, ItemTexts], labels: LabelSet, form: str
) -> Iterator[FormRow]:
    for one in draw.shuffled(number, annotator):
        texts = read[one.at]
        columns = text_columns(texts, _order(draw, one, labels, len(texts.responses)), form)
        yield FormRow(one.key, annotator, shown_probability(one.probability), draw.id, columns)


def _order(draw: Draw, item: DrawnItem, labels: LabelSet, count: int) -> list[int]:
    """The order in which the responses of an item are shown."""
    if labels.is_ranking:
        return draw.order_shown(item.at, count)
    return [1, 0] if item.is_swapped else [0, 1]


def collected_labels(judged: Judged, root: Path, files: Sequence[Path] = ()) -> dict[str, Collected]:
    """The labels of some files, or of all files of a run.

    Args:
        judged: the run.
        root: folder of all label files.
        files: to read; none for all of the run.

    Raises:
        InputError: where nothing was drawn.
        DatasetError: with all errors of all files.
    """
    folder = label_folder(judged, root)
    if not files and not any(folder.glob(f"*{ENDING}")):
        raise InputError(f"nothing was drawn from this run into {folder}", hint="draw items: `harness label next RUN`")
    return collect(judged, files or (folder,), folder)


EXPORTED = ("item", "dataset", "annotator", "label", "probability", "round")


def export_labels(judged: Judged, found: Mapping[str, Collected], path: Path, *, force: bool = False) -> int:
    """Write labels as a CSV file with one row for each label; returns how many rows.

    `votes:` of a dataset reads it as it is, and so does `harness correct --labels`. Verdicts on pairs and rankings are
    those of the responses in the order of the data. The probability is that of being drawn in any round.

    Args:
        judged: the run.
        found: the labels, by dataset.
        path: to write.
        force: whether to overwrite an existing file.

    Raises:
        InputError: where the file exists.
        StorageError: where it cannot be written.
    """
    if path.exists() and not force:
        raise InputError(f"{path} already exists", hint="choose another --out, or overwrite with --force")
    out, rows = io.StringIO(newline=""), 0
    writer = csv.writer(out)
    writer.writerow(EXPORTED)
    for dataset, one in found.items():
        inclusion = one.draw.design().probabilities
        round_of = {item.at: item.round for items in one.draw.drawn for item in items}
        for at in sorted(round_of):
            for column, annotator in enumerate(one.labels.annotators):
                if one.labels.codes[at, column] != NO_LABEL:
                    shown = shown_probability(float(inclusion[at]))
                    word = _written(one.labels, judged.label_set, (at, column))
                    writer.writerow([one.draw.items[at], dataset, annotator, word, shown, round_of[at]])
                    rows += 1
    with replacing(path) as file:
        file.write(out.getvalue().encode("utf-8", "replace"))
    return rows


def _written(labels: NewLabels, known: LabelSet, place: tuple[int, int]) -> str:
    """A label as text."""
    if labels.numbers is not None:
        return str(number_texts(labels.numbers[place].reshape(1))[0])
    return known.names[labels.codes[place]] if labels.rankings is None else str(labels.rankings[place])
