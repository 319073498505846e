"""Correct judge results with human labels: win rates (prediction-powered inference) and agreement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import _completion
from harness.cli._found_run import found_run
from harness.cli._label_options import label_options, label_source
from harness.cli._options import allow_path_option, json_option, results_option, wide_option
from harness.cli._output import print_json
from harness.cli._rogan_gladen import TITLE, rogan_gladen_rows
from harness.cli._terminal import print_text
from harness.leaderboard.numbers import rank_range, with_interval
from harness.text import aligned, printable, with_minus_signs

if TYPE_CHECKING:
    from harness.analysis.correct.correct import CellCorrection, Correction, DatasetCorrection, Method
    from harness.analysis.correct.soft_rates import SoftRates
    from harness.analysis.correct.strengths import Strength
    from harness.records.figures import Figure, RankSet
    from harness.statistics.win_rate import Ties

TIE_COLUMNS: dict[Ties, str] = {"lose": "ties lose", "dropped": "ties dropped"}
OTHER_TIES: tuple[Ties, ...] = tuple(TIE_COLUMNS)
LABELS = "human labels"
INFINITE: dict[str | None, str] = {"above": "+∞", "below": "−∞"}
MOST_DIFFERENCES = 10
"""Differences between systems that are printed without --wide."""
MAX_WITH_INTERVALS = 4
"""Models up to which the table of strengths has room for intervals."""


@click.command(
    epilog="""\b
Examples:
  harness correct my-judges.yaml --labels labels.jsonl     newest run of a spec, labels from a file
  harness correct results/my-judges/3f2a9c41 --labels labels.csv --column id=question_id --value 1=a --value 2=b
  harness correct my-judges --wide                         every table and column
  harness correct my-judges --json                         the labels of the dataset
  harness correct checks --method rogan-gladen             that estimator beside it, with what it assumes

\b
FILE is JSONL, CSV or Parquet with the columns `id` (item id) and `label` (a, tie or b). Optional columns: `labels` or
`annotator` for several annotators, `dataset` where an id occurs in several datasets. Its labels replace those of the
run. The correction is valid only if the labelled items are a random sample of the judged items: draw them with
`harness label next`, whose folder or files FILE can be. A column `probability` holds the probability with which an item
was drawn.

`harness schema correct` describes the JSON."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@label_options
@click.option(
    "--method",
    type=click.Choice(["ppi", "rogan-gladen"]),
    default="ppi",
    show_default=True,
    help="rogan-gladen: also print the rates of a label by that estimator.",
)
@results_option
@allow_path_option
@wide_option
@json_option
def correct(
    run: str,
    labels: Path | None,
    columns: tuple[str, ...],
    values: tuple[str, ...],
    skip_unknown: bool,
    method: Method,
    results: Path,
    allow_paths: tuple[Path, ...],
    wide: bool,
    as_json: bool,
) -> None:
    """Correct the results of RUN with human labels; RUN is a run folder, or a spec (file or name), its newest run.

    Prints, for each cell, the win rate estimated from its verdicts on all items and the labels of some
    (prediction-powered inference), and its agreement with the labels.
    """
    from harness.analysis.correct.correct import correct as corrected
    from harness.analysis.correct.document import correction_json
    from harness.analysis.label.collect import drawn_labels
    from harness.runner.run_reader import read_judged

    source = label_source(labels, columns, values, skip_unknown=skip_unknown)
    judged = read_judged(found_run(run, results, allow_paths))
    found = corrected(judged, source, None if source is None else drawn_labels(judged, source), method)
    if as_json:
        print_json(correction_json(found))
    else:
        for line in _lines(found, wide=wide):
            print_text(line)


# --- for people -------------------------------------------------------------------------------------------


def _lines(found: Correction, *, wide: bool) -> Iterator[str]:
    yield f"{found.spec}, run {found.run}, labels {'of the run' if found.labels is None else f'from {found.labels}'}"
    for each in found.datasets:
        yield ""
        yield from _dataset_lines(each, wide=wide)
    from harness.cli._corrected_means import mean_lines

    for mean in found.means:
        yield ""
        yield from mean_lines(mean, wide=wide)
    yield ""
    yield from (f"- {note}" for note in found.notes)
    if found.means:
        yield f"{100 * found.score.level:g} % intervals, those of systems and of differences simultaneous within a cell"
        return
    yield (
        f"{100 * found.score.level:g} % intervals and p-values, unadjusted; {found.score.resamples:,} resamples, "
        f"seed {found.seed}; ranks simultaneous over all pairs of cells"
    )
    if not wide:
        is_pair = any(each.pairing.label is None for each in found.datasets)
        more = "counts, tests, other conventions of ties, all metrics, strengths of the models"
        yield f"--wide: {more if is_pair else 'counts, tests, all metrics, every cell of each system'}"


