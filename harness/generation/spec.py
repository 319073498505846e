"""YAML and its schema → GenerationSpec.

Models, strategies, personas, data and evaluators are checked by the functions of `harness.spec` that check them in an
evaluation; `COMPARE` and `SELECTION` say where a generation writes its evaluators.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import Problem, SpecError
from harness.evaluators.mode import members_of
from harness.generation.matrix import matches_of, system_problems, systems_of
from harness.generation.records import RANK, GenerationSpec, ReviewRule, Selection, Stop
from harness.generation.review import built_in, review_from, review_json, review_problems
from harness.hashing import digest_of
from harness.prompting.strategy import strategy_json
from harness.records.document import Document, Step
from harness.records.experiment import Cell, ScoreSpec, Strategy
from harness.records.frozen import FrozenDict, freeze, with_plain_numbers
from harness.registry import names as plug_names
from harness.spec.axes import Axes
from harness.spec.checks import CheckedDocument, dataset_problems, model_problems, secret_problems
from harness.spec.compatibility import unfit_strategies
from harness.spec.defaults import with_defaults
from harness.spec.digest import spec_digest
from harness.spec.evaluation import completed, dataset_of, in_order
from harness.spec.matrix import Names, cells_of, matrix_problems
from harness.spec.models import models_of
from harness.spec.paths import Folders, file_fault
from harness.spec.personas import with_personas
from harness.spec.plugins import plugin_problems
from harness.spec.rankings import unfit_for_ranking
from harness.spec.schema import check
from harness.spec.strategies import known_strategies, strategies_of
from harness.spec.yaml import read_yaml
from harness.text import quoted, suggestion

SCHEMA = "generation"
DRAFTS = "drafts"
"""Stands for the dataset of a tournament's cell."""
_SHARED = ("models", "personas")
"""Sections whose defaults are those of an evaluation."""
COMPARE = Axes(("compare",), datasets=("match",))
"""The evaluators that compare the picked drafts of two systems; every match is a dataset of theirs."""
COMPARE_ASKS = ("pair", "each")
"""What a strategy asks that compares two drafts."""
TOURNAMENT = "tournament"
"""The mode that ranks by comparing pairs."""
SELECTION = Axes(("selection",), datasets=(DRAFTS,), is_single=True)
"""The evaluator of a tournament of drafts."""


class Parts(NamedTuple):
    """A document that was checked.

    Attributes:
        document: with personas written out.
        strategies: those of the spec and the built-in ones that it names.
        review: how drafts are reviewed, None if that is invalid.
        problems: all problems.
    """

    document: Document
    strategies: Mapping[str, Strategy]
    review: ReviewRule | None
    problems: list[Problem]


def load_generation(
    path: Path,
    shown: str | None = None,
    *,
    allow_paths: Iterable[Path] = (),
    document: Document | None = None,
    in_memory: frozenset[str] = frozenset(),
) -> GenerationSpec:
    """Load and check a spec of the kind `generation`.

    Args:
        path: the file.
        shown: its name in messages; defaults to the path.
        allow_paths: folders beside its own that its paths may lead into.
        document: the file, if it is already read.
        in_memory: what stands in place of a path where a program gives the prompts.

    Raises:
        SpecError: with every problem at once.
    """
    path = path.absolute()
    document = document or read_yaml(path, str(path) if shown is None else shown)
    folders = Folders(path.parent, tuple(folder.absolute() for folder in allow_paths), in_memory)
    parts = _checked(document, folders)
    if parts.problems:
        raise SpecError(in_order(parts.problems, document.file))
    return _spec(document, parts, path)


def generation_digest(spec: GenerationSpec) -> str:
    """Digest of everything in a spec that determines results, given the data; as `harness.spec.digest.spec_digest`."""
    loops: dict[str, Any] = {key: spec.resolved[key] for key in ("matrix", "loop", "selection", "compare", "score")}
    prompts = {name: _without_path(entry) for name, entry in spec.resolved["prompts"].items()}
    assert spec.review is not None
    review = {key: text for key, text in review_json(spec.review).items() if key != "summary"}
    bare = replace(spec, cells=tuple(replace(cell, dataset="") for cell in spec.cells))
    bare_evaluation = replace(bare, datasets=FrozenDict({"": dataset_of("", {**_NO_DATA, "path": ""}, Path(), "")}))
    return digest_of({"shared": spec_digest(bare_evaluation), "loops": loops, "prompts": prompts, "review": review})


