"""Which tests run a line, recorded once with coverage contexts, and which of them a mutant has to pass."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mutants.recording import WHERE
from mutants.targets import BOUNDS, ROOT, Target

MARKS = "not slow and not installed and not trainers and not tools and not browser and not nightly"
EXAMPLES = "25"
"""Of hypothesis, as in continuous integration."""
MOST_S = 60.0
"""Seconds, as recorded, of the tests that one mutant has to pass: the fastest ones are chosen."""
_COVERAGE = "[run]\nbranch = False\nsource = harness\ndata_file = {data}\n"


class Stage(NamedTuple):
    """Tests that are run together.

    Attributes:
        files: where they are.
        names: of the tests, in order; if there are none, all of the files but those skipped.
        skipped: names of tests that are left out; None if `names` says which ones are meant.
    """

    files: tuple[str, ...]
    names: tuple[str, ...]
    skipped: frozenset[str] | None = None


class Recorded(NamedTuple):
    """What a run of the tests showed.

    Attributes:
        digest: of the code and the tests.
        seconds: of each test that passed, by its name.
        tests: for each module and line, the tests that run it.
        new_files: files of tests that have been added since.
    """

    digest: str
    seconds: dict[str, float]
    tests: dict[str, dict[int, frozenset[str]]]
    new_files: tuple[str, ...] = ()

    def stages(self, target: Target, line: int) -> list[Stage]:
        """The tests for a change of a line: those that run it, first in the module's own file, then elsewhere.

        The rest of its own file comes last: tests that run the module in another process, or that are new; and then
        new files of its area.
        """
        source = (ROOT / target.path).read_text(encoding="utf-8")
        by_line = self.tests.get(target.path, {})
        first, last, is_in_function = statement_at(source, line)
        names = set[str]().union(*(by_line.get(each, frozenset()) for each in range(first, last + 1)))
        if not is_in_function:  # it ran when the module was imported: whoever uses the module may notice
            dotted = target.path.removesuffix(".py").replace("/", ".")
            bounds = {name for name in self.seconds if name.startswith(f"{BOUNDS}::") and f"[{dotted}:" in name}
            names = bounds.union(*by_line.values())
        if not names:
            names = {name for name in self.seconds if name.startswith(target.tests)}
        own = {name for name in names if name.startswith(f"{target.own}::")}
        first_names, other_names = self._fastest(own), self._fastest(names - own)
        found = [Stage((target.own,), first_names), Stage(_files(other_names), other_names)]
        if target.own:
            found.append(Stage((target.own,), (), skipped=frozenset(first_names)))
        new = tuple(file for file in self.new_files if file.startswith(target.tests) and file != target.own)
        found += [Stage(new, (), skipped=frozenset())] if new else []
        return [stage for stage in found if stage.names or stage.skipped is not None]

    def _fastest(self, names: Iterable[str]) -> tuple[str, ...]:
        chosen, total = [], 0.0
        for name in sorted(names, key=lambda one: (self.seconds.get(one, MOST_S), one)):
            total += self.seconds.get(name, MOST_S)
            if total > MOST_S:
                break
            chosen.append(name)
        return tuple(chosen)


def statement_at(source: str, line: int) -> tuple[int, int, bool]:
    """The first and last line of the innermost statement (of a compound one, its head); whether a function runs it."""
    found = line, line, False
    nodes: list[tuple[ast.AST, bool]] = [(ast.parse(source), False)]
    while nodes:
        node, is_inside = nodes.pop()
        for child in ast.iter_child_nodes(node):
            is_body = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and child in node.body
            inside = is_inside or is_body
            span = _span(child)
            if span is not None and span[0] <= line <= span[1]:
                found = *span, inside
            nodes.append((child, inside))
    return found


def _span(node: ast.AST) -> tuple[int, int] | None:
    if not isinstance(node, ast.stmt | ast.excepthandler):
        return None
    body = getattr(node, "body", getattr(node, "cases", None))
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    if not body:
        return first, node.end_lineno or node.lineno
    at = getattr(body[0], "lineno", None) or body[0].pattern.lineno
    return first, max(first, at - 1)


def _files(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.partition("::")[0] for name in names))


def digest() -> str:
    """Changes with the code and the tests."""
    found = hashlib.sha256()
    for folder in ("harness", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()


def recorded(file: Path, areas: Iterable[Target], *, workers: int, is_old_fine: bool = False) -> Recorded:
    """What is in a file, or, where it is missing or of other code, what a run of the tests shows.

    Args:
        file: of JSON.
        areas: the modules of interest, with their tests.
        workers: how many processes run the tests.
        is_old_fine: whether a recording of older code will do: tests added since are in a module's own file.
    """
    if file.is_file():
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["digest"] == digest() or is_old_fine:
            names, lines = list(data["seconds"]), data["lines"]
            tests = {
                path: {int(line): frozenset(names[at] for at in each) for line, each in by_line.items()}
                for path, by_line in lines.items()
            }
            known = {name.partition("::")[0] for name in names}
            new = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")} - known
            is_old = data["digest"] != digest()
            return Recorded(data["digest"], data["seconds"], tests, tuple(sorted(new)) if is_old else ())
    file.parent.mkdir(parents=True, exist_ok=True)
    found = _record(file, sorted({test for target in areas for test in target.tests}), workers)
    numbers = {name: number for number, name in enumerate(found.seconds)}
    lines = {
        path: {line: sorted(numbers[name] for name in names) for line, names in by_line.items()}
        for path, by_line in found.tests.items()
    }
    text = json.dumps({"digest": found.digest, "seconds": found.seconds, "lines": lines})
    file.write_text(text, encoding="utf-8")
    return found


def _record(file: Path, tests: list[str], workers: int) -> Recorded:
    data, seconds, settings = (file.with_suffix(suffix) for suffix in (".coverage", ".seconds", ".ini"))
    settings.write_text(_COVERAGE.format(data=data), encoding="utf-8")
    environment = os.environ | {WHERE: str(seconds), "CI": "1", "HARNESS_EXAMPLES": EXAMPLES}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    words = ["-q", "-p", "mutants.recording", "-p", "no:cacheprovider", "-n", str(workers), "-m", MARKS]
    words += ["--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report="]
    ended = subprocess.run([sys.executable, "-m", "pytest", *words, *tests], cwd=ROOT, env=environment)
    if ended.returncode not in (0, 1):
        raise RuntimeError(f"the tests could not be recorded: pytest ended with {ended.returncode}")
    passed: dict[str, float] = json.loads(seconds.read_text(encoding="utf-8"))
    return Recorded(digest(), passed, _contexts(data, passed))


def _contexts(data: Path, passed: dict[str, float]) -> dict[str, dict[int, frozenset[str]]]:
    from coverage import CoverageData

    measured = CoverageData(str(data))
    measured.read()
    by_file: dict[str, set[str]] = {}
    for name in passed:
        by_file.setdefault(name.partition("::")[0], set()).add(name)
    found: dict[str, dict[int, frozenset[str]]] = {}
    for path in measured.measured_files():
        by_line = {}
        for line, contexts in measured.contexts_by_lineno(path).items():
            names = set[str]()
            for name, _, phase in (each.rpartition("|") for each in contexts):
                # What a fixture runs is used by all tests that share it.
                names |= by_file.get(name.partition("::")[0], set()) if phase == "setup" else {name}
            if names := names & passed.keys():
                by_line[line] = frozenset(names)
        found[Path(path).relative_to(ROOT).as_posix()] = by_line
    return found
