"""The contract of workers: each is a lane, which runs tasks one after the other on a standard executor."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError, Executor
from dataclasses import dataclass
from typing import Protocol

from harness.errors import HarnessError

LOST = (BrokenExecutor, CancelledError)
"""Errors of a task whose worker ended."""


class WorkersError(HarnessError):
    """Workers cannot be used, or are gone."""


@dataclass(eq=False)
class Lane:
    """One worker.

    Attributes:
        name: names the worker in messages.
        executor: runs its tasks, one after the other, in the process of the worker.
        tasks: the number of its tasks that have not ended.
    """

    name: str
    executor: Executor
    tasks: int = 0


class Workers(Protocol):
    """The workers of a run. Used from one thread at a time."""

    poll_s: float
    """Seconds between two looks at the workers."""
    has_own_keys: bool
    """Whether they have an environment of their own, in which API keys may be that this process does not have."""

    has_same_files: bool
    """Whether they can read the files of this machine."""

    def lanes(self) -> list[Lane]:
        """The workers that can be given tasks now; others may come later.

        Raises:
            WorkersError: where there will be none.
        """
        ...

    def lost(self, lane: Lane) -> None:
        """Take note that a worker has ended or does not answer; another one may take its place.

        Raises:
            WorkersError: where workers end again and again.
        """
        ...
