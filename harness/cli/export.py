"""Write preference data (DPO, KTO) from a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from harness import registry
from harness.cli import _completion
from harness.cli._options import FiniteRange, LimitRange, allow_path_option, results_option
from harness.cli._working import working
from harness.preferences.records import VIEWS
from harness.text import pluralized, printable

if TYPE_CHECKING:
    from harness.api.exporting import ExportSettings

INSPECT = "inspect"
"""The format that is no training format."""


def label_names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    """`4,5` as labels."""
    return () if value is None else tuple(one.strip() for one in value.split(","))


def shares(_: click.Context, __: click.Parameter, value: str) -> tuple[float, ...]:
    """Three shares that sum to 1, such as `0.8,0.1,0.1`."""
    try:
        found = tuple(float(part) for part in value.split(","))
    except ValueError:
        found = ()
    if len(found) != 3 or not all(0 <= share <= 1 for share in found) or abs(sum(found) - 1) > 1e-9:
        raise click.BadParameter(f"`{value}` is not three shares that sum to 1, such as 0.8,0.1,0.1")
    return found


@click.command(
    epilog="""\b
Examples:
  harness export feedback-loops --format dpo --out loops.jsonl
  harness export feedback-loops --format dpo --view workflow --out workflow.parquet
  harness export specs/quickstart.yaml --format kto --cell direct/judge:master --out pairs.jsonl
  harness export feedback-loops --format kto --out kto.jsonl --split 1,0,0 --evaluation quickstart
  harness export specs/pass-fail.yaml --format kto --out kto.jsonl --split 1,0,0
  harness export grades.yaml --format kto --out kto.jsonl --by judge --desirable 4,5 --undesirable 1,2
  harness export specs/rankings.yaml --format dpo --out best-and-worst.jsonl
  harness export feedback-loops --format dpo --out my-dataset --licence cc-by-4.0
  harness export specs/quickstart.yaml --format inspect --out logs      one log of inspect_ai per cell

