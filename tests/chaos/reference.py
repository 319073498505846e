"""The results of runs to which nothing ever happened, to compare with."""

from __future__ import annotations

from pathlib import Path
from random import Random

from chaos.process import Machine
from chaos.world import World
from harness import api


class Reference:
    """The results of undisturbed runs, by the replies that hold no answer, on which alone they depend."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[frozenset[str], dict[str, bytes]] = {}

    def check(self, world: World, run: Path) -> None:
        """Compare a run with the undisturbed run that got the same replies.

        Raises:
            AssertionError: naming the files that differ.
        """
        unreadable = world.unreadable()
        if unreadable not in self._found:
            self._found[unreadable] = self._made(world.machine, unreadable)
        found, expected = world.results_of(run), self._found[unreadable]
        unlike = [name for name in expected if found[name] != expected[name]]
        assert not unlike, f"{', '.join(unlike)} differ from those of an undisturbed run"

    def _made(self, machine: Machine, unreadable: frozenset[str]) -> dict[str, bytes]:
        calm = World(self._folder / f"calm-{len(self._found)}", machine, Random(0))
        calm.endpoint.unreadable = unreadable
        with machine.simulating(calm.disk, calm.endpoint, calm.random, calm.stored):
            run = api.run_spec(calm.plan, **calm.places)
        return calm.results_of(run.folder)
