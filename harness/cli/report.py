"""Write a report of a run as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.errors import InputError
from harness.runner.corruption import diagnose_corruption
from harness.runner.find_run import find_run
from harness.text import pluralized, printable

MARK = b'<meta name="generator" content="fellowship-harness '
"""What a report has near its beginning."""


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
    if out.exists() and not force and not _is_report(out):
        raise InputError(f"{out} exists and is not a report", hint="choose another FILE, or add --force")
    written = write_report(folders, out, vs=vs)
    if as_json:
        print_json(written)
    else:
        click.echo(printable(f"wrote {out} ({written['bytes'] / 1000:,.0f} kB, {pluralized(len(folders), 'run')})"))


def write_report(folders: list[Path], out: Path, *, vs: str | None = None) -> dict[str, Any]:
    """Write the report of some runs.

    Args:
        folders: of the runs.
        out: the file.
        vs: baseline of the differences, None for the best cell.
    """
    from harness.atomic import replacing
    from harness.report.document import ReportOptions, report_of
    from harness.report.run_source import RunSource

    sources = [RunSource(folder) for folder in folders]
    with diagnose_corruption(folders[0]):
        made = report_of(sources, ReportOptions(vs))
    content = made.html.encode()
    with replacing(out) as file:
        file.write(content)
    return {
        "file": str(out),
        "bytes": len(content),
        "runs": [{"run": source.id, "spec": source.name, "folder": str(source.folder)} for source in sources],
        "sections": list(made.sections),
    }


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        return MARK in file.read(4096)
