"""Candidates to training files, with counts of the dropped pairs.

Rows are streamed, in constant memory. A file is written atomically.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from harness.atomic import replacing
from harness.errors import InputError, NothingLeftError
from harness.hashing import digest_of
from harness.preferences.filters import REASONS, Thresholds, passed
from harness.preferences.format import ExportFormat, find_export_format
from harness.preferences.records import Candidate, Preference
from harness.preferences.split import PARTS, part_of
from harness.text import pluralized

ROWS_HELD = 2_048
"""Rows of a Parquet row group."""
PROVENANCE = (
    "split",
    "view",
    "source",
    "prompts",
    "item",
    "pair",
    "writers",
    "rounds",
    "evaluator",
    "verdict",
    "calls",
)
"""Provenance columns, in addition to those of the format."""
ENDINGS = (".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write.

    Attributes:
        format: name of an export format.
        out: the file; its ending selects JSONL or Parquet.
        shares: of train, validation and test.
        seed: of the split.
        thresholds: settings of the filters.
        in_files: whether each part of the split is a file, such as `out-train.jsonl`.
    """

    format: str
    out: Path
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seed: int = 0
    thresholds: Thresholds = field(default_factory=Thresholds)
    in_files: bool = False

    def files(self) -> dict[str, Path]:
        """The file of each part of the split; one for all unless `in_files`."""
        if not self.in_files:
            return dict.fromkeys(PARTS, self.out)
        parts = [part for part, share in zip(PARTS, self.shares, strict=True) if share]
        return {part: self.out.with_name(f"{self.out.stem}-{part}{self.out.suffix}") for part in parts}

    @property
    def datasheets(self) -> tuple[Path, Path]:
        """The paths of the datasheet, as Markdown and as JSON."""
        stem = self.out.with_suffix("")
        return stem.with_name(f"{stem.name}.datasheet.md"), stem.with_name(f"{stem.name}.datasheet.json")


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
            lengths.append(size)
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
    with ExitStack() as stack:
        handles = {path: stack.enter_context(replacing(path)) for path in dict.fromkeys(files.values())}
        writers = {path: _writer(path, handle, module.FIELDS) for path, handle in handles.items()}
        for preference, row in _rows(groups, request, module, counts):
            writers[files[preference.split]].write(row)
        if not counts.rows:
            raise NothingLeftError("no pair passed the filters", hint=_counted(counts))
        for writer in writers.values():
            writer.close()
    return counts, files


def check_files(request: ExportRequest, *, replace: bool) -> None:
    """Refuse unknown endings and existing files."""
    if request.out.suffix not in ENDINGS:
        raise InputError(f"{request.out} must end in {' or '.join(ENDINGS)}", hint="the ending selects the file format")
    existing = [path for path in (*dict.fromkeys(request.files().values()), *request.datasheets) if path.exists()]
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
    is_swapped = candidate.verdict == "b"
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
        "verdict": candidate.verdict,
        "calls": list(candidate.calls),
    }


def _counted(counts: ExportCounts) -> str:
    """The dropped pairs by filter, in words."""
    total = counts.candidates.total()
    if not total:
        return "the run has no pairs for this view"
    dropped = [f"{count:,} {name} ({REASONS[name]})" for name, count in counts.stopped.items() if count]
    return f"dropped of {pluralized(total, 'pair')}: {'; '.join(dropped)}"


class _JsonLines:
    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle

    def write(self, row: Mapping[str, Any]) -> None:
        self._handle.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Do nothing: rows are written at once."""


class _Parquet:
    """Writes part files to a temporary folder, and joins them at the end in constant memory."""

    def __init__(self, handle: BinaryIO, fields: Sequence[str]) -> None:
        self._handle, self._fields = handle, fields
        self._held: list[Mapping[str, Any]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="harness-export-")
        self._parts = 0

    def write(self, row: Mapping[str, Any]) -> None:
        self._held.append(row)
        if len(self._held) >= ROWS_HELD:
            self._flush()

    def close(self) -> None:
        import polars as pl

        self._flush()
        pl.scan_parquet(Path(self._folder.name, "*.parquet")).sink_parquet(
            self._handle, compression="zstd", compression_level=3, row_group_size=ROWS_HELD, maintain_order=True
        )
        self._folder.cleanup()

    def _flush(self) -> None:
        import polars as pl

        if self._held or not self._parts:
            part = pl.DataFrame(self._held, schema=_schema(self._fields))
            part.write_parquet(Path(self._folder.name, f"{self._parts:06}.parquet"), compression="lz4")
            self._held, self._parts = [], self._parts + 1


def _schema(fields: Sequence[str]) -> dict[str, Any]:
    """The types of all columns; messages are lists of `{role, content}`."""
    import polars as pl

    messages = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
    types: dict[str, Any] = {
        **dict.fromkeys(("prompt", "chosen", "rejected", "completion"), messages),
        **dict.fromkeys(("score_chosen", "score_rejected", "score"), pl.Float64),
        "label": pl.Boolean,
        **dict.fromkeys(("writers", "calls"), pl.List(pl.String)),
        "rounds": pl.List(pl.Int64),
    }
    return {name: types.get(name, pl.String) for name in (*fields, *PROVENANCE)}


def _writer(path: Path, handle: BinaryIO, fields: Sequence[str]) -> _JsonLines | _Parquet:
    return _JsonLines(handle) if path.suffix == ".jsonl" else _Parquet(handle, fields)
