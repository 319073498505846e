"""The run folder: what a run writes, byte for byte the same wherever it is made, and how it is found again.

    results/<spec name>/<run id>/
        spec.json            the resolved spec, every default written out
        manifest.json        digests of spec, data and judgments, versions of harness and key
        judgments.parquet    one row for each judgment, in canonical order
        items.parquet        one row for each item: digest of its content, labels, cluster, who wrote it, lengths
        scores.parquet       one row for each cell and figure; not of a generation
        prompts.parquet, trajectories.parquet   of a generation: the prompts, and every draft with its reviews
        leaderboard.json     cells ranked, with intervals and rank sets
        checksums.json       the SHA-256 of each of these files
        environment.json     all that is not deterministic: times, host, versions, calls made, spend

A folder is written beside its place and then renamed, so it is whole or not there. The run id is the digest of
the spec, the data and the judgments: another reply makes another run, and none overwrites another.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from harness.data.parquet_bounds import read_bounded
from harness.errors import HarnessError, RunFolderError, ScoringError, StorageError
from harness.hashing import digest_of, rounded
from harness.records.experiment import Cell
from harness.runner.finished import ABSTAINED, ESCALATED, PREFERENCE, VOTES, JudgedChunk
from harness.runner.published import replace_run
from harness.runner.run_check import CHECKSUMS, RETRY, checksums_json, reading
from harness.runner.unfinished import new_folder, remove_abandoned

if TYPE_CHECKING:
    import polars as pl

SPEC = "spec.json"
MANIFEST = "manifest.json"
JUDGMENTS = "judgments.parquet"
ITEMS = "items.parquet"
SCORES = "scores.parquet"
LEADERBOARD = "leaderboard.json"
PROMPTS = "prompts.parquet"
TRAJECTORIES = "trajectories.parquet"
ENVIRONMENT = "environment.json"
DETERMINISTIC = (SPEC, MANIFEST, JUDGMENTS, ITEMS, SCORES, LEADERBOARD, CHECKSUMS)
FORMAT = 2
"""Of a run folder; the manifest says it. Format 1 had no items."""

ROWS_HELD = 65_536
"""Judgments held in memory before they go to disk, and the rows of a row group, on which the bytes depend."""
TEXTS_HELD = 4_096
"""Rows of a row group that holds texts."""
_UNSCORED = ".unscored"
"""Ends the name of a folder with the judgments of a run whose scoring failed; it has no manifest."""
_COLUMNS = (
    "cell",
    "item",
    "verdict",
    "failure",
    "score_a",
    "score_b",
    "votes",
    "abstained",
    "calls",
    "prompt_tokens",
    "completion_tokens",
)
_PREFERENCE = "preference"
_ESCALATED = "escalated"
_OPTIONAL = (_PREFERENCE, _ESCALATED)
"""The columns of soft verdicts, and of the judges that a cascade asked after the first one. Runs without any have no
such column, so that their bytes stay what they were."""
_LISTS = ("votes", "calls")
"""Columns that hold lists of words; rows hold them as text, with a space between words."""


class RunWriter:
    """Writes a run folder under another name and publishes it when it is whole.

    Use it as a context: what was not published is gone at the end.

    Args:
        results: the folder of all results.
        spec_name: names the folder of the spec's runs.

    Raises:
        StorageError: from every method, where the disk is full or the folder cannot be written.
    """

    def __init__(self, results: Path, spec_name: str) -> None:
        self.parent = results / spec_name
        self.folder = self.parent  # until __enter__ makes one of its own
        self._digest = hashlib.sha256()
        self._columns: list[list[Any]] = [[] for _ in (*_COLUMNS, *_OPTIONAL)]
        self._parts = 0
        self._found: set[str] = set()
        self._made: list[Path] = []
        self._begun_ns = 0

    def __enter__(self) -> RunWriter:
        with _storing(self.parent):
            self._made = [folder for folder in (self.parent, self.parent.parent) if not folder.exists()]
            self.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.parent)
            self.folder = new_folder(self.parent)
            self._begun_ns = self.folder.stat().st_mtime_ns
            (self.folder / "parts").mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in self._made:  # what a failed run made and left empty; a folder with content cannot be removed
            with suppress(OSError):
                folder.rmdir()

    @property
    def judgments_digest(self) -> str:
        """SHA-256 of all judgments added so far, in their order; independent of how they are stored."""
        return self._digest.hexdigest()

    def add(self, cell: Cell, judged: JudgedChunk) -> None:
        """Append judgments of a cell."""
        count = len(judged)
        if not count:
            return
        outcomes = judged.outcomes
        hard: list[Sequence[Any]] = [[cell.id] * count, judged.items, *outcomes[:VOTES]]
        hard += [[*map(" ".join, outcomes[VOTES])], outcomes[ABSTAINED], [*map(" ".join, judged.keys)]]
        hard += [judged.prompt_tokens, judged.completion_tokens]
        optional = [outcomes[PREFERENCE], outcomes[ESCALATED]]
        rows: Iterable[tuple[Any, ...]] = zip(*hard, strict=True)
        if found := [name for name, column in zip(_OPTIONAL, optional, strict=True) if column.count(None) < count]:
            rows = (row + more for row, more in zip(rows, map(_present, *optional), strict=True))
        self._digest.update(orjson.dumps([*rows])[1:-1] + b",")
        self._found.update(found)
        for column, values in zip(self._columns, [*hard, *optional], strict=True):
            column.extend(values)
        while len(self._columns[0]) >= ROWS_HELD:
            self._flush()

    def _flush(self) -> None:
        """Move up to ROWS_HELD judgments from memory to a part file."""
        import polars as pl

        rows = [column[:ROWS_HELD] for column in self._columns]
        for column in self._columns:
            del column[:ROWS_HELD]
        # polars splits words into lists in no time, and takes very long to take lists from Python one by one
        frame = pl.DataFrame(dict(zip(_row_schema(), rows, strict=True)), schema=_row_schema()).with_columns(
            pl.when(pl.col(name) == "")
            .then(pl.lit([], pl.List(pl.String)))
            .otherwise(pl.col(name).str.split(" "))
            .alias(name)
            for name in _LISTS
        )
        with _storing(self.folder):
            frame.write_parquet(self.folder / "parts" / f"{self._parts:06}.parquet", compression="lz4")
        self._parts += 1

    def write_judgments(self) -> None:
        """Join the parts into one file, without holding them all."""
        if self._columns[0] or not self._parts:
            self._flush()
        with _storing(self.folder):
            without = [name for name in _OPTIONAL if name not in self._found]
            _join(self.folder / "parts", self.folder / JUDGMENTS, ROWS_HELD, without)

    def add_rows(self, name: str, rows: Sequence[Sequence[Any]], schema: Mapping[str, Any]) -> None:
        """Append rows to a Parquet file that `write_rows` makes of them; all additions of a file have one schema."""
        import polars as pl

        if not rows:
            return
        folder = self.folder / f"{name}.parts"
        with _storing(self.folder):
            folder.mkdir(exist_ok=True)
            part = folder / f"{len(list(folder.iterdir())):06}.parquet"
            pl.DataFrame(list(rows), schema=dict(schema), orient="row").write_parquet(part, compression="lz4")

    def write_rows(self, name: str, schema: Mapping[str, Any]) -> None:
        """Join the rows that were added to a file, without holding them all."""
        import polars as pl

        folder = self.folder / f"{name}.parts"
        with _storing(self.folder):
            if not folder.exists():
                pl.DataFrame(schema=dict(schema)).write_parquet(self.folder / name)
                return
            _join(folder, self.folder / name, TEXTS_HELD)

    def write_frame(self, name: str, frame: pl.DataFrame) -> None:
        """Write a Parquet file, such as `scores.parquet`."""
        with _storing(self.folder):
            frame.write_parquet(self.folder / name, compression="zstd", compression_level=3, statistics=False)

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a JSON file, floats rounded to 12 significant digits."""
        with _storing(self.folder):
            (self.folder / name).write_bytes(_pretty(rounded(value)))

    @contextmanager
    def scoring(self, run_id: str, spec: str) -> Iterator[None]:
        """Keep the judgments where the code inside raises an unexpected exception.

        Args:
            run_id: of the run.
            spec: path of the spec as the user gave it.

        Raises:
            ScoringError: with the folder of the judgments and the command that scores them again.
        """
        try:
            yield
        except HarnessError:
            raise
        except Exception as error:
            kept = self.parent / f"{run_id}{_UNSCORED}"
            with _storing(kept):
                shutil.rmtree(kept, ignore_errors=True)
                self.folder.rename(kept)
            raise ScoringError(
                f"scoring failed: {type(error).__name__}: {error}; the judgments are in {kept}",
                hint=f"`harness run {spec} --offline` scores them again without model calls; HARNESS_DEBUG=1 shows the "
                "traceback",
            ) from error

    def publish(self, run_id: str) -> Path:
        """Give the folder its name. Where the run is there already, its deterministic files are the same bytes."""
        final = self.parent / run_id
        with _storing(final):
            # Each repetition of a run replaces its environment, on which no result depends.
            self.write_json(CHECKSUMS, checksums_json(self.folder, without=(ENVIRONMENT,)))
            for file in self.folder.iterdir():
                with file.open("rb") as stream:
                    os.fsync(stream.fileno())
            try:
                self.folder.rename(final)
            except OSError:  # the run is there already, perhaps since a moment ago, by another process
                if not final.is_dir():
                    raise
                replace_run(self.folder, final, begun_ns=self._begun_ns)
            shutil.rmtree(self.parent / f"{run_id}{_UNSCORED}", ignore_errors=True)
        return final


