"""Preference pairs from an evaluation: its pairs of responses, by the verdicts of one cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from harness.errors import InputError
from harness.preferences.records import Candidate
from harness.runner.plan import Plan
from harness.runner.run_check import collected
from harness.runner.run_folder import ITEMS, JUDGMENTS, LEADERBOARD, MANIFEST, read_frame, read_json
from harness.text import quoted, suggestion


class JudgedRun:
    """A finished evaluation with its data.

    Args:
        folder: of the run.
        plan: of its spec, for the texts.
        cell: id of the cell with the verdicts, or a unique part of it; None for the leader of each dataset.

    Raises:
        InputError: if there is no such cell, or the data have changed since the run.
    """

    def __init__(self, folder: Path, plan: Plan, cell: str | None = None) -> None:
        self.folder, self.plan = folder, plan
        self.manifest = read_json(folder, MANIFEST)
        rows = read_json(folder, LEADERBOARD)["rows"]
        ids = [str(row["cell"]) for row in rows]
        self.cells = _leaders(rows) if cell is None else [_one(cell, ids)]
        by_id = {entry["id"]: entry for entry in self.manifest["cells"]}
        self.entries = [by_id[name] for name in self.cells]
        self._check_contents()

    def candidates(self) -> Iterator[list[Candidate]]:
        """The candidates of each item, in the order of the data."""
        for entry, judged in self.judgments():
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

    def judgments(self) -> Iterator[tuple[dict[str, Any], Iterator[dict[str, Any]]]]:
        """Each cell with its judgments, in the order of the data."""
        for entry in self.entries:
            judged = pl.scan_parquet(self.folder / JUDGMENTS).filter(pl.col("cell") == entry["id"])
            yield entry, collected(judged, self.folder / JUDGMENTS).iter_rows(named=True)

    def _check_contents(self) -> None:
        """Compare the texts with the digests that the run keeps."""
        kept = read_frame(self.folder, ITEMS, ["dataset", "item", "content"])
        for name in dict.fromkeys(entry["dataset"] for entry in self.entries):
            now: Any = self.plan.datasets[name].facts().select("item", "content")
            before = kept.filter(pl.col("dataset") == name).select("item", "content")
            if not now.equals(before):
                message = f"the data of {quoted(name)} have changed since this run"
                raise InputError(message, hint="run the spec again; cached replies are reused")


def _leaders(rows: list[dict[str, Any]]) -> list[str]:
    """The leader of each dataset."""
    first: dict[str, str] = {}
    for row in rows:
        first.setdefault(row["dataset"], row["cell"])
    return list(first.values())


def _one(name: str, ids: list[str]) -> str:
    found = [one for one in ids if one == name] or [one for one in ids if name in one]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(f"the run has no cell {quoted(name)}", hint=suggestion(name, ids))
    raise InputError(f"{quoted(name)} matches {len(found)} cells, such as {found[0]} and {found[1]}")
