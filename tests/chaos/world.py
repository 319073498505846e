"""A world: a spec with its data, a cache, runs and bundles on a simulated disk, and what must hold of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from chaos.disk import Disk
from chaos.endpoint import UNREADABLE, Endpoint
from chaos.process import Machine
from harness import api
from harness.cache.bundle import import_bundle
from harness.cache.cache import Cache
from harness.cache.entry import Entry, StoredValue
from harness.cache.packing import unpack
from harness.cache.sqlite_file import open_for_reading
from harness.errors import HarnessError
from harness.providers.simulation.dataset import make_pairs
from harness.records.calls import Reply
from harness.runner.plan import Planned
from harness.runner.run_check import check_run
from harness.runner.run_folder import DETERMINISTIC
from harness.runner.session import keys_up_to_missing

NAME = "chaos"
CONCURRENCY = 3
SPEC = f"""\
schema: 1
name: {NAME}
datasets: {{letters: {{path: letters.jsonl}}}}
models:
  small: {{provider: openai, model: "simulated?skill=0.6", base_url: "http://simulated.invalid/v1",
    price: {{input: 1, output: 2}}, params: {{max_tokens: 200}}, limits: {{concurrency: {CONCURRENCY}}}}}
  large: {{provider: openai, model: simulated, base_url: "http://simulated.invalid/v1",
    price: {{input: 5, output: 9}}, params: {{max_tokens: 200}}, limits: {{concurrency: {CONCURRENCY}}}}}
matrix:
  dataset: [letters]
  strategy: [direct, combined-10]
  evaluator: [{{judge: [small, large]}}]