def _present(preference: float | None, escalated: int | None) -> tuple[Any, ...]:
    """The optional columns of a row that say something, as its digest has them."""
    soft = () if preference is None else (preference,)
    return soft if escalated is None else (*soft, [_ESCALATED, escalated])


def _join(parts: Path, file: Path, rows: int, without: Sequence[str] = ()) -> None:
    """Make one file of those in a folder, in the order of their names, and remove the folder.

    Args:
        parts: the folder.
        file: to write.
        rows: of a row group, on which the bytes depend.
        without: columns to leave out.
    """
    import polars as pl

    pl.scan_parquet(parts / "*.parquet").drop(*without).sink_parquet(
        file, compression="zstd", compression_level=3, row_group_size=rows, statistics=False, maintain_order=True
    )
    shutil.rmtree(parts)


def run_id_of(plan_digest: str, judgments_digest: str) -> str:
    """Sixteen hexadecimal digits that name a run: what was judged and what the judgments were."""
    return digest_of({"plan": plan_digest, "judgments": judgments_digest})[:16]


def read_leaderboard(folder: Path) -> dict[str, Any]:
    """The leaderboard of a run, as its JSON says it."""
    return read_json(folder, LEADERBOARD)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A JSON file of a run folder.

    Raises:
        RunFolderError: where it is missing or damaged.
    """
    try:
        value = orjson.loads((folder / name).read_bytes())
    except OSError as error:
        raise RunFolderError(f"{folder / name} cannot be read: {error.strerror}", hint=RETRY) from None
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise RunFolderError(f"{folder / name} is damaged: it is not a JSON object", hint=RETRY)
    return value


def read_frame(folder: Path, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """A Parquet file of a run folder, or some of its columns.

    Raises:
        RunFolderError: where it is missing or damaged, or unpacks to far more than a run has.
    """
    with reading(folder / name):
        return read_bounded(folder / name, columns)


def _row_schema() -> dict[str, Any]:
    import polars as pl

    kinds = [pl.String] * 4 + [pl.Float64] * 2 + [pl.String, pl.Int64, pl.String] + [pl.Int64] * 2 + [pl.Float64]
    return dict(zip((*_COLUMNS, *_OPTIONAL), [*kinds, pl.Int64], strict=True))


def _pretty(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@contextmanager
def _storing(place: Path) -> Iterator[None]:
    """Turn what the system or polars says of a failed write into a StorageError."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except Exception as error:
        if type(error).__module__ != "polars.exceptions":
            raise
        reason = str(error)
    else:
        return
    raise StorageError(
        f"{place} cannot be written: {reason}",
        hint="free some space or name another folder with --results; replies already made are safe in the cache",
    )
