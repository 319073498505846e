"""Print a JSON Schema, or the names of all of them."""

from __future__ import annotations

import json

import click

from harness.cli import _completion
from harness.cli._output import print_json_text
from harness.errors import InputError
from harness.spec.schema import load_schema, schema_names
from harness.spec.schema_bundle import bundled


@click.command(
    epilog="""\b
Examples:
  harness schema                                             list the schemas
  harness schema experiment > experiment.schema.json         save one for an editor or a validator

A schema is self-contained: it refers to no other file. An editor with a YAML language server completes and checks a
spec whose first line names the schema by a path relative to the spec:
  # yaml-language-server: $schema=experiment.schema.json"""
)
@click.argument("name", required=False, shell_complete=_completion.schemas)
def schema(name: str | None) -> None:
    """Print the JSON Schema NAME as one self-contained document; without NAME, list the schemas."""
    names = schema_names()
    if name is None:
        for each in names:
            click.echo(f"{each:<{max(map(len, names))}}  {load_schema(each).get('title', '')}".rstrip())
    elif name in names:
        print_json_text(schema_text(name))
    else:
        raise InputError(f"there is no schema `{name}`", hint=f"known: {', '.join(names)}")


def schema_text(name: str) -> str:
    """The text of a schema as a file: self-contained, indented, with a line break at its end."""
    return json.dumps(bundled(name), indent=2, ensure_ascii=False) + "\n"
