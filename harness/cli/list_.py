"""List strategies, personas, modes and the other plug-ins."""

from __future__ import annotations

import click

from harness.cli import _completion
from harness.cli._listing import entries_of, kind_named
from harness.cli._options import json_option
from harness.cli._output import print_json


@click.command(
    "list",
    epilog="""\b
Examples:
  harness list                      the kinds of plug-in
  harness list strategies           the built-in prompting strategies
  harness list dataset-formats --json

`harness schema list` describes the JSON.""",
)
@click.argument("kind", required=False, shell_complete=_completion.kinds)
@json_option
def list_(kind: str | None, as_json: bool) -> None:
    """List the plug-ins of a KIND by name, with one line each; without KIND, the kinds."""
    kind = None if kind is None else kind_named(kind)
    entries = entries_of(kind)
    if as_json:
        print_json({"kind": kind, "entries": [entry._asdict() for entry in entries]})
        return
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        click.echo(f"{entry.name:<{width}}  {entry.summary}")
