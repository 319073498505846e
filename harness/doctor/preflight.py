"""All preflight checks, in the order in which a run needs them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from harness.cache.sqlite_file import DATABASE
from harness.doctor.machine import check_clock, check_packages, check_python
from harness.doctor.models import check_models
from harness.doctor.storage import check_cache, check_results
from harness.errors import HarnessError
from harness.providers.health import Finding
from harness.records.experiment import Spec
from harness.runner.plan import Planned


class Surroundings(NamedTuple):
    """What a run finds around it.

    Attributes:
        cache: folder of the cache.
        results: folder of all results.
        environment: the environment variables.
        now: seconds since 1970.
    """

    cache: Path
    results: Path
    environment: Mapping[str, str]
    now: float


def run_preflight(
    spec: Callable[[], Spec] | None,
    plan: Callable[[Spec], Planned],
    around: Surroundings,
    *,
    offline: bool = False,
) -> Iterator[Finding]:
    """Check the installation and the folders and, with a spec, everything its run needs.

    Args:
        spec: loads the spec; None for none.
        plan: reads the data of the spec.
        around: the folders, the environment and the time.
        offline: make no network requests.
    """
    yield check_python(sys.version_info[:3])
    yield from check_packages()
    yield check_clock(around.now, [Path(__file__), around.cache / DATABASE])
    yield from check_cache(around.cache)
    yield from check_results(around.results)
    if spec is not None:
        yield from _check_spec(spec, plan, around.environment, offline=offline)


def _check_spec(
    load: Callable[[], Spec], plan: Callable[[Spec], Planned], environment: Mapping[str, str], *, offline: bool
) -> Iterator[Finding]:
    try:
        spec = load()
    except HarnessError as error:
        yield from _failures("spec", error)
        return
    try:
        summary = plan(spec).summary
    except HarnessError as error:
        yield from _failures("data", error)
    else:
        yield Finding("spec", "ok", summary)
    yield from check_models(spec, environment, offline=offline)


def _failures(what: str, error: HarnessError) -> Iterator[Finding]:
    for problem in error.problems:
        yield Finding(what, "failure", str(problem))