score: {{metrics: [accuracy], resamples: 100}}
"""


class World:
    """One world.

    Attributes:
        root: its folder.
        kept: the reply of every stored entry by key, as the model of the test has it.
        bundle: what is exported and imported.
        damaged: keys of entries in which a byte was changed.
        wanted_again: keys whose replies are to be replaced.
        lost: how often a paid reply of a key was lost by a kill or by force.
        is_shared: whether another process is using the cache in this step.
    """

    def __init__(self, root: Path, machine: Machine, random: Random) -> None:
        root.mkdir()
        self.root, self.machine, self.random = root, machine, random
        rows = make_pairs(3, 5)
        rows.insert(1, {**rows[0], "id": "again"})  # the same calls, in flight at the same time
        (root / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (root / "spec.yaml").write_text(SPEC)
        self.cache, self.results, self.bundle = root / "cache", root / "results", root / "shared.bundle"
        self.disk = Disk(root, random)
        self.endpoint = Endpoint(random, self.disk)
        self.endpoint.on_request = lambda key, process: self.watched(lambda: self._check_request(key, process))
        self.plan = _plan_of(root / "spec.yaml")
        self.kept: dict[str, str] = {}
        self.damaged: set[str] = set()
        self.wanted_again: set[str] = set()
        self.lost: Counter[str] = Counter()
        self.is_shared = False

    @property
    def places(self) -> dict[str, Any]:
        """Where a run finds its cache and puts its results."""
        return {"cache": self.cache, "results": self.results, "environment": {}}

    def watched(self, work: Callable[[], None]) -> None:
        """Do something inside an event loop, which would swallow what it finds."""
        try:
            work()
        except AssertionError as error:
            self.disk.violations.append(str(error))

    def needed(self) -> set[str]:
        """The keys of the calls of the spec, as far as the stored replies determine them."""
        return set(keys_up_to_missing(self.plan, _Texts(self.kept)))

    def stored(self, key: str, value: bytes) -> None:
        """The cache has confirmed an entry."""
        if self.disk.is_dead:
            return
        text = json.loads(unpack(value).partition(b"\n")[0])["text"]
        if key in self.wanted_again or key in self.damaged:
            if key in self.kept:
                self.kept[f"{key}.replaced"] = self.kept[key]
            self.kept[key] = text
            self.wanted_again.discard(key)
            self.damaged.discard(key)
        self.kept.setdefault(key, text)

    def _check_request(self, key: str, process: int) -> None:
        in_flight = [one for one in self.endpoint.attempts if (one.key, one.outcome) == (key, "in flight")]
        assert not any(one.process == process for one in in_flight), f"{key[:8]} is in flight twice"
        if not self.is_shared:
            is_wanted = key not in self.kept or key in self.damaged or key in self.wanted_again
            assert is_wanted, f"{key[:8]} is asked although its reply is stored"

    def check(self, process: int, *, most_lost: int) -> None:
        """Hold the invariants after a step.

        Args:
            process: number of the process that made the step.
            most_lost: the number of paid replies that may be lost.
        """
        texts = self._texts()
        for key, text in self.kept.items():
            there = [other for name, other in texts.items() if name.partition(".")[0] == key.partition(".")[0]]
            assert key in self.damaged or text in there, f"the stored reply {key[:8]} is lost"
        for key, text in texts.items():
            assert text in self.endpoint.texts.get(key.partition(".")[0], ()), f"nobody gave the reply {key[:8]}"
        self.kept = texts
        self._check_paid(process, texts, most_lost)
        for run in self.results.glob(f"{NAME}/[!.]*"):
            assert {file.name for file in run.iterdir()} >= set(DETERMINISTIC), "a run folder is not whole"
            try:
                check_run(run)
            except HarnessError as error:
                raise AssertionError("a run folder is not as it was written") from error
        assert not list(self.results.glob("*/*.unscored")), "scoring failed"
        if self.bundle.exists():
            try:
                assert keys_in(self.bundle), "a bundle is empty"
            except HarnessError as error:
                raise AssertionError("a bundle is half written") from error

    def _check_paid(self, process: int, texts: dict[str, str], most_lost: int) -> None:
        gone = Counter[str]()
        for one in self.endpoint.attempts:
            if one.process == process:
                if one.outcome == "in flight":
                    one.outcome = "too late"
                    gone[one.key] += 1
                elif one.outcome == "answered" and one.key not in texts and one.key not in self.damaged:
                    gone[one.key] += 1
        rescued = self._rescued()
        gone = Counter({key: count for key, count in gone.items() if key not in rescued})
        assert gone.total() <= most_lost, f"{gone.total()} paid replies are lost, at most {most_lost} may be"
        self.lost += gone

    def _texts(self) -> dict[str, str]:
        """The texts of all entries that are sound, with those that `--retry` replaced."""
        connection = open_for_reading(self.cache)
        if connection is None:
            return {}
        try:
            rows = connection.execute("SELECT key, value FROM Cache").fetchall()
        finally:
            connection.close()
        with Cache(self.cache) as cache:
            found = cache.verify()
        assert not found.damage, found.damage
        is_named = {entry.key for entry in found.bad} == self.damaged & {key for key, _ in rows}
        assert is_named, "the entries that fail their checksum are not those that were changed"
        return {
            key: json.loads(unpack(value).partition(b"\n")[0])["text"] for key, value in rows if key not in self.damaged
        }

    def rescue_bundles(self) -> list[Path]:
        """Bundles of replies that the cache could not store."""
        return sorted([*self.root.rglob("rescued-*.bundle"), *Path().glob("rescued-*.bundle")])

    def _rescued(self) -> set[str]:
        return {key for bundle in self.rescue_bundles() for key in keys_in(bundle)}

    def results_of(self, run: Path) -> dict[str, bytes]:
        """The deterministic files of a run."""
        return {name: (run / name).read_bytes() for name in DETERMINISTIC}

    def unreadable(self) -> frozenset[str]:
        """The keys of the current replies that hold no answer: results depend on nothing else."""
        return frozenset(key for key, text in self.kept.items() if text == UNREADABLE and "." not in key)


@lru_cache
def _plan_of(spec: Path) -> Planned:
    """The plan of a spec, made once for each path: all worlds of a path have the same files."""
    return api.make_plan(api.load_spec(spec))


def keys_in(bundle: Path) -> set[str]:
    """The keys of a bundle, all of which is checked."""
    found = _Keys()
    import_bundle(bundle, found)
    return found.keys


class _Keys:
    """A store that remembers the keys that it was given."""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    def get_many(self, keys: Iterable[str]) -> dict[str, Reply]:
        """No reply."""
        return {}

    def put(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        """Remember the key."""
        self.keys.add(key)
        stored: Future[None] = Future()
        stored.set_result(None)
        return stored

    def put_many(self, entries: Sequence[Entry]) -> None:
        """Remember the keys."""
        self.keys |= {entry.key for entry in entries}

    def put_values(self, rows: Sequence[StoredValue]) -> Future[None]:
        """Remember the keys."""
        self.keys |= {one.key for one in rows}
        stored: Future[None] = Future()
        stored.set_result(None)
        return stored


class _Texts:
    """Replies of which only the texts are known."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def get_many(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies to those keys."""
        return {key: Reply(self._texts[key], "stop", 1, 1) for key in keys if key in self._texts}