def _dataset_lines(found: DatasetCorrection, *, wide: bool) -> Iterator[str]:
    pairing = found.pairing
    yield f"{found.name}: {found.labelled:,} of {found.items:,} items labelled"
    yield ""
    yield pairing.title
    yield from _table(_win_rates(found) if wide else _short_win_rates(found))
    if found.systems:
        yield ""
        yield f"{pairing.title} by system, intervals simultaneous over the systems of a cell"
        yield from _table(_systems(found, wide=wide))
        if any(each.rate.corrected.low is None for each in found.systems):
            yield "a system with fewer than 20 labels, or with few clusters, has no interval"
        if any(each.figure.low is not None for each in found.differences):
            yield ""
            yield f"differences of the corrected {pairing.title}, intervals simultaneous over the pairs of a cell"
            yield from _table(_differences(found, wide=wide))
    if found.rogan_gladen:
        yield ""
        yield f"{pairing.title}: {TITLE}"
        yield from _table(rogan_gladen_rows(found, None if wide else _best_cell(found)))
    if wide and pairing.label is None:
        yield ""
        yield "win rate by other conventions of ties"
        yield from _table(_other_rates(found))
    if found.soft is not None:
        yield ""
        yield f"soft win rate of {pairing.of} over {pairing.over}, from probabilities and shares of annotators"
        yield from _table(_soft_rates(found, found.soft))
    metrics = list(found.cells[0].ranks) if found.cells else []
    if metrics and found.labelled:
        yield ""
        yield f"agreement with the labels, n = {found.labelled:,}"
        yield from _table(_agreement(found, metrics if wide else metrics[:1]))
    if found.strengths and wide:
        yield ""
        yield "Bradley-Terry strength of each model, in log-odds relative to the mean"
        yield from _table(_strengths(found))
    yield ""
    yield from (f"- {note}" for note in found.notes)


def _short_win_rates(found: DatasetCorrection) -> Iterator[tuple[str, ...]]:
    """Win rates with ties as half a win, in 80 columns."""
    yield ("ties count half" if found.pairing.label is None else "", "judge only", "corrected", "gain")
    yield (LABELS, _shown(found.human["half"]), "", "")
    for cell in found.cells:
        rate = cell.rates["half"]
        gain = "–" if rate.gain is None else f"×{rate.gain:.2f}"
        yield (_name(found, cell), _shown(rate.judge), _shown(rate.corrected), gain)


def _win_rates(found: DatasetCorrection) -> Iterator[tuple[str, ...]]:
    """Rates with ties as half a win: counts, the judge's rate, its test against one half, the corrected rate."""
    is_pair = found.pairing.label is None
    names = ("ties count half", "won/tied/lost") if is_pair else ("", "label/others")
    yield (*names, "judge only", "p (1/2)", "corrected", "λ", "gain")
    yield (LABELS, _counts(found.human_counts, found), _shown(found.human["half"]), _p(found.human_sign), "", "", "")
    for cell in found.cells:
        rate = cell.rates["half"]
        lost, won = rate.all_lost, rate.all_won
        bounds = "" if lost is None or lost == won else f" ({lost:.2f}–{won:.2f})"
        yield (
            _name(found, cell),
            _counts(cell.counts, found),
            _shown(rate.judge) + bounds,
            _p(cell.sign),
            _shown(rate.corrected),
            "–" if rate.power is None else f"{rate.power:.2f}",
            "–" if rate.gain is None else f"×{rate.gain:.2f}",
        )


def _other_rates(found: DatasetCorrection) -> Iterator[tuple[str, ...]]:
    yield ("", *(f"{TIE_COLUMNS[ties]}, {what}" for ties in OTHER_TIES for what in ("judge only", "corrected")))
    yield (LABELS, *(part for ties in OTHER_TIES for part in (_shown(found.human[ties]), "")))
    for cell in found.cells:
        rates = (cell.rates[ties] for ties in OTHER_TIES)
        yield (_name(found, cell), *(_shown(each) for rate in rates for each in (rate.judge, rate.corrected)))


def _best_cell(found: DatasetCorrection) -> str | None:
    """The cell that agrees best with the labels."""
    metric = next(iter(found.cells[0].ranks), "")
    values = {cell.score.cell.id: cell.score.figures[metric].value for cell in found.cells if metric}
    return max(values, key=lambda name: (values[name] is not None, values[name] or 0.0), default=None)


