"""Preference data from a finished run, as files or as a folder for the Hugging Face Hub."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

import orjson

from harness import registry
from harness.api.document import Document, Table
from harness.api.experiment import make_plan
from harness.api.finished_run import AnyRun, FinishedRun, folder_of
from harness.api.load import load_spec
from harness.atomic import replacing
from harness.errors import InputError, Problem, RunFolderError
from harness.preferences.agreement import agreement_json
from harness.preferences.card import card_text
from harness.preferences.croissant import croissant_json
from harness.preferences.datasheet import DatasheetSource, datasheet_json, datasheet_text
from harness.preferences.filters import Thresholds
from harness.preferences.format import find_export_format
from harness.preferences.from_ranked import PAIR_CHOICES, PairChoice, RankedRun, RankingRule
from harness.preferences.from_single import BY, By, SingleRule, SingleRun, single_rule_of
from harness.preferences.records import PEOPLE, VIEWS, Candidate, View
from harness.preferences.write import ExportRequest, check_files, write_preferences
from harness.records.experiment import Spec
from harness.records.label_set import label_set_from
from harness.runner.corruption import diagnose_corruption
from harness.runner.plan import Plan
from harness.runner.run_folder import ENVIRONMENT, MANIFEST, SPEC, read_json
from harness.runner.stopping import judged_part
from harness.text import listed, quoted, suggestion

LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")
"""An identifier of a licence, as the Hub and SPDX write them."""


class ExportSettings(TypedDict, total=False):
    """The keywords of `export`, which are those of `harness export`.

    Keys:
        format: `dpo` (default), `kto` or another export format.
        view: `single` (default) trains one model, `workflow` the feedback loop.
        cell: source of the verdicts; the leader of each dataset, or all evaluators of a generation, by default.
        split: shares of train, validation and test; (0.8, 0.1, 0.1) by default.
        split_files: one file per part of the split, where `out` is a file.
        seed: of the split; that of the spec by default.
        min_margin: smallest difference of the scores of a pair.
        max_length_ratio: largest ratio of the lengths of a pair, 4 by default; `inf` keeps all.
        drop_refusals: drop pairs whose chosen text starts like a refusal.
        keep_truncated: keep truncated texts.
        evaluation: evaluation run with the agreement of the evaluators; the run itself by default, if it has labels.
        by: whose labels of single responses (default: `people`), or rankings of several (default: `judge`), count.
        pairs: of rankings, `best-worst` (default) for one pair of each item, or `all`.
        desirable: of single responses, the labels of desirable ones; the positive one of two by default. Of numbers,
            the least one.
        undesirable: of single responses, the labels of undesirable ones. Of numbers, the greatest one.
        licence: identifier of the licence of the data, such as `cc-by-4.0`.
        force: overwrite existing files.
    """

    format: str
    view: View
    cell: str | None
    split: tuple[float, float, float]
    split_files: bool
    seed: int | None
    min_margin: float
    max_length_ratio: float
    drop_refusals: bool
    keep_truncated: bool
    evaluation: AnyRun | None
    by: By | None
    pairs: PairChoice | None
    desirable: Sequence[str]
    undesirable: Sequence[str]
    licence: str | None
    force: bool


def export(
    run: AnyRun,
    out: str | Path,
    *,
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
    **settings: Unpack[ExportSettings],
) -> Document:
    """Write preference data from a run, as `harness export` does.

    Args:
        run: a generation, as a finished run, a run folder or the name of its spec; or the spec of an evaluation, loaded
            or as a file, which leads to the texts in its data, and stands for its newest run.
        out: the file, `NAME.jsonl` or `NAME.parquet`; a name without an ending is a folder in the layout of the Hub.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by file.
        **settings: the options of the command, as `harness.api.exporting.ExportSettings` lists them: `format`, `view`,
            `cell`, `split`, `seed`, `min_margin`, `max_length_ratio`, `licence`, `force` and others.

    Returns:
        The datasheet, which `harness schema datasheet` describes. `frame()` has one row for each filter.

    Raises:
        InputError: where a setting is out of range, a file exists, or the run cannot be read.
        NothingLeftError: where no pair passes the filters; nothing is written then.
    """
    sheet, _ = export_data(run, Path(out), settings, results=results, allow_paths=allow_paths)
    return Document("datasheet", sheet, _filter_table)


def export_data(
    run: AnyRun, out: Path, settings: ExportSettings, *, results: str | Path, allow_paths: Iterable[str | Path]
) -> tuple[dict[str, Any], list[Path]]:
    """As `export`; the datasheet as JSON, and the files that were written."""
    _check(settings)
    allowed = tuple(map(Path, allow_paths))
    folder = folder_of(run, results, allowed)
    with diagnose_corruption(folder):
        manifest, spec = read_json(folder, MANIFEST), read_json(folder, SPEC)
        rule = _rule(folder, manifest, settings)
        is_single = isinstance(rule, SingleRule)
        request = replace(_request(settings, out, spec["seed"]), is_single=is_single)
        check_files(request, replace=settings.get("force", False))
        groups, cells, ranked = _groups(run, folder, settings, results, allowed, rule)
        evaluation = settings.get("evaluation")
        judged = folder if evaluation is None else folder_of(evaluation, results, allowed)
        has_labels = manifest["kind"] == "evaluation" and not isinstance(rule, RankingRule)
        agreement = _agreement(judged, folder, cells) if evaluation or has_labels else None
        counts, files = write_preferences(groups, request, replace=settings.get("force", False))
        if manifest["kind"] == "generation":
            from harness.preferences.from_generation import reasoning_removed

            counts.reasoning_removed = reasoning_removed(folder)
        base = request.out if request.is_folder else request.out.parent
        names = {part: path.relative_to(base).as_posix() for part, path in files.items() if counts.rows[part]}
        view, licence = settings.get("view", "single"), settings.get("licence")
        labelled = rule.json() if isinstance(rule, SingleRule) else None
        source = DatasheetSource(
            manifest, spec, view, agreement, names, _environment(folder), licence, labelled, ranked
        )
        sheet = datasheet_json(counts, request, source)
    return sheet, [*dict.fromkeys(files.values()), *_write_documents(sheet, request)]


def _rule(folder: Path, manifest: Mapping[str, Any], settings: ExportSettings) -> SingleRule | RankingRule | None:
    """Which labels of a run of single responses are desirable, or which pairs of rankings count; None for pairs.

    Raises:
        RunFolderError: for pairs of single responses.
        InputError: where options do not fit the run.
    """
    desirable, undesirable, by = settings.get("desirable", ()), settings.get("undesirable", ()), settings.get("by")
    labels = label_set_from(manifest["labels"]) if "labels" in manifest else None
    if settings.get("pairs") and (labels is None or not labels.is_ranking):
        raise InputError("this run has no rankings to make pairs of", hint="leave out --pairs")
    if labels is None:
        if desirable or undesirable or by:
            hint = "leave out --by, --desirable and --undesirable"
            raise InputError("labels of single responses make no examples of a run of pairs", hint=hint)
        return None
    if labels.is_ranking:
        if desirable or undesirable:
            hint = "leave out --desirable and --undesirable; --pairs says which pairs of a ranking count"
            raise InputError("this run has rankings and no labels", hint=hint)
        _check_cell(settings, by == PEOPLE)
        return RankingRule(by or "judge", settings.get("pairs") or "best-worst")
    if settings.get("min_margin"):
        hint = "leave out --min-margin; --desirable and --undesirable say which responses are left out"
        raise InputError("single responses have no margin of two scores", hint=hint)
    form = settings.get("format", "dpo")
    if form != "kto":
        message = f"{folder}: {form} needs pairs of responses, and this run judged single ones"
        hint = "use --format kto; for pairs, judge two responses to each prompt in a spec without `responses: single`"
        raise RunFolderError(message, hint=hint)
    _check_cell(settings, by != "judge")
    return single_rule_of(labels, by or "people", desirable, undesirable)


def _check_cell(settings: ExportSettings, is_by_people: bool) -> None:
    """Refuse a cell where what people say counts."""
    if settings.get("cell") is not None and is_by_people:
        message = "a cell has the labels or rankings of a judge, and those of people count"
        raise InputError(message, hint="add --by judge")


def _write_documents(sheet: Mapping[str, Any], request: ExportRequest) -> list[Path]:
    """Write the datasheet, and the card and the metadata of a folder."""
    text, data = request.datasheets
    contents = {text: card_text(sheet) if request.is_folder else datasheet_text(sheet), data: sheet}
    if request.croissant is not None:
        fields = find_export_format(request.format).FIELDS
        contents[request.croissant] = croissant_json(sheet, request.out, fields)
    for path, content in contents.items():
        with replacing(path) as handle:
            handle.write(
                content.encode()
                if isinstance(content, str)
                else orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            )
    return list(contents)


def _request(settings: ExportSettings, out: Path, spec_seed: int) -> ExportRequest:
    """The request for the writer; the seed of the spec where none is given."""
    most = settings.get("max_length_ratio", 4.0)
    thresholds = Thresholds(
        settings.get("min_margin", 0.0),
        None if most == math.inf else most,
        settings.get("drop_refusals", False),
        not settings.get("keep_truncated", False),
    )
    seed = settings.get("seed")
    return ExportRequest(
        settings.get("format", "dpo"),
        out,
        settings.get("split", (0.8, 0.1, 0.1)),
        spec_seed if seed is None else seed,
        thresholds,
        settings.get("split_files", False),
    )


def _check(settings: ExportSettings) -> None:
    """Refuse settings that are out of range, all at once."""
    problems = []
    unknown = [name for name in settings if name not in ExportSettings.__annotations__]
    if unknown:
        problems.append(Problem(message=f"there is no setting {listed(unknown)}"))
    formats, form, view = (
        registry.names("export_formats"),
        settings.get("format", "dpo"),
        settings.get("view", "single"),
    )
    if form not in formats:
        problems.append(Problem(message=f"there is no format {quoted(form)}", hint=suggestion(form, formats)))
    if view not in VIEWS:
        problems.append(Problem(message=f"there is no view {quoted(view)}", hint=suggestion(view, VIEWS)))
    by = settings.get("by")
    if by is not None and by not in BY:
        problems.append(Problem(message=f"by is {quoted(by)}, it must be `people` or `judge`"))
    pairs = settings.get("pairs")
    if pairs is not None and pairs not in PAIR_CHOICES:
        problems.append(Problem(message=f"pairs is {quoted(pairs)}, it must be `best-worst` or `all`"))
    split: Sequence[float] = settings.get("split", (1, 0, 0))
    if len(split) != 3 or not all(0 <= share <= 1 for share in split) or abs(sum(split) - 1) > 1e-9:
        problems.append(Problem(message="split must be three shares that sum to 1, such as (0.8, 0.1, 0.1)"))
    if not settings.get("max_length_ratio", 4.0) >= 1:
        problems.append(Problem(message="max_length_ratio must be at least 1"))
    if not settings.get("min_margin", 0.0) >= 0:
        problems.append(Problem(message="min_margin must be at least 0"))
    licence = settings.get("licence")
    if licence is not None and not LICENCE.fullmatch(licence):
        hint = "such as cc-by-4.0, mit or other; `licences` of a spec holds rights in your own words"
        problems.append(Problem(message=f"{quoted(licence)} is no identifier of a licence", hint=hint))
    if problems:
        raise InputError(problems)


def _environment(folder: Path) -> dict[str, Any]:
    """When the run was made; nothing where its folder does not say."""
    try:
        return read_json(folder, ENVIRONMENT)
    except RunFolderError:
        return {}


def _agreement(judged: Path, folder: Path, cells: Iterable[str]) -> dict[str, Any] | None:
    """Agreement with human labels: of the cells that were exported, where the run itself has labels."""
    found = agreement_json(judged, folder)
    if judged != folder:
        return found
    chosen = set(cells)
    rows = [row for row in found["rows"] if row["cell"] in chosen and row["n"]]
    return {**found, "rows": rows} if rows else None


def _groups(
    run: AnyRun,
    folder: Path,
    settings: ExportSettings,
    results: str | Path,
    allowed: tuple[Path, ...],
    rule: SingleRule | RankingRule | None,
) -> tuple[Iterable[list[Candidate]], Iterable[str], Mapping[str, Any] | None]:
    """The candidates of a run, prompt by prompt, the cells of an evaluation that they come from, and their rankings."""
    cell, view = settings.get("cell"), settings.get("view", "single")
    manifest = read_json(folder, MANIFEST)
    if manifest["kind"] == "generation":
        from harness.preferences.from_generation import LoopRun

        loops = LoopRun(folder, cell)
        if cell is not None and cell not in loops.evaluators:
            raise InputError(f"this run has no comparisons by `{cell}`", hint=f"known: {', '.join(loops.evaluators)}")
        return loops.candidates(view), (), None
    if view == "workflow":
        raise InputError("an evaluation has no workflow", hint="leave out --view, or export a generation")
    if not isinstance(run, Spec) and (isinstance(run, FinishedRun) or not Path(run).is_file()):
        hint = f"use `harness export {manifest['spec']}.yaml`, or the loaded spec in Python; "
        hint += "`harness score` writes the spec of a table with --spec"
        raise InputError("an evaluation is exported by its spec file, which leads to the texts in its data", hint=hint)
    from harness.preferences.from_evaluation import JudgedRun

    spec = run if isinstance(run, Spec) else load_spec(Path(run), results=results, allow_paths=allowed)
    plan = make_plan(spec)
    if not isinstance(plan, Plan):
        raise InputError(f"{folder} is an evaluation, but {run} is a generation", hint="use the spec of the evaluation")
    judged = JudgedRun(folder, judged_part(plan, manifest), cell)
    if isinstance(rule, RankingRule):
        ranked = RankedRun(judged, rule)
        return ranked.candidates(), judged.cells, ranked.json()
    if rule is not None:
        return SingleRun(judged, rule).candidates(), () if rule.by == PEOPLE else judged.cells, None
    return judged.candidates(), judged.cells, None


def _filter_table(sheet: Mapping[str, Any]) -> Table:
    """One row for each filter: how many pairs it dropped, and why."""
    rows = [(name, gate["stopped"], gate["says"]) for name, gate in sheet["gates"].items()]
    return ("filter", "dropped", "reason"), [("kept", sheet["pairs"], "passed all filters"), *rows]
