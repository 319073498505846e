"""One seed: a world, and a random sequence of steps in it."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random

import harness.spec.schema
from chaos.planted import PLANTED
from chaos.process import Machine
from chaos.reference import Reference
from chaos.steps import Steps
from chaos.world import World

WEIGHTS = {
    "run": 12,
    "offline": 1,
    "plan": 1,
    "export": 3,
    "bring_in": 3,
    "other_spec": 1,
    "prune": 2,
    "clear": 2,
    "verify": 1,
    "change_a_byte": 1,
    "clock": 1,
}
"""The steps, and how often each is taken."""
MOST_STEPS = 8


@dataclass
class Ended:
    """How a seed ended.

    Attributes:
        seed: the seed.
        steps: what was done, one line each.
        failure: the violated invariant with its traceback, "" for none.
        counts: how often what happened.
    """

    seed: int
    steps: list[str]
    failure: str = ""
    counts: Counter[str] = field(default_factory=Counter)


class Scenarios:
    """Runs seeds, one after another, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._machine = Machine()
        self._reference = Reference(folder)

    def run(self, seed: int) -> Ended:
        """Take random steps and then run to the end; the same seed takes the same steps."""
        random, ended = Random(seed), Ended(seed, [])
        root = self._folder / "seed" / "world"
        shutil.rmtree(root.parent, ignore_errors=True)
        root.parent.mkdir()
        os.chdir(root.parent)
        self._machine.process, self._machine.clock_shift_s = 1, 0.0
        world = World(root, self._machine, random)
        steps = Steps(world, random, self._reference)
        names = random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=random.randint(2, MOST_STEPS))
        try:
            with self._machine.simulating(world.disk, world.endpoint, random, world.stored):
                for name in [*names, "end"]:
                    ended.steps.append(name)
                    ended.steps[-1] += f": {getattr(steps, name)()}"
                    ended.steps += [f"  {line}" for line in world.disk.trace]
                    ended.counts.update(
                        [name, *(re.split(" at |: /", line)[0] for line in world.disk.trace if "=" not in line)]
                    )
                    world.disk.trace.clear()
        except Exception:
            ended.steps += [f"  {line}" for line in world.disk.trace]
            ended.failure = traceback.format_exc()
        ended.counts.update(world.endpoint.faults)
        ended.counts["requests"] += len(world.endpoint.attempts)
        ended.counts["lost"] += world.lost.total()
        return ended


def run_some(seeds: range, folder: Path | None, planted: str = "") -> list[Ended]:
    """Run some seeds in a process of their own.

    Args:
        seeds: the seeds.
        folder: where to make folders; None for that of temporary files.
        planted: name of a defect to plant, "" for none; the first seed that finds it is the last.
    """
    if planted:
        PLANTED[planted].plant()
    _remember()
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=folder) as here:
        scenarios = Scenarios(Path(here))
        ended = []
        for seed in seeds:
            ended.append(scenarios.run(seed))
            if planted and ended[-1].failure:
                break  # found
        os.chdir("/")
        return ended


def _remember() -> None:
    """Keep what every run of one process would read again from the same files of the package."""
    importlib.metadata.version = lru_cache(importlib.metadata.version)
    harness.spec.schema._validator = lru_cache(harness.spec.schema._validator)
