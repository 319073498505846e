"""What differs between two runs with the same results: `environment.json`."""

from __future__ import annotations

import os
import platform
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.runner.progress import RunStats

PACKAGES = ("polars", "numpy", "openai", "diskcache", "jinja2", "orjson")
"""Packages whose versions are recorded with a run; the first two can change the bytes of its files."""


SPEC_FILE = "spec_file"
"""The key with the path of the spec file, relative to the folder of all results."""


def spec_file(spec: Path, results: Path) -> dict[str, str]:
    """Where the spec of a run is; empty for a spec without a file, or on another drive."""
    if not spec.is_file():
        return {}
    try:
        return {SPEC_FILE: os.path.relpath(spec, results.absolute())}
    except ValueError:
        return {}


def environment_json(started: datetime, seconds: float, stats: RunStats, calls: int) -> dict[str, Any]:
    """Times, machine, versions, calls and spend of a run that has just ended.

    Args:
        started: when it started.
        seconds: how long it took.
        stats: what it did.
        calls: calls whose replies its results rest on, those from the cache included.
    """
    from importlib.metadata import version

    return {
        "started": started.isoformat(timespec="milliseconds"),
        "finished": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": seconds,
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "calls_made": stats.calls,
        "calls_from_cache": calls - stats.calls,
        "spend": stats.spend_json(),
        "stopped_models": stats.stopped_models,
        **({"failed_calls": failed} if (failed := stats.failed_calls.json()) else {}),
        **({"batches": {"jobs": stats.batch_jobs, "replies": stats.batch_lines}} if stats.batch_lines else {}),
    }
