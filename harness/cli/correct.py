"""Hold human labels against a run: corrected win rates, and agreement."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from harness.analysis.correct.correct import CellCorrection, Correction, DatasetCorrection
from harness.analysis.correct.correct import correct as corrected
from harness.analysis.correct.document import correction_json
from harness.analysis.correct.label_file import COLUMNS, LabelSource
from harness.analysis.correct.strengths import Strength
from harness.cli import _completion
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli.plan import aligned
from harness.records.figures import Figure, RankSet
from harness.records.judgments import VERDICTS
from harness.runner.find_run import find_run
from harness.runner.run_reader import read_judged
from harness.statistics.codes import VERDICT_CODES
from harness.statistics.win_rate import TIES, Ties
from harness.text import printable

TIE_WORDS: dict[Ties, str] = {"lose": "ties lose", "dropped": "ties dropped"}
OTHER_TIES: tuple[Ties, ...] = TIES[1:]
LABELS = "human labels"
INFINITE: dict[str | None, str] = {"above": "+∞", "below": "−∞"}
MAX_WHOLE = 4
"""Models whose strengths fit into a line with their intervals."""


@click.command(
    epilog="""\b
Examples:
  harness correct my-judges.yaml --labels labels.jsonl     the newest run of a spec
  harness correct results/my-judges/3f2a9c41 --labels labels.csv --column id=question_id --value 1=a --value 2=b
  harness correct my-judges --json                         the run's own labels, where some items have one

\b
FILE is JSONL, CSV or Parquet with the columns `id` (of an item of the run) and `label` (a, tie or b); also `labels` or
`annotator` where several labelled, and `dataset` where several datasets have an item of that id. Its labels stand in
for those of the run. What they correct holds only if the labelled items are a random part of those judged, which
nothing in the data can show: draw them at random before you label.

