"""Write a report of a run as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from harness.api.reporting import report_written
from harness.cli import _completion
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.runner.find_run import find_run
from harness.text import pluralized, printable


@click.command(
    epilog="""\b
Examples:
  harness report quickstart                              write report.html
  harness report specs/quickstart.yaml --out quick.html
  harness report quickstart --vs direct/judge:novice     differences to a baseline

The file needs no network and runs no script. Charts need the extra `report`:
  pip install 'fellowship-harness[report]'
`harness schema report` describes the JSON."""
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=_completion.runs)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("report.html"),
    show_default=True,
    metavar="FILE",
    help="Output file; an older report is replaced.",
)
@click.option(
    "--vs",
    metavar="CELL",
    shell_complete=_completion.cells,
    help="Show differences to this cell (baseline) instead of the best.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE even if it is not a report.")
@results_option
@json_option
@allow_path_option
def report(
    runs: tuple[str, ...],
    out: Path,
    vs: str | None,
    force: bool,
    results: Path,
    as_json: bool,
    allow_paths: tuple[Path, ...],
) -> None:
    """Write a report of each RUN: a run folder, or a spec (file or name), its newest run."""
    folders = [find_run(run, results, allow_paths=allow_paths) for run in runs]
    written = report_written(folders, out, vs=vs, force=force)
    if as_json:
        print_json(written)
    else:
        click.echo(printable(f"wrote {out} ({written['bytes'] / 1000:,.0f} kB, {pluralized(len(folders), 'run')})"))
