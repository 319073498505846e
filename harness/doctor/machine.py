"""Whether this Python, its packages and its clock are such as a run needs."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from harness.providers.health import Finding

DISTRIBUTION = "fellowship-harness"
TESTED = ((3, 11), (3, 13))
"""The oldest and the newest Python that the tests run on."""

CLOCK_TOLERANCE_S = 120.0
"""Clocks of a network of machines differ by seconds; more is worth telling."""

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([^;]*)(?:;(.*))?$")
_BOUND = re.compile(r"(>=|<)\s*([0-9][0-9.]*)")


def check_python(version: tuple[int, int, int]) -> Finding:
    """Whether this is a Python that the tests run on.

    Args:
        version: major, minor and micro number.
    """
    said = ".".join(map(str, version))
    if version[:2] < TESTED[0]:
        return Finding("python", "failure", f"{said} is too old", f"use Python {_dotted(TESTED[0])} or newer")
    if version[:2] > TESTED[1]:
        newest = _dotted(TESTED[1])
        return Finding("python", "warning", f"{said} is newer than what the harness is tested with, {newest}")
    return Finding("python", "ok", f"{said}, SQLite {sqlite3.sqlite_version}")


def check_packages() -> Iterator[Finding]:
    """Whether every package that the harness needs is installed, in a version that it works with."""
    try:
        wanted = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield Finding("packages", "unknown", f"{DISTRIBUTION} runs without being installed, so nothing says its needs")
        return
    yield Finding("harness", "ok", metadata.version(DISTRIBUTION))
    found = []
    for requirement in wanted:
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
    """Whether a version is within bounds such as `>=3.50,<4`; what follows its numbers is not looked at."""
    release = _numbers(version)
    for sign, bound in _BOUND.findall(bounds):
        if (release < _numbers(bound)) if sign == ">=" else (release >= _numbers(bound)):
            return False
    return True


def check_clock(now: float, places: Sequence[Path]) -> Finding:
    """Whether the clock is behind files that were written before now.

    A clock that was set back confuses nothing that the harness computes, for it uses none; but the newest run of a
    spec is found by its time, and certificates of endpoints are held against it.

    Args:
        now: seconds since 1970.
        places: files whose times are looked at, as far as they are there.
    """
    ahead = max((place.stat().st_mtime - now for place in places if place.exists()), default=0.0)
    if ahead > CLOCK_TOLERANCE_S:
        return Finding(
            "clock",
            "warning",
            f"it is {ahead / 3600:,.1f} hours behind the times of files that are there already",
            "set the clock; the newest run of a spec is found by its time",
        )
    return Finding("clock", "ok", "not behind the files of the harness and of the cache")


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, so that 2.10 comes after 2.9 and 3.50 equals 3.50.0."""
    numbers = [int(part) for part in re.match(r"[0-9.]*", version)[0].split(".") if part]  # type: ignore[index]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
