"""A plug-in of pytest that runs some tests in a given order and writes which one failed first."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutants.tests_by_line import Stage


class Selection:
    """Selects the tests of a stage.

    Args:
        stage: the tests.
        failed: the file to which the name of the first test that fails is written.
    """

    def __init__(self, stage: Stage, failed: Path) -> None:
        self._stage, self._failed = stage, failed

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out the others, and sort."""
        by_name = {item.nodeid: item for item in items}
        names = self._stage.names or tuple(name for name in by_name if name not in (self._stage.skipped or ()))
        chosen = [by_name[name] for name in names if name in by_name]
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in set(names)])
        items[:] = chosen

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the first failure."""
        if report.failed and not self._failed.exists():
            self._failed.write_text(report.nodeid, encoding="utf-8")
