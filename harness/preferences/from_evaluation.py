"""Candidates from the run of an evaluation: its pairs of responses, as one of its cells judged them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from harness.errors import InputError
from harness.preferences.records import Candidate
from harness.runner.plan import Plan
from harness.runner.run_folder import ITEMS, JUDGMENTS, LEADERBOARD, MANIFEST, read_frame, read_json
from harness.text import quoted, suggestion


class JudgedRun:
    """A finished evaluation with the data that it judged.

    Args:
        folder: of the run.
        plan: of its spec, for the texts.
        cell: id of the cell whose verdicts count, or a part of it that no other cell has; None for the cell that
            leads the leaderboard.

    Raises:
        InputError: where there is no such cell, or the data are not those that were judged.
    """

    def __init__(self, folder: Path, plan: Plan, cell: str | None = None) -> None:
        self.folder, self.plan = folder, plan
        self.manifest = read_json(folder, MANIFEST)
        rows = read_json(folder, LEADERBOARD)["rows"]
        ids = [str(row["cell"]) for row in rows]
        self.cells = _leaders(rows) if cell is None else [_one(cell, ids)]
        by_id = {entry["id"]: entry for entry in self.manifest["cells"]}
        self._entries = [by_id[name] for name in self.cells]
        self._check_contents()

    def candidates(self) -> Iterator[list[Candidate]]:
        """The candidates of each item, in the order of the data."""
        for entry in self._entries:
            judged = (
                pl.scan_parquet(self.folder / JUDGMENTS)
                .filter(pl.col("cell") == entry["id"])
                .collect(engine="streaming")
                .iter_rows(named=True)
            )
            dataset = self.plan.datasets[entry["dataset"]]
            for item, row in zip(dataset.items(), judged, strict=True):
                yield [
                    Candidate(
                        entry["dataset"],
                        item.id,
                        item.cluster,
                        "single",
                        "judgment",
                        item.prompt,
                        item.response_a,
                        item.response_b,
                        row["verdict"] or row["failure"],
                        tuple(row["votes"]) if entry["order"] == "both" else (),
                        row["score_a"],
                        row["score_b"],
                        (item.model_a, item.model_b),
                        evaluator=entry["id"][len(entry["dataset"]) + 1 :],
                        calls=tuple(row["calls"]),
                    )
                ]

    def _check_contents(self) -> None:
        """The texts must be those that were judged: the run keeps a digest of each."""
        kept = read_frame(self.folder, ITEMS, ["dataset", "item", "content"])
        for name in dict.fromkeys(entry["dataset"] for entry in self._entries):
            now: Any = self.plan.datasets[name].facts().select("item", "content")
            before = kept.filter(pl.col("dataset") == name).select("item", "content")
            if not now.equals(before):
                message = f"the data of {quoted(name)} are not those that this run judged"
                raise InputError(message, hint="run the spec again; it asks nothing that the cache holds")


def _leaders(rows: list[dict[str, Any]]) -> list[str]:
    """The cell that leads each dataset."""
    first: dict[str, str] = {}
    for row in rows:
        first.setdefault(row["dataset"], row["cell"])
    return list(first.values())


def _one(wanted: str, ids: list[str]) -> str:
    found = [name for name in ids if name == wanted] or [name for name in ids if wanted in name]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(f"the run has no cell {quoted(wanted)}", hint=suggestion(wanted, ids))
    raise InputError(f"{quoted(wanted)} is a part of {len(found)} cells, such as {found[0]} and {found[1]}")
