"""The failed judgments of a run with their reasons and replies: `harness failures`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from harness.cache.entry import Entry, Store
from harness.errors import RunFolderError
from harness.runner.run_folder import ENVIRONMENT, JUDGMENTS, read_frame, read_json

REASONS: Mapping[str, str] = {
    "unparsed": "the reply holds no answer that the rule of the strategy can read",
    "truncated": "the reply was cut off before its answer",
    "refused": "the model or its endpoint refused",
    "unavailable": "no reply came; a run of the same spec makes the call again",
}
"""Why a judgment failed, by kind of failure."""
MOSTLY_UNPARSED = 0.5
"""The share of unparsed judgments of a cell above which a run reports it first."""
NOT_IN_CACHE = "not in the cache"
NEVER_CAME = "never came"


def failed_judgments(
    folder: Path,
    cache: Store,
    *,
    kinds: Sequence[str] = (),
    cell: str | None = None,
    most: int | None = None,
) -> dict[str, Any]:
    """The failed judgments of a run, as `schemas/output/failures.schema.json` describes them.

    Args:
        folder: of the run.
        cache: where replies are looked up.
        kinds: of failures, all where there are none.
        cell: part of the ids of the cells to keep; None for all.
        most: judgments that are listed; None for all.
    """
    frame = read_frame(folder, JUDGMENTS, ["cell", "item", "failure", "calls"])
    failed = frame.filter(pl.col("failure").is_not_null())
    if kinds:
        failed = failed.filter(pl.col("failure").is_in(list(kinds)))
    if cell is not None:
        failed = failed.filter(pl.col("cell").str.contains(cell, literal=True))
    counts = Counter(failed["failure"].to_list())
    rows = failed.head(most) if most is not None else failed
    return {
        "run": folder.name,
        "judgments": frame.height,
        "failed": failed.height,
        "kinds": dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))),
        "failed_calls": _failed_calls(folder) if "unavailable" in counts else [],
        "listed": rows.height,
        "failures": list(_listed(rows, cache)),
    }


def _failed_calls(folder: Path) -> list[dict[str, Any]]:
    """Why calls of a run failed, as it stored it; none of a run that stored no reasons."""
    found: list[dict[str, Any]] = []
    try:
        given = read_json(folder, ENVIRONMENT).get("failed_calls", [])
        found = [{key: one[key] for key in ("model", "calls", "reason", "first")} for one in given]
    except (RunFolderError, AttributeError, KeyError, TypeError):
        return []  # not a part of the results: a run whose file is lost or edited still shows its failures
    return found


def _listed(rows: pl.DataFrame, cache: Store) -> Iterator[dict[str, Any]]:
    for batch in rows.iter_slices(256):
        keys = {key for calls in batch["calls"].to_list() for key in (calls or ())}
        entries = {entry.key: entry for entry in cache.entries(sorted(keys))}
        for row in batch.iter_rows(named=True):
            calls = row["calls"] or []
            yield {
                "cell": row["cell"],
                "item": row["item"],
                "failure": row["failure"],
                "reason": REASONS.get(row["failure"], ""),
                "replies": [_reply(key, entries.get(key)) for key in calls],
                "missing": NEVER_CAME if row["failure"] == "unavailable" else None,
            }


def _reply(key: str, entry: Entry | None) -> dict[str, Any]:
    if entry is None:
        return {"key": key, "text": None, "finish": None, "where": NOT_IN_CACHE}
    return {"key": key, "text": entry.reply.text, "finish": entry.reply.finish, "where": "cache"}


def mostly_unparsed(frame: pl.DataFrame) -> list[tuple[str, int, int, str]]:
    """Cells with mostly unparsed judgments: id, unparsed judgments, all judgments, and the first unparsed item."""
    counted = frame.group_by("cell", maintain_order=True).agg(
        (pl.col("failure") == "unparsed").sum().alias("unparsed"),
        pl.len().alias("judgments"),
        pl.col("item").filter(pl.col("failure") == "unparsed").first().alias("item"),
    )
    found = counted.filter(pl.col("unparsed") > MOSTLY_UNPARSED * pl.col("judgments"))
    return [(row["cell"], row["unparsed"], row["judgments"], row["item"]) for row in found.iter_rows(named=True)]


def unanswered_models(frame: pl.DataFrame, models_of: Mapping[str, Iterable[str]], failed: Iterable[str]) -> list[str]:
    """Models with failed calls in whose cells every judgment is unavailable.

    Args:
        frame: the judgments of the run.
        models_of: the models of each cell, by its id.
        failed: models with failed calls and without an answered one in this run.
    """
    reached = set(frame.filter(pl.col("failure").is_null() | (pl.col("failure") != "unavailable"))["cell"].unique())
    answered = {model for cell in reached for model in models_of.get(cell, ())}
    return [model for model in islice(failed, 10_000) if model not in answered]
