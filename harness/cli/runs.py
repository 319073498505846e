"""List the runs of a spec: when, edited since or not, leader, failures, spend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.leaderboard.numbers import with_interval
from harness.text import pluralized, printable

UNKNOWN = "–"
HEADER = ("number", "run", "finished (UTC)", "spec", "cells", "failed", "spend", "best")
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
    for line in run_lines(found):
        click.echo(line)


def run_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The runs as text, line by line: a table for each spec."""
    if not found["runs"]:
        missing = "" if found["exists"] else ", which does not exist"
        yield printable(f"no runs in {found['results']}{missing}")
        return
    for number, (name, group) in enumerate(groupby(found["runs"], key=lambda run: run["spec"])):
        rows = list(group)
        if number:
            yield ""
        yield printable(f"{name}: {pluralized(len(rows), 'run')} in {Path(found['results']) / name}")
        yield from _table([HEADER, *map(_cells, rows)])
        for row in rows:
            yield from _remarks(row)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    failed = UNKNOWN if row["failed"] is None else f"{row['failed']:,}/{row['judgments']:,}"
    return (
        _number(row),
        row["run"],
        UNKNOWN if row["finished"] is None else row["finished"][:16].replace("T", " "),
        STATES[row["state"]],
        UNKNOWN if row["cells"] is None else f"{row['cells']:,}",
        failed,
        UNKNOWN if row["cost_usd"] is None else f"${row['cost_usd']:.2f}",
        _best(row["best"]),
    )


def _number(row: Mapping[str, Any]) -> str:
    number = UNKNOWN if row["number"] is None else f"@{row['number']}"
    return f"{number} draw {row['draw']}" if row["draw"] else number


def _best(leaders: Sequence[Mapping[str, Any]]) -> str:
    if not leaders:
        return UNKNOWN
    best = leaders[0]
    more = f" (and {pluralized(len(leaders) - 1, 'other board')})" if len(leaders) > 1 else ""
    cell = best["cell"].partition("/")[2] or best["cell"]
    return f"{cell} {best['metric']} {with_interval(best['value'], best['low'], best['high'], '.2f')}{more}"


def _remarks(row: Mapping[str, Any]) -> Iterator[str]:
    if row["problem"] is not None:
        yield printable(f"{row['run']}: {row['problem']}")
    if row["changes"]:
        word = "edited since" if row["state"] == "edited" else "not compared"
        yield printable(f"{row['run']}: {word}: {', '.join(row['changes'])}")


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as columns; the last column is as wide as it needs to be."""
    rows = [[printable(text) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row[:-1], widths[:-1], strict=True)]
        yield "  ".join(["", *cells, row[-1]]).rstrip()
