"""Where the cache and the results are, in words for messages about what is missing there."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from harness.cache.sqlite_file import DATABASE
from harness.errors import MissingRepliesError


def shown_folder(folder: Path) -> str:
    """The full path of a folder, and whether it is missing."""
    full = folder.resolve()
    return str(full) if full.is_dir() else f"{full}, which does not exist"


def results_hint(spec_name: str, results: Path, spec: Path) -> str:
    """The option that finds the runs beside a spec file; "" where there are none."""
    beside = spec.parent / "results"
    if _is_same(beside, results) or not (beside / spec_name).is_dir():
        return ""
    return f"{(beside / spec_name).resolve()} exists beside the spec: add `--results {beside}`"


def cache_hint(cache: Path, spec: Path | None) -> str:
    """The full path of a cache, whether it exists, and a cache that stands beside the spec.

    Args:
        cache: the folder that was searched.
        spec: the file of the spec, None where there is none.
    """
    found = f"the cache is {shown_folder(cache)}"
    if cache.is_dir() and not (cache / DATABASE).exists():
        found += ", which is no cache"
    if spec is None:
        return found
    beside = spec.parent / ".harness-cache"
    if _is_same(beside, cache) or not (beside / DATABASE).is_file():
        return found
    return f"{found}; {beside.resolve()} stands beside the spec: add `--cache {beside}` to use it"


def with_cache_place(error: MissingRepliesError, cache: Path, spec: Path) -> MissingRepliesError:
    """The error for missing replies, with the place of the cache.

    Args:
        error: the error.
        cache: the folder that was searched.
        spec: the file of the spec; a spec in memory has none.
    """
    place = cache_hint(cache, spec if spec.is_file() else None)
    return MissingRepliesError(replace(one, hint=f"{place}; {one.hint}") for one in error.problems)


def _is_same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
