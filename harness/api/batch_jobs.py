"""The batch jobs beside a cache: how far they are, and an end to them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.api.batch_run import service_of
from harness.errors import InputError, ProviderError
from harness.providers.batch_service import ServiceFault
from harness.records.calls import Model
from harness.runner.batches.journal import Job, Journal, open_jobs
from harness.runner.plan import Planned
from harness.text import quoted


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job is.

    Attributes:
        job: the job.
        state: the provider's word for it, or `unknown`.
        finished: number of its lines that are finished.
        reason: why the state is unknown, or "".
    """

    job: Job
    state: str
    finished: int = 0
    reason: str = ""


def batch_status(
    plan: Planned, *, cache: str | Path = ".harness-cache", environment: Mapping[str, str] | None = None
) -> list[JobStatus]:
    """The jobs beside a cache whose results have not been collected, with what their providers say.

    Args:
        plan: the plan whose models they were submitted for.
        cache: folder of the cache.
        environment: where keys are found; the environment variables of the process where it is None.
    """
    variables = os.environ if environment is None else environment
    return [_status(job, plan.spec.models.get(job.model), variables) for job in open_jobs(Path(cache))]


def cancel_batches(
    plan: Planned,
    names: Sequence[str],
    *,
    cache: str | Path = ".harness-cache",
    environment: Mapping[str, str] | None = None,
) -> list[Job]:
    """Cancel jobs at their providers. `harness run --batch` still collects what they have finished.

    Args:
        plan: the plan whose models they were submitted for.
        names: their ids; all jobs of the plan's models where there are none.
        cache: folder of the cache.
        environment: where keys are found; the environment variables of the process where it is None.

    Raises:
        InputError: where there is no such job.
        ProviderError: where a provider refuses.
    """
    variables, jobs = os.environ if environment is None else environment, open_jobs(Path(cache))
    chosen = [find_job(jobs, name) for name in names] or [job for job in jobs if job.remote]
    for job in chosen:
        model = plan.spec.models.get(job.model)
        if model is None or not job.is_of(model) or not job.remote:
            raise InputError(f"{job.name} was not submitted for a model of this spec", hint="`harness batch status`")
        with closing(service_of(model, variables)) as service, _reported(model):
            service.cancel(job.remote)
    return chosen


def forget_job(name: str, *, cache: str | Path = ".harness-cache") -> Job:
    """Give up a job: its results are not collected, and its calls are made again.

    Args:
        name: its id.
        cache: folder of the cache.

    Raises:
        InputError: where there is no such job.
        CacheError: where a process is running batches with the cache.
    """
    find_job(open_jobs(Path(cache)), name)
    journal = Journal(Path(cache), lambda: uuid.uuid4().hex)
    with journal.held():
        job = find_job(journal.jobs, name)
        journal.remove(job)
    return job


def find_job(jobs: Sequence[Job], name: str) -> Job:
    """The job with an id at its provider, or with a tag.

    Raises:
        InputError: where there is none.
    """
    for job in jobs:
        if name in (job.remote, job.tag):
            return job
    known = ", ".join(job.name for job in jobs[:8])
    hint = f"there are {known}" if known else "the cache has no open jobs"
    raise InputError(f"there is no job {quoted(name)}", hint=hint)


def _status(job: Job, model: Model | None, environment: Mapping[str, str]) -> JobStatus:
    if job.stage != "submitted":
        return JobStatus(job, job.stage)
    if model is None or not job.is_of(model):
        return JobStatus(job, "unknown", reason=f"it was submitted for the spec {job.spec}")
    try:
        with closing(service_of(model, environment)) as service, _reported(model):
            found = service.state(job.remote)
    except ProviderError as error:
        return JobStatus(job, "unknown", reason=error.problems[0].message)
    return JobStatus(job, found.word, found.lines, found.message)


@contextmanager
def _reported(model: Model) -> Iterator[None]:
    """Raise the fault of a service as a ProviderError."""
    try:
        yield
    except ServiceFault as error:
        fault = error.fault
        message = f"model {model.name}: {fault.message}"
        raise ProviderError(message, kind=fault.kind, status=fault.status, hint=fault.hint) from None
