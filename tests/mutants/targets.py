"""The modules that carry promises, and the tests that must notice a change in them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

AREAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "parsing": ("harness/prompting/parsing/*.py", ("tests/prompting/parsing",)),
    "cache": ("harness/cache/*.py", ("tests/cache",)),
    "providers": (
        (
            "harness/providers/{attempts,bounded_body,budget,cancellation,chat_client,concurrency,endpoint,faults,"
            "finish_reasons,http_sender,ledger,ledger_lines,ledger_settling,rate_limit,redaction,response,retry,unpacking,"
            "usage,waits}.py"
        ),
        ("tests/providers",),
    ),
    "executor": (
        "harness/runner/{confirmations,cost_limit,executor,lookup,run_check,run_reader,session,turn}.py",
        ("tests/runner",),
    ),
    "evaluators": ("harness/evaluators/*.py", ("tests/evaluators",)),
    "scoring": ("harness/scoring/*.py", ("tests/scoring",)),
    "statistics": ("harness/statistics/*.py", ("tests/statistics",)),
    "gates": (
        "harness/{leaderboard/run_gate,leaderboard/failure_rate,analysis/compare/gate}.py",
        (
            "tests/cli/test_run_gate.py",
            "tests/cli/test_gate.py",
            "tests/leaderboard/test_failure_rate.py",
            "tests/leaderboard/test_gate_recorded.py",
            "tests/leaderboard/test_run_gate.py",
            "tests/analysis/compare/test_gate.py",
            "tests/analysis/compare/test_gate_recorded.py",
        ),
    ),
}
"""For each area its modules, as a pattern with `{a,b}`, and the tests of all of them."""
BOUNDS = "tests/test_bounds.py"
"""Compares constants of all areas, each test named after its module."""


class Target(NamedTuple):
    """A module.

    Attributes:
        path: relative to the checkout.
        own: the file of its tests, "" if it has none of its own.
        tests: the tests of its area.
    """

    path: str
    own: str
    tests: tuple[str, ...]


def targets(areas: list[str]) -> list[Target]:
    """The modules of some areas, sorted by path."""
    found = []
    for area in areas:
        pattern, tests = AREAS[area]
        for path in sorted(path for each in _expanded(pattern) for path in ROOT.glob(each)):
            relative = path.relative_to(ROOT)
            own = Path("tests", *relative.parts[1:-1], f"test_{relative.name}")
            if path.name != "__init__.py":
                found.append(Target(str(relative), str(own) if (ROOT / own).is_file() else "", (*tests, BOUNDS)))
    return found


def _expanded(pattern: str) -> list[str]:
    """A pattern for each alternative in `{a,b}`."""
    head, brace, rest = pattern.partition("{")
    if not brace:
        return [pattern]
    choices, _, tail = rest.partition("}")
    return [f"{head}{choice}{tail}" for choice in choices.split(",")]
