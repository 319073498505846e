"""The checks of a gate, as JUnit files, annotations and job summaries show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from harness.errors import HarnessError, StorageError
from harness.text import printable

_NO_XML = re.compile("[\ufffe\uffff]")


class Check(NamedTuple):
    """One check.

    Attributes:
        group: the run, or the runs that are compared.
        name: the cell, and what was checked.
        problems: why it failed; empty if it passed.
    """

    group: str
    name: str
    problems: tuple[str, ...] = ()


def checks_of_comparison(found: Mapping[str, Any]) -> list[Check]:
    """The matched cells of a comparison with a gate, and what could not be checked.

    Args:
        found: the comparison, as `schemas/output/compare.schema.json` describes it.
    """
    gate = found["gate"]
    problems: dict[tuple[str, str], list[str]] = {}
    for finding in gate["findings"]:
        problems.setdefault((finding["run"], finding["cell"]), []).append(
            f"{finding['kind'].replace('-', ' ')}: {finding['message']}"
        )
    specs = {run["run"]: run["spec"] for run in found["runs"]}
    checked = [(check["run"], check["cell"]) for check in gate["checks"]]
    places = dict.fromkeys([*checked, *problems])
    return [
        Check(f"{specs[run]} {run}", cell or "comparison", tuple(problems.get((run, cell), ()))) for run, cell in places
    ]


@contextmanager
def junit_file(path: Path | None, checks: Sequence[Check], command: str) -> Iterator[None]:
    """Write checks as a JUnit file at the end; the error that ends the command is one more check that failed.

    Args:
        path: the file, None for none.
        checks: the checks, which may grow until then.
        command: what the error belongs to.
    """
    try:
        yield
    except HarnessError as error:
        if path is not None:
            ended = Check(command, "the command completed", tuple(map(str, error.problems)))
            try:
                write_junit(path, [*checks, ended])
            except StorageError as unwritten:
                click.echo(printable(f"error: {unwritten}"), err=True)
        raise
    if path is not None:
        write_junit(path, checks)


def write_junit(path: Path, checks: Sequence[Check]) -> None:
    """Write checks as a JUnit file: a suite for each group, a test case for each check.

    Raises:
        StorageError: if the file cannot be written.
    """
    from junitparser import Failure, JUnitXml, TestCase, TestSuite

    from harness.atomic import replacing

    document = JUnitXml("harness")
    for group in dict.fromkeys(check.group for check in checks):
        suite = TestSuite(_text(group))
        for check in checks:
            if check.group == group:
                case = TestCase(_text(check.name), _text(group))
                case.result = [Failure(_text(problem), "gate") for problem in check.problems]
                suite.add_testcase(case)
        document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call] # junitparser has few types
    with replacing(path) as file:
        file.write(b'<?xml version="1.0" encoding="utf-8"?>\n' + document.tostring())  # type: ignore[no-untyped-call]


def _text(text: str) -> str:
    """Text that XML can hold."""
    return _NO_XML.sub("\ufffd", printable(text))
