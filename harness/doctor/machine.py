"""Checks of Python, its packages and the clock."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from harness.providers.health import Finding

DISTRIBUTION = "fellowship-harness"
TESTED = ((3, 11), (3, 13))
"""The oldest and the newest Python version of the tests."""

CLOCK_TOLERANCE_S = 120.0
"""Clocks of machines on a network differ by seconds; more is a finding."""

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([^;]*)(?:;(.*))?$")
_BOUND = re.compile(r"(>=|<)\s*([0-9][0-9.]*)")


def check_python(version: tuple[int, int, int]) -> Finding:
    """Whether the tests run on this version of Python.

    Args:
        version: major, minor and micro number.
    """
    found = ".".join(map(str, version))
    if version[:2] < TESTED[0]:
        return Finding("python", "failure", f"{found} is too old", f"use Python {_dotted(TESTED[0])} or newer")
    if version[:2] > TESTED[1]:
        newest = _dotted(TESTED[1])
        return Finding("python", "warning", f"{found} is newer than the newest tested version, {newest}")
    return Finding("python", "ok", f"{found}, SQLite {sqlite3.sqlite_version}")


def check_packages() -> Iterator[Finding]:
    """Whether all required packages are installed in a supported version."""
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "packages", "unknown", f"{DISTRIBUTION} is not installed as a package, so its requirements are unknown"
        )
        return
    yield Finding("harness", "ok", metadata.version(DISTRIBUTION))
    found = []
    for requirement in required:
        match = _REQUIREMENT.match(requirement)
        if match is None or "extra" in (match[3] or ""):
            continue
        name, bounds = match[1], match[2]
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Finding(f"package {name}", "failure", "is not installed", f"pip install '{requirement}'")
            continue
        found.append(f"{name} {version}")
        if not fits(version, bounds):
            yield Finding(f"package {name}", "failure", f"{version} is not {bounds}", f"pip install '{requirement}'")
    yield Finding("packages", "ok", ", ".join(found))


def fits(version: str, bounds: str) -> bool:
    """Whether a version is within bounds such as `>=3.50,<4`; a suffix after the numbers is ignored."""
    release = _numbers(version)
    for sign, bound in _BOUND.findall(bounds):
        if (release < _numbers(bound)) if sign == ">=" else (release >= _numbers(bound)):
            return False
    return True


def check_clock(now: float, places: Sequence[Path]) -> Finding:
    """Whether the clock is behind the times of existing files.

    No result depends on the clock, but the newest run of a spec is found by its time, and TLS certificates are checked
    against it.

    Args:
        now: seconds since 1970.
        places: files whose times are compared, where they exist.
    """
    ahead = max((place.stat().st_mtime - now for place in places if place.exists()), default=0.0)
    if ahead > CLOCK_TOLERANCE_S:
        return Finding(
            "clock",
            "warning",
            f"{ahead / 3600:,.1f} hours behind the times of existing files",
            "set the clock; the newest run of a spec is found by its time",
        )
    return Finding("clock", "ok", "not behind the files of the harness and the cache")


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, so that 2.10 comes after 2.9 and 3.50 equals 3.50.0."""
    numbers = [int(part) for part in re.match(r"[0-9.]*", version)[0].split(".") if part]  # type: ignore[index]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
