"""Calibrate the soft verdicts of the evaluators of a run against labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import click

from harness.cli import _completion
from harness.cli._curve_file import check_out, curve_options, write_out
from harness.cli._found_run import found_run
from harness.cli._label_options import label_options, label_source
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.leaderboard.numbers import UNDEFINED, with_interval
from harness.text import aligned, pluralized, printable

SOURCES = {
    "preference": "probabilities of the replies",
    "votes": "shares of votes",
    "scores": "differences of scores",
}
SHOWN = (("brier", "Brier"), ("log-loss", "log loss"), ("ece", "ECE"), ("auc", "AUC"))


@click.command(
    epilog="""\b
Examples:
  harness calibrate my-judges                                newest run of a spec, all cells
  harness calibrate my-judges --cell logprobs/judge:gpt-4o   one cell
  harness calibrate results/my-judges/3f2a9c41 --labels labels.csv --column id=question_id
  harness calibrate my-judges --out reliability.html         the reliability of the probabilities as a picture
  harness calibrate my-judges --json > figures.json
  harness calibrate my-judges --write calibration.json       for `score: {calibration: {path: calibration.json}}`

Makes no model calls. The probabilities come from replies (`answer: {kind: logprobs}`, recorded preferences), from
scores, or from the votes of repeats and juries. `harness schema calibrate` describes the JSON."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.option("--cell", metavar="CELL", shell_complete=_completion.cells, help="Calibrate only this cell.")
@click.option(
    "--write",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the fitted calibrations to FILE, for `score: {calibration}` of a spec.",
)
@click.option(
    "--method",
    type=click.Choice(["isotonic", "sigmoid"]),
    default="isotonic",
    show_default=True,
    help="The method of the calibrations that --write writes.",
)
@curve_options
@label_options
@results_option
@json_option
@allow_path_option
def calibrate(
    run: str,
    cell: str | None,
    file: Path | None,
    method: Literal["isotonic", "sigmoid"],
    out: Path | None,
    force: bool,
    labels: Path | None,
    columns: tuple[str, ...],
    values: tuple[str, ...],
    skip_unknown: bool,
    results: Path,
    as_json: bool,
    allow_paths: tuple[Path, ...],
) -> None:
    """Compare the probabilities that the evaluators of RUN give with labels: are they sure where they are right?

    RUN is a run folder, or a spec (file or name), its newest run.
    """
    from harness.analysis.calibrate.applied_file import calibration_file, write_calibration
    from harness.analysis.calibrate.calibrate import calibrate as calibrated
    from harness.analysis.calibrate.document import calibration_json
    from harness.runner.run_reader import read_judged

    source = label_source(labels, columns, values, skip_unknown=skip_unknown)
    check_out(out, force=force)
    judged = read_judged(found_run(run, results, allow_paths), votes=True)
    fitted = calibrated(judged, source, cell=cell)
    if file is not None:
        write_calibration(calibration_file(judged, fitted, method), file)
        click.echo(printable(f"{method} calibration written to {file}"), err=True)
    found = calibration_json(judged, fitted)
    if out is not None:
        from harness.report.pages.curves import calibration_page

        write_out(calibration_page(found), out, found)
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(map(printable, calibration_lines(found))))


def calibration_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The calibration as text, line by line."""
    for part in found["datasets"]:
        yield f"{part['dataset']}, {pluralized(part['items'], 'item')}, {part['labelled']:,} with a label"
        yield ""
        for cell in part["cells"]:
            yield from _cell_lines(cell)
            yield ""
    level = f"{100 * found['level']:.4g} %"
    yield f"[low, high]: {level} intervals, not corrected for the number of cells"
    yield "Brier, log loss, ECE (10 bins): smaller is better; AUC: larger is better, 0.5 by chance"
    yield "isotonic, sigmoid: after calibration on other items (5 folds, whole clusters)"
    yield f"run {found['run']} of {found['spec']}"


def _cell_lines(cell: Mapping[str, Any]) -> Iterator[str]:
    if cell["reason"]:
        yield f"{cell['cell']}: {cell['reason']}"
        return
    yield f"{cell['cell']} (n = {cell['n']:,}, {SOURCES[cell['source']]})"
    rows = [["", *(header for _, header in SHOWN)], ["as given", *_figures(cell["metrics"])]]
    rows += [[name, *_figures(one["metrics"])] for name, one in cell["calibrated"].items()]
    yield from (f"  {line}" for line in aligned(rows).splitlines())
    if cell["calibrated_reason"]:
        yield f"  not calibrated: {cell['calibrated_reason']}"
    yield f"  {sentence(cell)}"
    bins = [["probability", "items", "mean", "people prefer a"], *map(_bin, cell["reliability"])]
    yield from (f"  {line}" for line in aligned(bins).splitlines())
    answered = [["answers", "if surer than", "accuracy"], *map(_point, cell["coverage"])]
    yield from (f"  {line}" for line in aligned(answered).splitlines())
    if cell["tie"] is not None:
        tie = cell["tie"]
        yield (
            f"  tie margin {tie['tie_margin']:.3g}: accuracy {_figure(tie['accuracy'])} on items it was not fitted to, "
            f"{_figure(tie['stored_accuracy'])} as run"
        )


def sentence(cell: Mapping[str, Any]) -> str:
    """What the calibration error says, and no more."""
    error, chance = cell["metrics"]["ece"], cell["ece_by_chance"]
    if error["low"] > 0:
        return f"miscalibrated: the calibration error is at least {error['low']:.3f}"
    return (
        f"no miscalibration shown: an error of {error['value']:.3f}, where {chance:.3f} is usual by chance; "
        f"it could be up to {error['high']:.3f}"
    )


def _bin(one: Mapping[str, Any]) -> list[str]:
    ends, n = f"{one['low']:.1f}–{one['high']:.1f}", f"{one['observed']['n']:,}"
    return [ends, n, f"{one['predicted']:.2f}", _figure(one["observed"], ".2f")]


def _point(one: Mapping[str, Any]) -> list[str]:
    return [f"{100 * one['coverage']:.0f} %", f"{one['threshold']:.2f}", _figure(one["accuracy"])]


def _figures(metrics: Mapping[str, Any]) -> Sequence[str]:
    return [_figure(metrics[name]) for name, _ in SHOWN]


def _figure(figure: Mapping[str, Any], form: str = ".3f") -> str:
    if figure["value"] is None:
        return UNDEFINED
    return with_interval(figure["value"], figure["low"], figure["high"], form)
