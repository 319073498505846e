"""Choose the score from which a response passes, and measure it on held-out items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import _completion
from harness.cli._curve_file import check_out, curve_options, write_out
from harness.cli._found_run import found_run
from harness.cli._label_options import label_options, label_source
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.leaderboard.numbers import UNDEFINED, with_interval
from harness.text import aligned, listed, pluralized, printable, quoted, suggestion

if TYPE_CHECKING:
    from harness.analysis.threshold.choose import Aim
    from harness.records.label_set import LabelSet

SOURCES = {"preference": "probabilities of the replies", "votes": "shares of votes", "scores": "scores"}


@click.command(
    epilog="""\b
Examples:
  harness threshold checks                                   newest run of a spec, all cells, balanced accuracy
  harness threshold checks --aim kappa --cell rate/judge:gpt-4o
  harness threshold checks --recall pass=0.95                keeps 95 % of what people pass, and finds most of the rest
  harness threshold checks --out roc.html                    the ROC curves, each with its threshold
  harness threshold results/checks/3f2a9c41 --labels labels.csv --json > threshold.json

Makes no model calls. The scores come from replies (scores, log probabilities) or from the votes of repeats and juries.
Figures are of items that the threshold was not chosen on. `harness schema threshold` describes the JSON."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.option("--cell", metavar="CELL", shell_complete=_completion.cells, help="Choose for this cell only.")
@click.option(
    "--aim",
    metavar="METRIC",
    help="Metric to maximize: balanced-accuracy (default), kappa, accuracy, f1-LABEL and others of labels.",
)
@click.option(
    "--recall",
    metavar="LABEL=SHARE",
    help="Keep this recall of LABEL, and maximize that of the other label.",
)
@click.option(
    "--folds", type=click.IntRange(2, 50), default=5, show_default=True, help="Parts of the cross-fit, by cluster."
)
@curve_options
@label_options
@results_option
@json_option
@allow_path_option
def threshold(
    run: str,
    cell: str | None,
    aim: str | None,
    recall: str | None,
    folds: int,
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
    """Choose the score from which a response has the positive label, such as pass, for each evaluator of RUN.

    RUN is a run folder, or a spec (file or name), its newest run. It judged single responses with two labels.
    """
    from harness.analysis.threshold.document import threshold_json
    from harness.analysis.threshold.threshold import check_labels, thresholds
    from harness.runner.run_reader import read_judged

    source = label_source(labels, columns, values, skip_unknown=skip_unknown)
    check_out(out, force=force)
    judged = read_judged(found_run(run, results, allow_paths), votes=True)
    check_labels(judged)
    wanted = aim_of(aim, recall, judged.label_set)
    found = threshold_json(judged, wanted, folds, thresholds(judged, wanted, source, cell=cell, folds=folds))
    if out is not None:
        from harness.report.pages.curves import threshold_page

        write_out(threshold_page(found), out, found)
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(map(printable, threshold_lines(found))))


def aim_of(aim: str | None, recall: str | None, labels: LabelSet) -> Aim:
    """The aim that options name.

    Raises:
        click.UsageError: where they name none.
    """
    from harness.analysis.threshold.choose import Aim
    from harness.records.metric_names import fits, names_of

    if recall is None:
        metric = aim or "balanced-accuracy"
        if not fits(metric, labels):
            near = suggestion(metric, names_of(labels)) or "known: `balanced-accuracy`, `kappa`, `f1-LABEL`"
            raise click.UsageError(f"--aim: there is no metric {quoted(metric)} of these labels; {near}")
        return Aim(metric)
    if aim is not None:
        raise click.UsageError(
            "give --aim or --recall: a recall that is kept leaves that of the other label to maximize"
        )
    label, _, share = recall.partition("=")
    if label not in labels.names:
        raise click.UsageError(f"--recall: {quoted(label)} is no label of this run; it has {listed(labels.names)}")
    try:
        least = float(share)
    except ValueError:
        least = -1.0
    if not 0 < least <= 1:
        raise click.UsageError(f"--recall: write LABEL=SHARE with a share from 0 to 1, such as `{label}=0.95`")
    other = next(name for name in labels.names if name != label)
    return Aim(f"recall-{other}", label, least)


def threshold_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The thresholds as text, line by line."""
    aim = found["aim"]
    wanted = f"recall-{aim['keep']} ≥ {aim['at_least']:g}, then {aim['metric']}" if aim["keep"] else aim["metric"]
    for part in found["datasets"]:
        yield f"{part['dataset']}, {pluralized(part['items'], 'item')}, {part['labelled']:,} with a label"
        yield ""
        for cell in part["cells"]:
            yield from _cell_lines(cell, found, wanted)
            yield ""
    level = f"{100 * found['level']:.4g} %"
    yield f"held out: {found['folds']} folds of whole clusters, each by the threshold that is chosen on the others"
    yield f"[low, high]: {level} intervals for a threshold that varies with the sample, each cell alone"
    yield f"run {found['run']} of {found['spec']}"


def _cell_lines(cell: Mapping[str, Any], found: Mapping[str, Any], wanted: str) -> Iterator[str]:
    negative, positive = found["labels"]
    counts = f"{cell['positive']:,} {positive}, {cell['negative']:,} {negative}"
    if cell["failed"]:
        counts += f", {cell['failed']:,} of them failed"
    yield f"{cell['cell']} ({SOURCES.get(cell['source'], 'labels alone')}; {counts})"
    if cell["auc"]["value"] is not None:
        yield f"  AUC {_figure(cell['auc'])}, 0.5 by chance"
    if cell["reason"]:
        yield f"  no threshold: {cell['reason']}"
        return
    chosen = cell["chosen"]
    spread = _spread(chosen["fold_thresholds"])
    yield f"  {positive} from {chosen['threshold']:.6g} on, chosen for {wanted}{spread}"
    if chosen["held_out_reason"]:
        yield f"  not held out: {chosen['held_out_reason']}"
    rows = [["", "held out", "where it was chosen"]]
    for name, value in chosen["in_sample"].items():
        held_out = chosen["held_out"].get(name)
        shown = UNDEFINED if value is None else f"{value:.3f}"
        rows.append([name, UNDEFINED if held_out is None else _figure(held_out), shown])
    yield from (f"  {line}" for line in aligned(rows).splitlines())
    if chosen["optimism"] is not None and chosen["optimism"] > 0:
        yield f"  the value where it was chosen is too high by {chosen['optimism']:.3f}"
    if chosen["answer"] is not None:
        starts = chosen["answer"]["thresholds"].items()
        inner = ", ".join(f"{name}: {'null' if start is None else f'{start:.12g}'}" for name, start in starts)
        strategy = cell["cell"].split("/")[1]
        yield f"  in the spec, under `answer` of the strategy {quoted(strategy)}: `thresholds: {{{inner}}}`"
    else:
        yield f"  nothing to write in the spec: {chosen['answer_reason']}"


def _spread(thresholds: list[float]) -> str:
    if not thresholds:
        return ""
    least, greatest = min(thresholds), max(thresholds)
    return f"; {least:.6g} in every fold" if least == greatest else f"; {least:.6g} to {greatest:.6g} over the folds"


def _figure(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return UNDEFINED
    return with_interval(figure["value"], figure["low"], figure["high"], ".3f")
