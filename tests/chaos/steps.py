"""What a person, a process or fate may do to a world, one step at a time. Each step is named after its function."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from random import Random

from chaos.disk import LEDGER
from chaos.disturbances import Disturbances
from chaos.process import SteppedWriter
from chaos.reference import Reference
from chaos.world import CONCURRENCY, World
from harness import api
from harness.api.experiment import experiment_of
from harness.api.used_replies import PruneRules, prune_cache
from harness.cache.bundle import export_bundle, import_bundle
from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.key import call_bytes, call_key
from harness.cache.packing import unpack
from harness.cache.sqlite_file import DATABASE
from harness.errors import BudgetReachedError, CacheError, HarnessError, MissingRepliesError
from harness.records.calls import Call, Reply
from harness.runner.executor import UNSTORED_WINDOW
from harness.runner.plan import with_concurrency
from harness.runner.progress import RunStats

MODELS = 2
LIMITS_USD = (0.01, 0.03, 0.06, 0.2)
SHARED_LIMITS_USD = (0.03, 0.08, 0.2)
"""A run needs about 0.1 dollars."""


@dataclass
class Steps:
    """The steps of one world.

    Attributes:
        world: the world.
        random: chooses what happens.
        reference: results of undisturbed runs.
    """

    world: World
    random: Random
    reference: Reference

    def __post_init__(self) -> None:
        self.disturbances = Disturbances(self.world, self.random)
        self._has_ledger = self.random.random() < 0.3
        self._with_ledger: dict[int, float] = {}

    def run(self) -> str:
        """Run the spec, with faults of endpoint and disk, kills, interrupts, a limit, or another process beside it."""
        world, random = self.world, self.random
        concurrency = random.choice((1, 1, 2, CONCURRENCY, 2 * CONCURRENCY))
        SteppedWriter.most_s = random.choice((0.0, 0.05, 2.0, 60.0))
        limit = random.choice(LIMITS_USD) if random.random() < 0.3 else None
        ledger = world.root / LEDGER if self._has_ledger and random.random() < 0.8 else None
        limit = limit if ledger is None else random.choice(SHARED_LIMITS_USD)
        retry = random.choice((("unparsed",), ("failed", "damaged"), ("damaged",))) if random.random() < 0.3 else ()
        world.endpoint.fault_rate = random.choice((0.0, 0.1, 0.4))
        world.endpoint.is_patient = "unparsed" in retry or "failed" in retry
        said = [f"concurrency={concurrency} limit={limit} retry={','.join(retry)} faults={world.endpoint.fault_rate}"]
        said.append("" if ledger is None else "with a ledger")
        said.append(f"commits in {SteppedWriter.most_s} s")
        if random.random() < 0.15:
            concurrency, SteppedWriter.most_s = 1, 60.0
            said.append("or rather concurrency=1, commits in 60 s")
            said.append(self.disturbances.maybe_kill(("answer",), 15, 1.0, least=5))
        else:
            said += self.disturbances.schedule()
        world.disk.trace.append("; ".join(filter(None, said)))
        stats = RunStats(world.plan.spec.models)
        plan = with_concurrency(world.plan, concurrency)
        damaged = world.damaged & world.needed()

        def work() -> None:
            world.wanted_again = set(world.unreadable()) if world.endpoint.is_patient else set()
            run = api.run_spec(plan, **world.places, max_cost_usd=limit, ledger=ledger, retry=retry, watch=stats)
            assert not damaged or "damaged" in retry, "a run used a reply that was changed"
            if not stats.failed:
                self.reference.check(world, run.folder)

        bill_of = world.machine.process
        ended = self._life(work, most_lost=MODELS * UNSTORED_WINDOW * concurrency)
        bill = world.endpoint.bill(bill_of)
        assert limit is None or bill <= limit, f"the run cost {bill} with a limit of {limit}"
        if ledger is not None and limit is not None:
            self._with_ledger[bill_of] = limit
            shared = sum(map(world.endpoint.bill, self._with_ledger))
            most = max(self._with_ledger.values())
            assert shared <= most, f"the runs of the ledger cost {shared} with a limit of {most}"
        return ended

    def offline(self) -> str:
        """Replay without calls."""

        def work() -> None:
            run = api.run_spec(self.world.plan, **self.world.places, offline=True)
            self.reference.check(self.world, run.folder)

        return self._without_calls(work)

    def plan(self) -> str:
        """Estimate what is left."""

        def work() -> None:
            with Cache(self.world.cache) as cache:
                experiment_of("evaluation").estimate(self.world.plan, cache, {})

        return self._without_calls(work)

    def export(self) -> str:
        """Write a bundle over the one that is there, of the replies that are stored where some are missing."""
        self.disturbances.maybe_kill(("file", "rename", "remove", "any"), 4, 0.7)
        self.disturbances.maybe_fill()

        def work() -> None:
            with Cache(self.world.cache) as cache:
                try:
                    keys = api.spec_keys(self.world.root / "spec.yaml", cache, results=self.world.results)
                except MissingRepliesError:
                    keys = [key for key in self.world.kept if "." not in key]
                    if not keys:
                        raise
                export_bundle(cache, keys, self.world.bundle, force=True)
            assert not list(self.world.root.glob(".shared.bundle.*")), "what a killed export left is still there"

        return self._life(work)

    def bring_in(self) -> str:
        """Import the bundle, and what was rescued."""
        self.disturbances.maybe_kill(("commit begins", "commit", "committed"), 1)
        self.disturbances.maybe_fill()
        bundles = [file for file in [self.world.bundle, *self.world.rescue_bundles()] if file.exists()]

        def work() -> None:
            for bundle in bundles:
                with Cache(self.world.cache) as cache:
                    import_bundle(bundle, cache)

        return f"{len(bundles)} bundles; {self._life(work)}"

    def other_spec(self) -> str:
        """Store replies that this spec does not use."""
        model = self.world.plan.spec.models["small"]
        calls = [Call(model, [{"role": "user", "content": f"another {self.random.random()}"}]) for _ in range(3)]
        for call in calls:
            self.world.endpoint.texts[call_key(call)] = {"fine"}

        def work() -> None:
            with Cache(self.world.cache) as cache:
                cache.put_many([Entry(call_key(call), call_bytes(call), Reply("fine", "stop", 9, 9)) for call in calls])

        return self._life(work)

    def prune(self) -> str:
        """Delete what the spec does not use."""
        self.disturbances.maybe_kill(("connect", "delete", "give back"), 2)
        world = self.world
        needed = world.needed()

        def work() -> None:
            rules = PruneRules(unused_by=[world.root / "spec.yaml"], results=world.results)
            prune_cache(world.cache, rules, now_s=0.0, really=True)

        before = world.kept
        world.kept = {key: text for key, text in before.items() if key.partition(".")[0] in needed}
        return self._life(work)

    def clear(self) -> str:
        """Delete the cache."""
        self.disturbances.maybe_kill(("remove",), 5)
        self.world.kept = {}

        def work() -> None:
            Cache(self.world.cache).clear()
            self.world.damaged.clear()

        return self._life(work)

    def verify(self) -> str:
        """Hold every entry against its key and its checksum."""

        def work() -> None:
            with Cache(self.world.cache) as cache:
                assert cache.verify().is_good == (not self.world.damaged)

        return self._life(work)

    def change_a_byte(self) -> str:
        """Change a letter of a stored reply."""
        keys = sorted(key for key in self.world.kept if "." not in key)
        if not keys:
            return "nothing is stored"
        key = self.random.choice(keys)
        with closing(sqlite3.connect(self.world.cache / DATABASE)) as connection:
            (value,) = connection.execute("SELECT value FROM Cache WHERE key = ?", (key,)).fetchone()
            value = unpack(value)
            at = value.index(b'"text":"') + 8
            connection.execute(
                "UPDATE Cache SET value = ? WHERE key = ?", (value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :], key)
            )
            connection.commit()
        self.world.damaged.add(key)
        del self.world.kept[key]
        return key[:8]

    def clock(self) -> str:
        """Set the clock of the machine forward or back."""
        self.world.machine.clock_shift_s = self.random.choice((-1e9, -3600.0, 0.0, 3600.0, 1e9))
        return f"{self.world.machine.clock_shift_s:g} s"

    def end(self) -> str:
        """Run to the end without a disturbance: the results are those of a run that nothing ever happened to."""
        world = self.world
        world.endpoint.fault_rate, world.endpoint.is_patient, world.endpoint.on_connect = 0.0, False, lambda _: None
        before, asked = set(world.kept), len(world.endpoint.attempts)

        def work() -> None:
            run = api.run_spec(world.plan, **world.places, retry=["damaged"])
            self.reference.check(world, run.folder)

        ended = self._life(work)
        assert ended == "done", f"the last run ended with {ended}"
        made = [attempt.key for attempt in world.endpoint.attempts[asked:]]
        assert sorted(made) == sorted(world.needed() - before), "the last run made other calls than those missing"
        return f"{len(made)} calls"

    def _without_calls(self, work: Callable[[], None]) -> str:
        asked = len(self.world.endpoint.attempts)
        ended = self._life(work)
        assert len(self.world.endpoint.attempts) == asked, "it made a call"
        return ended

    def _life(self, work: Callable[[], None], most_lost: int = 0) -> str:
        """Let a process work until it ends, in whatever way, and hold the invariants; how it ended."""
        world = self.world
        world.disk.begin()
        try:
            work()
            ended = "done"
        except BudgetReachedError:
            ended = "limit reached"
        except CacheError as error:
            ended = f"cache error: {str(error)[-60:]}"
        except HarnessError as error:
            ended = f"{type(error).__name__}: {str(error)[:60]}"
        except KeyboardInterrupt:
            ended = "interrupted"
        if world.disk.is_dead:
            ended = f"killed at {world.disk.killed_at}"
        may_lose = world.disk.is_dead or self.disturbances.is_forced
        world.disk.end()
        if world.disk.violations:
            raise AssertionError("; ".join(world.disk.violations))
        world.check(world.machine.process, most_lost=most_lost if may_lose else 0)
        world.machine.process += 1
        world.is_shared, world.wanted_again = False, set()
        self.disturbances.reset()
        return ended