`harness schema correct` describes the JSON."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.option(
    "--labels",
    "labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Labels that came later; the labels of the run where not given.",
)
@click.option(
    "--column", "columns", multiple=True, metavar="COLUMN=NAME", help="What a column is called in FILE; repeatable."
)
@click.option("--value", "values", multiple=True, metavar="WORD=VERDICT", help="What a label means; repeatable.")
@click.option("--skip-unknown", is_flag=True, help="Leave out rows of items that the run does not have.")
@results_option
@allow_path_option
@json_option
def correct(
    run: str,
    labels: Path | None,
    columns: tuple[str, ...],
    values: tuple[str, ...],
    skip_unknown: bool,
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Hold human labels against RUN: a run folder, or a spec (a file or its name) for its newest run.

    Two things come of it for each cell: the win rate that its verdicts on all items and the labels of some give
    together (prediction-powered inference), and its agreement with the labels.
    """
    if labels is None and (columns or values or skip_unknown):
        raise click.UsageError("--column, --value and --skip-unknown say how to read --labels FILE")
    source = None if labels is None else LabelSource(labels, _columns(columns), _values(values), skip_unknown)
    found = corrected(read_judged(find_run(run, results, allow_paths=allow_paths)), source)
    if as_json:
        click.echo(json.dumps(correction_json(found), indent=2))
    else:
        click.echo("\n".join(map(printable, _lines(found))))


def _columns(given: tuple[str, ...]) -> dict[str, str | tuple[str, ...]]:
    """`id=question_id` as a mapping; `labels=anna,ben` names a column for each annotator."""
    columns: dict[str, str | tuple[str, ...]] = {}
    for each in given:
        column, _, name = each.partition("=")
        if column not in COLUMNS or not name:
            raise click.UsageError(f"--column takes COLUMN=NAME with one of {', '.join(COLUMNS)}, not `{each}`")
        columns[column] = tuple(name.split(",")) if column == "labels" and "," in name else name
    return columns


def _values(given: tuple[str, ...]) -> dict[str, Any]:
    """`1=a` as a mapping."""
    values = {}
    for each in given:
        word, _, verdict = each.rpartition("=")
        if not word or verdict not in VERDICTS:
            raise click.UsageError(f"--value takes WORD=VERDICT with one of {', '.join(VERDICTS)}, not `{each}`")
        values[word] = verdict
    return values


# --- for people -------------------------------------------------------------------------------------------


def _lines(found: Correction) -> Iterator[str]:
    yield f"{found.spec}, run {found.run}, labels {'of the run' if found.labels is None else f'from {found.labels}'}"
    for each in found.datasets:
        yield ""
        yield from _dataset_lines(each)
    yield ""
    yield from (f"- {note}" for note in found.notes)
    yield (
        f"{100 * found.score.level:g} % intervals and p-values, each for itself; B = {found.score.resamples:,}, "
        f"seed {found.seed}; ranks are simultaneous over all pairs of cells"
    )


def _dataset_lines(found: DatasetCorrection) -> Iterator[str]:
    pairing = found.pairing
    yield f"{found.name}: {found.labelled:,} of {found.items:,} items labelled"
    yield ""
    yield f"win rate of {pairing.of} over {pairing.over}"
    yield from _table(_win_rates(found))
    yield ""
    yield "the same, by what else a tie may count as"
    yield from _table(_other_rates(found))
    metrics = list(found.cells[0].ranks) if found.cells else []
    if metrics and found.labelled:
        yield ""
        yield f"agreement with the labels, n = {found.labelled:,}"
        yield from _table(_agreement(found, metrics))
    if found.strengths:
        yield ""
        yield "strength of each model, in log-odds against their mean"
        yield from _table(_strengths(found))
    yield ""
    yield from (f"- {note}" for note in found.notes)


def _win_rates(found: DatasetCorrection) -> Iterator[tuple[str, ...]]:
    """A tie as half a win: who says it, what they say, whether that is one half, and what the labels make of it."""
    yield ("a tie is half a win", "won/tied/lost", "alone", "p (1/2)", "corrected", "λ", "gain")
    yield (LABELS, _counts(found.human_counts), _shown(found.human["half"]), _p(found.human_sign), "", "", "")
    for cell in found.cells:
        rate = cell.rates["half"]
        lost, won = rate.all_lost, rate.all_won
        bounds = "" if lost is None or lost == won else f" ({lost:.2f}–{won:.2f})"
        yield (
            _name(found, cell),
            _counts(cell.counts),
            _shown(rate.judge) + bounds,
            _p(cell.sign),
            _shown(rate.corrected),
            "–" if rate.power is None else f"{rate.power:.2f}",
            "–" if rate.gain is None else f"×{rate.gain:.2f}",
        )


def _other_rates(found: DatasetCorrection) -> Iterator[tuple[str, ...]]:
    yield ("", *(f"{TIE_WORDS[ties]}, {what}" for ties in OTHER_TIES for what in ("alone", "corrected")))
    yield (LABELS, *(part for ties in OTHER_TIES for part in (_shown(found.human[ties]), "")))
    for cell in found.cells:
        rates = (cell.rates[ties] for ties in OTHER_TIES)
        yield (_name(found, cell), *(_shown(each) for rate in rates for each in (rate.judge, rate.corrected)))


def _agreement(found: DatasetCorrection, metrics: list[str]) -> Iterator[tuple[str, ...]]:
    yield ("cell", *(part for metric in metrics for part in (metric, "rank")))
    for cell in found.cells:
        shown = ((_shown(cell.score.figures[metric]), _rank(cell.ranks[metric])) for metric in metrics)
        yield (_name(found, cell), *(part for pair in shown for part in pair))


def _strengths(found: DatasetCorrection) -> Iterator[tuple[str, ...]]:
    """A line for the labels and for each cell, a column for each model."""
    by: dict[str | None, dict[str, Strength]] = {}
    for each in found.strengths:
        by.setdefault(each.by, {})[each.system] = each
    systems = list(by[None])  # the strongest first, as the labels have it
    yield ("", *systems)
    for cell, strengths in by.items():
        name = LABELS if cell is None else cell.removeprefix(f"{found.name}/")
        yield (name, *(_strength(strengths[system], whole=len(systems) <= MAX_WHOLE) for system in systems))


def _strength(found: Strength, *, whole: bool) -> str:
    if found.figure.value is None:
        return INFINITE.get(found.standing, found.figure.reason)
    return _shown(found.figure, "+.2f") if whole else f"{found.figure.value:+.2f}".replace("-", "−")


def _table(rows: Iterator[tuple[str, ...]]) -> list[str]:
    return aligned([tuple(map(printable, row)) for row in rows]).splitlines()


def _name(found: DatasetCorrection, cell: CellCorrection) -> str:
    return cell.score.cell.id.removeprefix(f"{found.name}/")


def _shown(figure: Figure, form: str = ".3f") -> str:
    """A figure and its interval, or why there is none."""
    if figure.value is None:
        return f"undefined: {figure.reason}"
    value = format(figure.value, form)
    if figure.low is not None and figure.high is not None:
        value += f" [{format(figure.low, form)}, {format(figure.high, form)}]"
    return value.replace("-", "−")


def _counts(counts: tuple[int, ...]) -> str:
    return "/".join(f"{count}" for count in counts[:VERDICT_CODES])


def _p(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    return "< 0.001" if figure.value < 0.001 else f"{figure.value:.3f}"


def _rank(ranks: RankSet | None) -> str:
    if ranks is None:
        return "–"
    return f"{ranks.best}" if ranks.best == ranks.worst else f"{ranks.best}–{ranks.worst}"
