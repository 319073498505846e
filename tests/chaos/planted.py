"""Defects to plant: each of them undoes one guarantee, and the simulation must notice. `--plant NAME` plants one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import harness.atomic
import harness.cache.bundle
import harness.cache.entry
import harness.cache.lock
import harness.cache.sqlite_file
import harness.cache.writer
import harness.providers.budget
import harness.runner.executor
import harness.runner.retry_failed
import harness.runner.run_folder
from harness.cache.cache import Cache
from harness.cache.entry import read_reply
from harness.cache.packing import unpack
from harness.errors import StorageError
from harness.providers.ledger import Ledger
from harness.runner.executor import Executor
from harness.runner.run_folder import RunWriter
from harness.runner.turn import Turn


def lock_never_taken() -> None:
    """The lock of the cache is not taken."""
    harness.cache.lock._try_lock = lambda _descriptor: True


def slot_freed_early() -> None:
    """The slot of a call is free before its reply is stored."""
    harness.runner.executor.UNSTORED_WINDOW = 1_000


def group_fails_as_a_whole() -> None:
    """One entry that cannot be stored takes its whole group with it, and nothing is tried again or rescued."""

    def commit(self: Any, group: Sequence[Any]) -> None:
        error = self._failure(group)
        for batch in group:
            if error is None:
                batch.stored.set_result(None)
            else:
                batch.stored.set_exception(self._explained(error))

    harness.cache.writer.CacheWriter._commit = commit
    harness.runner.executor.rescue = lambda _entries, _store, _watch, cause: cause


def ends_without_waiting() -> None:
    """A run that ends does not wait for the calls in flight."""

    async def drain(self: Executor) -> None:
        await asyncio.sleep(0)

    Executor.drain = drain


def confirmed_early() -> None:
    """A reply counts as stored before it is committed."""
    real = harness.cache.writer.CacheWriter.add

    def add(self: Any, rows: Any, existing: Any = "keep") -> Any:
        early: Any = type(real(self, rows, existing))()
        early.set_result(None)
        return early

    harness.cache.writer.CacheWriter.add = add


def no_rescue() -> None:
    """Replies that the cache cannot store are dropped."""
    Cache.rescue = lambda _self, _entries: None


def checksum_ignored() -> None:
    """A changed byte in a stored reply is not noticed."""

    def stored_reply(_key: str, value: bytes) -> Any:
        plain = unpack(value)
        return read_reply(plain[: plain.index(b"\n")])

    harness.cache.entry.stored_reply = stored_reply
    harness.cache.cache.stored_reply = stored_reply


def published_file_by_file() -> None:
    """A run folder gets its name before it is whole."""

    def publish(self: RunWriter, run_id: str) -> Path:
        final = self.parent / run_id
        final.mkdir(exist_ok=True)
        self.write_json("checksums.json", harness.runner.run_folder.checksums_json(self.folder, ("environment.json",)))
        for file in sorted(self.folder.iterdir()):
            file.replace(final / file.name)
        return final

    RunWriter.publish = publish


def bundle_in_place() -> None:
    """A bundle is written under its own name."""

    @contextmanager
    def replacing(path: Path) -> Iterator[BinaryIO]:
        try:
            with path.open("wb") as handle:
                path.with_name("copy").write_bytes(b"")  # a place to be killed at
                yield handle
        except OSError as error:
            raise StorageError(f"cannot write {path}", hint="free some space") from error

    harness.cache.bundle.replacing = replacing


def unknown_cost_forgotten() -> None:
    """An attempt that may be billed gives its reservation back."""
    harness.providers.budget.Budget.keep = harness.providers.budget.Budget.release


def reserved_too_late() -> None:
    """The budget is checked against what is spent, not against what is in flight."""
    real = harness.providers.budget.Budget.reserve

    def reserve(self: Any, wanted: Any) -> int | None:
        held, self._sum_held = self._sum_held, 0
        number = real(self, wanted)
        self._sum_held += held
        return number

    harness.providers.budget.Budget.reserve = reserve


def ledger_not_shared() -> None:
    """What other runs of a ledger spend is not counted."""
    real = Ledger.reserve

    def reserve(self: Ledger, number: int, units: int, _limit_units: int) -> bool:
        return real(self, number, units, 2**62)

    Ledger.reserve = reserve


def asked_twice() -> None:
    """Identical calls in flight are made more than once, and no call is claimed."""

    class Unclaimed:
        claims = None

        def __init__(self, store: Any) -> None:
            self._store = store

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

    def shared(self: Executor, key: str, call: Any, where: Any) -> Any:
        turn = Turn(Unclaimed(self.store), key, call.model.limits.timeout_s)
        future = asyncio.ensure_future(self._ask(turn, call, where))
        self.in_flight[f"{key}{len(self.in_flight)}"] = future
        return future

    async def reply_to(self: Executor, key: str, call: Any, where: Any) -> Any:
        return await shared(self, key, call, where)

    Executor._shared, Executor._reply_to = shared, reply_to


def replaced_replies_dropped() -> None:
    """A reply that `--retry` replaces is lost."""

    def replace(self: Cache, key: str, call: bytes, reply: Any) -> Any:
        return self._writing().add([harness.cache.entry.stored_value(key, call, reply)], "overwrite")

    Cache.replace = replace


def cleared_in_use() -> None:
    """A cache is deleted while another process uses it."""
    harness.cache.sqlite_file._check_unused = lambda _folder: None


class Plant(NamedTuple):
    """A defect.

    Attributes:
        plant: plants it in this process, from which nothing removes it.
        seed: one that finds it, which is tried first. Another change of the simulation may make another one find it.
    """

    plant: Callable[[], None]
    seed: int


PLANTED: dict[str, Plant] = {
    plant.__name__.replace("_", "-"): Plant(plant, seed)
    for plant, seed in (
        (lock_never_taken, 0),
        (slot_freed_early, 7),
        (group_fails_as_a_whole, 0),
        (ends_without_waiting, 0),
        (confirmed_early, 0),
        (no_rescue, 0),
        (checksum_ignored, 18),
        (published_file_by_file, 24),
        (bundle_in_place, 3),
        (unknown_cost_forgotten, 59),
        (reserved_too_late, 21),
        (ledger_not_shared, 73),
        (asked_twice, 0),
        (replaced_replies_dropped, 17),
        (cleared_in_use, 6),
    )
}
