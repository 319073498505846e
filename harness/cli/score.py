"""Score verdicts in a table against human labels, without a spec."""

from __future__ import annotations

from pathlib import Path

import click

from harness import registry
from harness.cli._options import color_option, notes_option, report_option, results_option, wide_option

MEANINGS = ("a", "b", "tie", "unparsed", "refused", "truncated", "unavailable")


def _values(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """`1=a,2=b` as a mapping."""
    values: dict[str, str] = {}
    for pair in (pair for one in given for pair in one.split(",")):
        value, equals, meaning = pair.rpartition("=")
        if not equals or meaning.strip() not in MEANINGS:
            message = f"{pair!r} is not VALUE=MEANING with a meaning of {', '.join(MEANINGS)}"
            raise click.BadParameter(message, ctx, parameter)
        values[value.strip()] = meaning.strip()
    return values


@click.command(
    epilog="""\b
Examples:
  harness score verdicts.csv --judge gpt4 --judge claude --human label
  harness score verdicts.csv --judge gpt4 --human ann --human bob --cluster prompt --by category
  harness score verdicts.csv labels.jsonl --judge gpt4 --human label --item pair_id
  harness score verdicts.csv --judge gpt4 --human label --values "1=a,2=b,0=tie"

A column holds the verdicts of one judge, or the labels of one annotator. `a`, `b`, `tie` and other spellings that can
mean one thing only (`A`, `model_a`, `A>B`, `[[A]]`) need no --values. An empty verdict is a failure. Writes a run
folder that every command takes: `harness audit`, `compare`, `leaderboard`."""
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--judge", "judges", multiple=True, required=True, metavar="COLUMN", help="Verdicts of a judge. Repeatable."
)
@click.option("--human", "people", multiple=True, metavar="COLUMN", help="Labels of an annotator. Repeatable.")
@click.option(
    "--item", metavar="COLUMN", help="Ids of items, by which several files are joined; default: `id`, `item`, …"
)
@click.option("--cluster", metavar="COLUMN", help="Rows with the same value are not independent.")
@click.option("--by", metavar="COLUMN", help="Category of each row.")
@click.option(
    "--values",
    multiple=True,
    callback=_values,
    metavar="VALUE=MEANING,...",
    help="What the values mean: a, b, tie or a failure.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    type=click.Choice(registry.names("metrics")),
    help="Metric; the first one ranks. Repeatable.",
)
@click.option("--name", metavar="NAME", help="Name of the run; default: the name of the first file.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the intervals.")
@results_option
@report_option
@wide_option
@notes_option
@color_option
def score(
    files: tuple[Path, ...],
    judges: tuple[str, ...],
    people: tuple[str, ...],
    item: str | None,
    cluster: str | None,
    by: str | None,
    values: dict[str, str],
    metrics: tuple[str, ...],
    name: str | None,
    seed: int,
    results: Path,
    report: str,
    wide: bool,
    notes: bool,
) -> None:
    """Score the verdicts in FILE against human labels: print the leaderboard and write a run folder."""
    from harness.api.verdict_table import METRICS, TableQuestion, score_tables
    from harness.cli.leaderboard import check_layout, print_rendered, rendered

    check_layout(report, wide=wide, notes=notes)
    question = TableQuestion(judges, people, item, cluster, by, values, name, metrics or METRICS, seed)
    finished = score_tables(files, question, results=results)
    print_rendered(rendered(finished.leaderboard, report, wide=wide, notes=notes), report)
    click.echo(f"written to {finished.folder}; next: harness audit {finished.folder}", err=True)
