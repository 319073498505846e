"""Start the workers that a run asks for; without any, nothing of them is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.errors import InputError
from harness.runner.workers.lanes import Workers


@contextmanager
def started_workers(count: int, report: Callable[[str], None]) -> Iterator[Workers | None]:
    """The workers of a run, which end with the context; None for one process.

    Args:
        count: processes that share the work.
        report: receives messages.

    Raises:
        InputError: where the number is not positive.
    """
    if count < 1:
        raise InputError(f"a run has at least one process, not {count}", hint="leave out `workers`, or give 2 or more")
    if count == 1:
        yield None
        return
    from harness.runner.workers.processes import ProcessWorkers

    with ProcessWorkers(count, report) as workers:
        yield workers
