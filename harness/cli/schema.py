"""Print a JSON Schema, or the names of all of them."""

from __future__ import annotations

import json

import click

from harness.errors import InputError
from harness.spec.schema import load_schema, schema_names


@click.command(
    epilog="""\b
Examples:
  harness schema                                  list the schemas
  harness schema experiment > experiment.schema.json

An editor with a YAML language server completes a spec whose first line names its schema:
  # yaml-language-server: $schema=experiment.schema.json"""
)
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schema NAME; without NAME, what there is and what it describes."""
    names = schema_names()
    if name is None:
        for each in names:
            click.echo(f"{each:<{max(map(len, names))}}  {load_schema(each).get('title', '')}".rstrip())
    elif name in names:
        click.echo(json.dumps(load_schema(name), indent=2, ensure_ascii=False))
    else:
        raise InputError(f"there is no schema `{name}`", hint=f"there are {', '.join(names)}")
