"""Everything that is looked at, in the order in which a run comes to need it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from harness.cache.sqlite_file import DATABASE
from harness.doctor.machine import check_clock, check_packages, check_python
from harness.doctor.models import check_models
from harness.doctor.storage import check_cache, check_results
from harness.errors import HarnessError
from harness.generation.records import GenerationSpec
from harness.providers.health import Finding
from harness.records.experiment import Spec
from harness.runner.plan import make_plan


def run_preflight(
    spec: Callable[[], Spec] | None,
    *,
    cache: Path,
    results: Path,
    environment: Mapping[str, str],
    now: float,
    offline: bool = False,
) -> Iterator[Finding]:
    """Look at all that a run of a spec rests on, or at what any run does.

    Args:
        spec: loads the spec; None to look at no spec.
        cache: folder of the cache.
        results: folder of all results.
        environment: the environment variables.
        now: seconds since 1970.
        offline: connect to nobody.
    """
    yield check_python(sys.version_info[:3])
    yield from check_packages()
    yield check_clock(now, [Path(__file__), cache / DATABASE])
    yield from check_cache(cache)
    yield from check_results(results)
    if spec is not None:
        yield from _check_spec(spec, environment, offline=offline)


def _check_spec(load: Callable[[], Spec], environment: Mapping[str, str], *, offline: bool) -> Iterator[Finding]:
    try:
        spec = load()
    except HarnessError as error:
        yield from _failures("spec", error)
        return
    try:
        told = _planned(spec)
    except HarnessError as error:
        yield from _failures("data", error)
    else:
        yield Finding("spec", "ok", told)
    yield from check_models(spec, environment, offline=offline)


def _planned(spec: Spec) -> str:
    """What a spec comes to once its data are read."""
    if not isinstance(spec, GenerationSpec):
        return make_plan(spec).told
    from harness.generation.plan import make_loop_plan  # most specs are none

    return make_loop_plan(spec).told


def _failures(what: str, error: HarnessError) -> Iterator[Finding]:
    for problem in error.problems:
        yield Finding(what, "failure", str(problem))
