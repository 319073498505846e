"""The results of a job → replies in the cache, and what is to be done about each line without one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import orjson

from harness.cache.entry import Entry, Store
from harness.providers.batch_service import BatchService
from harness.providers.budget import Budget, has_usage
from harness.providers.chat_request import FORMAT
from harness.providers.redaction import Secrets
from harness.providers.retry import FailureRow, Fault
from harness.records.calls import UNAVAILABLE, Call, Model, Reply
from harness.records.reasoning import separated
from harness.runner.batches.journal import Job, Journal, JournalCall
from harness.runner.batches.result_files import ResultFiles
from harness.runner.progress import RunStats
from harness.runner.session import CallNote, UnavailableReplies

AT_ONCE = 200
"""Replies that are stored together."""
NOT_ANSWERED = Fault("missing", "the job ended without a result for this call", remedy="again")


@dataclass
class ModelBatches:
    """What is known of one model's batches.

    Attributes:
        model: the model.
        service: its Batch API.
        secrets: values that are redacted.
        asks_format: whether its lines ask for the `response_format` of calls.
        failures: distinguishes a model that answers nothing from calls that fail.
        tries: how often a call got no reply for the moment, by key.
        most_lines: lines of its next jobs.
        refused_jobs: jobs in a row of which no line was executed.
    """

    model: Model
    service: BatchService
    secrets: Secrets
    most_lines: int
    asks_format: bool = True
    failures: FailureRow = field(default_factory=FailureRow)
    tries: Counter[str] = field(default_factory=Counter)
    refused_jobs: int = 0


@dataclass
class Collected:
    """The lines of a job.

    Attributes:
        replies: number of replies stored.
        faults: lines without a reply, by kind.
    """

    replies: int = 0
    faults: Counter[str] = field(default_factory=Counter)


@dataclass
class Collector:
    """Stores the results of jobs.

    Attributes:
        journal: the jobs.
        store: the cache.
        watch: receives the calls.
        unavailable: receives the calls without a reply.
        budget: the budget of the run, None without a limit.
        held: numbers of reservations in the budget, by key.
    """

    journal: Journal
    store: Store
    watch: RunStats
    unavailable: UnavailableReplies
    budget: Budget | None
    held: dict[str, int] = field(default_factory=dict)

    def collect(self, job: Job, of: ModelBatches, files: list[Path]) -> Collected:
        """Store the replies in some files, and decide about the other lines of the job."""
        done, faults = Collected(), list[tuple[JournalCall, Fault]]()
        with ResultFiles(files) as results:
            calls = self.journal.calls(job)
            while some := list(islice(calls, AT_ONCE)):
                entries = []
                for one in some:
                    outcome = self._outcome(one, job, of, results)
                    if isinstance(outcome, Reply):
                        entries.append((one, outcome))
                    else:
                        faults.append((one, outcome))
                self._keep(entries, of)
                done.replies += len(entries)
        if done.replies:
            of.failures.answered()
        self._adapt(of, job, [fault for _, fault in faults], done)
        for one, fault in faults:
            done.faults[fault.kind] += 1
            self._fail(one, fault, of)
        return done

    def release(self, job: Job) -> None:
        """Free the reservations of a job of which no line was executed."""
        for one in self.journal.calls(job):
            self._refund(one.key, may_be_billed=False)

    def _outcome(self, one: JournalCall, job: Job, of: ModelBatches, results: ResultFiles) -> Reply | Fault:
        params = set(orjson.loads(one.call)["params"])
        outcome: Reply | Fault = NOT_ANSWERED
        for value in results.results(one.key) if one.key in results else ():
            outcome = of.service.read(value, of.secrets, params if job.asks_format else params - {FORMAT})
            if isinstance(outcome, Reply):
                return separated(outcome)
        return outcome

    def _keep(self, found: list[tuple[JournalCall, Reply]], of: ModelBatches) -> None:
        """Store replies, and account for them."""
        if not found:
            return
        self.store.put_many([Entry(one.key, one.call, reply) for one, reply in found])
        for one, reply in found:
            number = self.held.pop(one.key, None)
            if self.budget is not None and number is not None:
                self.budget.settle(number, reply)
            if not has_usage(reply):
                self.watch.not_billed(of.model.name, None)
            self._report(one, of, reply)

    def _adapt(self, of: ModelBatches, job: Job, faults: list[Fault], done: Collected) -> None:
        """Leave out `response_format` from now on where the endpoint does not know it, or answered no line with it."""
        if not of.asks_format or not job.asks_format or not faults:
            return
        knows_none = not done.replies and all(fault.kind in ("rejected", "unknown-model") for fault in faults)
        has_format = any(FORMAT in orjson.loads(one.call)["params"] for one in self.journal.calls(job))
        if has_format and (knows_none or any(fault.kind == "format" for fault in faults)):
            of.asks_format = False
            self.watch.warned(f"{of.model.name}: the endpoint does not support `response_format`; not sent")

    def _fail(self, one: JournalCall, fault: Fault, of: ModelBatches) -> None:
        """Decide whether a call without a reply is asked again, fails, or fails the model."""
        name, key = of.model.name, one.key
        self._refund(key, may_be_billed=fault.may_be_billed)
        if fault.may_be_billed:
            self.watch.not_billed(name, None)
        of.tries[key] += 1
        if not of.asks_format and FORMAT in orjson.loads(one.call)["params"] and of.tries[key] == 1:
            return  # it is asked again without its format
        if fault.remedy == "again" and of.tries[key] < of.model.limits.attempts:
            return
        fails_model = fault.remedy == "stop" or of.failures.add(fault)
        if fails_model and name not in self.unavailable.models:
            reason = f"model {name}: {fault.message}" + (f"; {fault.hint}" if fault.hint else "")
            self.unavailable.models[name] = reason
            self.watch.stopped(name, reason)
        self.unavailable.keys[key] = fault.kind
        self._report(one, of, None, f"model {name}: {fault.message}")

    def _refund(self, key: str, *, may_be_billed: bool) -> None:
        number = self.held.pop(key, None)
        if self.budget is not None and number is not None:
            (self.budget.keep if may_be_billed else self.budget.release)(number)

    def _report(self, one: JournalCall, of: ModelBatches, reply: Reply | None, reason: str = "") -> None:
        fields = orjson.loads(one.call)
        call = Call(of.model, fields["messages"], fields["draw"], one.step)
        self.watch.called(call, UNAVAILABLE if reply is None else reply)
        attempts = of.tries.pop(one.key, 0) + (reply is not None)
        self.watch.noted(CallNote(one.place, one.item, call, one.key, 0.0, max(attempts, 1), reply, reason))
