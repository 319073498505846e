"""The contract of a provider's Batch API. Pure; the implementations are beside it.

A service is synchronous: a job takes minutes to a day, so nothing is won by concurrency, and each step can be recorded
before the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.providers.redaction import Secrets
from harness.providers.retry import Fault
from harness.records.calls import Call, Reply

QUEUE_IS_FULL = frozenset({"token_limit_exceeded", "request_limit_exceeded", "batch_limit_exceeded"})
"""Codes of jobs that were refused because too much is waiting already."""


class ServiceFault(Exception):  # noqa: N818 - a fault of an endpoint, and no error of the program
    """A request to a service failed.

    Args:
        fault: why.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault

    @property
    def is_refused(self) -> bool:
        """Whether the request certainly had no effect: it was refused, or never sent."""
        status = self.fault.status
        return (400 <= status < 500 and status not in (408, 409)) or (not status and not self.fault.may_be_billed)


@dataclass(frozen=True, slots=True)
class JobState:
    """How far a job is.

    Attributes:
        status: `running`; `ended`, with results; `failed`, so that no line was executed.
        word: the provider's word for it.
        lines: lines that are finished.
        results: names under which the results can be fetched.
        code: why it failed, as the provider's code, or "".
        message: the same in words, or "".
    """

    status: Literal["running", "ended", "failed"]
    word: str
    lines: int = 0
    results: tuple[str, ...] = ()
    code: str = ""
    message: str = ""

    @property
    def is_queue_full(self) -> bool:
        """Whether the job was refused because too much is waiting already."""
        return self.code in QUEUE_IS_FULL or "enqueued token limit" in self.message.lower()


class BatchService(Protocol):
    """A provider's Batch API for one model. Every method raises ServiceFault."""

    most_lines: int
    """Lines of one job."""
    most_bytes: int
    """Bytes of the lines of one job."""

    def line(self, call: Call, key: str, *, asks_format: bool) -> bytes:
        """A call as a line of a job, with its line break."""
        ...

    def upload(self, file: Path, name: str) -> str:
        """Upload the lines of a job, which starts nothing; its id, "" where the provider takes no files."""
        ...

    def submit(self, file: Path, upload: str, tag: str) -> str:
        """Start a job and return its id.

        Args:
            file: its lines.
            upload: what `upload` returned.
            tag: a name that no other job has.
        """
        ...

    def find(self, file: Path, upload: str, tag: str, known: Collection[str]) -> str | None:
        """The id of a job that may have been started, None where there is none.

        Args:
            file: its lines.
            upload: what `upload` returned.
            tag: a name that no other job has.
            known: ids of other jobs.
        """
        ...

    def state(self, job: str) -> JobState:
        """How far a job is."""
        ...

    def download(self, result: str, to: Path) -> None:
        """Write the results of one of `JobState.results` to a file, as lines."""
        ...

    def read(self, value: Mapping[str, Any], secrets: Secrets, params: Collection[str]) -> Reply | Fault:
        """The reply that a line of the results holds, or why it holds none."""
        ...

    def cancel(self, job: str) -> None:
        """Stop a job; what it has finished can be fetched."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
