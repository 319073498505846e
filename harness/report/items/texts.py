"""Find the data of a run again: the texts that a run folder does not hold.

A run folder holds the resolved spec and a digest of each item, not the data. The paths in the spec are relative to the
file that it was in, whose folder the run does not name; so the data are searched in the folders that the user gives,
and taken only where the digests of the run agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.hub.client import HubAccess
from harness.errors import HarnessError
from harness.generation.plan import LoopPlan, make_loop_plan
from harness.generation.spec import load_generation
from harness.records.document import Document
from harness.runner.plan import Plan, make_plan
from harness.runner.stopping import judged_part
from harness.spec.evaluation import load_spec

SPEC_NAME = "spec.json"
"""How messages call the spec of a run."""
HERE = HubAccess(offline=True)
"""Data on the Hub are read from their local copies."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Where the data and the replies of runs may be.

    Attributes:
        spec_folders: folders that the paths in a spec may be relative to, in the order in which they are tried.
        cache: folder of the response cache, None for none.
        allow_paths: further folders that the paths of a spec may lead into.
        more_caches: folders of caches that are read as well.
    """

    spec_folders: tuple[Path, ...] = ()
    cache: Path | None = None
    allow_paths: tuple[Path, ...] = ()
    more_caches: tuple[Path, ...] = ()


class FoundPlan(NamedTuple):
    """The plan of a run, made again.

    Attributes:
        plan: None where the data were not found.
        missing: why there is none, "" where there is one.
    """

    plan: Plan | LoopPlan | None
    missing: str


def find_plan(spec: Mapping[str, Any], manifest: Mapping[str, Any], texts: Texts) -> FoundPlan:
    """The plan of a run over its data, from the first folder in which the data are those of the run.

    Args:
        spec: the resolved spec of the run.
        manifest: of the run.
        texts: where to search.
    """
    reasons: list[str] = []
    for folder in texts.spec_folders:
        try:
            plan = _plan(spec, manifest, folder, texts.allow_paths)
        except (HarnessError, OSError, RecursionError) as error:
            reasons.append(_reason(error, folder))
            continue
        if changed := list(_changed(plan, manifest)):
            reasons.append(f"the data of {', '.join(changed)} in {folder} have changed since the run")
            continue
        return FoundPlan(plan, "")
    return FoundPlan(None, "; ".join(dict.fromkeys(reasons)) or "no folder with the data of the run is known")


def _plan(
    spec: Mapping[str, Any], manifest: Mapping[str, Any], folder: Path, allow_paths: tuple[Path, ...]
) -> Plan | LoopPlan:
    document = Document(SPEC_NAME, dict(spec))
    path = folder / SPEC_NAME
    if spec.get("kind") == "generation":
        return make_loop_plan(load_generation(path, SPEC_NAME, allow_paths=allow_paths, document=document), HERE)
    plan = make_plan(load_spec(path, SPEC_NAME, allow_paths=allow_paths, document=document), HERE)
    return plan if [*_changed(plan, manifest)] else judged_part(plan, manifest)


def _changed(plan: Plan | LoopPlan, manifest: Mapping[str, Any]) -> Iterator[str]:
    """The datasets, or the prompt sets, whose digest is not that of the run."""
    if isinstance(plan, LoopPlan):
        held = manifest.get("prompts", {})
        found: Mapping[str, Any] = plan.prompts
    else:
        held, found = manifest["datasets"], plan.datasets
    for name, dataset in found.items():
        if held.get(name, {}).get("digest") != dataset.digest:
            yield name


def _reason(error: BaseException, folder: Path) -> str:
    if isinstance(error, HarnessError):
        problem = error.problems[0]
        return f"{problem.path or problem.file or SPEC_NAME} in {folder}: {problem.message}"
    return f"{folder} cannot be read: {error}"
