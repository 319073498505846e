"""Workers in this process, for the part of the coordinator: each task is run at once, later, or lost."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from harness.runner.workers.lanes import Lane


class InlineExecutor(Executor):
    """Runs tasks at once, with arguments and results as another process would receive them.

    Args:
        dies_at: numbers of tasks, from 1, at which the worker is lost.
        hangs_at: numbers of tasks that never end.
    """

    def __init__(self, *, dies_at: tuple[int, ...] = (), hangs_at: tuple[int, ...] = ()) -> None:
        self.tasks: list[str] = []
        self._dies_at, self._hangs_at = dies_at, hangs_at
        self._is_dead = False

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        self.tasks.append(function.__name__)
        number = len(self.tasks)
        future: Future[Any] = Future()
        if self._is_dead:
            raise BrokenProcessPool("the process was terminated before")
        if number in self._hangs_at:
            return future
        if number in self._dies_at:
            self._is_dead = True
            future.set_exception(BrokenProcessPool("the process was terminated"))
            return future
        try:
            future.set_result(pickle.loads(pickle.dumps(function(*pickle.loads(pickle.dumps(arguments))))))
        except Exception as error:
            future.set_exception(error)
        return future


class InlineWorkers:
    """Workers in this process.

    Args:
        lanes: the executors of the first workers.
        replacement: makes the executor that takes the place of a lost one; None for none.
    """

    poll_s = 0.001
    has_own_keys = False
    has_same_files = False

    def __init__(
        self, lanes: list[InlineExecutor], replacement: Callable[[], InlineExecutor] | None = InlineExecutor
    ) -> None:
        self.executors = list(lanes)
        self._lanes = [Lane(f"worker {number}", one) for number, one in enumerate(lanes, 1)]
        self._replacement = replacement
        self.losses: list[str] = []

    def lanes(self) -> list[Lane]:
        return self._lanes

    def add(self, executor: InlineExecutor) -> None:
        self.executors.append(executor)
        self._lanes.append(Lane(f"worker {len(self.executors)}", executor))

    def lost(self, lane: Lane) -> None:
        if lane in self._lanes:
            self.losses.append(lane.name)
            self._lanes.remove(lane)
            if self._replacement is not None:
                self.add(self._replacement())
