"""A plug-in of pytest that writes how long each test takes: `-p mutants.recording`."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

WHERE = "HARNESS_TEST_SECONDS"
"""The environment variable that names the file."""

_seconds: Counter[str] = Counter()
_failed: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add what a part of a test took."""
    _seconds[report.nodeid] += report.duration  # type: ignore[assignment]
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the seconds of the tests that passed; the workers of xdist report to the one process that writes."""
    if not hasattr(session.config, "workerinput"):
        passed = {name: round(seconds, 4) for name, seconds in _seconds.items() if name not in _failed}
        Path(os.environ[WHERE]).write_text(json.dumps(passed), encoding="utf-8")
