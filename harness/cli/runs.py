"""List the runs of a spec: when, edited since or not, leader, failures, spend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._terminal import print_text, screen
from harness.leaderboard.fit import fitted
from harness.leaderboard.numbers import with_interval
from harness.leaderboard.tables import Field, Form
from harness.text import pluralized, printable

UNKNOWN = "–"
INDENT = "  "
SHORT_ID = 8
"""Characters of a run id where there is little room; SPEC@RUNID takes as many."""
UNLIMITED = 1_000_000
"""Characters of a line where stdout is no terminal."""
STATES = {"current": "current", "edited": "edited", "unknown": UNKNOWN}


@click.command(
    epilog="""\b
Examples:
  harness runs                                  the runs of all specs
  harness runs my-judges.yaml                   those of one spec, newest first
  harness compare my-judges@previous my-judges  the two newest runs
  harness leaderboard my-judges@2               the run with the number 2
  harness audit my-judges@3f2a9c41              the run whose id begins with 3f2a9c41

Commands that take a RUN accept SPEC@previous, SPEC@NUMBER and SPEC@RUNID, where SPEC is a spec file or the name of a
spec. `edited` in the column `spec` means that the spec or its data were edited since the run. A replay gives its run
a new number. `harness schema runs` describes the JSON."""
)
@click.argument("spec", metavar="[SPEC]", required=False, shell_complete=_completion.specs_and_runs)
@results_option
@allow_path_option
@json_option
def runs(spec: str | None, results: Path, allow_paths: tuple[Path, ...], as_json: bool) -> None:
    """List the runs of SPEC (a spec file or the name of a spec), or of all specs."""
    from harness.api.runs import list_runs

    found = list_runs(spec, results, allow_paths=allow_paths)
    if as_json:
        print_json(found)
        return
    for line in run_lines(found, screen().width):
        print_text(line)


def run_lines(found: Mapping[str, Any], width: int | None = None) -> Iterator[str]:
    """The runs as text, line by line: a table for each spec.

    Args:
        found: the runs, as `schemas/output/runs.schema.json` describes them.
        width: characters of a line, None for no limit.
    """
    if not found["runs"]:
        missing = "" if found["exists"] else ", which does not exist"
        yield printable(f"no runs in {found['results']}{missing}")
        return
    for number, (name, group) in enumerate(groupby(found["runs"], key=lambda run: run["spec"])):
        rows = list(group)
        if number:
            yield ""
        yield printable(f"{name}: {pluralized(len(rows), 'run')} in {Path(found['results']) / name}")
        yield from _table(_fields(rows), width)
        for row in rows:
            yield from _remarks(row)


def _fields(rows: Sequence[Mapping[str, Any]]) -> list[Field]:
    """The columns: what selects a run and what it found stay, whatever the width."""

    def column(header: str, text: Callable[[Mapping[str, Any]], str], priority: int = 0) -> Form:
        return Form(header, [printable(text(row)) for row in rows], priority)

    return [
        Field([column("no.", _number)], is_number=False),
        Field([column("run", lambda row: row["run"][:SHORT_ID]), column("run", lambda row: row["run"], 5)], False),
        Field(
            [column("finished", lambda row: _when(row, 10)), column("finished (UTC)", lambda row: _when(row, 16), 4)]
        ),
        Field([column("spec", lambda row: STATES[row["state"]])], is_number=False),
        Field([column("cells", lambda row: UNKNOWN if row["cells"] is None else f"{row['cells']:,}", 6)]),
        Field([column("failed", _failed, 1)]),
        Field([column("spend", lambda row: UNKNOWN if row["cost_usd"] is None else f"${row['cost_usd']:.2f}", 3)]),
        Field([column("best", _leader)], is_number=False, is_name=True),
        Field([column("", lambda row: _figure(row, "")), column("", lambda row: _figure(row, "interval"), 2)], False),
    ]


def _when(row: Mapping[str, Any], characters: int) -> str:
    return UNKNOWN if row["finished"] is None else str(row["finished"][:characters].replace("T", " "))


def _failed(row: Mapping[str, Any]) -> str:
    return UNKNOWN if row["failed"] is None else f"{row['failed']:,}/{row['judgments']:,}"


def _number(row: Mapping[str, Any]) -> str:
    number = UNKNOWN if row["number"] is None else f"@{row['number']}"
    return f"{number} draw {row['draw']}" if row["draw"] else number


def _leader(row: Mapping[str, Any]) -> str:
    if not row["best"]:
        return UNKNOWN
    cell = str(row["best"][0]["cell"])
    return cell.partition("/")[2] or cell


def _figure(row: Mapping[str, Any], form: str) -> str:
    """The metric of the leader, with its interval and the number of other boards where there is room."""
    if not row["best"]:
        return ""
    best, others = row["best"][0], len(row["best"]) - 1
    if not form:
        return f"{best['metric']} {with_interval(best['value'], None, None, '.2f')}"
    more = f" (and {pluralized(others, 'other board')})" if others else ""
    return f"{best['metric']} {with_interval(best['value'], best['low'], best['high'], '.2f')}{more}"


def _remarks(row: Mapping[str, Any]) -> Iterator[str]:
    if row["problem"] is not None:
        yield printable(f"{row['run']}: {row['problem']}")
    if row["changes"]:
        word = "edited since" if row["state"] == "edited" else "not compared"
        yield printable(f"{row['run']}: {word}: {', '.join(row['changes'])}")


def _table(fields: Sequence[Field], width: int | None) -> Iterator[str]:
    """The columns that fit into a width, each in its widest form that fits."""
    room = UNLIMITED if width is None else width - len(INDENT)
    columns: list[list[str]] = []
    for field, form in fitted(fields, room, may_shorten=width is not None):
        texts = [form.header, *form.texts]
        widest = max(map(len, texts))
        columns.append([text.rjust(widest) if field.is_number else text.ljust(widest) for text in texts])
    for cells in zip(*columns, strict=True):
        yield f"{INDENT}{'  '.join(cells)}".rstrip()
