"""Score verdicts or labels in a table against human labels, without a spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness import registry
from harness.cli import _completion
from harness.cli._options import FiniteRange, color_option, notes_option, report_option, results_option, wide_option
from harness.cli._terminal import print_message, print_text
from harness.cli.leaderboard import check_layout, print_rendered, rendered

if TYPE_CHECKING:
    from harness.api.verdict_table import ScoredTable

MEANINGS = ("a", "b", "tie", "unparsed", "refused", "truncated", "unavailable")
ORDERS = ("given", "swapped")
COLUMNS = ("prompt", "response_a", "response_b", "response", "model_a", "model_b", "model")


def _pairs(
    ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...], known: tuple[str, ...] | None
) -> Any:
    values: dict[str, str] = {}
    for pair in (pair for one in given for pair in one.split(",")):
        value, equals, meaning = pair.rpartition("=")
        if not equals or (known is not None and meaning.strip() not in known):
            of = "" if known is None else f" with a meaning of {', '.join(known)}"
            message = f"{pair!r} is not VALUE=MEANING{of}"
            raise click.BadParameter(message, ctx, parameter)
        values[value.strip()] = meaning.strip()
    return values


def _values(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> Any:
    """`1=a,2=b` as a mapping; of single responses, the meanings are checked with the labels."""
    return _pairs(ctx, parameter, given, None if ctx.params.get("labels") else MEANINGS)


def _labels(ctx: click.Context, parameter: click.Parameter, given: str | None) -> tuple[str, ...]:
    """`fail,pass` as labels."""
    return () if given is None else tuple(one.strip() for one in given.split(","))


def _thresholds(ctx: click.Context, parameter: click.Parameter, given: str | None) -> dict[str, float]:
    """`ok=4,good=7` as a mapping."""
    found: dict[str, float] = {}
    for pair in () if given is None else given.split(","):
        name, _, start = (part.strip() for part in pair.rpartition("="))
        try:
            found[name] = float(start)
        except ValueError:
            found[name] = float("nan")
        if not name or not float("-inf") < found[name] < float("inf"):
            raise click.BadParameter(f"{pair!r} is not LABEL=SCORE, such as pass=7", ctx, parameter)
    return found


def _metrics(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """The names of metrics; of single responses, they are checked with the labels."""
    if ctx.params.get("labels"):
        return given
    names = click.Choice(registry.names("metrics"))
    return tuple(names.convert(name, parameter, ctx) for name in given)


def _orders(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> Any:
    """`AB=given,BA=swapped` as a mapping."""
    return _pairs(ctx, parameter, given, ORDERS)


def _texts(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> Any:
    """`prompt=instruction` as a mapping."""
    pairs = [one.partition("=") for one in given]
    if wrong := [name for name, _, column in pairs if name not in COLUMNS or not column]:
        raise click.BadParameter(f"{wrong[0]!r} is not NAME=COLUMN with one of {', '.join(COLUMNS)}", ctx, parameter)
    return {name: column for name, _, column in pairs}


def _scale(ctx: click.Context, parameter: click.Parameter, given: str | None) -> tuple[float, float] | None:
    """`1,10` as two numbers."""
    if given is None:
        return None
    try:
        low, high = (float(one) for one in given.split(","))
    except ValueError:
        raise click.BadParameter(f"{given!r} is not MIN,MAX, such as 1,10", ctx, parameter) from None
    if not float("-inf") < low < high < float("inf"):
        raise click.BadParameter("MIN must be less than MAX", ctx, parameter)
    return low, high


@click.command(
    epilog="""\b
Examples:
  harness score verdicts.csv --judge gpt4 --judge claude --human label
  harness score verdicts.csv --judge gpt4 --human ann --human bob --cluster prompt --by category
  harness score verdicts.csv labels.jsonl --judge gpt4 --human label --item pair_id
  harness score verdicts.csv --judge gpt4 --human label --values "1=a,2=b,0=tie"
  harness score scores.csv --judge "gpt4=score_a:left,score_b:right" --human label --tie-margin 0.5 --scale 1,10
  harness score rows.csv --judge-column judge --verdict winner --order shown --repeat run --human label
  harness score verdicts.csv votes.csv --judge gpt4 --human vote --annotator worker --item pair_id
  harness score verdicts.csv --judge gpt4 --human "a:votes_a,b:votes_b,tie:votes_tie" --report report.html
  harness score checks.csv --judge gpt4 --human label --labels fail,pass --metric kappa --metric recall-fail
  harness score grades.csv --judge gpt4 --human ann --human bob --labels 1,2,3,4,5 --ordered --metric alpha-ordinal
  harness score scores.csv --judge rm --human label --labels fail,pass --thresholds pass=0.5 --metric auc
  harness score essays.csv --judge gpt4 --human ann --human bob --labels number --scale 1,10 --metric pearson

NAME is a column of verdicts, or what the columns of a judge begin with: gpt4_score_a and gpt4_score_b, or the keys of
an object. NAME=FIELDS names columns: verdict, score_a and score_b, preference (1 is a, 2 is b), p_a (probability of a),
confidence (probability of the verdict), prompt_tokens, completion_tokens, cost_usd; with swapped. in front for the
other order; named again for a repeat. A column may be a path, such as judgments[judge=gpt4].verdict.
FILE:COLUMN names a column of one file.

Without --labels, the tables hold verdicts on pairs of responses. With --labels they hold labels of single responses:
name all labels from the worst to the best; NAME is a column of labels, or with --thresholds or `number` of scores.

