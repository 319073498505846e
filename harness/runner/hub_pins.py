"""The commits of datasets on the Hub in a resolved spec, so that a run names the data that it read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from harness.records.datasets import DatasetSpec
from harness.records.experiment import Spec
from harness.records.frozen import FrozenDict

S = TypeVar("S", bound=Spec)


def with_commits(spec: S, section: str, found: Mapping[str, DatasetSpec]) -> S:
    """The spec with the local copies of its datasets, and their addresses with a commit in its resolved form.

    Args:
        spec: the spec.
        section: where it describes its data, `datasets` or `prompts`.
        found: those whose files are known, by name.
    """
    changed: dict[str, Any] = {}
    for name, dataset in found.items():
        entry = dict(spec.resolved[section][name])
        if dataset.hub:
            entry["path"] = dataset.hub
        if dataset.votes is not None and dataset.votes.hub:
            entry["votes"] = FrozenDict({**entry["votes"], "path": dataset.votes.hub})
        if entry != spec.resolved[section][name]:
            changed[name] = FrozenDict(entry)
    data = FrozenDict({**getattr(spec, section), **found})
    resolved = spec.resolved
    if changed:
        resolved = FrozenDict({**resolved, section: FrozenDict({**resolved[section], **changed})})
    fields: dict[str, Any] = {section: data, "resolved": resolved}
    return replace(spec, **fields)
