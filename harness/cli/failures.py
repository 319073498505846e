"""List the failed judgments of a run with reason and reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, caches_option, json_option, results_option
from harness.cli._output import print_json
from harness.records.judgments import FAILURES
from harness.text import pluralized, printable

MAX_LETTERS = 1500
"""Characters at the end of a reply that are shown to people."""


@click.command(
    epilog="""\b
Examples:
  harness failures my-judges                                   the first 20 failed judgments of its newest run
  harness failures my-judges --kind unparsed --most 5          replies that hold no answer
  harness failures my-judges --cell direct/judge:gpt-4o --json > failures.json

Makes no model calls: replies come from the cache. `harness explain SPEC CELL --read FILE` shows how the answer rule of
a strategy reads a reply. After a change of an answer rule `harness run SPEC` reads the stored replies anew, without a
call. `harness schema failures` describes the JSON."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.option("--kind", "kinds", type=click.Choice(FAILURES), multiple=True, help="Only this kind. May be repeated.")
@click.option("--cell", metavar="CELL", shell_complete=_completion.cells, help="Only cells whose id holds this text.")
@click.option(
    "--most", type=click.IntRange(0), default=20, show_default=True, metavar="N", help="Judgments to list; 0 for all."
)
@results_option
@caches_option
@json_option
@allow_path_option
def failures(
    run: str,
    kinds: tuple[str, ...],
    cell: str | None,
    most: int,
    results: Path,
    caches: tuple[Path, ...],
    as_json: bool,
    allow_paths: tuple[Path, ...],
) -> None:
    """List the failed judgments of RUN: a run folder, or a spec (file or name), its newest run."""
    from harness.cache.joined import opened_cache
    from harness.cli._found_run import found_run
    from harness.runner.failed_judgments import NOT_IN_CACHE, failed_judgments
    from harness.runner.places import cache_hint

    folder = found_run(run, results, allow_paths)
    with opened_cache(caches) as replies:
        found = failed_judgments(folder, replies, kinds=kinds, cell=cell, most=most or None)
    if as_json:
        print_json(found)
        return
    if any(reply["where"] == NOT_IN_CACHE for one in found["failures"] for reply in one["replies"]):
        click.echo(printable(f"note: some replies are not in the cache: {cache_hint(caches[0], None)}"), err=True)
    for line in failure_lines(found):
        click.echo(printable(line))


def failure_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The failed judgments as text, line by line."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in found["kinds"].items())
    yield f"run {found['run']}: {found['failed']:,} of {pluralized(found['judgments'], 'judgment')} failed" + (
        f" ({kinds})" if kinds else ""
    )
    for one in found["failed_calls"]:
        yield f"  {pluralized(one['calls'], 'call')} to {one['model']} failed: {one['reason']} (first: {one['first']})"
    for one in found["failures"]:
        yield ""
        yield f"{one['cell']}, item {one['item']}: {one['failure']}, {one['reason']}"
        for number, reply in enumerate(one["replies"], 1):
            if reply["text"] is None:
                yield f"  reply {number}: {reply['where']} (key {reply['key'][:16]})"
                continue
            yield f"  reply {number} ({reply['finish']}):"
            text = reply["text"]
            cut = text[-MAX_LETTERS:]
            lines = cut.splitlines() or ["(no text)"]
            yield from (
                f"    {line.expandtabs(4)}" for line in ([f"… {lines[0]}", *lines[1:]] if cut != text else lines)
            )
        if one["missing"] and not one["replies"]:
            yield f"  reply: {one['missing']}"
    if found["listed"] < found["failed"]:
        yield ""
        yield f"{found['failed'] - found['listed']:,} more; --most 0 lists all"