`a`, `b`, `tie` and other spellings that can mean one thing only (`A`, `model_a`, `A>B`, `[[A]]`) need no --values. An
empty verdict is a failure. Prints the leaderboard and a summary of the audit, and writes a run folder that the other
commands take: `harness leaderboard`, `audit`, `compare`, `correct`, `calibrate`, `report`, `view`, `power`. With
--spec mine.yaml, `harness export mine.yaml` finds the texts of the tables, and `harness run` repeats the run."""
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--labels",
    callback=_labels,
    is_eager=True,
    metavar="LABEL,...|number",
    help="Labels of single responses, from the worst to the best, or `number`.",
)
@click.option("--ordered", "is_ordered", is_flag=True, help="The order of three or more labels means something.")
@click.option(
    "--thresholds",
    callback=_thresholds,
    metavar="LABEL=SCORE,...",
    help="With --labels: the judges give scores, and each label but the lowest begins at its score.",
)
@click.option("--judge", "judges", multiple=True, metavar="NAME[=FIELDS]", help="A judge. Repeatable.")
@click.option("--judge-column", metavar="COLUMN", help="Names of the judges, where each row is of one judge.")
@click.option("--verdict", "fields", metavar="FIELDS", help="With --judge-column: the columns of a judgment.")
@click.option("--order", metavar="COLUMN", help="Order in which the responses were shown: given, swapped.")
@click.option(
    "--order-values",
    multiple=True,
    callback=_orders,
    metavar="VALUE=ORDER,...",
    help="What the values of --order mean: given or swapped.",
)
@click.option("--mapped-back", "is_mapped_back", is_flag=True, help="Swapped verdicts name the responses as the table.")
@click.option("--repeat", metavar="COLUMN", help="Number of the repeat; `row` numbers the rows of an item.")
@click.option(
    "--collapse",
    type=click.Choice(["majority", "mean-score", "all-votes"]),
    help="How orders and repeats become one verdict.  [default: majority]",
)
@click.option("--human", "people", multiple=True, metavar="COLUMN", help="Labels of an annotator. Repeatable.")
@click.option("--annotator", metavar="COLUMN", help="Names of the annotators, where each row is one label.")
@click.option(
    "--item", metavar="COLUMN", help="Ids of items, by which rows and files are joined; default: `id`, `item`, …"
)
@click.option(
    "--column",
    "texts",
    multiple=True,
    callback=_texts,
    metavar="NAME=COLUMN",
    help="Column of prompt, response_a, response_b, model_a, model_b (of single ones response, model) where it has "
    "another name. Repeatable.",
)
@click.option("--cluster", metavar="COLUMN", help="Rows with the same value are not independent.")
@click.option("--by", metavar="COLUMN", help="Category of each row.")
@click.option(
    "--values",
    multiple=True,
    callback=_values,
    metavar="VALUE=MEANING,...",
    help="What the values mean: a, b, tie, or a label of --labels, or a failure. COLUMN:VALUE for one column.",
)
@click.option(
    "--tie-margin", type=FiniteRange(0), default=0.0, metavar="X", help="Scores that differ by no more are a tie."
)
@click.option("--scale", callback=_scale, metavar="MIN,MAX", help="Least and greatest score.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    callback=_metrics,
    metavar="NAME",
    shell_complete=_completion.metrics,
    help="Metric; the first one ranks. Repeatable. `harness list metrics` has all.",
)
@click.option("--name", metavar="NAME", help="Name of the run; default: the name of the first file.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the intervals.")
@results_option
@click.option(
    "--report",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write a report (extra `report`).",
)
@click.option(
    "--spec",
    "spec_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the spec that the tables amount to, such as mine.yaml.",
)
@report_option
@wide_option
@notes_option
@color_option
def score(
    files: tuple[Path, ...],
    results: Path,
    report_file: Path | None,
    spec_file: Path | None,
    report: str,
    wide: bool,
    notes: bool,
    **question: Any,
) -> None:
    """Score the verdicts or labels in FILE against human labels: print the leaderboard and write a run folder."""
    from harness.api.verdict_table import METRICS, TableQuestion, scored_table

    check_layout(report, wide=wide, notes=notes)
    if question["fields"] is not None and question["judge_column"] is None:
        raise click.UsageError("--verdict needs --judge-column; columns of one judge are --judge NAME=FIELDS")
    if question["order_values"] and question["order"] is None:
        raise click.UsageError("--order-values needs --order")
    if report_file is not None:
        from harness.report.charts.svg import check_installed

        check_installed()
    question["metrics"] = question["metrics"] or (() if question["labels"] else METRICS)
    scored = scored_table(files, TableQuestion(**question), results=results, spec_file=spec_file)
    finished = scored.run
    for note in scored.spec.notes:
        print_message(note)
    print_rendered(rendered(finished.leaderboard, report, wide=wide, notes=notes), report)
    if report == "table":
        _print_audit(scored)
    if report_file is not None:
        print_message(_report(scored, report_file))
    print_message(f"written to {finished.folder}; next: harness audit {finished.folder}")


def _print_audit(scored: ScoredTable) -> None:
    """Print the summary of the audit below the leaderboard."""
    from harness.api.analyses import audit
    from harness.cli._audit_summary import summary_lines

    for part in audit(scored.run)["datasets"]:
        click.echo()
        print_text("audit")
        for line in summary_lines(part):
            print_text(line)


def _report(scored: ScoredTable, file: Path) -> str:
    """Write the report of the run; what was written, in one line."""
    from harness.api.reporting import MOST_ITEMS, ReportRequest, report_written, texts_of
    from harness.cli.report import written_line

    asked = ReportRequest(None, MOST_ITEMS, texts_of([scored.spec.folder], Path(".harness-cache"), ()))
    return written_line(report_written([scored.run.folder], file, asked))
