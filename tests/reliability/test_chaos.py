"""Random sequences of runs, kills, faults and maintenance keep every invariant, and planted defects do not."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from support.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform == "win32", reason="signals and locks of POSIX"),
]


def chaos(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the simulation in a process of its own: it replaces clocks, threads and signal handlers."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-m", "chaos", "--processes", "1", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)


@pytest.mark.parametrize("first", [0, 100])
def test_two_hundred_seeds_keep_every_invariant(first):
    ended = chaos("--seeds", "100", "--first", str(first))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    counts = dict(re.findall(r"([a-z][a-z ]+) ([\d,]+)", ended.stdout.splitlines()[-1]))
    for name in ("killed", "cut", "the disk is full", "lost", "clear", "prune", "export"):
        assert int(counts[name].replace(",", "")) > 10, f"too little happened: {ended.stdout}"


def test_a_seed_takes_the_same_steps_each_time():
    first, second = chaos("--seed", "1"), chaos("--seed", "1")
    steps = [re.sub(r"chaos-\w+|unfinished-\S+|-\d+\.tmp", "", each.stdout) for each in (first, second)]
    assert first.returncode == 0, first.stdout + first.stderr
    assert steps[0] == steps[1]
    assert re.match(r" +1 \w+: ", steps[0])


def test_every_planted_defect_is_found():
    from chaos.planted import PLANTED  # imports most of the package

    ended = chaos("--plants")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = dict(line.split(": ", 1) for line in ended.stdout.splitlines())
    assert found.keys() == PLANTED.keys()
    for name, words in found.items():
        assert re.match(r"found by seed \d+: AssertionError: .", words), f"{name}: {words}"


def test_a_failure_names_the_command_that_repeats_it():
    ended = chaos("--seeds", "1", "--first", "0", "--plant", "lock-never-taken")
    assert ended.returncode == 1
    assert "seed 0 FAILED; to see it again: tox -e chaos -- --seed 0" in ended.stdout
    assert "the cache is written without its lock" in ended.stdout
