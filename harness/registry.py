"""Plug points: folders in which every file is one thing, found by its name, with no list to edit."""

from __future__ import annotations

import importlib
from functools import cache
from importlib import resources
from types import ModuleType

PACKAGES = {
    "dataset_formats": "harness.data.formats",
    "providers": "harness.providers.backends",
    "strategies": "harness.prompting.strategies",
    "modes": "harness.evaluators.modes",
    "personas": "harness.prompting.personas",
    "reviews": "harness.generation.reviews",
    "metrics": "harness.scoring.metrics",
    "probes": "harness.analysis.audit.probes",
    "leaderboard_formats": "harness.leaderboard.formats",
    "export_formats": "harness.preferences.formats",
    "importers": "harness.importers",
}
"""The package of each kind of plug-in."""


@cache
def names(kind: str) -> tuple[str, ...]:
    """The names of the things in a plug folder, sorted: the files, without ending, `_` written as `-`."""
    found = set()
    for entry in resources.files(PACKAGES[kind]).iterdir():
        stem, _, ending = entry.name.rpartition(".")
        if ending in ("py", "yaml") and stem and not stem.startswith("_"):
            found.add(stem.replace("_", "-"))
    return tuple(sorted(found))


@cache
def find(kind: str, name: str) -> ModuleType:
    """The module called `name` in a plug folder. Raises KeyError where there is none."""
    if name not in names(kind):
        raise KeyError(name)
    return importlib.import_module(f"{PACKAGES[kind]}.{name.replace('-', '_')}")


@cache
def fragment(kind: str, name: str) -> str | None:
    """The schema fragment beside the module called `name`, as JSON text; None where it has none."""
    file = resources.files(PACKAGES[kind]).joinpath(f"{name.replace('-', '_')}.schema.json")
    return file.read_text(encoding="utf-8") if file.is_file() else None
