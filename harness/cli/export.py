"""Write preference data (DPO, KTO) from a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from harness import registry
from harness.api import load_spec, make_plan
from harness.atomic import replacing
from harness.cli import _completion
from harness.cli._options import allow_path_option, results_option
from harness.errors import InputError
from harness.preferences.agreement import agreement_json
from harness.preferences.datasheet import datasheet_json, datasheet_text
from harness.preferences.filters import Bars
from harness.preferences.records import VIEWS, Candidate, View
from harness.preferences.write import ExportRequest, check_files, write_preferences
from harness.runner.corruption import diagnose_corruption
from harness.runner.find_run import find_run
from harness.runner.plan import Plan
from harness.runner.run_folder import MANIFEST, SPEC, read_json
from harness.text import printable


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

A generation yields pairs of its drafts, an evaluation the response pairs it judged; name an evaluation by its spec
file, which leads to its data. A datasheet is written beside FILE; `harness schema datasheet` describes its JSON.
Exit code 1 if no pair passes the filters."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.option(
    "--format",
    "form",
    type=click.Choice(registry.names("export_formats")),
    required=True,
    help="Training format.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="Output file: FILE.jsonl or FILE.parquet.",
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
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Drop pairs whose scores differ by less than this.",
)
@click.option(
    "--max-length-ratio",
    type=click.FloatRange(1),
    default=4.0,
    show_default=True,
    help="Drop pairs where one text is more than this many times as long as the other; `inf` keeps all.",
)
@click.option("--drop-refusals", is_flag=True, help="Drop pairs whose chosen text starts like a refusal.")
@click.option("--keep-truncated", is_flag=True, help="Keep truncated texts.")
@click.option(
    "--evaluation",
    metavar="RUN",
    help="Evaluation run with the evaluator's agreement, for the datasheet.",
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@results_option
@allow_path_option
def export(
    run: str,
    form: str,
    out: Path,
    view: View,
    cell: str | None,
    split: tuple[float, float, float],
    split_files: bool,
    seed: int | None,
    min_margin: float,
    max_length_ratio: float,
    drop_refusals: bool,
    keep_truncated: bool,
    evaluation: str | None,
    force: bool,
    results: Path,
    allow_paths: tuple[Path, ...],
) -> None:
    """Write preference data from RUN: a run folder, or a spec (file or name), its newest run."""
    folder = find_run(run, results, allow_paths=allow_paths)
    manifest, spec = read_json(folder, MANIFEST), read_json(folder, SPEC)
    ratio = None if max_length_ratio == float("inf") else max_length_ratio
    bars = Bars(min_margin, ratio, drop_refusals, not keep_truncated)
    wanted = ExportRequest(form, out, split, spec["seed"] if seed is None else seed, bars, split_files)
    check_files(wanted, replace=force)
    with diagnose_corruption(folder):
        groups = _groups(run, folder, manifest["kind"], view, cell, results, allow_paths)
        agreement = None
        if evaluation is not None:
            judged = find_run(evaluation, results, allow_paths=allow_paths)
            agreement = agreement_json(judged, folder)
        tallied, files = write_preferences(groups, wanted, replace=force)
        if manifest["kind"] == "generation":
            from harness.preferences.from_generation import reasoning_removed

            tallied.reasoning_removed = reasoning_removed(folder)
    named = {part: path.name for part, path in files.items() if tallied.rows[part]}
    sheet = datasheet_json(
        tallied,
        wanted,
        manifest=manifest,
        spec=spec,
        view=view,
        licences=spec.get("licences", ()),
        evaluator=agreement,
        files=named,
    )
    text, data = wanted.datasheets
    for path, content in (
        (text, datasheet_text(sheet).encode()),
        (data, orjson.dumps(sheet, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)),
    ):
        with replacing(path) as handle:
            handle.write(content)
    for line in _told(sheet, [*dict.fromkeys(files.values()), text, data]):
        click.echo(printable(line))


def _groups(
    run: str, folder: Path, kind: str, view: View, cell: str | None, results: Path, allow_paths: tuple[Path, ...]
) -> Iterable[list[Candidate]]:
    """The candidates of a run, prompt by prompt."""
    if kind == "generation":
        from harness.preferences.from_generation import LoopRun

        loops = LoopRun(folder, cell)
        if cell is not None and cell not in loops.evaluators:
            raise InputError(f"`{cell}` compares nothing in this run", hint=f"there is {', '.join(loops.evaluators)}")
        return loops.candidates(view)
    if view == "workflow":
        raise InputError("an evaluation has no workflow to improve", hint="leave --view out, or name a generation")
    if not Path(run).is_file():
        hint = f"name its spec file: harness export {read_json(folder, MANIFEST)['spec']}.yaml"
        raise InputError("the texts of an evaluation are in its data, which its spec file leads to", hint=hint)
    from harness.preferences.from_evaluation import JudgedRun

    plan = make_plan(load_spec(run, results=results, allow_paths=allow_paths))
    if not isinstance(plan, Plan):
        raise InputError(f"{folder} holds an evaluation, and {run} is a spec of a generation", hint="name its spec")
    return JudgedRun(folder, plan, cell).candidates()


def _told(sheet: dict[str, Any], files: list[Path]) -> Iterator[str]:
    stopped = ", ".join(f"{gate['stopped']:,} {name}" for name, gate in sheet["gates"].items() if gate["stopped"])
    yield f"{sheet['pairs']:,} pairs of {sheet['candidates']:,} candidates; left out: {stopped or 'none'}"
    rows = ", ".join(f"{part} {count:,}" for part, count in sheet["rows"].items())
    yield f"rows: {rows}"
    if sheet["labels"]:
        yield f"labels: {sheet['labels']['true']:,} desirable, {sheet['labels']['false']:,} undesirable"
    yield f"the chosen text is longer in {100 * sheet['longer']['chosen']:.1f} % of the pairs"
    if sheet["simulated"]:
        yield "simulated models: nothing should be trained on these texts"
    yield f"written: {', '.join(map(str, files))}"
