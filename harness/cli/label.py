"""Draw items of a run to label, show how far the labels reach, and export them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import _completion
from harness.cli._label_files import collected, data_option, folder_option, opened_run, texts_of
from harness.cli._label_page import page
from harness.cli._label_status import status
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._terminal import print_text
from harness.text import pluralized

if TYPE_CHECKING:
    from harness.api.labelling import DrawnRound

CLUSTER = "cluster"
ANNOTATOR = "annotator"
"""As `harness.api.labelling.ANNOTATOR`, which is not imported before it is needed."""


@click.group(
    epilog="""\b
Examples:
  harness label next my-judges --n 50               draw 50 items; fill in the column `label` of the file
  harness label next my-judges --n 50 --stratify    draw more where the cells disagree
  harness label page my-judges                      label in the browser instead, one item at a time
  harness label status my-judges --width 0.05       how many more labels that width needs
  harness correct my-judges --labels labels/my-judges/3f2a9c41
  harness label export my-judges --out votes.csv    labels for `votes:` of the next spec

`harness schema label` describes the JSON."""
)
def label() -> None:
    """Draw items of a run to label, show how far the labels reach, and export them."""


for command in (page, status):
    label.add_command(command)


@label.command(
    name="next",
    epilog="""\b
Examples:
  harness label next my-judges --n 50
  harness label next my-judges --n 50 --annotator anna --annotator ben
  harness label next my-judges --n 30 --stratify              a second round, where the cells disagree
  harness label next my-judges --again 1 --annotator cleo     round 1 for a further annotator
  harness label next my-judges --n 20 --unit cluster          all items of 20 prompts

Items that an earlier round drew are not drawn again. Each file has the drawn items in a random order and names no
system, judge or position; responses of a pair or a ranking are shown in a random order. Fill in the column `label`:
`1`, `2` or `tie` for a pair, a label of the run, a number of its scale, or a ranking such as `2>1=3` or the best alone
(`2`). A file may be filled in partly.""",
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.option(
    "--n",
    type=click.IntRange(1, 1_000_000),
    default=50,
    show_default=True,
    metavar="N",
    help="Items or clusters.",
)
@click.option(
    "--unit",
    type=click.Choice(["item", "cluster"]),
    default="item",
    show_default=True,
    help="Draw single items, or all items of a cluster (those with the same prompt) together.",
)
@click.option("--stratify", is_flag=True, help="Draw more items where the cells disagree; default: uniformly.")
@click.option("--dataset", metavar="NAME", help="Dataset of the run; needed where it has several.")
@click.option(
    "--annotator",
    "annotators",
    multiple=True,
    default=(ANNOTATOR,),
    show_default=True,
    metavar="NAME",
    help="Who labels; each gets a file. Repeatable.",
)
@click.option("--again", type=click.IntRange(1), metavar="ROUND", help="Write files of a round that is drawn already.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="Format of the file.",
)
@click.option("--seed", type=int, metavar="SEED", help="Seed of the draw; default: that of the spec.")
@folder_option
@data_option
@results_option
@allow_path_option
@json_option
def next_(
    run: str,
    n: int,
    unit: str,
    stratify: bool,
    dataset: str | None,
    annotators: tuple[str, ...],
    again: int | None,
    form: str,
    seed: int | None,
    root: Path,
    data: tuple[Path, ...],
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Draw N items of RUN that no earlier round drew, and write a file to fill in."""
    from harness.api.label_verbs import next_json
    from harness.api.labelling import DrawRequest, draw_round, label_folder

    if again is not None and (stratify or seed is not None):
        raise click.UsageError("--again writes a round that is drawn already: leave out --stratify and --seed")
    judged = opened_run(run, results, allow_paths)
    kind: Any = "disagreement" if stratify else "uniform"
    request = DrawRequest(label_folder(judged, root), n, kind, dataset, annotators, form, again, seed, unit == CLUSTER)
    drawn = draw_round(judged, request, texts_of(run, data, allow_paths))
    if as_json:
        print_json(next_json(drawn))
        return
    from harness.analysis.label.answers import choices
    from harness.analysis.label.disagreement import unit_of

    source = next(one for one in judged.datasets if one.name == drawn.draw.dataset)
    for line in _next_lines(drawn, unit_of(source)):
        print_text(line)
    if again is None and (found := drawn.draw.rounds[drawn.number - 1].n) < n:
        print_text(f"  {n:,} were asked for, and {found:,} were left")
    for path in drawn.files.values():
        print_text(str(path))
    print_text(f"next: write {choices(source.label_set)} in the column `label`,")
    print_text(f"      or run `harness label page {run}`; then `harness label status {run}`")
    if not source.label_set.is_ranking:
        print_text(f"      and `harness correct {run} --labels {request.folder}`")


@label.command(
    epilog="""\b
Examples:
  harness label export my-judges --out votes.csv
  harness label export my-judges labels/my-judges/3f2a9c41/pairs.round-1.anna.csv --out anna.csv

The file has the columns `item`, `dataset`, `annotator`, `label`, `probability` and `round`. A dataset of another spec
reads it with `votes: {path: votes.csv}`, and `harness correct --labels` reads it with its probabilities. A ranking has
the responses in the order of the data, such as `2>1=3`: join it to the data as the column `ranking`."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="CSV file to write."
)
@click.option("--force", is_flag=True, help="Overwrite an existing FILE.")
@folder_option
@results_option
@allow_path_option
@json_option
def export(
    run: str,
    files: tuple[Path, ...],
    out: Path,
    force: bool,
    root: Path,
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write the labels of RUN, or of each FILE, as one file with a row for each label of an annotator."""
    from harness.api.label_verbs import export_json
    from harness.api.labelling import export_labels

    judged = opened_run(run, results, allow_paths)
    rows = export_labels(judged, collected(judged, root, files), out, force=force)
    if as_json:
        print_json(export_json(judged, out, rows))
    else:
        print_text(f"{out}: {pluralized(rows, 'label')}")


def _next_lines(drawn: DrawnRound, unit: str) -> list[str]:
    from harness.api.label_verbs import strata_rows

    draw, items = drawn.draw, drawn.draw.drawn[drawn.number - 1]
    kind = "uniform" if draw.rounds[drawn.number - 1].kind == "uniform" else "stratified by disagreement"
    counted = pluralized(len(items), "item")
    if draw.clusters is not None:
        counted = f"{pluralized(draw.rounds[drawn.number - 1].n, 'cluster')} with {counted}"
    lines = [f"{draw.dataset}, round {drawn.number}, {kind}: {counted} drawn, {draw.left:,} left"]
    if draw.clusters is not None:
        lines.append(f"  whole clusters: variance up to ×{draw.cluster_cost():.2f} that of as many items drawn alone")
    if draw.strata is None:
        return lines
    lines += [
        f"  stratum {row['stratum']}: {row['drawn']:,} of {pluralized(row['items'], 'item')} drawn, "
        f"{100 * row['disagreement']:.0f} {unit}"
        for row in strata_rows(draw)
    ]
    lines.append(
        f"  all rounds: variance ×{draw.cost():.2f} for a figure unrelated to disagreement, and less than ×1 where "
        "judges err more where they disagree; `harness label status` compares both draws"
    )
    return lines