def _without_path(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a dataset without its path and the digest of its items: it counts by its content."""
    subset = {key: value for key, value in entry["subset"].items() if key != "digest"}
    return {key: subset if key == "subset" else value for key, value in entry.items() if key != "path"}


_NO_DATA: Mapping[str, Any] = {"format": "", "columns": {}, "label_values": {}, "subset": {"where": {}}}


# --- checking ---------------------------------------------------------------------------------------------


def _checked(document: Document, folders: Folders) -> Parts:
    problems = [*check(document, SCHEMA), *plugin_problems(document)]
    checked = CheckedDocument(document, problems)
    review, wrong = _review_of(checked, folders)
    problems += [*wrong, *secret_problems(document)]
    axes = [COMPARE, *([SELECTION] if checked.part("selection", "evaluator") is not None else [])]
    strategies, wrong = strategies_of(checked, folders, axes)
    complete, unknown = with_personas(checked, folders, axes)
    checked = CheckedDocument(complete, problems)
    known = bool(problems)
    problems += [*wrong, *unknown]
    problems += dataset_problems(checked, folders, "prompts")
    problems += model_problems(checked, folders)
    names = Names((*COMPARE.datasets, *SELECTION.datasets), known_strategies(checked), checked.names("models"))
    for each in axes:
        is_tournament = each is SELECTION
        found = matrix_problems(checked, names, axes=each, needs_members=not is_tournament)
        if not found and not known and not wrong and not unknown:
            ranks = is_tournament and checked.part("selection", "by") == RANK
            found = [*_unfit(complete, strategies, each, ranks=ranks)]
            found += _tournament_problems(complete, names.models) if is_tournament and not found else ()
        problems += found
    problems += system_problems(checked)
    return Parts(complete, strategies, review, list(dict.fromkeys(problems)))


def _unfit(document: Document, strategies: Mapping[str, Strategy], axes: Axes, *, ranks: bool) -> Iterator[Problem]:
    """Strategies that do not compare two drafts, or do not rank all of them where a ranking selects."""
    matrix = axes.matrix(document)
    names = [name for name in matrix["strategy"] if name in strategies]
    if ranks:
        yield from unfit_for_ranking(document, strategies, matrix["evaluator"], names, axes)
        if document.value["selection"].get("order") == "alternating":
            place = ("selection", "order")
            yield document.problem(place, "a ranking shows all drafts at once", hint="write `given` or `both`")
        return
    for index, name in enumerate(names):
        if strategies[name].ask not in COMPARE_ASKS:
            what = f"the strategy {quoted(name)} asks `{strategies[name].ask}`, and two drafts are compared here"
            hint = "take one with `ask: pair` or `each`; `selection: {by: rank}` ranks all drafts"
            yield document.problem(axes.at("strategy", index), what, hint=hint)
            return
    for index, entry in enumerate(matrix["evaluator"]):
        for mode in entry:
            if mode == TOURNAMENT:
                hint = "use `judge`, or `selection: {by: rank}` with this evaluator"
                message = "a tournament ranks several responses, and two drafts are compared here"
                yield document.problem(axes.at("evaluator", index, mode), message, hint=hint, key=True)
                return
    yield from unfit_strategies(document, strategies, axes)


def _tournament_problems(document: Document, models: tuple[str, ...]) -> Iterator[Problem]:
    """A tournament and a ranking have one evaluator, whose members use its own strategy."""
    cells = cells_of(SELECTION.matrix(document), models)
    if len(cells) != 1:
        message = f"drafts are selected by one evaluator, and these are {len(cells)}"
        yield document.problem(("selection", "evaluator"), message, hint="name one")
    elif any(member.strategy != cells[0].strategy for member in members_of(cells[0])):
        message = f"the members of this {cells[0].mode} must use the strategy of the tournament"
        yield document.problem(("selection", "evaluator"), message, hint="leave their strategies out")


def _review_of(checked: CheckedDocument, folders: Folders) -> tuple[ReviewRule | None, list[Problem]]:
    """How drafts are reviewed: the entry that the spec names."""
    document, own = checked.document, checked.names("reviews")
    problems: list[Problem] = []
    rules: dict[str, ReviewRule] = {}
    for name in own:
        entry, place = checked.part("reviews", name), ("reviews", name)
        if entry is None:
            continue
        where: Document = document
        within: tuple[Step, ...] = place
        if "path" in entry:
            if fault := file_fault(entry["path"], folders):
                problems.append(document.problem((*place, "path"), fault[0], hint=fault[1]))
                continue
            shown = str(Path(document.file).parent / entry["path"])
            try:
                where, within = read_yaml(folders.own / entry["path"], shown), ()
            except SpecError as error:
                problems += error.problems
                continue
            if found := check(where, "review"):
                problems += found
                continue
            entry = where.value
        rules[name] = review_from(entry, name=name, source=where.file)
        problems += review_problems(rules[name], where, within)
    wanted = (checked.part("loop") or {}).get("review", "default")
    if wanted in own:
        return rules.get(wanted), problems
    if wanted in plug_names("reviews"):
        return built_in(wanted), problems
    message = f"there is no way of reviewing {quoted(wanted)}"
    known = (*own, *plug_names("reviews"))
    return None, [*problems, document.problem(("loop", "review"), message, hint=suggestion(wanted, known))]


# --- the record -------------------------------------------------------------------------------------------


def _spec(document: Document, parts: Parts, path: Path) -> GenerationSpec:
    full = _resolved(document, parts)
    evaluation = {"models": full["models"], "datasets": full["prompts"]}
    models = dict(models_of(document, evaluation["models"], path.parent))
    systems = systems_of(full["matrix"], full["compare"]["opponents"])
    matches = matches_of(systems, full["compare"]["opponents"])
    cells = cells_of({"dataset": list(matches), **full["compare"]}, tuple(models))
    selection = _selection(full["selection"], tuple(models))
    used = {cell.strategy for cell in cells} | ({selection.cell.strategy} if selection.cell else set())
    strategies = {name: strategy for name, strategy in parts.strategies.items() if name in used}
    score = full["score"]
    return GenerationSpec(
        path=path,
        name=full["name"],
        kind="generation",
        seed=full["seed"],
        datasets=FrozenDict({}),
        models=FrozenDict(models),
        strategies=FrozenDict(strategies),
        cells=cells,
        score=ScoreSpec(("win-rate",), resamples=score["resamples"], level=score["level"], margin=score["margin"]),
        resolved=freeze(full),
        shown_path=document.file,
        model_places=FrozenDict({name: document.place(("models", name, "api_key_env")) for name in models}),
        prompts=FrozenDict(
            {name: dataset_of(name, entry, path, document.file) for name, entry in full["prompts"].items()}
        ),
        systems=systems,
        review=parts.review,
        stop=Stop(full["loop"]["stop_at_score"], full["loop"]["stop_unchanged"]),
        selection=selection,
        opponents=tuple(full["compare"]["opponents"]),
        matches=FrozenDict(matches),
        bradley_terry=full["compare"]["bradley_terry"],
        licences=tuple(full["licences"]),
    )


def _resolved(document: Document, parts: Parts) -> dict[str, Any]:
    """The whole spec as plain JSON values with every default written out; loading it gives the same again."""
    value = parts.document.value
    full: dict[str, Any] = with_defaults(value, SCHEMA)
    shared = completed({"datasets": value["prompts"], **{key: value[key] for key in _SHARED if key in value}})
    full["models"], full["prompts"] = shared["models"], shared["datasets"]
    full["personas"] = shared["personas"]
    full["strategies"] = {name: strategy_json(strategy) for name, strategy in parts.strategies.items()}
    assert parts.review is not None, "a valid spec has a review rule"
    full["reviews"] = {parts.review.name: review_json(parts.review)}
    if "evaluator" in value.get("selection", {}):
        usual = "alternating" if full["selection"]["by"] == "published" else "given"
        full["selection"] = {"order": usual, **full["selection"]}
    for entry in full["prompts"].values():
        entry.pop("label_values", None)
    plain: dict[str, Any] = with_plain_numbers(full)
    for entry in plain["prompts"].values():
        entry.setdefault("columns", {})
    return plain


def _selection(resolved: Mapping[str, Any], models: tuple[str, ...]) -> Selection:
    if "evaluator" not in resolved:
        return Selection(resolved["by"])
    alternates = resolved["order"] == "alternating"
    axes = {"strategy": [resolved["strategy"]], "evaluator": [resolved["evaluator"]]}
    order = "given" if alternates else resolved["order"]
    cells: tuple[Cell, ...] = cells_of({"dataset": [DRAFTS], "order": [order], **axes}, models)
    return Selection(resolved["by"], cells[0], alternates)
