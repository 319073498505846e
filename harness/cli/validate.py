"""Check specs without running them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from harness.cli import _completion
from harness.cli._data_check import digests_of_data, problems_beside, problems_of_data
from harness.cli._errors import INPUT_IS_WRONG, problem_line
from harness.cli._options import allow_path_option, cache_option, json_option
from harness.cli._output import print_json
from harness.cli._working import working
from harness.errors import HarnessError, Problem, SpecError
from harness.text import pluralized, printable


@click.command(
    epilog="""\b
Examples:
  harness validate specs/quickstart.yaml
  harness validate specs/*.yaml --json
  harness validate huge.yaml --no-data    do not read the data
  harness validate anchors.yaml --digests print what freezes the items of each dataset

Each problem is one line, FILE:LINE:COLUMN: PATH: problem; suggested fix. Exit code 2 if there is any problem.
Of a text file above 64 MB only the beginning is checked, and a line says so; `harness plan` reads all of it.
`harness schema problems` describes the JSON."""
)
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=_completion.specs)
@allow_path_option
@cache_option
@click.option("--no-data", is_flag=True, help="Do not read the data of the specs.")
@click.option("--digests", is_flag=True, help="Print the `subset.digest` that freezes the items of each dataset.")
@json_option
@click.pass_context
def validate(
    ctx: click.Context,
    specs: tuple[str, ...],
    allow_paths: tuple[Path, ...],
    cache: Path,
    no_data: bool,
    digests: bool,
    as_json: bool,
) -> None:
    """Check specs: syntax, names, types, files, environment and data, all problems at once."""
    if digests and no_data:
        raise click.UsageError("--digests reads the data, so it cannot be combined with --no-data", ctx)
    reads = "nothing" if no_data else "all" if digests else "data"
    valid: list[dict[str, Any]] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for shown in specs:
        with working(f"checking {shown}"):
            found, spec = _checked(shown, allow_paths, cache, notes.append, reads=reads)
        for note in notes:
            click.echo(printable(note), err=True)
        notes.clear()
        problems += found
        if spec:
            valid.append(spec)
    if as_json:
        print_json({"specs": valid, "problems": [asdict(problem) for problem in problems]})
    else:
        for spec in valid:
            click.echo(printable(accepted(spec)))
            for one in spec.get("datasets", ()):
                items = pluralized(one["items"], "item")
                click.echo(printable(f"  {one['name']}: {items}; to freeze: subset: {{digest: {one['digest']}}}"))
        for problem in problems:
            click.echo(printable(problem_line(problem)), err=True)
    if problems:
        ctx.exit(INPUT_IS_WRONG)


def accepted(spec: Mapping[str, Any]) -> str:
    """The line for a valid spec."""
    cells = pluralized(spec["cells"], "cell")
    if not spec["undecided"]:
        return f"ok: {spec['name']}: {cells}"
    others = ", ".join(spec["undecided"])
    return f"ok: {spec['name']}: at most {cells}; `harness plan` resolves the winners of {others}"


def _checked(
    shown: str, allow_paths: tuple[Path, ...], cache: Path, say: Callable[[str], None], *, reads: str
) -> tuple[list[Problem], dict[str, Any] | None]:
    """The problems of a spec file and of its data, and the spec's name and size where there are none.

    `reads` is `nothing` of the data, the `data` as far as they are not large, or `all` of them for their digests.
    """
    from harness.api.load import check_document
    from harness.cache.cache import Cache
    from harness.runner.other_identities import notes_on_models
    from harness.spec.evaluation import environment_problems
    from harness.spec.yaml import read_yaml

    reads_data = reads != "nothing"
    try:
        document = read_yaml(Path(shown).absolute(), shown)
    except SpecError as error:
        return list(error.problems), None
    try:
        spec = check_document(Path(shown), shown, document, allowed=allow_paths)
    except SpecError as error:
        beside = problems_beside(Path(shown), document, allow_paths) if reads_data else []
        return [*error.problems, *beside], None
    problems = list(environment_problems(spec, os.environ))
    if reads_data:
        problems += problems_of_data(spec, say)
    if problems:
        return problems, None
    with Cache(cache) as replies:
        for note in notes_on_models([spec.models[name] for name in spec.models_used], replies):
            say(f"note: {note}")
    found = {"file": shown, "name": spec.name, "cells": len(spec.cells), "undecided": list(spec.undecided)}
    if reads != "all":
        return [], found
    try:
        return [], {**found, "datasets": digests_of_data(spec)}
    except HarnessError as error:
        return list(error.problems), None
