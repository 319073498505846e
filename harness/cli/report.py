"""Write a report of a run as one HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, caches_option, json_option, results_option
from harness.cli._output import print_json
from harness.text import pluralized, printable

MOST_ITEMS = 20
"""As `harness.api.reporting.MOST_ITEMS`, which is not imported before it is needed."""


@click.command(
    epilog="""\b
Examples:
  harness report quickstart                              write report.html
  harness report specs/quickstart.yaml --out quick.html
  harness report quickstart --vs direct/judge:novice     differences to a baseline
  harness report old new --out compared.html             a comparison, then the pages of each

The file needs no network and runs no script. It shows the most telling items with the conversations behind their
verdicts: texts come from the data, replies from the cache, and the report says what is missing. The paths in a spec
are searched in the folder of the spec, in each --data DIR, in the current folder and in specs/. Charts need the
extra `report`:
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
@click.option(
    "--items",
    "most_items",
    type=click.IntRange(0),
    default=MOST_ITEMS,
    show_default=True,
    metavar="N",
    help="Show the N most telling items of each run, up to 3 million characters.",
)
@click.option(
    "--data",
    "data",
    type=click.Path(file_okay=False, path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Folder that the paths in the specs of the runs are relative to. Repeatable.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE even if it is not a report.")
@results_option
@caches_option
@json_option
@allow_path_option
def report(
    runs: tuple[str, ...],
    out: Path,
    vs: str | None,
    most_items: int,
    data: tuple[Path, ...],
    force: bool,
    results: Path,
    caches: tuple[Path, ...],
    as_json: bool,
    allow_paths: tuple[Path, ...],
) -> None:
    """Write a report of each RUN: a run folder, or a spec (file or name), its newest run."""
    from harness.api.reporting import ReportRequest, report_written, texts_of
    from harness.runner.find_run import find_run

    folders = [find_run(run, results, allow_paths=allow_paths) for run in runs]
    own = [Path(run).parent for run in runs if Path(run).is_file()]
    asked = ReportRequest(vs, most_items, texts_of([*own, *data], caches, allow_paths))
    written = report_written(folders, out, asked, force=force)
    if as_json:
        print_json(written)
    else:
        click.echo(printable(written_line(written)))


def written_line(written: Mapping[str, Any]) -> str:
    """What was written, in one line."""
    left_out = f" of {written['items'] + written['left_out']:,}" if written["left_out"] else ""
    size = f"{written['bytes'] / 1000:,.0f} kB"
    runs = pluralized(len(written["runs"]), "run")
    return f"wrote {written['file']} ({size}, {runs}, {written['items']}{left_out} items)"
