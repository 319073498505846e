"""`harness label status`: items drawn and labelled, corrected rates, and how many labels a wanted width needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import _completion
from harness.cli._label_files import collected, folder_option, opened_run
from harness.cli._options import FiniteRange, allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._terminal import print_text
from harness.text import aligned, printable

if TYPE_CHECKING:
    from harness.analysis.label.status import DatasetStatus
    from harness.records.figures import Figure
    from harness.statistics.label_planning import Needed


@click.command(
    epilog="""\b
Examples:
  harness label status my-judges
  harness label status my-judges --width 0.05
  harness label status my-judges labels/my-judges/3f2a9c41/pairs.round-1.anna.csv --json

The rate, or the mean of numbers, is that of `harness correct`; of rankings it is their first metric against the labels.
`more for W` are the labels that an interval of that width, from end to end,
still needs, with an interval of their own; `never` where labels of all items do not suffice. With fewer than two labels
the worst case is assumed.
\b
`harness schema label` describes the JSON."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option(
    "--width",
    type=FiniteRange(0, min_open=True),
    metavar="W",
    help="Wanted width of the interval; default: a tenth of the scale, 0.1 of a rate.",
)
@folder_option
@results_option
@allow_path_option
@json_option
def status(
    run: str,
    files: tuple[Path, ...],
    width: float | None,
    root: Path,
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Show what is drawn and labelled of RUN, or in each FILE, and how many labels are still needed."""
    from harness.analysis.label.status import checked_width, status_json
    from harness.analysis.label.status import status as found_status

    judged = opened_run(run, results, allow_paths)
    width = checked_width(judged, width)
    found = found_status(judged, collected(judged, root, files), width)
    if as_json:
        print_json(status_json(judged, found, width))
        return
    for at, one in enumerate(found):
        if at:
            print_text("")
        for line in _lines(one, width):
            print_text(line)


def _lines(one: DatasetStatus, width: float) -> Iterator[str]:
    found, draw = one.found, one.found.draw
    left = len(draw.items) - found.drawn
    yield (
        f"{draw.dataset}: {found.labelled:,} of {found.drawn:,} drawn items labelled, "
        f"{found.drawn - found.labelled:,} to label, {left:,} not drawn"
    )
    yield ""
    rows = [("round", "draw", "drawn", "labelled")]
    for number, (each, (drawn, labelled)) in enumerate(zip(draw.rounds, found.by_round, strict=True), 1):
        rows.append((f"{number}", each.kind, f"{drawn:,}", f"{labelled:,}"))
    yield from aligned(rows).splitlines()
    if any(found.by_annotator.values()):
        yield "labels of each annotator: " + ", ".join(
            f"{printable(name)} {count:,}" for name, count in found.by_annotator.items()
        )
    yield ""
    yield one.title
    is_rate = any(row.cell is None for row in one.rows)
    head = ("", "corrected" if is_rate else "figure", "width", f"more for {width:g}, uniform", "stratified")
    body = [
        (
            "human labels" if row.cell is None else row.cell.removeprefix(f"{draw.dataset}/"),
            _shown(row.corrected),
            "–" if row.width is None else f"{row.width:.3f}",
            _needed(row.uniform),
            "–" if row.stratified is None else _needed(row.stratified),
        )
        for row in one.rows
    ]
    yield from aligned([head, *(tuple(map(printable, row)) for row in body)]).splitlines()
    yield ""
    yield from (f"- {note}" for note in one.notes)


def _shown(figure: Figure) -> str:
    from harness.leaderboard.numbers import with_interval

    if figure.value is None:
        return f"undefined: {figure.reason}"
    return with_interval(figure.value, figure.low, figure.high, ".3f")


def _needed(found: Needed) -> str:
    """Further labels with their interval."""
    if found.labels is None:
        return f"never: {found.best:.3f} with all"
    high = "never" if found.high is None else f"{found.high:,}"
    low = "never" if found.low is None else f"{found.low:,}"
    return f"{found.labels:,} [{low}, {high}]"
