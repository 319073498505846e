"""The rankings of a run folder as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from harness.records.experiment import Cell
from harness.records.judgments import FAILURES
from harness.runner.run_folder import JUDGMENTS, read_frame

T = TypeVar("T")


def rankings_in(folder: Path, cells: Sequence[Cell], manifest: Mapping[str, Any]) -> list[list[str | None]]:
    """The rankings of each cell, None for a failure, in the order of the manifest, which was checked."""
    return _by_cell(read_frame(folder, JUDGMENTS, ["verdict"])["verdict"].to_list(), cells, manifest)


def ranking_votes_in(
    folder: Path, cells: Sequence[Cell], manifest: Mapping[str, Any]
) -> list[list[list[str | None]] | None]:
    """The rankings of each cell in each order and repeat, None for a failure; None for a cell with one ranking each.

    An item without votes in a cell with some has none here either.
    """
    known = set(FAILURES)
    lists = read_frame(folder, JUDGMENTS, ["votes"])["votes"].to_list()
    votes = [[None if vote in known else vote for vote in each or ()] for each in lists]
    return [each if any(each) else None for each in _by_cell(votes, cells, manifest)]


def rows_of(values: Sequence[T], rows: Iterable[int]) -> list[T]:
    """The values of some rows."""
    return [values[row] for row in rows]


def _by_cell(values: list[T], cells: Sequence[Cell], manifest: Mapping[str, Any]) -> list[list[T]]:
    """The values of the rows of each cell."""
    found = []
    start = 0
    for cell in cells:
        size = manifest["datasets"][cell.dataset]["items"]
        found.append(values[start : start + size])
        start += size
    return found
