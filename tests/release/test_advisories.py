"""What could not be checked fails: pip-audit itself succeeds where it found no package in its database."""

from __future__ import annotations

from typing import Any

import pytest

from release.advisories import pinned, problems

GOOD = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (2)"}
BAD = {"name": "c", "version": "3", "vulns": [{"id": "CVE-1", "fix_versions": ["3.1", "4"]}, {"id": "CVE-2"}]}


@pytest.mark.parametrize(
    ("packages", "expected", "found"),
    [
        ([GOOD], 1, []),
        ([GOOD], 2, ["newest: 1 of 2 packages could not be checked"]),
        ([], 1, ["newest: 1 of 1 packages could not be checked"]),
        ([GOOD, SKIPPED], 2, ["newest: 1 of 2 packages could not be checked, b and others among them"]),
        ([GOOD, BAD], 2, ["newest: c 3 has CVE-1, fixed in 3.1, 4", "newest: c 3 has CVE-2, fixed in no version"]),
    ],
)
def test_only_packages_that_were_checked_and_have_no_vulnerability_pass(
    packages: list[Any], expected: int, found: list[str]
) -> None:
    assert list(problems("newest", {"dependencies": packages}, "", expected)) == found


@pytest.mark.parametrize("said", ["", "Traceback\nConnectionError: no network\n"])
def test_an_audit_that_could_not_run_fails(said: str) -> None:
    (problem,) = problems("lowest", None, said, 3)
    assert problem == f"lowest: could not be checked: {'ConnectionError: no network' if said else 'no message'}"


def test_pinned_versions_are_counted(tmp_path) -> None:
    (tmp_path / "x.txt").write_text("# a comment\na==1\nb==2 ; python_version < '3.12'\n    # via a\n")
    assert pinned(tmp_path / "x.txt") == 2
