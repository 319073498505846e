"""Write a starter spec that runs as it is."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import click

from harness.errors import InputError, Problem
from harness.spec.schema import load_schema, schema_path

SCHEMAS = {"evaluation": "experiment", "generation": "generation"}
"""The schema of a spec, by its kind."""
STARTERS = resources.files("harness.cli.starters")


def kinds() -> tuple[str, ...]:
    """The kinds of experiment for which there is a starter, sorted."""
    return tuple(sorted(entry.name[:-5] for entry in STARTERS.iterdir() if entry.name.endswith(".yaml")))


@click.command(
    epilog="""\b
Examples:
  harness new my-judges               write my-judges.yaml and my-judges.jsonl here
  harness new specs/my-judges         the same in the folder specs
  harness new --kind generation loops write loops.yaml, feedback loops over the prompts in loops.jsonl

Nothing that is there already is overwritten."""
)
@click.argument("name")
@click.option("--kind", type=click.Choice(kinds()), default="evaluation", show_default=True, help="What to compare.")
def new(name: str, kind: str) -> None:
    """Write NAME.yaml, a commented spec to begin with, and NAME.jsonl, the data that it runs on."""
    spec = Path(name.removesuffix(".yaml"))
    rule = load_schema("experiment")["properties"]["name"]
    if not re.fullmatch(rule["pattern"], spec.name):
        raise InputError(f"`{spec.name}` cannot be the name of a spec", hint=rule["patternErrorMessage"])
    files = {
        spec.with_name(f"{spec.name}.jsonl"): _starter(f"{kind}.jsonl"),
        spec.with_name(f"{spec.name}.yaml"): _starter(f"{kind}.yaml")
        .replace("{schema}", schema_path(SCHEMAS[kind]).as_uri())
        .replace("{name}", spec.name),
    }
    _write_all(files)
    written = spec.with_name(f"{spec.name}.yaml")
    click.echo(f"wrote {' and '.join(str(path) for path in reversed(files))}")
    click.echo(f"next:  harness run {written}\n       harness plan {written}   before models that cost money")


def _starter(file: str) -> str:
    return STARTERS.joinpath(file).read_text(encoding="utf-8")


def _write_all(files: dict[Path, str]) -> None:
    """Write new files, all or none."""
    taken = Problem(message="is there already", hint="choose another name")
    there = [replace(taken, file=str(path)) for path in files if path.exists()]
    if there:
        raise InputError(there)
    begun: list[Path] = []
    try:
        for path, text in files.items():
            with path.open("x", encoding="utf-8", newline="\n") as file:
                begun.append(path)
                file.write(text)
    except BaseException:
        for path in begun:
            path.unlink()
        raise
