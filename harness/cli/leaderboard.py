"""Print the leaderboard of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import _completion
from harness.cli._options import (
    allow_path_option,
    color_option,
    notes_option,
    report_option,
    results_option,
    wide_option,
)
from harness.cli._output import print_json_text
from harness.cli._terminal import screen
from harness.errors import InputError
from harness.leaderboard.format import TABLE, find_leaderboard_format, render

if TYPE_CHECKING:
    from harness.leaderboard.view import Board


@click.command(
    epilog="""\b
Examples:
  harness leaderboard specs/quickstart.yaml               newest run of a spec
  harness leaderboard results/quickstart/3f2a9c41         one run
  harness leaderboard quickstart --metric accuracy        ranked by another metric of the run
  harness leaderboard quickstart --vs direct/judge:master differences to a baseline
  harness leaderboard quickstart --wide --notes           every column and note
  harness leaderboard quickstart --by category             also by a column of the data
  harness leaderboard quickstart --format csv > board.csv

Intervals of differences are simultaneous over all pairs of cells of a dataset.
`harness schema leaderboard` describes the JSON."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@report_option
@click.option(
    "--metric",
    "--sort",
    "metric",
    metavar="METRIC",
    help="Metric to rank by; default: the primary metric.",
)
@click.option(
    "--vs",
    metavar="CELL",
    shell_complete=_completion.cells,
    help="Show differences to this cell (baseline) instead of the best.",
)
@wide_option
@notes_option
@color_option
@click.option(
    "--by",
    metavar="COLUMN",
    multiple=True,
    help="Also show each slice, the items with the same value: category, model_a, model_b, or a column that "
    "`score: {by}` in the spec keeps. Repeatable.",
)
@results_option
@allow_path_option
def leaderboard(
    run: str,
    report: str,
    metric: str | None,
    vs: str | None,
    wide: bool,
    notes: bool,
    by: tuple[str, ...],
    results: Path,
    allow_paths: tuple[Path, ...],
) -> None:
    """Print the leaderboard of RUN: a run folder, or a spec (file or name), its newest run."""
    from harness.cli._found_run import found_run
    from harness.runner.corruption import diagnose_corruption
    from harness.runner.run_folder import read_leaderboard

    folder = found_run(run, results, allow_paths)
    board: Board = read_leaderboard(folder)
    with diagnose_corruption(folder):
        if (metric or vs or by) and board.get("kind") == "generation":
            hint = "set the opponents in its spec, under `compare`"
            raise InputError("--metric, --vs and --by need an evaluation; this run is a generation", hint=hint)
        if metric or vs:
            from harness.leaderboard.rerank import reranked

            board = reranked(folder, board, metric=metric, vs=vs)
        if by:
            from harness.leaderboard.slices import with_slices

            board = with_slices(folder, board, by)
        text = rendered(board, report, wide=wide, notes=notes)
    print_rendered(text, report)


def print_rendered(text: str, report: str) -> None:
    """Print a rendered leaderboard."""
    if report == "json":
        print_json_text(text)
    else:
        click.echo(text, nl=False)


def rendered(board: Board, report: str = TABLE, *, wide: bool = False, notes: bool = False) -> str:
    """A leaderboard in one of the leaderboard formats, with the size and colours of the terminal, if there is one.

    Args:
        board: the leaderboard.
        report: the name of the format.
        wide: whether to show every table and column.
        notes: whether to show every note.

    Raises:
        click.UsageError: for `wide` or `notes` with a format that always shows everything.
    """
    check_layout(report, wide=wide, notes=notes)
    from harness.api import board_tables

    options = {**screen()._asdict(), "wide": wide, "notes": notes}
    return render(find_leaderboard_format(report), board_tables(board), **options)


def check_layout(report: str, *, wide: bool, notes: bool) -> None:
    """Raise a usage error for `wide` or `notes` with a format that always shows everything."""
    if report != TABLE and (wide or notes):
        raise click.UsageError(f"--wide and --notes are for --format table; {report} always has everything")
