"""Show the runs of a ledger, and settle what killed runs left reserved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.cli._options import FiniteRange, json_option
from harness.cli._output import print_json
from harness.text import aligned, pluralized, printable


@click.command(
    epilog="""\b
Examples:
  harness ledger week.jsonl                              its runs, and what they spent and reserved
  harness ledger week.jsonl --settle 0                   the calls that killed runs had in flight cost nothing
  harness ledger week.jsonl --settle 0.12                they cost 12 cents in all, by the provider's bill
  harness ledger week.jsonl --settle 0 --run 6f3a        those of one run only

A run that is killed leaves what it reserved for its calls in flight; until it is settled, it counts as spent. A run
whose process is alive settles its calls itself and is never settled by this command. Whether the process of a run on
another machine (or in another container) is alive cannot be seen: make sure that it has ended, and name it with --run.
`harness schema ledger` describes the JSON."""
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--settle",
    "settle_usd",
    type=FiniteRange(0, 1_000_000),
    metavar="USD",
    help="Replace what killed runs left reserved by USD dollars, the cost of their calls in flight in all.",
)
@click.option("--run", "run", default="", metavar="RUN", help="Settle the run whose id begins with RUN only.")
@json_option
def ledger(file: Path, settle_usd: float | None, run: str, as_json: bool) -> None:
    """Show what the runs that share FILE (`harness run --ledger FILE`) have spent, and settle what killed runs left."""
    from harness.api.ledgers import ledger_state

    if run and settle_usd is None:
        raise click.UsageError("--run selects a run to settle; add --settle USD")
    found = ledger_state(file, settle_usd=settle_usd, run=run)
    if as_json:
        print_json(found)
        return
    if found["settled"] is not None:
        click.echo(printable(_settled_line(found["settled"])))
    click.echo(printable(_sums_line(found)))
    rows: list[tuple[str, ...]] = [("run", "process", "state", "spent", "unknown", "reserved")]
    for one in found["runs"]:
        amounts = (f"${one['spent_usd']:.4f}", f"${one['unknown_usd']:.4f}", f"${one['reserved_usd']:.4f}")
        rows.append((one["run"], printable(f"{one['host']} {one['pid']}"), one["state"], *amounts))
    if found["runs"]:
        click.echo(aligned([tuple(map(printable, row)) for row in rows]))
    if found["left_usd"]:
        click.echo("--settle USD replaces what killed runs left by its true cost")


def _settled_line(settled: Mapping[str, Any]) -> str:
    if not settled["runs"]:
        return "nothing was left to settle"
    left_usd = sum(one["reserved_usd"] for one in settled["runs"])
    runs = pluralized(len(settled["runs"]), "run")
    return f"settled: ${left_usd:.4f} that {runs} left reserved counts as ${settled['cost_usd']:.4f} spent"


def _sums_line(found: Mapping[str, Any]) -> str:
    left = f" (${found['left_usd']:.4f} of it left by killed runs)" if found["left_usd"] else ""
    sums = [f"${found['spent_usd']:.4f} spent", f"up to ${found['unknown_usd']:.4f} of unknown cost{left}"]
    sums.append(f"${found['in_flight_usd']:.4f} reserved for calls in flight")
    return f"{found['file']}: {', '.join(sums)}, by {pluralized(len(found['runs']), 'run')}"
