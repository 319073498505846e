"""A job from its record to its id at the provider: each request at most once with effect, whatever ends in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeVar

from harness.errors import ProviderError
from harness.providers.batch_service import BatchService, ServiceFault
from harness.providers.retry import MAX_WAIT_S, backoff_s
from harness.records.calls import Model
from harness.runner.batches.journal import LINES, Job, Journal

T = TypeVar("T")

SETTLE_S = 10.0
"""Seconds after which a provider lists a job that it has started."""
NO_BATCHES = frozenset({404, 405, 501})
"""Statuses of an endpoint without files or batches."""


@dataclass
class Requests:
    """Requests to a service, repeated where they failed for the moment.

    Attributes:
        model: the model, for its limits and for messages.
        wait: waits for a number of seconds.
        random: spreads the waits.
    """

    model: Model
    wait: Callable[[float], None]
    random: Random = field(default_factory=Random)

    def made(self, action: Callable[[], T], what: str) -> T:
        """The result of a request that can be repeated without harm.

        Args:
            action: makes it; raises ServiceFault.
            what: what it does, for a message.

        Raises:
            ProviderError: where it failed for good.
        """
        failed = 0
        while True:
            try:
                return action()
            except ServiceFault as error:
                failed += 1
                self.recover(error, failed, what)

    def recover(self, error: ServiceFault, failed: int, what: str) -> None:
        """Wait before another attempt, or raise if there is none."""
        fault = error.fault
        if fault.remedy != "again" or failed >= self.model.limits.attempts:
            raise self.failure(error, what) from None
        wait_s = backoff_s(failed, self.random) if fault.wait_s is None else min(fault.wait_s, MAX_WAIT_S)
        self.wait(wait_s)

    def failure(self, error: ServiceFault, what: str) -> ProviderError:
        """The error of a request that failed for good."""
        fault = error.fault
        hint = fault.hint or "run the same command again to resume: no job is submitted twice"
        if fault.status in NO_BATCHES and what.startswith("uploading"):
            message = f"model {self.model.name}: its endpoint has no Batch API ({fault.message})"
            hint = "run without --batch, or use `harness batch write` and an engine of your own"
            return ProviderError(message, kind="no-batches", status=fault.status, hint=hint)
        message = f"model {self.model.name}: {what} failed: {fault.message}"
        return ProviderError(message, kind=fault.kind, status=fault.status, hint=hint)


@dataclass
class Submission:
    """Submits jobs.

    Attributes:
        journal: where each step is recorded.
        service: the provider's Batch API.
        requests: repeats requests.
    """

    journal: Journal
    service: BatchService
    requests: Requests

    def submitted(self, job: Job) -> Job:
        """The job once it has its id; a job that has one is returned as it is.

        Raises:
            ProviderError: where it cannot be submitted, or it cannot be known whether it was.
        """
        if job.stage == "submitting":
            job = self._looked_up(job)
        file = self.journal.path(job) / LINES
        if job.stage == "written":
            upload = self.requests.made(lambda: self.service.upload(file, f"{job.tag}.jsonl"), "uploading a batch")
            job = self.journal.record(replace(job, stage="uploaded", upload=upload))
        failed = 0
        while job.stage != "submitted":
            job = self.journal.record(replace(job, stage="submitting"))
            try:
                remote = self.service.submit(file, job.upload, job.tag)
                job = self.journal.record(replace(job, stage="submitted", remote=remote))
            except ServiceFault as error:
                failed += 1
                ready = replace(job, stage="uploaded")
                job = self.journal.record(ready) if error.is_refused else self._looked_up(job)
                if job.stage != "submitted":
                    what = "submitting a batch" if job.upload else "uploading a batch"  # Anthropic's hold their lines
                    self.requests.recover(error, failed, what)
        return job

    def _looked_up(self, job: Job) -> Job:
        """A job that may have been started: with its id if it was, otherwise ready to be submitted."""
        file = self.journal.path(job) / LINES
        remote, known = None, [other.remote for other in self.journal.jobs if other.remote]
        for wait_s in (0.0, SETTLE_S):
            if wait_s:
                self.requests.wait(wait_s)
            found = self.requests.made(
                lambda: self.service.find(file, job.upload, job.tag, known),
                "looking for a batch that may have been submitted",
            )
            if found is not None:
                remote = found
                break
        if remote is None:
            return self.journal.record(replace(job, stage="uploaded" if job.upload else "written"))
        return self.journal.record(replace(job, stage="submitted", remote=remote))
