"""The journal of batch jobs: beside the cache, private, and written so that a kill at any moment loses no job.

A job is a folder. It is written under a temporary name and renamed, before anything is sent; its record is replaced
atomically before and after each request that has an effect. A job that may have been started without its id having been
recorded is found at the provider by its upload or its tag, or by its calls where a provider has neither.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from harness.atomic import replacing
from harness.cache.key import call_bytes
from harness.cache.sqlite_file import JOBS
from harness.errors import CacheError, Problem
from harness.records.calls import Model
from harness.runner.batches.waves import WaitingCall
from harness.text import pluralized

RECORD, LINES, CALLS, LOCK = "job.json", "lines.jsonl", "calls.jsonl", "lock"
VERSION = 1
NEW = ".new"
"""The end of the name of a job that is being written."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    Attributes:
        tag: a name that no other job has.
        spec: name of the spec that it was made for.
        model: name of the model in that spec.
        endpoint: address and name of the model at the provider.
        lines: number of calls.
        wave: number of the wave in its run.
        asks_format: whether its lines ask for the `response_format` of calls.
        stage: `written`, `uploaded`, `submitting` (it may have been started) or `submitted`.
        upload: id of its file at the provider, "" where there is none.
        remote: its id at the provider, "" while it has none.
    """

    tag: str
    spec: str
    model: str
    endpoint: str
    lines: int
    wave: int
    asks_format: bool = True
    stage: str = "written"
    upload: str = ""
    remote: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.remote or self.tag

    def is_of(self, model: Model) -> bool:
        """Whether it was submitted for a model."""
        return self.model == model.name and self.endpoint == endpoint_of(model)


def endpoint_of(model: Model) -> str:
    """Address and name of a model at its provider."""
    return f"{model.base_url or model.provider} {model.id}"


class JournalCall(NamedTuple):
    """A call of a job.

    Attributes:
        key: its cache key.
        call: canonical JSON of the call.
        place: id of the cell or the system that needs it.
        item: id of the item that it is about.
        step: where in its conversation it stands.
    """

    key: str
    call: bytes
    place: str
    item: str
    step: str


@dataclass
class Draft:
    """A job that is being written."""

    folder: Path
    lines: BinaryIO
    calls: BinaryIO
    keys: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, one: WaitingCall, line: bytes) -> None:
        """Write a call."""
        self.lines.write(line)
        call = call_bytes(one.call).decode()
        fields = {"place": one.place, "item": one.item, "step": one.call.step, "call": call}
        self.calls.write(orjson.dumps(fields) + b"\n")
        self.keys.append(one.key)
        self.size += len(line)


class Journal:
    """The jobs beside a cache.

    Args:
        cache: folder of the cache.
        name: makes the tag of a job.
    """

    def __init__(self, cache: Path, name: Callable[[], str]) -> None:
        self.folder = cache / JOBS
        self._name = name
        self._jobs: dict[str, Job] = {}
        self._of_key: dict[bytes, str] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the journal: one process at a time submits jobs. Its jobs are read.

        Raises:
            CacheError: where another process holds it, or a record cannot be read.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            self._lock(descriptor)
            self._read()
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            who = f"process {holder}" if holder.isdigit() else "another process"
            message = f"{who} is running batches with this cache"
            hint = "let it end, or stop it: its jobs go on, and this command then collects them"
            raise CacheError(Problem(str(self.folder), message=message, hint=hint)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)

    def _read(self) -> None:
        for folder in sorted(self.folder.iterdir()):
            if not folder.is_dir() or folder.is_symlink():
                continue
            if folder.suffix == NEW or not (folder / RECORD).exists():
                shutil.rmtree(folder)  # it was being written, or removed: nothing was sent, or everything is stored
                continue
            job = read_job(folder)
            self._jobs[job.tag] = job
            for one in self.calls(job):
                self._of_key[bytes.fromhex(one.key)] = job.tag

    @property
    def jobs(self) -> list[Job]:
        """All jobs that have not been collected."""
        return list(self._jobs.values())

    def job_of(self, key: str) -> Job | None:
        """The job that holds a call, None where none does."""
        tag = self._of_key.get(bytes.fromhex(key))
        return None if tag is None else self._jobs.get(tag)

    def draft(self) -> Draft:
        """Begin a job."""
        folder = self.folder / f"{self._name()}{NEW}"
        folder.mkdir(mode=0o700)
        return Draft(folder, (folder / LINES).open("wb"), (folder / CALLS).open("wb"))

    def finish(self, draft: Draft, job: Job) -> Job:
        """Record a job whose calls have been written; nothing has been sent."""
        job = replace(job, tag=draft.folder.stem, lines=len(draft.keys))
        for handle in (draft.lines, draft.calls):
            handle.flush()
            os.fsync(handle.fileno())
            handle.close()
        write_job(draft.folder, job)
        draft.folder.rename(self.path(job))
        _sync(self.folder)
        self._jobs[job.tag] = job
        self._of_key |= dict.fromkeys(map(bytes.fromhex, draft.keys), job.tag)
        return job

    def record(self, job: Job) -> Job:
        """Replace the record of a job; returns once it would survive the end of the process."""
        write_job(self.path(job), job)
        self._jobs[job.tag] = job
        return job

    def remove(self, job: Job) -> None:
        """Remove a job whose replies are stored, or of which no line was executed."""
        folder = self.path(job)
        (folder / RECORD).unlink()
        shutil.rmtree(folder, ignore_errors=True)
        del self._jobs[job.tag]

    def path(self, job: Job) -> Path:
        """The folder of a job."""
        return self.folder / job.tag

    def calls(self, job: Job) -> Iterator[JournalCall]:
        """The calls of a job, in the order of its lines."""
        with (self.path(job) / CALLS).open("rb") as handle:
            for line in handle:
                fields = orjson.loads(line)
                call = fields["call"].encode()
                key = hashlib.sha256(call).hexdigest()
                yield JournalCall(key, call, fields["place"], fields["item"], fields["step"])


def open_jobs(cache: Path) -> list[Job]:
    """The jobs beside a cache that have not been collected, without holding the journal.

    Raises:
        CacheError: where a record cannot be read.
    """
    records = sorted((cache / JOBS).glob(f"*/{RECORD}"))
    return [read_job(record.parent) for record in records if record.parent.suffix != NEW]


def remove_without_jobs(cache: Path) -> int:
    """Remove the journal beside a cache if it holds no job and no process runs batches; the number of its jobs.

    The folder of the cache is removed too if nothing is left in it.
    """
    folder = cache / JOBS
    if not folder.is_dir():
        return 0
    if jobs := len(list(folder.glob(f"*/{RECORD}"))):
        return jobs
    with suppress(CacheError, OSError):
        with Journal(cache, lambda: "").held():  # removes what was being written
            shutil.rmtree(folder)
        cache.rmdir()
    return 0


def calls_in_jobs(cache: Path) -> str:
    """The calls of batch jobs that have not been collected, in words; "" where there are none."""
    jobs = open_jobs(cache) if (cache / JOBS).is_dir() else []
    calls = sum(job.lines for job in jobs)
    return f"{pluralized(calls, 'call')} of this cache {'is' if calls == 1 else 'are'} in batch jobs" if jobs else ""


def read_job(folder: Path) -> Job:
    """The job in a folder.

    Raises:
        CacheError: where its record is damaged, or of a newer version.
    """
    file = folder / RECORD
    try:
        fields = orjson.loads(file.read_bytes())
        version = fields.pop("version")
        if version == VERSION:
            job = Job(**fields)
            if all(type(getattr(job, name)) is type(getattr(_BLANK, name)) for name in fields):
                return replace(job, tag=folder.name)
    except (ValueError, TypeError, KeyError, AttributeError):
        version = None
    message = "is no record of a batch job" if version in (None, VERSION) else "was written by a newer version"
    hint = "the job may be running: look it up at the provider before you remove its folder"
    raise CacheError(Problem(str(file), message=message, hint=hint))


_BLANK = Job("", "", "", "", 0, 0)


def write_job(folder: Path, job: Job) -> None:
    """Write the record of a job."""
    fields: dict[str, Any] = {"version": VERSION, **asdict(job)}
    with replacing(folder / RECORD) as handle:
        handle.write(orjson.dumps(fields, option=orjson.OPT_INDENT_2))
    _sync(folder)


def _sync(folder: Path) -> None:
    """Let the names in a folder survive a power failure."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
