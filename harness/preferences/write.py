"""Candidates to training files, with counts of the dropped pairs.

Rows are streamed, in constant memory. A file is written atomically.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.atomic import replacing
from harness.errors import InputError, NothingLeftError
from harness.hashing import digest_of
from harness.preferences.filters import REASONS, Thresholds, passed
from harness.preferences.format import ExportFormat, find_export_format
from harness.preferences.records import Candidate, Preference
from harness.preferences.row_files import writer_of
from harness.preferences.split import PARTS, part_of
from harness.text import pluralized

ENDINGS = (".jsonl", ".parquet")
DATA = "data"
"""The folder of the data files in a folder of the Hub."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write.

    Attributes:
        format: name of an export format.
        out: the file, whose ending selects JSONL or Parquet, or the folder.
        shares: of train, validation and test.
        seed: of the split.
        thresholds: settings of the filters.
        in_files: whether each part of the split is a file, such as `out-train.jsonl`.
        is_single: whether single responses with labels are written, and no pairs.
    """

    format: str
    out: Path
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seed: int = 0
    thresholds: Thresholds = field(default_factory=Thresholds)
    in_files: bool = False
    is_single: bool = False

    @property
    def noun(self) -> str:
        """What the rows are made of."""
        return "response" if self.is_single else "pair"

    @property
    def is_folder(self) -> bool:
        """Whether to write a folder in the layout of the Hugging Face Hub: a name without an ending, or a folder."""
        return not self.out.suffix or self.out.is_dir()

    def files(self) -> dict[str, Path]:
        """The file of each part of the split; one for all unless `in_files`, or in a folder."""
        parts = [part for part, share in zip(PARTS, self.shares, strict=True) if share]
        if self.is_folder:
            return {part: self.out / DATA / f"{part}.parquet" for part in parts}
        if not self.in_files:
            return dict.fromkeys(PARTS, self.out)
        return {part: self.out.with_name(f"{self.out.stem}-{part}{self.out.suffix}") for part in parts}

    @property
    def datasheets(self) -> tuple[Path, Path]:
        """The paths of the datasheet, as Markdown and as JSON; in a folder, the Markdown is that of the card."""
        if self.is_folder:
            return self.out / "README.md", self.out / "datasheet.json"
        stem = self.out.with_suffix("")
        return stem.with_name(f"{stem.name}.datasheet.md"), stem.with_name(f"{stem.name}.datasheet.json")

    @property
    def croissant(self) -> Path | None:
        """The path of the Croissant metadata of a folder; None for a file."""
        return self.out / "croissant.json" if self.is_folder else None

    @property
    def targets(self) -> tuple[Path, ...]:
        """Every file that may be written."""
        more = () if self.croissant is None else (self.croissant,)
        return (*dict.fromkeys(self.files().values()), *self.datasheets, *more)


@dataclass
class ExportCounts:
    """Counts of an export.

    Attributes:
        candidates: pairs, by source.
        stopped: dropped pairs, by filter.
        kept: pairs that passed, by source.
        rows: written, by part of the split.
        labels: of a format with labels, how many rows are desirable and how many are not.
        prompts: prompts with a pair, by part of the split.
        lengths: characters of the chosen and of the rejected text.
        leads: score of the chosen text minus that of the rejected one.
        longer: pairs whose chosen text is longer, shorter, or as long as the other.
        writers: how often the text of each writer was chosen and rejected.
        evaluators: pairs by evaluator.
        reasoning_removed: drafts and reviews whose reasoning was separated from them.
    """

    candidates: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    labels: Counter[bool] = field(default_factory=Counter)
    prompts: Counter[str] = field(default_factory=Counter)
    lengths: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    leads: list[float] = field(default_factory=list)
    longer: Counter[str] = field(default_factory=Counter)
    writers: dict[str, Counter[str]] = field(default_factory=dict)
    evaluators: Counter[str] = field(default_factory=Counter)
    reasoning_removed: int = 0

    def keep(self, one: Preference) -> None:
        """Count a pair that passed."""
        candidate = one.candidate
        self.kept[candidate.source] += 1
        self.evaluators[candidate.evaluator] += 1
        sizes = (len(one.chosen), len(one.rejected))
        for lengths, size in zip(self.lengths, sizes, strict=True):
            if size or not candidate.is_single:
                lengths.append(size)
        if not candidate.is_single:
            self.longer["chosen" if sizes[0] > sizes[1] else "rejected" if sizes[0] < sizes[1] else "equal"] += 1
        if one.score_chosen is not None and one.score_rejected is not None:
            self.leads.append(one.score_chosen - one.score_rejected)
        better, worse = candidate.writers if candidate.verdict == "a" else candidate.writers[::-1]
        for writer, word in ((better, "chosen"), (worse, "rejected")):
            if writer is not None:
                self.writers.setdefault(writer, Counter())[word] += 1


def write_preferences(
    groups: Iterable[Sequence[Candidate]], request: ExportRequest, *, replace: bool = False
) -> tuple[ExportCounts, Mapping[str, Path]]:
    """Write all pairs that pass the filters; returns the counts and the files.

    Args:
        groups: the candidates, prompt by prompt.
        request: what to write.
        replace: whether to overwrite existing files.

    Raises:
        InputError: if a file exists, or its ending is unknown.
        NothingLeftError: if no pair passes; nothing is written then.
        StorageError: if a file cannot be written.
    """
    files = request.files()
    check_files(request, replace=replace)
    counts = ExportCounts()
    module = find_export_format(request.format)
    with _folders(request), ExitStack() as stack:
        handles = {path: stack.enter_context(replacing(path)) for path in dict.fromkeys(files.values())}
        writers = {path: writer_of(path, handle, module.FIELDS) for path, handle in handles.items()}
        for writer in writers.values():
            stack.callback(writer.discard)
        for preference, row in _rows(groups, request, module, counts):
            writers[files[preference.split]].write(row)
        if not counts.rows:
            raise NothingLeftError(f"no {request.noun} passed the filters", hint=_counted(counts, request.noun))
        for writer in writers.values():
            writer.close()
    if not request.is_folder:
        return counts, files
    for part in PARTS:
        if not counts.rows[part]:  # of this export, or left by an earlier one
            (request.out / DATA / f"{part}.parquet").unlink(missing_ok=True)
    return counts, {part: path for part, path in files.items() if counts.rows[part]}


@contextmanager
def _folders(request: ExportRequest) -> Iterator[None]:
    """Remove the folders that this export made if nothing is in them at the end."""
    folders = (request.out / DATA, request.out) if request.is_folder else ()
    missing = [folder for folder in folders if not folder.exists()]
    try:
        yield
    finally:
        for folder in missing:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def check_files(request: ExportRequest, *, replace: bool) -> None:
    """Refuse unknown endings and existing files."""
    if not request.is_folder and request.out.suffix not in ENDINGS:
        hint = "the ending selects the file format; a name without an ending is a folder for the Hub"
        raise InputError(f"{request.out} must end in {' or '.join(ENDINGS)}", hint=hint)
    if request.is_folder and request.out.exists() and not request.out.is_dir():
        raise InputError(f"{request.out} is a file, not a folder", hint="choose another --out")
    existing = [path for path in request.targets if path.exists()]
    if existing and not replace:
        names = ", ".join(map(str, existing))
        verb = "exists" if len(existing) == 1 else "exist"
        raise InputError(f"{names} already {verb}", hint="choose another --out, or overwrite with --force")


def _rows(
    groups: Iterable[Sequence[Candidate]], request: ExportRequest, module: ExportFormat, counts: ExportCounts
) -> Iterator[tuple[Preference, dict[str, Any]]]:
    for group in groups:
        counts.candidates.update(one.source for one in group)
        preferences = list(_preferences(passed(group, request.thresholds, counts.stopped), request))
        for preference in preferences:
            counts.keep(preference)
        seen: set[str] = set()
        for preference, row in module.rows(preferences, counts.stopped):
            counts.rows[preference.split] += 1
            seen.add(preference.split)
            if "label" in row:
                counts.labels[row["label"]] += 1
            yield preference, {**row, **_provenance(preference)}
        counts.prompts.update(seen)


def _preferences(candidates: Iterable[Candidate], request: ExportRequest) -> Iterator[Preference]:
    for one in candidates:
        part = part_of(one.prompts, one.cluster, request.shares, request.seed)
        texts, scores = (one.first, one.second), (one.score_first, one.score_second)
        if one.verdict == "b":
            texts, scores = texts[::-1], scores[::-1]
        yield Preference(one, *texts, *scores, part)


def _provenance(one: Preference) -> dict[str, Any]:
    candidate = one.candidate
    is_swapped = candidate.verdict == "b" and not candidate.is_single
    writers = candidate.writers[::-1] if is_swapped else candidate.writers
    rounds = candidate.rounds[::-1] if is_swapped else candidate.rounds
    return {
        "split": one.split,
        "view": candidate.view,
        "source": candidate.source,
        "prompts": candidate.prompts,
        "item": candidate.item,
        "pair": digest_of([list(candidate.prompt), one.chosen, one.rejected])[:16],
        "writers": list(writers),
        "rounds": list(rounds),
        "evaluator": candidate.evaluator,
        "verdict": _verdict(candidate),
        "calls": list(candidate.calls),
    }


def _verdict(candidate: Candidate) -> str:
    """The verdict on a pair; of a single response whether it is desirable."""
    if not candidate.is_single:
        return candidate.verdict
    return "desirable" if candidate.verdict == "a" else "undesirable"


def _counted(counts: ExportCounts, noun: str) -> str:
    """What was dropped by each filter, in words."""
    total = counts.candidates.total()
    if not total:
        return f"the run has no {noun}s for this view"
    dropped = [f"{count:,} {name} ({REASONS[name]})" for name, count in counts.stopped.items() if count]
    return f"dropped of {pluralized(total, noun)}: {'; '.join(dropped)}"
