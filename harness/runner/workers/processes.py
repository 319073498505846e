"""Workers on this machine: processes, each the only one of a `ProcessPoolExecutor`.

A pool of several processes would lose the tasks of all where one is killed; with a pool for each, the others go on. The
processes are started afresh (`spawn`): forking a process that has threads is not safe.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from harness.runner.workers.chunks import Worker, introduce
from harness.runner.workers.lanes import LOST, Lane, WorkersError

END_S = 2.0
"""Seconds that processes have to end by themselves."""
MOST_LOST = 8
"""Processes in a row that end before one has done its first task."""
GUARD = 'a script that starts workers needs `if __name__ == "__main__":` around what it does'


@dataclass(eq=False)
class ProcessLane(Lane):
    """A worker process, and its first task."""

    started: Future[Worker] = field(default_factory=Future)
    process: BaseProcess | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it has done its first task."""
        return self.started.done() and not self.started.cancelled() and self.started.exception() is None

    @property
    def has_failed(self) -> bool:
        """Whether it ended before that."""
        return self.started.done() and not self.is_ready


class ProcessWorkers:
    """Worker processes of this machine; a context manager that ends them.

    Args:
        count: the number of processes.
        report: receives a message where one is lost.
    """

    poll_s = 1.0
    has_own_keys = False
    has_same_files = True

    def __init__(self, count: int, report: Callable[[str], None] = lambda _: None) -> None:
        self._count, self._report = count, report
        self._lanes: list[ProcessLane] = []
        self._failed = 0

    def __enter__(self) -> ProcessWorkers:
        self._lanes = [_started(f"worker {number}") for number in range(1, self._count + 1)]
        return self

    def __exit__(self, *_: object) -> None:
        lanes, self._lanes = self._lanes, []
        _end(lanes)

    def lanes(self) -> list[Lane]:
        """The processes that have started; those that could not are replaced.

        Raises:
            WorkersError: where none can be started.
        """
        for lane in self._lanes:
            if lane.has_failed:
                self._failed += 1
                if self._failed >= MOST_LOST:
                    raise WorkersError("the worker processes end before they have started", hint=GUARD)
                self._replace(lane)
        return [lane for lane in self._lanes if lane.is_ready]

    def lost(self, lane: Lane) -> None:
        """Replace a process that has ended, or does not answer.

        Raises:
            WorkersError: where processes end again and again.
        """
        for one in self._lanes:
            if one is lane:
                self._report(f"{lane.name} (process {_number(one)}) was lost; what it had in flight is done again")
                self._replace(one)

    def wait_until_ready(self, seconds: float = 60.0) -> None:
        """Wait until every process has done its first task."""
        for lane in self._lanes:
            try:
                lane.started.result(seconds)
            except LOST:
                pass  # replaced where the processes are used

    def _replace(self, lane: ProcessLane) -> None:
        self._lanes[self._lanes.index(lane)] = _started(lane.name)
        _end([lane], seconds=0.0)


def _number(lane: ProcessLane) -> str:
    return str(lane.process.pid) if lane.process is not None else "unknown"


def _started(name: str) -> ProcessLane:
    """A new process, which begins to import what it needs."""
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin)
    started = executor.submit(introduce)
    new = [child for child in multiprocessing.active_children() if child not in before]
    return ProcessLane(name, executor, 0, started, new[0] if new else None)


def _end(lanes: list[ProcessLane], seconds: float = END_S) -> None:
    """End some processes: first by asking them, then by force, since one may be stopped or still importing."""
    for lane in lanes:
        lane.executor.shutdown(wait=False, cancel_futures=True)
    deadline = time.monotonic() + seconds
    for lane in lanes:
        if lane.process is None:
            continue
        if lane.is_ready:
            lane.process.join(max(0.0, deadline - time.monotonic()))
        if lane.process.is_alive():
            lane.process.kill()
            lane.process.join(END_S)


def _begin() -> None:
    """Prepare a new worker process: signals to the whole group are for the coordinator, and its end is the worker's."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), name="parent-watch", daemon=True).start()


def _end_with(sentinel: int) -> None:
    """End this process once its parent has ended."""
    wait([sentinel])
    os._exit(1)
