"""Print the leaderboard of a run."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from harness.api import board_tables
from harness.cli import _completion
from harness.cli._found_run import found_run
from harness.cli._options import allow_path_option, report_option, results_option
from harness.cli._output import print_json_text
from harness.errors import InputError
from harness.leaderboard.format import find_leaderboard_format
from harness.leaderboard.view import Board
from harness.runner.corruption import diagnose_corruption
from harness.runner.run_folder import read_leaderboard


@click.command(
    epilog="""\b
Examples:
  harness leaderboard specs/quickstart.yaml               newest run of a spec
  harness leaderboard results/quickstart/3f2a9c41         one run
  harness leaderboard quickstart --metric accuracy        ranked by another metric of the run
  harness leaderboard quickstart --vs direct/judge:master differences to a baseline
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
@results_option
@allow_path_option
def leaderboard(
    run: str, report: str, metric: str | None, vs: str | None, results: Path, allow_paths: tuple[Path, ...]
) -> None:
    """Print the leaderboard of RUN: a run folder, or a spec (file or name), its newest run."""
    folder = found_run(run, results, allow_paths)
    board: Board = read_leaderboard(folder)
    with diagnose_corruption(folder):
        if metric or vs:
            if board.get("kind") == "generation":
                hint = "set the opponents in its spec, under `compare`"
                raise InputError("--metric and --vs need an evaluation; this run is a generation", hint=hint)
            from harness.leaderboard.rerank import reranked

            board = reranked(folder, board, metric=metric, vs=vs)
        text = rendered(board, report)
    print_rendered(text, report)


def print_rendered(text: str, report: str) -> None:
    """Print a rendered leaderboard."""
    if report == "json":
        print_json_text(text)
    else:
        click.echo(text, nl=False)


def rendered(board: Board, report: str = "table") -> str:
    """A leaderboard in one of the leaderboard formats, with colours and the width of a terminal where stdout is one."""
    is_terminal = sys.stdout.isatty()
    return find_leaderboard_format(report).render(
        board_tables(board),
        width=shutil.get_terminal_size().columns if is_terminal else None,
        colours=is_terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb",
    )
