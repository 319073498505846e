"""Write a starter spec that runs without changes."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import click

from harness.cli.schema import schema_text
from harness.errors import InputError, Problem
from harness.spec.schema import ENDING, load_schema

SCHEMAS = {
    "evaluation": "experiment",
    "single": "experiment",
    "many": "experiment",
    "generation": "generation",
}
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
  harness new --kind single checks    single responses with labels, such as pass and fail, in place of pairs
  harness new --kind many drafts      several responses for each item, which are ranked
  harness new --kind generation loops write loops.yaml, feedback loops over the prompts in loops.jsonl

The schema of the spec is written beside it, once for a folder: an editor with a YAML language server finds it by the
first line of the spec, on any machine. No existing file is overwritten."""
)
@click.argument("name")
@click.option("--kind", type=click.Choice(kinds()), default="evaluation", show_default=True, help="What to compare.")
def new(name: str, kind: str) -> None:
    """Write NAME.yaml, a commented spec, NAME.jsonl, its data, and the schema of the spec for editors."""
    spec = Path(name.removesuffix(".yaml"))
    rule = load_schema("experiment")["properties"]["name"]
    if not re.fullmatch(rule["pattern"], spec.name):
        raise InputError(f"`{spec.name}` cannot be the name of a spec", hint=rule["patternErrorMessage"])
    schema = spec.with_name(f"{SCHEMAS[kind]}{ENDING}")
    files = {
        spec.with_name(f"{spec.name}.yaml"): _starter(f"{kind}.yaml")
        .replace("{schema}", schema.name)
        .replace("{name}", spec.name),
        spec.with_name(f"{spec.name}.jsonl"): _starter(f"{kind}.jsonl"),
    }
    text = schema_text(SCHEMAS[kind])
    is_there = schema.is_file()
    _write_all(files if is_there else {**files, schema: text})
    written = next(iter(files))
    click.echo(f"wrote {', '.join(str(path) for path in (files if is_there else [*files, schema]))}")
    if is_there and schema.read_text(encoding="utf-8", errors="replace") != text:
        click.echo(
            f"kept {schema}, which is not the schema of this version: `harness schema {SCHEMAS[kind]}` prints that"
        )
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
