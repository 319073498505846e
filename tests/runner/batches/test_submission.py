"""A job on its way to the provider: what each fault, and an end in each place, leave behind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from harness.cache.key import call_key
from harness.errors import CacheError, ProviderError
from harness.providers.batch_service import ServiceFault
from harness.providers.retry import Fault
from harness.records.calls import Call, Limits, Model
from harness.runner.batches.journal import Job, Journal, open_jobs
from harness.runner.batches.submission import Requests, Submission
from harness.runner.batches.waves import WaitingCall

MODEL = Model("gpt", "openai", "gpt", limits=Limits(attempts=3))
BUSY = Fault("rate-limit", "status 429", "again", 429, 3.0)
BROKEN = Fault("server", "status 500", "again", 500, may_be_billed=True)
BAD = Fault("rejected", "status 400", "give-up", 400)
LOST = Fault("connection", "the connection failed", "again", may_be_billed=True)
REFUSED = Fault("connection", "the connection was refused", "again")


class Service:
    """Answers by script: a fault is raised; "lost" starts the job and raises one."""

    def __init__(self, submits: list[Fault | str], uploads: list[Fault | str] | None = None) -> None:
        self.submits, self.uploads = submits, uploads or ["file-1"]
        self.started: list[str] = []
        self.seen = 0

    def upload(self, file: Path, name: str) -> str:
        return self._next(self.uploads)

    def submit(self, file: Path, upload: str, tag: str) -> str:
        said = self.submits.pop(0)
        if isinstance(said, Fault):
            raise ServiceFault(said)
        self.started.append(tag)
        if said == "lost":
            raise ServiceFault(LOST)
        return said

    def find(self, file: Path, upload: str, tag: str, known: Collection[str]) -> str | None:
        self.seen += 1
        return "batch_found" if tag in self.started else None

    def _next(self, script: list[Fault | str]) -> str:
        said = script.pop(0)
        if isinstance(said, Fault):
            raise ServiceFault(said)
        return said


@pytest.fixture
def journal(tmp_path: Path):
    tags = iter(f"tag{number}" for number in range(9))
    journal = Journal(tmp_path, lambda: next(tags))
    with journal.held():
        yield journal


def job_in(journal: Journal) -> Job:
    draft = journal.draft()
    call = Call(MODEL, [{"role": "user", "content": "Which?"}], step="verdict")
    draft.add(WaitingCall(call_key(call), call, "cell", "item"), b"{}\n")
    return journal.finish(draft, Job("", "spec", "gpt", "openai gpt", 0, 1))


def submitted(journal: Journal, job: Job, service: Service) -> tuple[Job, list[float]]:
    waits: list[float] = []
    requests = Requests(MODEL, waits.append, Random(1))
    return Submission(journal, service, requests).submitted(job), waits  # type: ignore[arg-type]


def test_a_job_is_recorded_at_each_step(journal: Journal):
    job, waits = submitted(journal, job_in(journal), Service(["batch_1"]))
    assert (job.stage, job.upload, job.remote, waits) == ("submitted", "file-1", "batch_1", [])
    assert open_jobs(journal.folder.parent) == [job]
    (call,) = journal.calls(job)
    assert (call.place, call.item, call.step) == ("cell", "item", "verdict")
    assert journal.job_of(call.key) == job


@pytest.mark.parametrize("fault", [BUSY, REFUSED])
def test_a_refused_request_is_repeated_without_a_search(journal: Journal, fault: Fault):
    service = Service([fault, "batch_1"], [fault, "file-1"])
    job, waits = submitted(journal, job_in(journal), service)
    assert (job.remote, service.seen, len(waits)) == ("batch_1", 0, 2)
    assert fault.wait_s is None or waits == [3.0, 3.0]


@pytest.mark.parametrize("fault", [LOST, BROKEN])
def test_a_lost_response_is_searched_for_before_the_request_is_repeated(journal: Journal, fault: Fault):
    service = Service(["lost"])
    assert submitted(journal, job_in(journal), service)[0].remote == "batch_found"
    service = Service([fault, "batch_2"])
    assert submitted(journal, job_in(journal), service)[0].remote == "batch_2"
    assert service.seen == 2


def test_a_job_that_may_have_been_started_is_found_on_resuming(journal: Journal):
    service, job = Service([]), replace(job_in(journal), stage="submitting", upload="file-1")
    service.started.append(job.tag)
    assert submitted(journal, journal.record(job), service)[0].remote == "batch_found"
    again = journal.record(replace(job_in(journal), stage="submitting", upload="file-1"))
    assert submitted(journal, again, Service(["batch_3"]))[0].remote == "batch_3"


def test_what_cannot_be_submitted_stays_recorded(journal: Journal):
    job = job_in(journal)
    with pytest.raises(ProviderError, match="submitting a batch failed: status 400"):
        submitted(journal, job, Service([BAD]))
    assert [one.stage for one in open_jobs(journal.folder.parent)] == ["uploaded"]
    with pytest.raises(ProviderError, match="status 429"):
        submitted(journal, journal.jobs[0], Service([BUSY, BUSY, BUSY]))
    with pytest.raises(ProviderError, match="its endpoint has no Batch API"):
        submitted(journal, job, Service([], [Fault("unknown-model", "status 404", "give-up", 404)]))


def test_a_job_that_was_being_written_is_removed(tmp_path: Path):
    with Journal(tmp_path, lambda: "one").held():
        (tmp_path / "batches/half.new").mkdir()
        (tmp_path / "batches/removed").mkdir()
    journal = Journal(tmp_path, lambda: "two")
    with journal.held():
        assert journal.jobs == []
        with pytest.raises(CacheError, match="is running batches with this cache"), Journal(tmp_path, str).held():
            pass
    assert [path.name for path in (tmp_path / "batches").iterdir()] == ["lock"]
