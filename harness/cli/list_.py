"""List the strategies, personas, modes and whatever else has a name."""

from __future__ import annotations

import json

import click

from harness.cli._listing import entries_of
from harness.cli._options import json_option


@click.command(
    "list",
    epilog="""\b
Examples:
  harness list                  what can be listed
  harness list strategies       the built-in prompting strategies
  harness list metrics --json

With --json one object is printed, as `harness schema list` describes it. The pages in docs/ say more of each.""",
)
@click.argument("kind", required=False)
@json_option
def list_(kind: str | None, as_json: bool) -> None:
    """List the things of a KIND by name, with one line each; without KIND, the kinds."""
    entries = entries_of(kind)
    if as_json:
        click.echo(json.dumps({"kind": kind, "entries": [entry._asdict() for entry in entries]}, indent=2))
        return
    width = max(len(entry.name) for entry in entries)
    for entry in entries:
        click.echo(f"{entry.name:<{width}}  {entry.summary}")
