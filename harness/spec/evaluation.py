"""YAML and its JSON Schema → Spec: one experiment, checked, with every default written out, and frozen.

    read_yaml ─▶ check (schema) ─▶ checks, take (`winner_of`), matrix_problems (what a schema cannot say)
              ─▶ with_defaults ─▶ Spec

All problems are reported at once. Nothing here imports a heavy package, so that validating is quick.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.data.hub.address import is_hub_address
from harness.data.rows import format_of
from harness.errors import Problem, SpecError
from harness.prompting.strategy import strategy_json
from harness.providers.endpoint import variables_of
from harness.providers.provider import defaults_of, find_provider
from harness.records.datasets import DatasetSpec, Subset, VotesSpec
from harness.records.document import Document
from harness.records.experiment import ScoreSpec, Spec
from harness.records.frozen import FrozenDict, freeze, with_plain_numbers
from harness.records.label_set import NUMBER, RANKED, VERDICT_LABELS, number_set
from harness.records.stopping import StopSpec
from harness.spec.calibration import with_calibration
from harness.spec.chaining import (
    AXES,
    Chain,
    Choose,
    Taken,
    choice_from,
    choice_json,
    choices_in,
    model_differences,
    take,
)
from harness.spec.chaining_axis import is_link, listed
from harness.spec.checks import (
    CheckedDocument,
    dataset_problems,
    lone_cells,
    model_problems,
    secret_problems,
    stop_problems,
)
from harness.spec.compatibility import unfit_strategies
from harness.spec.defaults import with_defaults
from harness.spec.matrix import Names, cells_of, matrix_problems, without_idle_exclusions
from harness.spec.models import models_of, shared_replies
from harness.spec.paths import Folders
from harness.spec.personas import with_personas
from harness.spec.plugins import plugin_problems
from harness.spec.rankings import MANY, METRICS, fitting_cells
from harness.spec.responses import SINGLE, for_responses, label_set_of, response_problems
from harness.spec.schema import check
from harness.spec.strategies import known_strategies, strategies_of
from harness.spec.yaml import read_yaml

METRICS_OF_NUMBERS = ("pearson", "spearman", "mae")
"""What is computed where labels are numbers and a spec names no metrics."""
MAX_TOKENS = 1024
"""The limit on the tokens of a reply if a spec sets none, so that the cost of a run is always bounded."""


def load_spec(
    path: Path,
    shown: str | None = None,
    *,
    choose: Choose | None = None,
    allow_paths: Iterable[Path] = (),
    document: Document | None = None,
    in_memory: frozenset[str] = frozenset(),
) -> Spec:
    """Load and check a spec of the kind `evaluation`.

    Args:
        path: the file.
        shown: its name in messages; the path itself by default.
        choose: finds the winner in another spec for a `winner_of`; without it, the spec can be checked but not run,
            and its `undecided` names the other spec.
        allow_paths: further folders that its paths, and those of linked specs, may lead into.
        document: the file, if it has been read already.
        in_memory: what stands in place of a path where a program gives the data.

    Raises:
        SpecError: with all problems.
    """
    first = path.absolute()
    allowed = tuple(folder.absolute() for folder in allow_paths)

    def load(path: Path, shown: str, chain: Chain) -> Spec:
        if path.absolute() != first:
            return _load(path, shown, chain, Folders(path.absolute().parent, allowed), None)
        return _load(path, shown, chain, Folders(first.parent, allowed, in_memory), document)

    return load(path, str(path.absolute()) if shown is None else shown, Chain(load, choose))


def is_generation(document: Document) -> bool:
    """Whether a document is of the kind `generation`, which `harness.generation.spec` loads."""
    return isinstance(document.value, Mapping) and document.value.get("kind") == "generation"


def environment_problems(
    spec: Spec, environment: Mapping[str, str], *, models: Iterable[str] | None = None
) -> list[Problem]:
    """API keys that models need and that are not in the environment.

    Args:
        spec: the experiment.
        environment: the environment variables.
        models: names of the models to check; by default all that the cells use.
    """
    names = spec.models_used if models is None else models
    problems = []
    for name in names:
        line, column = spec.model_places.get(name, (0, 0))

        def problem(variable: str, setting: str, hint: str, place: tuple[str, int, int, str]) -> Problem:
            file, line, column, model = place
            message = f"the environment variable {variable} is not set"
            return Problem(file, line, column, f"models.{model}.{setting}", message, hint)

        place = (spec.shown_path, line, column, name)
        variable = spec.models[name].api_key_env
        if variable and not environment.get(variable, "").strip():
            hint = "it holds the API key; write `api_key_env: null` if the endpoint asks for none"
            problems.append(problem(variable, "api_key_env", hint, place))
        for variable, setting in variables_of(spec.models[name]):
            if not environment.get(variable, "").strip():
                problems.append(problem(variable, setting, f"`{setting}` of {name} needs it", place))
    return problems


def sound_datasets(document: Document, folders: Folders, *, section: str = "datasets") -> list[DatasetSpec]:
    """The datasets of a spec that may be wrong elsewhere: those of which nothing is known to be wrong.

    Args:
        document: the spec.
        folders: where its paths may lead.
        section: where it describes them; `prompts` in a spec of the kind `generation`.
    """
    problems = check(document, "experiment" if section == "datasets" else "generation")
    checked = CheckedDocument(document, problems)
    is_single, is_number = checked.part("responses") == SINGLE, checked.part("labels") == NUMBER
    if is_single and not is_number:
        return []  # what their labels are is known by strategies that may be wrong
    labels = number_set(-math.inf, math.inf) if is_single else VERDICT_LABELS
    labels = RANKED if checked.part("responses") == MANY else labels
    value = {"datasets": {name: entry for name in checked.names(section) if (entry := checked.part(section, name))}}
    moved = Document(document.file, value)
    wrong = {problem.path.split(".")[1] for problem in dataset_problems(CheckedDocument(moved, []), folders)}
    entries = completed({"datasets": value["datasets"], "models": {}})["datasets"]
    path = Path(document.file)
    return [
        replace(dataset_of(name, entry, folders.own / path.name, document.file), label_set=labels)
        for name, entry in entries.items()
        if name not in wrong and (entry.get("format") or is_hub_address(entry["path"]))
    ]


# --- loading ----------------------------------------------------------------------------------------------


def _load(path: Path, shown: str, chain: Chain, folders: Folders, document: Document | None) -> Spec:
    """Load a spec at the end of a chain of links."""
    path = path.absolute()
    document = document or read_yaml(path, shown)
    taken = _checked(document, folders, chain.with_link(path, shown))
    if taken.problems:
        raise SpecError(in_order(taken.problems, document.file))
    resolved = _resolved(taken)
    return _spec(taken, path, resolved)


def _checked(document: Document, folders: Folders, chain: Chain) -> Taken:
    """The document with its links resolved, and all problems."""
    problems = [*check(document, "experiment"), *plugin_problems(document)]
    checked = CheckedDocument(document, problems)
    for axis in AXES:
        if is_link(checked.part("matrix", axis)):
            checked = CheckedDocument(listed(checked.document, axis), problems)
    strategies, wrong = strategies_of(checked, folders)
    strategies = for_responses(strategies, checked.part("responses"), checked.part("labels"))
    peopled, unknown = with_personas(checked, folders)
    calibrated, unread = with_calibration(CheckedDocument(peopled, problems), folders)
    taken = take(CheckedDocument(calibrated, problems), folders, strategies, chain)
    problems += [*taken.problems, *unread]
    checked = CheckedDocument(taken.possible, [problem for problem in problems if problem.file == document.file])
    problems += [*wrong, *unknown]
    problems += dataset_problems(checked, folders)
    problems += model_problems(checked, folders)
    problems += secret_problems(document)
    problems += stop_problems(checked)
    problems += response_problems(checked, taken.strategies)
    return _with_matrix_checked(checked, taken._replace(problems=problems))


def _with_matrix_checked(checked: CheckedDocument, taken: Taken) -> Taken:
    """The same with the problems of the matrix: with all possible winners on its axes, then with the actual ones."""
    problems = taken.problems
    along = (cell.strategy for winner in taken.winners for cell in winner.possible)
    names = Names(checked.names("datasets"), (*known_strategies(checked), *along), checked.names("models"))
    problems += matrix_problems(checked, names)
    if taken.winners and not problems:
        taken = taken._replace(document=without_idle_exclusions(taken.document))
        problems += matrix_problems(CheckedDocument(taken.document, []), names)
    if not problems and all(winner.choice for winner in taken.winners):
        problems += unfit_strategies(taken.document, taken.strategies)
    return taken


def in_order(problems: Iterable[Problem], first: str) -> list[Problem]:
    """Each problem once: those of file `first`, then those of other files, in the order of the lines."""
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda one: (one.file != first, one.file, one.line, one.column))


def _resolved(taken: Taken) -> dict[str, Any]:
    """The whole spec as plain JSON values with every default written out; loading it gives the same again."""
    value = taken.document.value
    used = [name for name in value["matrix"]["strategy"] if name in taken.strategies]
    if label_set_of(taken.strategies, used, value.get("responses")).is_number:
        value = {**value, "score": {"metrics": list(METRICS_OF_NUMBERS), **value.get("score", {})}}
    full = completed(value)
    full["strategies"] = {name: strategy_json(strategy) for name, strategy in taken.strategies.items()}
    if choices := choices_in(taken.winners):
        full["choices"] = [*full.get("choices", ()), *map(choice_json, choices)]
    plain: dict[str, Any] = with_plain_numbers(full)
    return plain


def completed(value: Mapping[str, Any]) -> dict[str, Any]:
    """The spec with every default, except those of its strategies."""
    if value.get("responses") == MANY:
        value = {**value, "score": {"metrics": list(METRICS), **value.get("score", {})}}
    full: dict[str, Any] = with_defaults(value, "experiment")
    for dataset in full["datasets"].values():
        if not is_hub_address(dataset["path"]):
            dataset.setdefault("format", format_of(dataset["path"]))
    for name, model in full["models"].items():
        for key, value in defaults_of(find_provider(model["provider"]), name, model).items():
            model.setdefault(key, value)
        if "params" in model and not {"max_tokens", "max_completion_tokens"} & set(model["params"]):
            model["params"]["max_tokens"] = MAX_TOKENS
    return full


def _spec(taken: Taken, path: Path, resolved: Mapping[str, Any]) -> Spec:
    document = taken.document
    models = dict(models_of(document, resolved["models"], path.parent))
    if problems := [*model_differences(document, taken.winners, models), *shared_replies(document, models)]:
        raise SpecError(problems)
    cells = cells_of(resolved["matrix"], tuple(models))
    if resolved.get("responses") == MANY:
        cells = fitting_cells(cells, taken.strategies)
    if problems := lone_cells(document, cells):
        raise SpecError(problems)
    score = ScoreSpec(**freeze(resolved["score"]))
    labels = label_set_of(taken.strategies, [cell.strategy for cell in cells], resolved.get("responses"))
    datasets = {name: dataset_of(name, entry, path, document.file) for name, entry in resolved["datasets"].items()}
    return Spec(
        path=path,
        name=resolved["name"],
        kind=resolved["kind"],
        seed=resolved["seed"],
        datasets=FrozenDict({name: replace(one, slices=score.by, label_set=labels) for name, one in datasets.items()}),
        models=FrozenDict(models),
        strategies=FrozenDict({cell.strategy: taken.strategies[cell.strategy] for cell in cells}),
        cells=cells,
        score=score,
        resolved=freeze(resolved),
        shown_path=document.file,
        model_places=FrozenDict({name: document.place(("models", name, "api_key_env")) for name in models}),
        choices=tuple(choice_from(choice) for choice in resolved.get("choices", ())),
        stopping=StopSpec(**resolved["stop"]) if "stop" in resolved else None,
        undecided=tuple(dict.fromkeys(winner.spec.name for winner in taken.winners if winner.choice is None)),
        label_set=labels,
    )


def dataset_of(name: str, entry: Mapping[str, Any], path: Path, shown: str) -> DatasetSpec:
    """How to read a dataset, from its entry in a completed spec.

    Args:
        name: of the dataset.
        entry: its entry.
        path: of the spec, which the path of the dataset is relative to.
        shown: the name of that file in messages.
    """
    subset = dict(entry["subset"])
    where = {column: (kept,) if isinstance(kept, str) else kept for column, kept in subset.pop("where").items()}
    return DatasetSpec(
        name=name,
        **_place_of(entry["path"], path, shown),
        format=entry.get("format") or "",
        columns=freeze(entry["columns"]),
        label_values=freeze(entry.get("label_values", {})),
        subset=Subset(where=freeze(where), **subset),
        on_problem=entry.get("on_problem", "error"),
        empty_response=entry.get("empty_response", "judge"),
        options=_file_options(entry),
        votes=_votes_of(entry["votes"], path, shown) if "votes" in entry else None,
    )


def _votes_of(entry: Mapping[str, Any], path: Path, shown: str) -> VotesSpec:
    """How the labels of a dataset in long form are read."""
    is_file = not is_hub_address(entry["path"])
    return VotesSpec(
        **_place_of(entry["path"], path, shown),
        format=entry.get("format") or (is_file and format_of(entry["path"])) or "",
        item=entry.get("item", "item"),
        annotator=entry.get("annotator", "annotator"),
        label=entry.get("label", "label"),
        options=_file_options(entry),
    )


def _place_of(place: str, path: Path, shown: str) -> dict[str, Any]:
    """Where rows are: a path beside the spec, or an address of the Hub."""
    if is_hub_address(place):
        return {"path": Path(), "shown_path": place, "hub": place}
    return {"path": path.parent / place, "shown_path": str(Path(shown).parent / place)}


def _file_options(entry: Mapping[str, Any]) -> Mapping[str, str]:
    return FrozenDict({name: entry[name] for name in ("delimiter", "encoding", "rows") if name in entry})