def _differences(found: DatasetCorrection, *, wide: bool) -> Iterator[tuple[str, ...]]:
    """The differences between systems, the largest first: by the cell that agrees best, or by all cells."""
    best = _best_cell(found)
    yield ("systems", "cell", "difference", "distinguishable")
    shown = [each for each in found.differences if each.figure.low is not None and (wide or best in (None, each.cell))]
    shown.sort(key=lambda each: -abs(each.figure.value or 0.0))
    for each in shown if wide else shown[:MOST_DIFFERENCES]:
        name = each.cell.removeprefix(f"{found.name}/")
        one, other, figure = each.first, each.second, each.figure
        if (figure.value or 0.0) < 0:
            one, other, figure = other, one, _turned(figure)
        yield (f"{one} - {other}", name, _shown(figure, "+.3f"), "yes" if each.is_distinguishable else "no")
    if len(shown) > MOST_DIFFERENCES and not wide:
        yield (f"and {len(shown) - MOST_DIFFERENCES} more: --wide", "", "", "")


def _turned(figure: Figure) -> Figure:
    """The difference the other way round."""
    from dataclasses import replace

    assert figure.value is not None
    assert figure.low is not None
    assert figure.high is not None
    return replace(figure, value=-figure.value, low=-figure.high, high=-figure.low)


def _systems(found: DatasetCorrection, *, wide: bool) -> Iterator[tuple[str, ...]]:
    """The rates of each system: by the cell that agrees best with the labels, or by all cells."""
    best = _best_cell(found)
    yield ("system", "cell", "labels", LABELS, "judge only", "corrected")
    for each in found.systems:
        if wide or best in (None, each.cell):
            name = each.cell.removeprefix(f"{found.name}/")
            labelled = f"{each.labelled:,} of {each.items:,}"
            yield (each.system, name, labelled, *map(_shown, (each.human, each.rate.judge, each.rate.corrected)))


def _soft_rates(found: DatasetCorrection, soft: SoftRates) -> Iterator[tuple[str, ...]]:
    yield ("", "judge only", "std. error", "corrected")
    yield (LABELS, _shown(soft.human), "", "")
    for name, rate in soft.cells.items():
        error = "–" if rate.error is None else f"{rate.error:.4f}"
        yield (name.removeprefix(f"{found.name}/"), _shown(rate.judge), error, _shown(rate.corrected))


def _agreement(found: DatasetCorrection, metrics: list[str]) -> Iterator[tuple[str, ...]]:
    yield ("cell", *(part for metric in metrics for part in (metric, "rank")))
    for cell in found.cells:
        shown = ((_shown(cell.score.figures[metric]), _rank(cell.ranks[metric])) for metric in metrics)
        yield (_name(found, cell), *(part for pair in shown for part in pair))


def _strengths(found: DatasetCorrection) -> Iterator[tuple[str, ...]]:
    """One row for the labels and one per cell, one column per model."""
    by: dict[str | None, dict[str, Strength]] = {}
    for each in found.strengths:
        by.setdefault(each.by, {})[each.system] = each
    systems = list(by[None])  # strongest first by the labels
    yield ("", *systems)
    for cell, strengths in by.items():
        name = LABELS if cell is None else cell.removeprefix(f"{found.name}/")
        yield (
            name,
            *(_strength(strengths[system], intervals=len(systems) <= MAX_WITH_INTERVALS) for system in systems),
        )


def _strength(found: Strength, *, intervals: bool) -> str:
    if found.figure.value is None:
        return INFINITE.get(found.standing, found.figure.reason)
    return _shown(found.figure, "+.2f") if intervals else with_minus_signs(f"{found.figure.value:+.2f}")


def _table(rows: Iterator[tuple[str, ...]]) -> list[str]:
    return aligned([tuple(map(printable, row)) for row in rows]).splitlines()


def _name(found: DatasetCorrection, cell: CellCorrection) -> str:
    return cell.score.cell.id.removeprefix(f"{found.name}/")


def _shown(figure: Figure, form: str = ".3f") -> str:
    """A figure with its interval, or `undefined` with the reason."""
    if figure.value is None:
        return f"undefined: {figure.reason}"
    return with_interval(figure.value, figure.low, figure.high, form)


def _counts(counts: tuple[int, ...], found: DatasetCorrection) -> str:
    """Items won, tied and lost; of single responses those with the label and those with another one."""
    from harness.statistics.codes import VERDICT_CODES

    if found.pairing.label is not None:
        return f"{counts[0]}/{counts[2]}"
    return "/".join(f"{count}" for count in counts[:VERDICT_CODES])


def _p(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    return "< 0.001" if figure.value < 0.001 else f"{figure.value:.3f}"


def _rank(ranks: RankSet | None) -> str:
    return rank_range(None if ranks is None else ranks._asdict())
