"""One item's rows of a run folder, read lazily: a run of a million judgments is never held in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from harness.data.parquet_bounds import ParquetBomb, checked
from harness.errors import InputError, RunFolderError, parquet_faults
from harness.records.label_set import NUMBER
from harness.report.items.rankings import is_right
from harness.report.items.records import Message, VerdictRecord
from harness.runner.run_check import RETRY
from harness.runner.run_folder import ITEMS, JUDGMENTS, PROMPTS, TRAJECTORIES
from harness.text import quoted

SIGNS = frozenset(">=")
"""The signs between the positions of a ranking, which no label has."""


class RunFiles(Protocol):
    """What is needed of an opened run folder."""

    @property
    def folder(self) -> Path:
        """Where it is."""
        ...

    @property
    def spec(self) -> Mapping[str, Any]:
        """The resolved spec."""
        ...

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Digests and cells."""
        ...


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Report a Parquet file of a run that is missing or damaged.

    Raises:
        RunFolderError: with the reason.
    """
    try:
        yield
    except ParquetBomb as error:
        raise RunFolderError(f"a Parquet file in {folder} {error}", hint=RETRY) from None
    except (OSError, *parquet_faults()) as error:  # type: ignore[misc] # mypy does not see into an unpacked tuple
        reason = str(error).partition("\n")[0]
        raise RunFolderError(f"a Parquet file in {folder} cannot be read: {reason}", hint=RETRY) from None


class ItemRow:
    """An item's row of `items.parquet`, with its place among the others of its dataset.

    Attributes:
        row: columns by name.
        at: position in the dataset, from 0.
        items: of the dataset.
        previous: id of the item before, None for the first one.
        next: id of the item after it, None for the last one.
    """

    def __init__(self, folder: Path, dataset: str, item: str) -> None:
        lazy = pl.scan_parquet(folder / ITEMS).filter(pl.col("dataset") == dataset)
        with reading(folder):
            ids = lazy.select("item").collect()["item"]
            found = (ids == item).arg_max() if len(ids) else None
            if found is None or ids[found] != item:
                raise InputError(f"there is no item {quoted(item)} in {quoted(dataset)}")
            self.at, self.items = int(found), len(ids)
            self.previous: str | None = ids[self.at - 1] if self.at else None
            self.next: str | None = ids[self.at + 1] if self.at + 1 < self.items else None
            found_row = lazy.filter(pl.col("item") == item).head(1).collect()
            self.row: dict[str, Any] = checked(found_row, folder / ITEMS).row(0, named=True)


def judgment_rows(folder: Path, item: str, cells: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The judgments of an item by the ids of their cells, without their cache keys, which are most of the file."""
    lazy = pl.scan_parquet(folder / JUDGMENTS).select(pl.exclude("calls"))
    wanted = lazy.filter(pl.col("item") == item, pl.col("cell").is_in(list(cells)))
    with reading(folder):
        found = checked(wanted.collect(engine="streaming"), folder / JUDGMENTS)
        return {row["cell"]: row for row in found.iter_rows(named=True)}


class JudgmentKeys:
    """The cache keys of the judgments of one item, each read from its place: cell by cell, item by item.

    Args:
        source: the run folder, opened.
        item: id of the item.
        at: its position in its dataset.
    """

    def __init__(self, source: RunFiles, item: str, at: int) -> None:
        self._folder, self._item, self._at = source.folder, item, at
        self._starts: dict[str, int] = {}
        start = 0
        for entry in source.manifest["cells"]:
            self._starts[entry["id"]] = start
            start += source.manifest["datasets"][entry["dataset"]]["items"]

    def of(self, cell: str) -> Sequence[str]:
        """The keys of the calls of a cell's judgment, in the order in which they were made; none without one."""
        if cell not in self._starts:
            return ()
        lazy = pl.scan_parquet(self._folder / JUDGMENTS).select("cell", "item", "calls")
        with reading(self._folder):
            rows = checked(lazy.slice(self._starts[cell] + self._at, 1).collect(), self._folder / JUDGMENTS).rows()
        return rows[0][2] if rows and rows[0][:2] == (cell, self._item) else ()


