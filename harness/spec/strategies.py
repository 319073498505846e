"""Load the strategies of a spec: its own entries, files beside it, and plug-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import registry
from harness.errors import Problem, SpecError
from harness.prompting.checks import check_strategy
from harness.prompting.strategy import strategy_from, strategy_json
from harness.records.experiment import Strategy
from harness.spec.axes import MATRIX, Axes
from harness.spec.checks import CheckedDocument
from harness.spec.paths import Folders, file_fault
from harness.spec.plugins import plugin_document
from harness.spec.schema import check
from harness.spec.yaml import read_yaml
from harness.text import quoted


def strategies_of(
    checked: CheckedDocument, folders: Folders, axes: Sequence[Axes] = (MATRIX,)
) -> tuple[dict[str, Strategy], list[Problem]]:
    """The spec's own strategies in the order of the file, then the built-in ones that its axes name.

    Args:
        checked: the spec.
        folders: where its paths may lead.
        axes: where the spec names strategies.
    """
    strategies: dict[str, Strategy] = {}
    problems: list[Problem] = []
    for name in checked.names("strategies"):
        entry = checked.part("strategies", name)
        if entry is None:
            continue
        strategy, found = (
            _from_file(checked, name, entry["path"], folders) if "path" in entry else _inline(checked, name, entry)
        )
        problems += found
        if strategy:
            strategies[name] = strategy
    own = checked.names("strategies")
    for name in (name for each in axes for name in each.values(checked, "strategy")):
        if name in registry.names("strategies") and name not in own:
            strategies[name] = built_in(name)
    return strategies, problems


def known_strategies(checked: CheckedDocument) -> tuple[str, ...]:
    """The names of strategies that a matrix may use."""
    return tuple(dict.fromkeys((*checked.names("strategies"), *registry.names("strategies"))))


def _inline(checked: CheckedDocument, name: str, entry: Mapping[str, Any]) -> tuple[Strategy, list[Problem]]:
    place = ("strategies", name)
    strategy = strategy_from(entry, name=name, source=checked.document.file)
    problems = check_strategy(strategy, document=checked.document, within=place)
    if entry.get("name", name) != name:
        message = f"its name is {quoted(entry['name'])}, but its key is {quoted(name)}"
        problems.append(checked.document.problem((*place, "name"), message, hint="leave `name` out"))
    return strategy, problems


def _from_file(
    checked: CheckedDocument, name: str, path: str, folders: Folders
) -> tuple[Strategy | None, list[Problem]]:
    place = ("strategies", name, "path")
    if fault := file_fault(path, folders):
        return None, [checked.document.problem(place, fault[0], hint=fault[1])]
    shown = str(Path(checked.document.file).parent / path)
    try:
        document = read_yaml(folders.own / path, shown)
    except SpecError as error:
        return None, list(error.problems)
    if problems := check(document, "strategy"):
        return None, problems
    strategy = strategy_from(document.value, name=name, source=path)
    return strategy, check_strategy(strategy, document=document)


def strategy_identity(strategy: Strategy) -> dict[str, Any]:
    """The parts of a strategy that decide what is sent and how replies are read: all but its summary."""
    return {key: value for key, value in strategy_json(strategy).items() if key != "summary"}


def built_in(name: str) -> Strategy:
    """The strategy of that name that this package or an installed distribution brings.

    Raises:
        KeyError: where there is none; `registry.names("strategies")` lists them.
        PluginError: where an installed one cannot be used.
    """
    document = plugin_document("strategies", name, "strategy")
    strategy = strategy_from(document.value, name=name, source="built-in")
    if (plugin := registry.installed("strategies", name)) and (faults := check_strategy(strategy, document=document)):
        raise registry.broken(plugin, str(faults[0]))
    return strategy
