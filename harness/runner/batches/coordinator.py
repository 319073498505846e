"""All missing calls of a run through a provider's Batch API: wave by wave, until nothing is missing.

A wave is walked over the plan; calls that no job holds are written into jobs, within the limits of the provider and the
budget, and submitted as they fill up. Then the jobs of the wave are waited for and collected, and the next wave is
walked. The state is in the cache and in the journal alone, so a run that was killed at any moment resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from harness.errors import BudgetReachedError, InputError, ProviderError
from harness.providers.batch_service import BatchService, JobState
from harness.providers.budget import Budget, Reservation, bill_at_most
from harness.providers.redaction import Secrets
from harness.records.calls import Model
from harness.runner.batches.collecting import Collected, Collector, ModelBatches
from harness.runner.batches.journal import Draft, Job, Journal, endpoint_of
from harness.runner.batches.submission import Requests, Submission
from harness.runner.batches.waves import DirectCalls, WaitingCall, Wave
from harness.runner.progress import RunStats
from harness.runner.run import Run
from harness.runner.session import Connect
from harness.text import pluralized, quoted

FIRST_POLL_S = 2.0
POLL_GROWTH = 1.5
MAX_POLL_S = 60.0
MOST_QUEUED = 100
"""Jobs in a row that find the queue of the provider full and fail the model."""


@dataclass
class Coordinator:
    """Makes the missing calls of runs in batches; a `harness.runner.run.WaveExecution`.

    Attributes:
        spec: name of the spec.
        models: the models by name, at the prices of batches.
        journal: the jobs; it is held.
        service: opens the Batch API of a model.
        secrets: values that no stored reply may hold.
        connect: opens connections for models of this machine.
        watch: receives progress.
        budget: the budget of the run, None without a limit.
        wait: waits for a number of seconds.
    """

    spec: str
    models: Mapping[str, Model]
    journal: Journal
    service: Callable[[Model], BatchService]
    secrets: Secrets
    connect: Connect
    watch: RunStats
    budget: Budget | None
    wait: Callable[[float], None]
    random: Random = field(default_factory=Random)
    wave: int = 0
    _of: dict[str, ModelBatches] = field(default_factory=dict)
    _drafts: dict[str, Draft] = field(default_factory=dict)
    _states: dict[str, JobState] = field(default_factory=dict)
    _too_much: Reservation | None = None
    _collector: Collector | None = None

    def __call__(self, run: Run[Any], first: int, reached: int) -> None:
        """Make the missing calls of all chunks from a number on; `reached` conversations precede them.

        Raises:
            ProviderError: where a job cannot be submitted or followed.
            BudgetReachedError: where the budget does not cover the next call.
        """
        self._collector = Collector(
            self.journal, run.store, self.watch, run.unavailable, self.budget, self._held_before()
        )
        direct = DirectCalls(run.plan.spec, run.store, self.connect, self.watch, run.unavailable)

        def ended(conversations: int) -> None:
            self.watch.reached(reached + conversations)

        try:
            while needed := self._submit(Wave(run.plan, run.store, run.unavailable, direct, first, ended)):
                self._follow(needed)
        except KeyboardInterrupt:
            if self.journal.jobs:
                jobs = pluralized(len(self.journal.jobs), "batch job")
                self.watch.warned(f"{jobs} left at the provider; the same command collects the results")
            raise

    def close(self) -> None:
        """Close all services and what was being written, which the next run removes."""
        for draft in self._drafts.values():
            draft.lines.close()
            draft.calls.close()
        for of in self._of.values():
            of.service.close()

    def _held_before(self) -> dict[str, int]:
        return {} if self._collector is None else self._collector.held

    def _submit(self, wave: Wave) -> dict[str, Job]:
        """Submit the calls of a wave; all jobs that hold some of them, by tag.

        Raises:
            BudgetReachedError: where the budget covers none of them, and no job holds any.
        """
        needed: dict[str, Job] = {}
        self._too_much = None
        self.wave += 1
        for calls in wave.calls():
            for one in calls:
                job = self.journal.job_of(one.key)
                if job is not None:
                    needed.setdefault(job.tag, job)
                elif self._too_much is None:
                    self._add(one, needed)
        for name in list(self._drafts):
            self._close(name, needed)
        if not needed and self._too_much is not None:
            raise self._budget_reached(self._too_much)
        return needed

    def _add(self, one: WaitingCall, needed: dict[str, Job]) -> None:
        """Write a call into the job of its model that is being written; submit that first if it is full."""
        model = self.models[one.call.model.name]
        of = self._batches(model)
        line = of.service.line(one.call, one.key, asks_format=of.asks_format)
        if len(line) > of.service.most_bytes:
            message = f"the call about item {quoted(one.item)} has {len(line):,} bytes, more than a batch may have"
            raise InputError(message, hint="run without --batch")
        if not self._reserve(one, model):
            return
        draft = self._drafts.get(model.name)
        if draft and (len(draft.keys) >= of.most_lines or draft.size + len(line) > of.service.most_bytes):
            self._close(model.name, needed)
            draft = None
        if draft is None:
            draft = self._drafts[model.name] = self.journal.draft()
        draft.add(one, line)

    def _reserve(self, one: WaitingCall, model: Model) -> bool:
        """Reserve money for a call; False where the budget does not cover it."""
        assert self._collector is not None
        if self.budget is None or model.is_free:
            return True
        assert model.price is not None, "models without a price are refused earlier"
        wanted = bill_at_most(model, model.price, one.call)
        number = self.budget.reserve(wanted)
        if number is None:
            self._too_much = wanted
            return False
        self._collector.held[one.key] = number
        return True

    def _close(self, name: str, needed: dict[str, Job]) -> None:
        """Record and submit the job of a model that is being written."""
        draft, model = self._drafts.pop(name), self.models[name]
        job = Job("", self.spec, name, endpoint_of(model), 0, self.wave, self._of[name].asks_format)
        job = self.journal.finish(draft, job)
        needed[job.tag] = self._submitted(job)

    def _submitted(self, job: Job) -> Job:
        if job.stage == "submitted":
            return job
        of = self._batches(self._model_of(job))
        requests = Requests(of.model, self.wait, self.random)
        job = Submission(self.journal, of.service, requests).submitted(job)
        self.watch.batch_jobs += 1
        self.watch.say(f"wave {job.wave}: {job.name} with {pluralized(job.lines, 'call')} to {job.model} submitted")
        return job

    def _follow(self, needed: dict[str, Job]) -> None:
        """Wait for jobs, and collect each as it ends."""
        self._states = {}
        delay_s, all_jobs = FIRST_POLL_S, dict(needed)
        while needed:
            for tag, job in list(needed.items()):
                needed[tag] = job = self._submitted(job)
                if self._looked_at(job):
                    del needed[tag]
                    delay_s = FIRST_POLL_S
            self.watch.batch = self._progress(all_jobs, needed)
            if needed:
                self.wait(delay_s)
                delay_s = min(MAX_POLL_S, delay_s * POLL_GROWTH)
        self.watch.batch = ""

    def _looked_at(self, job: Job) -> bool:
        """Whether a job has ended; its results are then stored."""
        of = self._batches(self._model_of(job))
        requests = Requests(of.model, self.wait, self.random)
        try:
            state = requests.made(lambda: of.service.state(job.remote), f"asking for {job.name}")
        except ProviderError as error:
            raise self._vanished(job, error) from None
        self._states[job.tag] = state
        if state.status == "running":
            return False
        if state.status == "failed":
            self._refused(job, of, state)
            return True
        files = [self._fetched(job, of, requests, number, name) for number, name in enumerate(state.results)]
        assert self._collector is not None
        self._say_collected(job, state, self._collector.collect(job, of, files))
        of.refused_jobs = 0
        self.journal.remove(job)
        return True

    def _fetched(self, job: Job, of: ModelBatches, requests: Requests, number: int, name: str) -> Path:
        file = self.journal.path(job) / f"results-{number}.jsonl"
        requests.made(lambda: of.service.download(name, file), f"fetching the results of {job.name}")
        return file

    def _refused(self, job: Job, of: ModelBatches, state: JobState) -> None:
        """Give up a job of which no line was executed: its calls are part of the next wave."""
        assert self._collector is not None
        self._collector.release(job)
        self.journal.remove(job)
        of.refused_jobs += 1
        reason = state.message or "the provider does not say why"
        self.watch.warned(f"{job.name} failed before its first call: {reason}")
        if state.is_queue_full and of.refused_jobs < MOST_QUEUED:
            of.most_lines = max(1, job.lines // 2)
            self.wait(MAX_POLL_S)
        else:
            name, message = of.model.name, f"model {of.model.name}: its batch failed: {reason}"
            self._collector.unavailable.models[name] = message
            self.watch.stopped(name, message)

    def _vanished(self, job: Job, error: ProviderError) -> ProviderError:
        if error.status != 404:
            return error
        message = f"{job.name} of model {job.model}, with {pluralized(job.lines, 'call')}, is unknown to its endpoint"
        hint = f"use the key of the account that submitted it; `harness batch forget {job.name}` gives up a deleted one"
        return ProviderError(message, kind="vanished", status=404, hint=f"{hint}, and its calls are made again")

    def _model_of(self, job: Job) -> Model:
        """The model of a job of an earlier run, which may belong to another spec."""
        model = self.models.get(job.model)
        if model is None or not job.is_of(model):
            message = f"{job.name} was submitted for the model {quoted(job.model)} of {quoted(job.spec)}"
            raise InputError(message, hint="run that spec with --batch first, which collects it")
        return model

    def _batches(self, model: Model) -> ModelBatches:
        if model.name not in self._of:
            service = self.service(model)
            self._of[model.name] = ModelBatches(model, service, self.secrets, service.most_lines)
        return self._of[model.name]

    def _say_collected(self, job: Job, state: JobState, done: Collected) -> None:
        failed = ", ".join(f"{count:,} {kind}" for kind, count in done.faults.most_common())
        more = f", {done.faults.total():,} without ({failed})" if failed else ""
        replies = pluralized(done.replies, "reply", "replies")
        self.watch.batch_lines += done.replies
        self.watch.say(f"wave {job.wave}: {job.name} {state.word}: {replies}{more}")

    def _progress(self, jobs: Mapping[str, Job], left: Mapping[str, Job]) -> str:
        """Wave, jobs and lines, for the line of progress."""
        lines = sum(job.lines for job in jobs.values())
        done = sum(job.lines for tag, job in jobs.items() if tag not in left)
        done += sum(self._states[tag].lines for tag in left if tag in self._states)
        ended = len(jobs) - len(left)
        return f"wave {self.wave}: {ended} of {pluralized(len(jobs), 'job')}, {done:,} of {lines:,} lines"

    def _budget_reached(self, wanted: Reservation) -> BudgetReachedError:
        assert self.budget is not None
        budget = self.budget
        unknown = f", and up to ${budget.unknown_usd:.4f} for attempts of unknown cost" if budget.unknown_usd else ""
        return BudgetReachedError(
            f"stopped before --max-cost {budget.limit_usd:g} could be passed: ${budget.spent_usd:.4f} spent{unknown}; "
            f"the next call to {wanted.model} may cost up to ${wanted.usd:.4f}"
        )