def prompt_of(folder: Path, prompts: str, item: str) -> tuple[Message, ...] | None:
    """A prompt of a generation, None where the run does not hold it."""
    if not (folder / PROMPTS).is_file():
        return None
    lazy = pl.scan_parquet(folder / PROMPTS).filter(pl.col("prompts") == prompts, pl.col("item") == item)
    with reading(folder):
        rows = checked(lazy.select("prompt").head(1).collect(), folder / PROMPTS)["prompt"].to_list()
    return messages_of(orjson.loads(rows[0])) if rows else None


def draft_rows(folder: Path, system: str, item: str) -> list[dict[str, Any]]:
    """The drafts of a system on one prompt, in order."""
    lazy = pl.scan_parquet(folder / TRAJECTORIES).filter(pl.col("system") == system, pl.col("item") == item)
    with reading(folder):
        return checked(lazy.sort("round").collect(), folder / TRAJECTORIES).to_dicts()


def drafts_with(folder: Path, match: Mapping[str, str], prompts: str, text: str) -> NDArray[np.bool_]:
    """Whether each prompt of a match, or a draft that one of its systems picked for it, has a text, in any case.

    Args:
        folder: of the run.
        match: its two systems, as `first` and `second`.
        prompts: name of the prompt set.
        text: what is searched.
    """

    def holds(name: str) -> pl.Expr:
        return pl.col(name).str.to_lowercase().str.contains(text.lower(), literal=True).fill_null(False)

    systems = [match["first"], match["second"]]
    drafts = pl.scan_parquet(folder / TRAJECTORIES).filter(pl.col("is_picked"), pl.col("system").is_in(systems))
    prompts_of = pl.scan_parquet(folder / PROMPTS).filter(pl.col("prompts") == prompts)
    with reading(folder):
        # Changing the case of a text that recurs makes a copy for each row.
        picked = checked(drafts.select("item", "text").collect(), folder / TRAJECTORIES)
        every = checked(prompts_of.select("item", "prompt").collect(), folder / PROMPTS)
        found = picked.filter(holds("text"))["item"].unique().to_list()
        has_text = every.select(holds("prompt") | pl.col("item").is_in(found)).to_series()
    return np.asarray(has_text.to_numpy(), np.bool_)


def messages_of(prompt: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """A chat as messages."""
    return tuple(
        Message(str(one["role"]), one["content"] if isinstance(one["content"], str) else str(one["content"]))
        for one in prompt
    )


def verdict_record(entry: Mapping[str, Any], row: Mapping[str, Any], reference: str | None) -> VerdictRecord:
    """A judgment as a page shows it.

    Args:
        entry: of the cell in the manifest.
        row: of `judgments.parquet`.
        reference: the reference verdict of the item.
    """
    verdict = row["verdict"]
    return VerdictRecord(
        row["cell"],
        evaluator_of(entry),
        entry["strategy"],
        shown_outcome(row),
        verdict is None,
        None if verdict in (None, NUMBER) or reference is None else _is_right(verdict, reference),
        flips(entry, row["votes"]),
        None if verdict == NUMBER else row["score_a"],
        row["score_b"],
        tuple(row["votes"]),
        row["abstained"],
        row["prompt_tokens"] + row["completion_tokens"],
    )


def shown_outcome(row: Mapping[str, Any]) -> str:
    """The verdict, label or ranking of a judgment, the number itself where labels are numbers, or the failure."""
    verdict = row["verdict"] or row["failure"]
    return f"{row['score_a']:.6g}" if verdict == NUMBER and row["score_a"] is not None else str(verdict)


def _is_right(verdict: str, reference: str) -> bool:
    """Whether a verdict is the reference verdict; of rankings, whether what is first is among the best."""
    return is_right(verdict, reference) if SIGNS & set(reference) else verdict == reference


def evaluator_of(entry: Mapping[str, Any]) -> str:
    """Who judges in a cell of the manifest, such as `judge:gpt-4o`."""
    return f"{entry['mode']}:{'+'.join(entry['models'])}{entry['variant']}"


def flips(entry: Mapping[str, Any], votes: Sequence[str]) -> bool:
    """Whether the votes in the given and in the swapped order differ, for a cell that asks in both orders."""
    half = len(votes) // 2
    return entry["order"] == "both" and half > 0 and sorted(votes[:half]) != sorted(votes[half:])
