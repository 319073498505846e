"""Ask again on purpose: the calls of a run with new draw numbers, so that the cache answers none of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harness.api.edits import CurrentSpec, environment_of, spec_file_of
from harness.api.experiment import make_plan
from harness.errors import InputError
from harness.runner.draws import next_draw
from harness.runner.find_run import find_run
from harness.runner.plan import Plan
from harness.runner.run_folder import MANIFEST, read_json
from harness.runner.stored_runs import stored_runs


def repeat_plan(
    run: str, results: Path, *, spec: Path | None = None, draw: int | None = None, allow_paths: Iterable[Path] = ()
) -> tuple[Path, Plan]:
    """The spec file of a run, and its plan with other draws.

    Args:
        run: the run: its folder, its spec, or `SPEC@...`.
        results: folder of all results.
        spec: its spec file; None for the one that the run was made from.
        draw: the number of the first draw; None for the first number that no run of the spec has used.
        allow_paths: folders beside its own that the paths of the spec may lead into.

    Raises:
        InputError: if the spec was edited since the run, or its models cannot be asked again.
    """
    allowed = tuple(allow_paths)
    folder = find_run(run, results, allow_paths=allowed)
    file = spec or spec_file_of(environment_of(folder), results)
    if file is None:
        hint = "name it: `harness run SPEC --repeat-of RUN`"
        raise InputError(f"the spec file of run {folder.name} is not known here", hint=hint)
    current = CurrentSpec(file, results, allowed)
    edits = current.edits_since(folder)
    if edits.state != "current":
        hint = "undo the change, or make a run of the current version with `harness run`"
        message = f"run {folder.name} cannot be repeated, because {file} is not what it was: {', '.join(edits.changes)}"
        raise InputError(message, hint=hint)
    plan = make_plan(current.spec, offline=True)
    if not isinstance(plan, Plan):
        raise InputError(f"run {folder.name} is a generation; only evaluations can be repeated")
    recorded = [name for name in current.spec.models_used if current.spec.models[name].finds_by_place]
    if recorded:
        raise InputError(f"recorded replies cannot be asked for again: {', '.join(recorded)}")
    first = draw
    if first is None:
        first = next_draw(read_json(one.folder, MANIFEST) for one in stored_runs(current.spec.name, results))
    return file, replace(plan, first_draw=first)
