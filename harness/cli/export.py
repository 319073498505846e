"""Write preference data (DPO, KTO) from a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from harness import registry
from harness.api import load_spec, make_plan
from harness.atomic import replacing
from harness.cli import _completion
from harness.cli._found_run import found_run
from harness.cli._options import allow_path_option, results_option
from harness.errors import InputError
from harness.preferences.agreement import agreement_json
from harness.preferences.datasheet import DatasheetSource, datasheet_json, datasheet_text
from harness.preferences.filters import Thresholds
from harness.preferences.records import VIEWS, Candidate, View
from harness.preferences.write import ExportRequest, check_files, write_preferences
from harness.runner.corruption import diagnose_corruption
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
def export(**options: Any) -> None:
    """Write preference data from RUN: a run folder, or a spec (file or name), its newest run."""
    chosen = ExportOptions(**options)
    folder = found_run(chosen.run, chosen.results, chosen.allow_paths)
    manifest, spec = read_json(folder, MANIFEST), read_json(folder, SPEC)
    request = chosen.request(spec["seed"])
    check_files(request, replace=chosen.force)
    with diagnose_corruption(folder):
        groups = _groups(chosen, folder, manifest["kind"])
        agreement = None
        if chosen.evaluation is not None:
            evaluation = found_run(chosen.evaluation, chosen.results, chosen.allow_paths)
            agreement = agreement_json(evaluation, folder)
        counts, files = write_preferences(groups, request, replace=chosen.force)
        if manifest["kind"] == "generation":
            from harness.preferences.from_generation import reasoning_removed

            counts.reasoning_removed = reasoning_removed(folder)
    names = {part: path.name for part, path in files.items() if counts.rows[part]}
    sheet = datasheet_json(counts, request, DatasheetSource(manifest, spec, chosen.view, agreement, names))
    text, data = request.datasheets
    _write_datasheets(sheet, text, data)
    for line in _summary(sheet, [*dict.fromkeys(files.values()), text, data]):
        click.echo(printable(line))


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The options of `harness export`."""

    run: str
    form: str
    out: Path
    view: View
    cell: str | None
    split: tuple[float, float, float]
    split_files: bool
    seed: int | None
    min_margin: float
    max_length_ratio: float
    drop_refusals: bool
    keep_truncated: bool
    evaluation: str | None
    force: bool
    results: Path
    allow_paths: tuple[Path, ...]

    def request(self, spec_seed: int) -> ExportRequest:
        """The request for the writer; the seed of the spec where none is given."""
        ratio = None if self.max_length_ratio == float("inf") else self.max_length_ratio
        thresholds = Thresholds(self.min_margin, ratio, self.drop_refusals, not self.keep_truncated)
        seed = spec_seed if self.seed is None else self.seed
        return ExportRequest(self.form, self.out, self.split, seed, thresholds, self.split_files)


def _write_datasheets(sheet: Mapping[str, Any], text: Path, data: Path) -> None:
    json = orjson.dumps(sheet, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    for path, content in ((text, datasheet_text(sheet).encode()), (data, json)):
        with replacing(path) as handle:
            handle.write(content)


def _groups(options: ExportOptions, folder: Path, kind: str) -> Iterable[list[Candidate]]:
    """The candidates of a run, prompt by prompt."""
    cell = options.cell
    if kind == "generation":
        from harness.preferences.from_generation import LoopRun

        loops = LoopRun(folder, cell)
        if cell is not None and cell not in loops.evaluators:
            raise InputError(f"this run has no comparisons by `{cell}`", hint=f"known: {', '.join(loops.evaluators)}")
        return loops.candidates(options.view)
    if options.view == "workflow":
        raise InputError("an evaluation has no workflow", hint="leave out --view, or export a generation")
    if not Path(options.run).is_file():
        hint = f"use `harness export {read_json(folder, MANIFEST)['spec']}.yaml`"
        raise InputError("an evaluation is exported by its spec file, which leads to the texts in its data", hint=hint)
    from harness.preferences.from_evaluation import JudgedRun

    plan = make_plan(load_spec(options.run, results=options.results, allow_paths=options.allow_paths))
    if not isinstance(plan, Plan):
        raise InputError(
            f"{folder} is an evaluation, but {options.run} is a generation", hint="use the spec of the evaluation"
        )
    return JudgedRun(folder, plan, cell).candidates()


def _summary(sheet: dict[str, Any], files: list[Path]) -> Iterator[str]:
    dropped = ", ".join(f"{found['stopped']:,} {name}" for name, found in sheet["gates"].items() if found["stopped"])
    yield f"{sheet['pairs']:,} pairs of {sheet['candidates']:,} candidates; dropped: {dropped or 'none'}"
    rows = ", ".join(f"{part} {count:,}" for part, count in sheet["rows"].items())
    yield f"rows: {rows}"
    if sheet["labels"]:
        yield f"labels: {sheet['labels']['true']:,} desirable, {sheet['labels']['false']:,} undesirable"
    yield f"chosen text longer: {100 * sheet['longer']['chosen']:.1f} % of pairs"
    if sheet["simulated"]:
        yield "simulated models: do not train on these texts"
    yield f"wrote {', '.join(map(str, files))}"
