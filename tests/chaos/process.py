"""One simulated process: what the program does in it is real; clock, endpoint, disk and the writing thread are not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from random import Random
from typing import Any

import harness.cache.prune as prune
import harness.cache.writer as writer
import harness.providers.provider as provider
from chaos.disk import Disk, FaultyDatabase, Killed, hook_into
from chaos.endpoint import Endpoint
from chaos.virtual import VirtualLoop, VirtualPolicy

Stored = Callable[[str, bytes], None]


class _NoThread:
    """Stands for the thread that writes: it does its work when it is waited for."""

    def __init__(self, target: Callable[[], None], **_: Any) -> None:
        self._target = target

    def start(self) -> None:
        """Nothing runs by itself."""

    def join(self) -> None:
        """Do what is left."""
        self._target()


class SteppedWriter(writer.CacheWriter):
    """Commits at moments of the virtual clock, in the only thread."""

    random = Random(0)
    most_s = 0.05
    """Seconds that the disk takes for a commit at most."""
    on_stored: Stored = staticmethod(lambda _key, _value: None)

    def add(self, rows: Any, existing: Any = "keep") -> Future[None]:
        """Store entries a little later; at once where no loop is running."""
        stored = super().add(rows, existing)

        def report(done: Future[None]) -> None:
            if done.exception() is None:
                for key, value, _ in rows:
                    type(self).on_stored(key, value)

        stored.add_done_callback(report)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._step()
            return stored
        assert isinstance(loop, VirtualLoop)
        if self._step not in loop.at_close:
            loop.at_close.append(self._step)
        loop.call_later(type(self).most_s * type(self).random.random(), self._step)
        return stored

    def _step(self) -> None:
        while not self._waiting.empty():
            group, _ = self._next_group()
            try:
                self._commit(group)
            except Killed:
                for batch in group:
                    if not batch.stored.done():
                        batch.stored.set_exception(OSError("killed"))
                raise


class Machine:
    """Where simulated processes run.

    Attributes:
        disk: the current disk.
        process: number of the current process.
        clock_shift_s: how far the clock of the machine is from the right time.
    """

    def __init__(self) -> None:
        self.disk: Disk | None = None
        self.process = 0
        self.clock_shift_s = 0.0
        hook_into(lambda: self.disk)

    @contextmanager
    def simulating(self, disk: Disk, endpoint: Endpoint, random: Random, on_stored: Stored) -> Iterator[None]:
        """Let what runs inside use the simulated clock, endpoint and disk."""
        saved = writer.CacheWriter, writer._Database, writer.Thread, provider.find_provider, time.time
        saved_prune = prune._delete, prune._give_back
        real_find, policy, real_time = provider.find_provider, asyncio.get_event_loop_policy(), time.time
        before = self.disk, getattr(FaultyDatabase, "disk", disk), SteppedWriter.random, SteppedWriter.on_stored
        FaultyDatabase.disk, SteppedWriter.random, SteppedWriter.on_stored = disk, random, staticmethod(on_stored)
        self.disk = disk

        def find(name: str) -> Any:
            return endpoint.provider(real_find(name), self.process)

        try:
            writer.CacheWriter, writer._Database, writer.Thread = SteppedWriter, FaultyDatabase, _NoThread
            provider.find_provider, time.time = find, lambda: real_time() + self.clock_shift_s
            prune._delete = _with_point(disk, "delete", prune._delete)
            prune._give_back = _with_point(disk, "give back", prune._give_back)
            asyncio.set_event_loop_policy(VirtualPolicy())
            yield
        finally:
            writer.CacheWriter, writer._Database, writer.Thread, provider.find_provider, time.time = saved
            prune._delete, prune._give_back = saved_prune
            asyncio.set_event_loop_policy(policy)
            self.disk, FaultyDatabase.disk, SteppedWriter.random, stored = before
            SteppedWriter.on_stored = staticmethod(stored)

    def beside(self, disk: Disk, work: Callable[[], None]) -> None:
        """Let another process work to its end while the current one stands still.

        Raises:
            BaseException: what the work raised.
        """
        raised: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except BaseException as error:
                raised.append(error)

        was, self.process = self.process, self.process + 1000
        try:
            with disk.as_another_process():
                thread = threading.Thread(target=run)
                thread.start()
                thread.join()
        finally:
            self.process = was
        if raised:
            raise raised[0]


def _with_point(disk: Disk, place: str, work: Callable[..., None]) -> Callable[..., None]:
    """The same function, with places before and after it at which the process may be killed."""

    def done(*arguments: Any) -> None:
        disk.check_locked()
        disk.point(place)
        work(*arguments)
        disk.point(place)

    return done
