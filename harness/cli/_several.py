"""Plan several specs before the first of them is run, so that every error is reported before anything is spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from harness.api import Planned, load_spec, make_plan
from harness.api.load import check_spec
from harness.errors import HarnessError, InputError, Problem
from harness.records.experiment import Spec

LaterPlan: TypeAlias = "Callable[[], Planned]"
"""Gives the plan of a spec when its turn comes."""


def planned(
    specs: Sequence[Path],
    results: Path,
    allow_paths: tuple[Path, ...],
    check: Callable[[Spec], None],
    *,
    offline: bool = False,
) -> list[LaterPlan]:
    """Check and plan every spec.

    Args:
        specs: the spec files.
        results: the folder of the results.
        allow_paths: further folders that paths of the specs may lead into.
        check: raises a HarnessError if the options of the command do not fit a spec.
        offline: read the local copies of datasets on the Hub.

    A spec that takes over the winner of an earlier one is checked now, with all that may win, and planned when the
    earlier one has been run.

    Raises:
        HarnessError: with the problems of all specs.
    """
    found: list[LaterPlan] = []
    problems: list[Problem] = []
    names: set[str] = set()
    for path in specs:
        try:
            if _takes_over(path, names, allow_paths):
                spec = check_spec(path, str(path), allow_paths=allow_paths)
                names.add(spec.name)
                check(spec)
                found.append(_later(path, results, allow_paths, offline=offline))
            else:
                plan = make_plan(load_spec(path, results=results, allow_paths=allow_paths), offline=offline)
                names.add(plan.spec.name)
                check(plan.spec)
                found.append(_now(plan))
        except HarnessError as error:
            if len(specs) == 1:
                raise
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))
    return found


def _now(plan: Planned) -> LaterPlan:
    return lambda: plan


def _later(path: Path, results: Path, allow_paths: tuple[Path, ...], *, offline: bool) -> LaterPlan:
    return lambda: make_plan(load_spec(path, results=results, allow_paths=allow_paths), offline=offline)


def _takes_over(path: Path, names: set[str], allow_paths: tuple[Path, ...]) -> bool:
    """Whether a spec takes over the winner of one of the named specs."""
    if not names:
        return False
    taken: set[str] = set()

    def choose(spec: Any, *wanted: Any) -> Any:
        taken.add(spec.name)
        raise InputError("not chosen yet")

    try:
        check_spec(path, str(path), choose=choose, allow_paths=allow_paths)
    except HarnessError:
        pass  # reported when the spec is loaded in earnest
    return bool(taken & names)
