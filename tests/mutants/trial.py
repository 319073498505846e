"""Run tests against a changed module, in a copy of the checkout."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from mutants.mutations import mutated
from mutants.sample import Mutant
from mutants.selection import Selection
from mutants.targets import ROOT
from mutants.tests_by_line import EXAMPLES, MARKS, Recorded, Stage

Outcome: TypeAlias = Literal["killed", "survived", "timeout"]

COPIED = ("harness", "schemas", "specs", "tests", "docs", "results", "pyproject.toml", "README.md", "CHANGELOG.md")
WARM = (  # noqa: SIM905 # a list of words reads better
    "pytest pytest_timeout hypothesis hypothesis.extra.numpy numpy scipy.stats scipy.optimize polars yaml jsonschema "
    "referencing orjson click openai aiohttp aiohttp.web diskcache jinja2 sklearn.metrics statsmodels.api"
).split()
"""Imported once, before the process of each trial is forked; nothing here starts a thread."""
UNREWRITTEN = "ignore::pytest.PytestAssertRewriteWarning"
"""pytest warns of plug-ins that were imported before it."""
LOG, FAILED = "trial.log", "trial.failed"
"""What the last trial printed, and the test that failed in it."""
CPU_S = 20
"""Seconds of processor time, beyond those of the tests, after which a trial ends: a mutant can make a loop endless."""
HANGING_S = 60
"""Seconds after which a single test that waits for something is ended."""
NO_TESTS = 5
"""The exit code of pytest if it found none."""


class Tried(NamedTuple):
    """A mutant that was tried.

    Attributes:
        mutant: the mutant.
        outcome: `timeout` if its tests did not end in time.
        killer: the test that failed, "" if the tests could not be imported, or did not end.
        cpu_s: seconds of processor time, which other load hardly changes.
    """

    mutant: Mutant
    outcome: Outcome
    killer: str
    cpu_s: float


class Checkout:
    """A copy of the checkout, in which one module at a time is changed."""

    def __init__(self, folder: Path, recorded: Recorded) -> None:
        self._folder, self._recorded = folder, recorded
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, folder / name)
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        for name in WARM:
            if find_spec(name.partition(".")[0]):
                import_module(name)

    def try_out(self, mutant: Mutant) -> tuple[Outcome, str]:
        """Run the tests of a changed module; how that ended, and the test that failed."""
        path = self._folder / mutant.target.path
        original = path.read_text(encoding="utf-8")
        path.write_text(mutated(original, mutant.mutation), encoding="utf-8")
        try:
            for stage in self._recorded.stages(mutant.target, mutant.mutation.line):
                outcome, killer = self.run(stage)
                if outcome != "survived":
                    return outcome, killer
            return "survived", ""
        finally:
            path.write_text(original, encoding="utf-8")

    def run(self, stage: Stage) -> tuple[Outcome, str]:
        """Run tests in a forked process; none may have imported the package before."""
        assert not any(name.partition(".")[0] == "harness" for name in sys.modules)
        failed = self._folder / FAILED
        failed.unlink(missing_ok=True)
        most_s = CPU_S + int(3 * sum(self._recorded.seconds.get(name, 1.0) for name in stage.names))
        child = os.fork()
        if child == 0:
            _run_tests(self._folder, stage, most_s)
        code = _ended(child, 4 * most_s)
        killer = failed.read_text(encoding="utf-8") if failed.exists() else ""
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return "timeout", killer
        return ("survived" if code in (0, NO_TESTS) else "killed"), killer


def _ended(child: int, most_s: float) -> int:
    """The exit code of a process, which is killed with those that it started once its time is over."""
    deadline, code = time.monotonic() + most_s, None
    while code is None:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
        elif time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            deadline += most_s
        else:
            time.sleep(0.02)
    try:
        os.killpg(child, signal.SIGKILL)  # what a test left behind
    except ProcessLookupError:
        pass
    return code


def _run_tests(folder: Path, stage: Stage, most_s: int) -> None:
    """Run tests and end the process with pytest's exit code."""
    code = 70
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (most_s, most_s + 5))
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background ignores it
        sys.dont_write_bytecode = True
        sys.path[:0] = [str(folder), str(folder / "tests")]
        os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "CI": "1"}
        os.environ["HARNESS_EXAMPLES"] = EXAMPLES
        options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0"]
        options += ["-o", f"timeout={HANGING_S}", "-W", UNREWRITTEN, "-m", MARKS, *stage.files]
        code = int(import_module("pytest").main(options, [Selection(stage, folder / FAILED)]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


_checkout: list[Checkout] = []


def open_checkout(folder: str, recorded: Recorded) -> None:
    """Make the copy of this process."""
    _checkout.append(Checkout(Path(tempfile.mkdtemp(dir=folder)), recorded))


def _processor_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def try_mutant(mutant: Mutant) -> Tried:
    """Try a mutant in the copy of this process."""
    started = _processor_s()
    outcome, killer = _checkout[0].try_out(mutant)
    return Tried(mutant, outcome, killer, _processor_s() - started)


def unsound(killers: list[str]) -> list[str]:
    """Those of some tests that fail without any change as well."""
    found = list[str]()
    for file in sorted({name.partition("::")[0] for name in killers}):
        left = [name for name in killers if name.partition("::")[0] == file]
        while left:
            outcome, failed = _checkout[0].run(Stage((file,), tuple(left)))
            if outcome == "survived":
                break
            found.append(failed or file)
            left = left[left.index(failed) + 1 :] if failed in left else []
    return found