A generation yields pairs of its drafts, an evaluation the response pairs it judged, or with single responses the
desirable and undesirable ones (--format kto, by the labels of people unless --by judge), or with rankings the best and
the worst response of each item. Name an evaluation by its spec file, which leads to its data. A datasheet is written
beside FILE; `harness schema datasheet` describes its JSON.
FOLDER gets a Parquet file per split, README.md with the card and the datasheet, and Croissant metadata.
Exit code 1 if nothing passes the filters."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.option(
    "--format",
    "format",
    type=click.Choice([*registry.names("export_formats"), INSPECT]),
    required=True,
    help="Training format, or `inspect` for logs that `inspect view` opens.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE|FOLDER",
    help="Output file, FILE.jsonl or FILE.parquet; a name without an ending is a folder, of the Hub or of logs.",
)
@click.option(
    "--view",
    type=click.Choice(VIEWS),
    default="single",
    show_default=True,
    help="`single` trains one model, `workflow` the feedback loop.",
)
@click.option(
    "--cell",
    metavar="CELL",
    shell_complete=_completion.cells,
    help="Source of the verdicts: a cell of an evaluation (default: the leader of each dataset), or "
    "STRATEGY/EVALUATOR of a generation (default: all).",
)
@click.option(
    "--split",
    callback=shares,
    metavar="TRAIN,VALIDATION,TEST",
    default="0.8,0.1,0.1",
    show_default=True,
    help="Shares of the prompts.",
)
@click.option("--split-files", is_flag=True, help="Write one file per split, such as FILE-train.jsonl.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the split; default: the seed of the spec.")
@click.option(
    "--min-margin",
    type=FiniteRange(0),
    default=0.0,
    show_default=True,
    help="Drop pairs whose scores differ by less than this.",
)
@click.option(
    "--max-length-ratio",
    type=LimitRange(1),
    default=4.0,
    show_default=True,
    help="Drop pairs where one text is more than this many times as long as the other; `inf` keeps all.",
)
@click.option("--drop-refusals", is_flag=True, help="Drop pairs whose chosen text starts like a refusal.")
@click.option("--keep-truncated", is_flag=True, help="Keep truncated texts.")
@click.option(
    "--evaluation",
    metavar="RUN",
    help="Evaluation run with the evaluator's agreement, for the datasheet; default: RUN itself, if it has labels.",
)
@click.option(
    "--licence",
    "--license",
    "licence",
    metavar="ID",
    help="Licence of the data, by its identifier on the Hub, such as cc-by-4.0.",
)
@click.option(
    "--by",
    type=click.Choice(["people", "judge"]),
    help="Whose labels of single responses (default: people), or rankings of several (default: judge), count.",
)
@click.option(
    "--pairs",
    type=click.Choice(["best-worst", "all"]),
    help="Rankings: one pair of each item, or all pairs of its responses.  [default: best-worst]",
)
@click.option(
    "--desirable",
    callback=label_names,
    metavar="LABEL,...|MIN",
    help="Single responses: labels of desirable ones, or the least number; default: the second of two labels.",
)
@click.option(
    "--undesirable",
    callback=label_names,
    metavar="LABEL,...|MAX",
    help="Single responses: labels of undesirable ones, or the greatest number; default: the first of two labels.",
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@results_option
@allow_path_option
def export(**options: Any) -> None:
    """Write preference data from RUN: a run folder, or a spec (file or name), its newest run."""
    given = {name: options.pop(name) for name in ("run", "out", "results", "allow_paths")}
    if options["format"] == INSPECT:
        _write_logs(given, cell=options["cell"], force=options["force"])
        return
    from harness.api.exporting import export_data

    settings = cast("ExportSettings", options)
    with working("choosing pairs"):
        sheet, files = export_data(given.pop("run"), given.pop("out"), settings, **given)
    for line in _summary(sheet, files):
        click.echo(printable(line))


def _write_logs(given: Mapping[str, Any], *, cell: str | None, force: bool) -> None:
    """Write the logs of inspect_ai, with the texts of the items where the data are found."""
    from harness.api.inspect_log import write_inspect_logs
    from harness.cli._found_run import found_run
    from harness.report.items.texts import Texts
    from harness.runner.corruption import diagnose_corruption

    run, allow_paths = given["run"], given["allow_paths"]
    folder = found_run(run, given["results"], allow_paths)
    near = [Path(run).absolute().parent] if Path(run).is_file() else []
    with diagnose_corruption(folder):
        texts = Texts((*near, Path.cwd()), None, allow_paths)
        paths = write_inspect_logs(folder, given["out"], cell=cell, texts=texts, force=force)
    for path in paths:
        click.echo(printable(f"wrote {path}"))


def _summary(sheet: dict[str, Any], files: Sequence[Path]) -> Iterator[str]:
    from harness.preferences.sources import MIN_PROMPTS

    dropped = ", ".join(f"{found['stopped']:,} {name}" for name, found in sheet["gates"].items() if found["stopped"])
    noun = "pairs" if "labelled" not in sheet else "responses"
    yield f"{sheet['pairs']:,} {noun} of {sheet['candidates']:,} candidates; dropped: {dropped or 'none'}"
    rows = ", ".join(f"{part} {count:,}" for part, count in sheet["rows"].items())
    yield f"rows: {rows}"
    if sheet["labels"]:
        yield f"labels: {sheet['labels']['true']:,} desirable, {sheet['labels']['false']:,} undesirable"
    if sheet["longer"] is not None:
        yield f"chosen text longer: {100 * sheet['longer']['chosen']:.1f} % of pairs"
    if sheet["simulated"]:
        yield "simulated models: do not train on these texts"
    for part, prompts in sheet["small_splits"].items():
        yield f"{part} has only {pluralized(prompts, 'prompt')}, fewer than {MIN_PROMPTS}"
    yield f"wrote {', '.join(map(str, files))}"
