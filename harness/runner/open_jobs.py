"""Whether batch jobs hold calls of a cache, for runs that make calls one by one."""

from __future__ import annotations

from pathlib import Path

from harness.text import pluralized

FOLDER = "batches"
"""The folder beside a cache that records its batch jobs."""


def calls_in_jobs(cache: Path) -> str:
    """The calls of batch jobs that have not been collected, in words; "" where there are none."""
    if not (cache / FOLDER).is_dir():
        return ""
    from harness.runner.batches.journal import open_jobs

    jobs = open_jobs(cache)
    calls = pluralized(sum(job.lines for job in jobs), "call")
    return f"{calls} of this cache {'is' if calls == '1 call' else 'are'} in batch jobs" if jobs else ""
