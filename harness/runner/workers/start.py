"""Start or find the workers that a run asks for; without any, nothing of them is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.errors import InputError
from harness.runner.workers.lanes import Workers


def check_workers(count: int, scheduler: str | None) -> None:
    """Refuse a wrong number of workers, and two kinds of workers at once.

    Raises:
        InputError: with the reason.
    """
    if count < 1:
        raise InputError(f"a run has at least one process, not {count}", hint="leave out `workers`, or give 2 or more")
    if count > 1 and scheduler is not None:
        message = "a run has workers of this machine or of a scheduler, not both"
        raise InputError(message, hint="leave out --workers or --scheduler")


@contextmanager
def started_workers(count: int, scheduler: str | None, report: Callable[[str], None]) -> Iterator[Workers | None]:
    """The workers of a run, until the end of the context; None for one process.

    Args:
        count: processes of this machine that share the work.
        scheduler: address of a dask scheduler, whose workers share the work; None for none.
        report: receives messages.

    Raises:
        WorkersError: where a scheduler cannot be reached, or its workers cannot be used.
    """
    if scheduler is not None:
        from harness.runner.workers.cluster import ClusterWorkers

        with ClusterWorkers(scheduler, report) as cluster:
            yield cluster
    elif count > 1:
        from harness.runner.workers.processes import ProcessWorkers

        with ProcessWorkers(count, report) as processes:
            yield processes
    else:
        yield None
