"""Show the cells of a spec, or the prompts and replies of one conversation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, caches_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._terminal import print_text
from harness.text import printable


@click.command(
    epilog="""\b
Examples:
  harness explain specs/quickstart.yaml                           every cell, and the axes it comes from
  harness explain specs/quickstart.yaml direct/judge:novice       one cell and its conversation on the first item
  harness explain specs/quickstart.yaml direct/judge:novice --item pair-0007 --json
  harness explain specs/quickstart.yaml direct --read replies.txt how a strategy's answer rule reads replies
  harness explain arena-hard --read - < reply.txt                 the same for a built-in strategy, or a strategy file

CELL is the id of a cell or a unique part of one. Makes no model calls: a conversation is replayed from the cache,
and its last batch is what a run would send next. `harness schema explain` describes the JSON.

With --read, FILE is one reply as text, or JSON lines with a `text` (a recording) each. CELL may be the name of a
strategy. A changed rule reads the replies of a run anew without a call: run the spec again. `harness schema reading`
describes the JSON."""
)
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@click.argument("cell", required=False, shell_complete=_completion.cells)
@click.option("--item", metavar="ID", help="The item to show; default: the first.")
@click.option("--read", "read", metavar="FILE", help="Show how the answer rule reads the replies in FILE; - for stdin.")
@results_option
@caches_option
@allow_path_option
@json_option
def explain(
    spec: Path,
    cell: str | None,
    item: str | None,
    read: str | None,
    results: Path,
    caches: tuple[Path, ...],
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Show the matrix of SPEC; with CELL, its conversation on one item; with --read, how replies are read."""
    if read is not None:
        from harness.cli._reading import read_replies, replies_in, reply_lines, strategy_for_reading

        if item is not None:
            raise click.UsageError("--read takes replies from FILE and no --item")
        strategy = strategy_for_reading(spec, cell, results, allow_paths)
        reading = read_replies(strategy, replies_in(read))
        if as_json:
            print_json(reading)
        else:
            click.echo("\n".join(map(printable, reply_lines(reading, strategy.ask))))
        return
    if item is not None and cell is None:
        raise click.UsageError("--item needs a CELL")
    from harness.api import experiment_of, load_spec, make_plan
    from harness.cache.joined import opened_cache
    from harness.errors import MissingRepliesError
    from harness.runner.places import cache_hint, with_cache_place

    plan = make_plan(load_spec(spec, results=results, allow_paths=allow_paths))
    try:
        with opened_cache(caches) as replies:
            found = experiment_of(plan.spec.kind).explain(plan, cell, item, replies)
    except MissingRepliesError as error:
        raise with_cache_place(error, caches[0], spec) from None
    if as_json:
        print_json(found.document)
    else:
        click.echo("\n".join(map(printable, found.lines)))
        if _lacks_replies(found.document):
            print_text(f"Missing replies: {cache_hint(caches[0], spec if spec.is_file() else None)}.")


def _lacks_replies(value: Any) -> bool:
    """Whether a call in an explanation has no reply."""
    if isinstance(value, Mapping):
        return ("reply" in value and value["reply"] is None) or any(map(_lacks_replies, value.values()))
    return isinstance(value, list) and any(map(_lacks_replies, value))
