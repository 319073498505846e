"""Candidates → files that trainers read, and what was left out on the way.

Rows are written as they come, so that memory does not grow with them. A file is there as a whole or not at all.
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
from harness.preferences.filters import GATES, OF_A_PROMPT, Bars, passed
from harness.preferences.format import ExportFormat, find_export_format
from harness.preferences.records import Candidate, Preference
from harness.preferences.split import PARTS, part_of

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
"""Columns that tell where a row comes from, beside those of the format."""
ENDINGS = (".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be written.

    Attributes:
        format: a file name in `harness/exports/`.
        out: the file; its ending says how it is written.
        shares: of train, validation and test.
        seed: of the split.
        bars: how high the gates are.
        in_files: whether each part of the split gets a file of its own, such as `out-train.jsonl`.
    """

    format: str
    out: Path
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seed: int = 0
    bars: Bars = field(default_factory=Bars)
    in_files: bool = False

    def files(self) -> dict[str, Path]:
        """The file of each part of the split; one for all of them unless each has its own."""
        if not self.in_files:
            return dict.fromkeys(PARTS, self.out)
        parts = [part for part, share in zip(PARTS, self.shares, strict=True) if share]
        return {part: self.out.with_name(f"{self.out.stem}-{part}{self.out.suffix}") for part in parts}

    @property
    def datasheets(self) -> tuple[Path, Path]:
        """Where the datasheet goes, for people and for programs."""
        stem = self.out.with_suffix("")
        return stem.with_name(f"{stem.name}.datasheet.md"), stem.with_name(f"{stem.name}.datasheet.json")


@dataclass
class ExportCounts:
    """What was seen on the way.

    Attributes:
        candidates: pairs, by source.
        stopped: pairs that a gate stopped, by gate.
        kept: pairs that passed, by source.
        rows: written, by part of the split.
        labels: of a format with labels, how many rows are desirable and how many are not.
        prompts: with a pair, by part of the split.
        lengths: letters of the better and of the worse text.
        leads: how much better the scores of the better texts are.
        longer: pairs whose better text is the longer one, the shorter one, and as long as the other.
        writers: how often each writer's text was chosen, and how often rejected.
        evaluators: pairs by who preferred.
        reasoning_removed: drafts and reviews of the run whose reasoning was separated from them.
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
    groups: Iterable[Sequence[Candidate]], wanted: ExportRequest, *, replace: bool = False
) -> tuple[ExportCounts, Mapping[str, Path]]:
    """Write all pairs that pass the gates; what was seen, and the files.

    Args:
        groups: the candidates, prompt by prompt.
        wanted: what is to be written.
        replace: whether files that are there may be replaced.

    Raises:
        InputError: where a file is there, or its ending says nothing.
        NothingLeftError: where no pair passes; nothing is written then.
        StorageError: where a file cannot be written.
    """
    files = wanted.files()
    check_files(wanted, replace=replace)
    tallied = ExportCounts()
    module = find_export_format(wanted.format)
    with ExitStack() as stack:
        handles = {path: stack.enter_context(replacing(path)) for path in dict.fromkeys(files.values())}
        writers = {path: _writer(path, handle, module.FIELDS) for path, handle in handles.items()}
        for preference, row in _rows(groups, wanted, module, tallied):
            writers[files[preference.split]].write(row)
        if not tallied.rows:
            raise NothingLeftError("no pair passed the gates", hint=_counted(tallied))
        for writer in writers.values():
            writer.close()
    return tallied, files


def check_files(wanted: ExportRequest, *, replace: bool) -> None:
    """Refuse endings that say nothing, and files that are there."""
    if wanted.out.suffix not in ENDINGS:
        raise InputError(f"{wanted.out} must end in {' or '.join(ENDINGS)}", hint="the ending says how it is written")
    there = [path for path in (*dict.fromkeys(wanted.files().values()), *wanted.datasheets) if path.exists()]
    if there and not replace:
        named = ", ".join(map(str, there))
        verb = "is" if len(there) == 1 else "are"
        raise InputError(
            f"{named} {verb} there already and kept", hint="name another --out, or replace it with --force"
        )


def _rows(
    groups: Iterable[Sequence[Candidate]], wanted: ExportRequest, module: ExportFormat, tallied: ExportCounts
) -> Iterator[tuple[Preference, dict[str, Any]]]:
    for group in groups:
        tallied.candidates.update(one.source for one in group)
        preferences = list(_preferences(passed(group, wanted.bars, tallied.stopped), wanted))
        for preference in preferences:
            tallied.keep(preference)
        seen: set[str] = set()
        for preference, row in module.rows(preferences, tallied.stopped):
            tallied.rows[preference.split] += 1
            seen.add(preference.split)
            if "label" in row:
                tallied.labels[row["label"]] += 1
            yield preference, {**row, **_provenance(preference)}
        tallied.prompts.update(seen)


def _preferences(candidates: Iterable[Candidate], wanted: ExportRequest) -> Iterator[Preference]:
    for one in candidates:
        part = part_of(one.prompts, one.cluster, wanted.shares, wanted.seed)
        texts, scores = (one.first, one.second), (one.score_first, one.score_second)
        if one.verdict == "b":
            texts, scores = texts[::-1], scores[::-1]
        yield Preference(one, *texts, *scores, part)


def _provenance(one: Preference) -> dict[str, Any]:
    candidate = one.candidate
    is_turned = candidate.verdict == "b"
    writers = candidate.writers[::-1] if is_turned else candidate.writers
    rounds = candidate.rounds[::-1] if is_turned else candidate.rounds
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


def _counted(tallied: ExportCounts) -> str:
    """What every gate stopped, in words."""
    total = tallied.candidates.total()
    if not total:
        return "the run holds no pair of this view"
    says = {name: say for name, (say, _) in GATES.items()} | dict(OF_A_PROMPT)
    told = [f"{count:,} {name} ({says[name]})" for name, count in tallied.stopped.items() if count]
    return f"of {total:,} pairs: {'; '.join(told)}"


class _JsonLines:
    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle

    def write(self, row: Mapping[str, Any]) -> None:
        self._handle.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Nothing is left to do."""


class _Parquet:
    """Parts as they fill, in a folder of their own, which are joined at the end without holding them all."""

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
