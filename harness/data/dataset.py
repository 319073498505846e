"""Read a dataset: the file, the columns that the spec names, the rows that it asks for, and every fault at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.data.column_names import required_of
from harness.data.columns import canonical, missing_columns
from harness.data.files import source_digest
from harness.data.frames import FrameDataset
from harness.data.frozen import check_frozen
from harness.data.hub.local_copy import fetched
from harness.data.large import read_large
from harness.data.reading import read_and_hash, read_rows
from harness.data.stored_texts import LargeRows, StoredDataset
from harness.data.subset import chosen, rows_where, sample_seed, with_slices
from harness.data.usable import row_problems, usable
from harness.data.votes import with_votes
from harness.errors import DatasetError, Problem
from harness.hashing import digest_of
from harness.records.datasets import DatasetSpec

__all__ = ["PROMPT_SET", "FrameDataset", "read_dataset"]

PROMPT_SET = ("id", "prompt")
"""The columns that a set of prompts must have."""


def read_dataset(spec: DatasetSpec, *, seed: int, required: Sequence[str] | None = None) -> FrameDataset:
    """Read a dataset and check every row that its `where` keeps.

    Args:
        spec: where it is and how to read it.
        seed: of the experiment, for a sample that names no seed of its own and for what is drawn in reading.
        required: the columns that must be there and hold something: those of what is judged by default,
            `PROMPT_SET` for prompts without responses.

    Raises:
        DatasetError: with all bad rows, with what keeps the file from being read, or if the items are not those that
            the digest of the subset froze.
    """
    spec = fetched(spec)
    required = required_of(spec) if required is None else required
    try:
        content, rows = read_and_hash(spec, lambda: _large(spec, seed, required) or read_rows(spec))
        if isinstance(rows, LargeRows):
            return _frozen(_stored(rows, spec, digest_of(_identity(spec, seed, content))), spec)
        missing = missing_columns(rows, spec, required) if rows.present else []
        if missing or rows.frame.is_empty():
            raise DatasetError([*missing, *row_problems(rows, [])] or [Problem(message="holds no rows")])
        found = canonical(rows, spec, seed)
        frame = with_slices(rows_where(found, rows, spec.subset.where, spec.label_set), found, rows, spec.slices)
        kept = usable(frame, found.faults, rows, spec, required)
        frame, annotators = with_votes(kept.frame, found.annotators, spec)
        notes = (*filter(None, (spec.source_note,)), *found.notes, *kept.notes)
        identity = _identity(spec, seed, content) | ({"order": f"{seed}"} if found.is_drawn else {})
        digest = digest_of(identity)
        rows_used = chosen(frame, spec, seed)
        dataset = FrameDataset(spec.name, digest, rows_used, annotators, notes=notes, label_set=spec.label_set)
        return _frozen(dataset, spec)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(Problem(file=spec.shown_path, message=f"cannot be read: {reason}")) from None
    except DatasetError as error:
        raise DatasetError(
            replace(problem, file=problem.file or spec.shown_path) for problem in error.problems
        ) from None


def _frozen(dataset: FrameDataset, spec: DatasetSpec) -> FrameDataset:
    """The dataset, whose items are those that the digest of the subset froze."""
    if spec.subset.digest is not None:
        check_frozen(spec.name, dataset.items(), len(dataset), spec.subset.digest)
    return dataset


def _large(spec: DatasetSpec, seed: int, required: Sequence[str]) -> LargeRows | None:
    """The rows of a large file of what is judged; None for any other."""
    return read_large(spec, seed, required) if required == required_of(spec) else None


def _stored(rows: LargeRows, spec: DatasetSpec, digest: str) -> StoredDataset:
    notes = (*filter(None, (spec.source_note,)), *rows.notes)
    return StoredDataset(spec.name, digest, rows, notes=notes, label_set=spec.label_set)


def _identity(spec: DatasetSpec, seed: int, content: str) -> dict[str, Any]:
    """The file's content and everything that the spec says about reading it, as its digest is made of it."""
    subset = spec.subset
    identity: dict[str, Any] = {
        "content": content,
        "format": spec.format,
        "columns": spec.columns,
        "label_values": spec.label_values,
        "where": subset.where,
        "sample": [subset.sample, f"{sample_seed(spec, seed)}"],
        "limit": subset.limit,
    }
    # Later settings are part of it only if a spec uses them, so that older digests stay the same.
    if spec.on_problem != "error":
        identity["on_problem"] = spec.on_problem
    if spec.empty_response != "judge":
        identity["empty_response"] = spec.empty_response
    if spec.options:
        identity["options"] = spec.options
    if not spec.label_set.is_pair:
        identity["labels"] = spec.label_set.json()
    if spec.votes is not None:
        votes = spec.votes
        columns = [votes.item, votes.annotator, votes.label]
        identity["votes"] = [source_digest(votes), votes.format, columns, dict(votes.options)]
    return identity
