"""Plug points: folders in which every file is one thing, found by its name, with no list to edit."""

from __future__ import annotations

import importlib
from functools import cache
from importlib import resources
from types import ModuleType

FOLDERS = (
    "datasets",
    "providers",
    "strategies",
    "modes",
    "personas",
    "reviews",
    "metrics",
    "probes",
    "reports",
    "exports",
    "importers",
)


@cache
def names(folder: str) -> tuple[str, ...]:
    """The names of the things in a plug folder, sorted: the files, without ending, `_` written as `-`."""
    found = set()
    for entry in resources.files("harness").joinpath(folder).iterdir():
        stem, _, ending = entry.name.rpartition(".")
        if ending in ("py", "yaml") and stem and not stem.startswith("_"):
            found.add(stem.replace("_", "-"))
    return tuple(sorted(found))


@cache
def find(folder: str, name: str) -> ModuleType:
    """The module called `name` in a plug folder. Raises KeyError where there is none."""
    if name not in names(folder):
        raise KeyError(name)
    return importlib.import_module(f"harness.{folder}.{name.replace('-', '_')}")
