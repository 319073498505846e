"""Run tests against a changed module, in a copy of the checkout."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from typing import Literal, TypeAlias

from mutants.mutations import mutated
from mutants.sample import Mutant
from mutants.targets import ROOT, Target

Outcome: TypeAlias = Literal["killed", "survived", "timeout"]

COPIED = ("harness", "schemas", "specs", "tests", "docs", "results", "pyproject.toml", "README.md", "CHANGELOG.md")
WARM = ("pytest", "hypothesis", "numpy", "yaml", "jsonschema", "orjson", "click", "openai", "aiohttp", "diskcache")
"""Imported once, before the process of each trial is forked; nothing here starts a thread."""
MARKS = "not slow and not installed and not trainers and not tools and not browser and not nightly"
UNREWRITTEN = "ignore::pytest.PytestAssertRewriteWarning"
"""pytest warns of plug-ins that were imported before it."""
LOG = "trial.log"
"""What the last trial printed."""
CPU_S = 90
"""Seconds of processor time after which a trial ends: a mutant can make a loop endless."""
HANGING_S = 300
"""Seconds after which a single test that waits for something is ended."""


class Checkout:
    """A copy of the checkout, in which one module at a time is changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sound: set[tuple[str, ...]] = set()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, folder / name)
        for name in WARM:
            import_module(name)

    def try_out(self, target: Target, source: str) -> Outcome:
        """Run the tests of a module whose source is another."""
        path = self._folder / target.path
        original = path.read_text(encoding="utf-8")
        path.write_text(source, encoding="utf-8")
        try:
            for tests in target.stages:
                outcome = self._run(tests)
                if outcome != "survived":
                    path.write_text(original, encoding="utf-8")
                    self._check(tests)
                    return outcome
            return "survived"
        finally:
            path.write_text(original, encoding="utf-8")

    def _check(self, tests: tuple[str, ...]) -> None:
        """Make sure that tests which failed pass without the change."""
        if tests not in self._sound:
            if (outcome := self._run(tests)) != "survived":
                log = (self._folder / LOG).read_text(encoding="utf-8")[-2000:]
                raise RuntimeError(f"without any change, {', '.join(tests)} ended as: {outcome}\n{log}")
            self._sound.add(tests)

    def _run(self, tests: tuple[str, ...]) -> Outcome:
        """Run tests in a forked process; none may have imported the package before."""
        assert not any(name.partition(".")[0] == "harness" for name in sys.modules)
        child = os.fork()
        if child == 0:
            _run_tests(self._folder, tests)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == -signal.SIGXCPU:
            return "timeout"
        return "survived" if code == 0 else "killed"


def _run_tests(folder: Path, tests: tuple[str, ...]) -> None:
    """Run tests and end the process with pytest's exit code."""
    code = 70
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 5))
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background ignores it
        sys.dont_write_bytecode = True
        sys.path[:0] = [str(folder), str(folder / "tests")]
        os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "CI": "1"}
        options = [
            "-x",
            "-q",
            "--tb=no",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "--hypothesis-seed=0",
            "-o",
            f"timeout={HANGING_S}",
            "-W",
            UNREWRITTEN,
        ]
        code = int(import_module("pytest").main([*options, "-m", MARKS, *tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


_checkout: list[Checkout] = []


def open_checkout(folder: str) -> None:
    """Make the copy of this process."""
    _checkout.append(Checkout(Path(tempfile.mkdtemp(dir=folder))))


def _processor_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def try_mutant(mutant: Mutant) -> tuple[Mutant, Outcome, float]:
    """The mutant, its outcome, and the processor seconds that the trial took, which other load does not change."""
    started = _processor_s()
    source = mutated((ROOT / mutant.target.path).read_text(encoding="utf-8"), mutant.mutation)
    return mutant, _checkout[0].try_out(mutant.target, source), _processor_s() - started
