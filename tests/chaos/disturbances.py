"""What happens in the middle of a step: kills, interrupts, a full disk, and other processes on the same cache."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from random import Random

from chaos.world import World
from harness import api
from harness.api.used_replies import PruneRules, prune_cache
from harness.cache.bundle import import_bundle
from harness.cache.cache import Cache
from harness.errors import HarnessError

KILLS = ("request", "answer", "commit begins", "commit", "committed", "file", "rename", "remove", "folder", "any")
"""Places at which a run can be killed."""
MOST_KILL = 25
"""The last time at such a place at which it is."""


class Disturbances:
    """Decides what happens in the middle of the steps of one world.

    Attributes:
        is_forced: whether the process was interrupted twice, so that it gave up calls in flight.
    """

    def __init__(self, world: World, random: Random) -> None:
        self._world, self._random = world, random
        self.is_forced = False
        self._interrupts = 0

    def reset(self) -> None:
        """The step has ended; what was to happen in it and did not, because it made no call, happens no more."""
        self.is_forced, self._interrupts = False, 0
        self._world.endpoint.on_connect = lambda _loop: None

    def maybe_kill(self, places: tuple[str, ...], most: int, chance: float = 0.4, least: int = 1) -> str:
        """Perhaps kill the process at one of some places; in words."""
        if self._random.random() >= chance:
            return ""
        place, number = self._random.choice(places), int(least * (most / least) ** self._random.random())
        self._world.disk.plan_kill(place, number)
        return f"to be killed at {place} {number}"

    def maybe_fill(self) -> None:
        """Perhaps start on a full disk."""
        if self._random.random() < 0.2:
            self._world.disk.set_full(True)

    def schedule(self) -> list[str]:
        """Decide on the disturbances of a run, most of which happen at moments of its clock; in words."""
        random, chance = self._random, self._random.random()
        said, events = list[str](), list[tuple[float, Callable[[], None]]]()
        if chance < 0.35:
            said.append(self.maybe_kill(KILLS, MOST_KILL, 1.0))
        elif chance < 0.5:
            times = sorted(random.uniform(0, 12) for _ in range(random.randint(1, 2)))
            said.append("interrupted at " + ", ".join(f"{at:.1f} s" for at in times))
            events += [(at, self._interrupt) for at in times]
        elif chance < 0.7:
            at = random.uniform(0, 6)
            until = at + random.choice((1, 5, 40)) * random.random()
            said.append(f"disk full from {at:.1f} s to {until:.1f} s")
            disk = self._world.disk
            events += [(at, lambda: disk.set_full(True)), (until, lambda: disk.set_full(False))]
        elif chance < 0.85:
            guest = random.choice((self.runs_too, self.imports, self.prunes, self.clears))
            at = random.uniform(0, 8)
            said.append(f"another process {guest.__name__.replace('_', ' ')} at {at:.1f} s")
            events.append((at, lambda: self._beside(guest)))
            self._world.is_shared = True
        self._at_moments(events)
        return said

    def _at_moments(self, events: list[tuple[float, Callable[[], None]]]) -> None:
        """Let things happen on the clock of the next process that connects."""
        left = list(events)

        def on_connect(loop: asyncio.AbstractEventLoop) -> None:
            while left:
                at, event = left.pop()
                loop.call_later(at, event)

        self._world.endpoint.on_connect = on_connect

    def _interrupt(self) -> None:
        self._interrupts += 1
        self.is_forced = self._interrupts > 1
        signal.raise_signal(signal.SIGINT)

    def _beside(self, work: Callable[[], None]) -> None:
        """Let another process do something; an error that it reports is fine."""

        def reporting() -> None:
            try:
                work()
            except HarnessError as error:
                self._world.disk.trace.append(f"the other process: {type(error).__name__}: {str(error)[:80]}")

        self._world.watched(lambda: self._world.machine.beside(self._world.disk, reporting))

    def runs_too(self) -> None:
        """Run the same spec."""
        api.run_spec(self._world.plan, **self._world.places)

    def imports(self) -> None:
        """Import the bundle, where there is one."""
        if self._world.bundle.exists():
            with Cache(self._world.cache) as cache:
                import_bundle(self._world.bundle, cache)

    def prunes(self) -> None:
        """Delete what the spec does not use."""
        needed = self._world.needed()
        rules = PruneRules(unused_by=[self._world.root / "spec.yaml"], results=self._world.results)
        prune_cache(self._world.cache, rules, now_s=0.0, really=True)
        kept = self._world.kept
        self._world.kept = {key: text for key, text in kept.items() if key.partition(".")[0] in needed}

    def clears(self) -> None:
        """Try to delete the cache, which is in use."""
        Cache(self._world.cache).clear()
        raise AssertionError("a cache that a run is using was cleared")
