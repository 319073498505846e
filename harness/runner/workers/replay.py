"""The coordinator's part of a replay with workers: it gives chunks to workers and stored replies to chunks.

    on this machine   coordinator: items of a chunk ──▶ worker: prompts, keys, stored replies, judgments
    on a cluster      coordinator: items of a chunk ──▶ worker: prompts and keys
                      coordinator: stored replies   ──▶ worker: judgments

A chunk that lacks a reply, holds a damaged one or keeps failing in workers is left to the coordinator, so workers
change the time that a replay takes, and nothing else.
"""

from __future__ import annotations

import pickle
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias, cast

from harness.runner.finished import EndedConversation
from harness.runner.session import DistributablePlan
from harness.runner.workers.chunks import BLOCKS_HELD, Job, Step, proceed, replay, start
from harness.runner.workers.lanes import LOST, Lane, Workers

EndedChunk: TypeAlias = tuple[Any, Sequence[EndedConversation[Any]] | None]
"""A chunk with its ended conversations, or with None where the coordinator has to run them."""

CHUNKS_PER_WORKER = 3
"""Chunks that a worker has at once, so that it has work while the replies of others are read."""
USUAL = 2
"""Tasks that a worker may have more than others before its usual items go to those."""
MOST_TRIES = 3
"""How often a chunk is given to workers that are lost with it."""
PATIENCE_S = 60.0
"""Seconds that a worker may take for one task of a chunk, which takes milliseconds."""


@dataclass(eq=False)
class _Chunk:
    """A chunk that a worker has."""

    chunk: Any
    job: Job
    lane: Lane | None = None
    task: Future[Step | None] | None = None
    since: float = 0.0
    tries: int = 0
    asked_at: int = 0
    lacks_material: bool = False
    is_done: bool = False
    ended: Sequence[EndedConversation[Any]] | None = None


@dataclass
class Replay:
    """Replays chunks with workers.

    Attributes:
        workers: the workers.
        values: the stored replies to some keys as bytes; those that are not stored are left out.
        folders: of the caches that hold them, for workers that have the same files.
        patience_s: seconds that a worker may take for one task.
    """

    workers: Workers
    values: Callable[[Sequence[str]], Mapping[str, bytes]]
    folders: Sequence[Path] = ()
    patience_s: float = PATIENCE_S
    chunks: int = field(default=0, init=False)
    """Chunks that workers replayed."""
    _version: int = field(default=0, init=False)

    def stored_more(self) -> None:
        """Take note that replies were stored: chunks that lacked some are tried again."""
        self._version += 1

    def finished(self, plan: Any, chunks: Iterable[Any]) -> Iterator[EndedChunk]:
        """Chunks in order, each with its ended conversations, or with None where the coordinator has to run them."""
        recipe = _pickled(plan)
        if recipe is None:
            yield from ((chunk, None) for chunk in chunks)
            return
        yield from _Pipeline(self, plan, recipe, iter(chunks)).finished()

    @property
    def version(self) -> int:
        """Grows with every call of `stored_more`."""
        return self._version


def _pickled(plan: Any) -> bytes | None:
    """What makes the conversations of a plan, for other processes; None where it cannot be sent to them."""
    if not hasattr(plan, "maker"):
        return None
    try:
        return pickle.dumps(cast("DistributablePlan[Any]", plan).maker(), pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None  # a model of the spec is an object of this process


def _block(plan: Any, chunk: Any) -> str:
    """The name of the items of a chunk where other cells are about them as well; "" where none is."""
    dataset = getattr(chunk.cell, "dataset", "")
    if not dataset or sum(cell.dataset == dataset for cell in plan.cells) < 2:
        return ""
    return f"{dataset}/{chunk.start}"


class _Pipeline:
    """Some chunks at once in workers, and their results in order."""

    def __init__(self, owner: Replay, plan: Any, recipe: bytes, todo: Iterator[Any]) -> None:
        self._replay, self._plan, self._recipe, self._todo = owner, plan, recipe, todo
        self._workers = owner.workers
        self._run = uuid.uuid4().hex
        self._window: deque[_Chunk] = deque()
        self._sent: dict[Lane, set[str]] = {}
        """The blocks of material that each worker keeps."""

    def finished(self) -> Iterator[EndedChunk]:
        """As `Replay.finished`."""
        try:
            while True:
                self._fill()
                if not self._window:
                    chunk = next(self._todo, None)
                    if chunk is None:
                        return
                    yield chunk, None  # no worker has started yet
                    continue
                first = self._window[0]
                while not first.is_done:
                    self._step(first)
                if first.ended is None and first.tries < MOST_TRIES and first.asked_at < self._replay.version:
                    self._begin(first)
                    continue
                self._window.popleft()
                yield first.chunk, first.ended
                self._proceed_all()
        finally:
            for one in self._window:
                self._leave(one)

    def _fill(self) -> None:
        """Give workers as many chunks as they can have."""
        lanes = self._workers.lanes()
        while len(self._window) < CHUNKS_PER_WORKER * len(lanes) and (chunk := next(self._todo, None)) is not None:
            self._window.append(_Chunk(chunk, Job(self._run, chunk.number, self._recipe, _block(self._plan, chunk))))
            self._begin(self._window[-1])

    def _begin(self, one: _Chunk) -> None:
        """Give a chunk to the worker that has the fewest tasks, or leave it to the coordinator where there is none."""
        lanes = self._workers.lanes()
        one.is_done, one.ended = not lanes, None
        if lanes:
            # A worker remembers the prompts of its items, which other cells send as well.
            usual = lanes[one.chunk.start // max(1, one.chunk.stop - one.chunk.start) % len(lanes)]
            one.lane = min(lanes, key=lambda lane: lane.tasks - USUAL * (lane is usual))
            one.asked_at = self._replay.version
            material = self._material(one)
            if self._workers.has_same_files and self._replay.folders:
                self._submit(one, replay, one.job, one.chunk, material, self._replay.folders)
            else:
                self._submit(one, start, one.job, one.chunk, material)

    def _material(self, one: _Chunk) -> list[Any] | None:
        """The material of a chunk; None where its worker has received it with a chunk of another cell."""
        assert one.lane is not None
        sent = self._sent.setdefault(one.lane, set())
        if one.job.block in sent and not one.lacks_material:
            return None
        if one.job.block and len(sent) < BLOCKS_HELD:
            sent.add(one.job.block)
        return [*self._plan.material(one.chunk)]

    def _submit(self, one: _Chunk, task: Callable[..., Step | None], *arguments: Any) -> None:
        assert one.lane is not None
        one.since = monotonic()
        try:
            one.task = one.lane.executor.submit(task, *arguments)
        except (*LOST, RuntimeError) as error:  # the executor has noticed before us
            one.task = Future()
            one.task.set_exception(error if isinstance(error, LOST) else LOST[0]())
        one.lane.tasks += 1

    def _leave(self, one: _Chunk) -> None:
        """Take a chunk from its worker."""
        if one.task is not None and one.lane is not None:
            one.task.cancel()
            one.task = None
            one.lane.tasks -= 1

    def _step(self, first: _Chunk) -> None:
        """Wait for a task to end, and advance all chunks whose task has ended."""
        tasks = [one.task for one in self._window if one.task is not None]
        wait(tasks, timeout=self._workers.poll_s, return_when=FIRST_COMPLETED)
        self._proceed_all()
        lane, task = first.lane, first.task
        if task is None or lane is None or task.done():
            return
        if monotonic() - first.since > self._replay.patience_s:
            self._lost(first, lane)

    def _proceed_all(self) -> None:
        for one in self._window:
            if one.task is not None and one.task.done():
                self._proceed(one, one.task)

    def _proceed(self, one: _Chunk, task: Future[Step | None]) -> None:
        """Take the result of a task, and give the next one."""
        assert one.lane is not None
        one.task = None
        one.lane.tasks -= 1
        try:
            step = task.result()
        except LOST:
            self._lost(one, one.lane)
            return
        except Exception:
            one.is_done = True  # the coordinator runs into the same error, where a user can see it
            return
        if step is None:
            one.lacks_material = True
            self._begin(one)
        elif step.ended is not None:
            one.is_done, one.ended = True, step.ended
            self._replay.chunks += 1
        elif not step.keys:
            one.is_done = True  # the worker found no reply to a call
        else:
            values = self._replay.values(step.keys)
            if len(values) < len(step.keys):
                one.is_done = True
            else:
                self._submit(one, proceed, one.job, values)

    def _lost(self, one: _Chunk, lane: Lane) -> None:
        """Replace a worker, and begin its chunks again."""
        self._workers.lost(lane)
        for other in self._window:
            if other.lane is lane and (other is one or other.task is not None):
                self._leave(other)
                other.lane = None
                other.tries += other is one
                other.is_done = other.tries >= MOST_TRIES
                if not other.is_done:
                    self._begin(other)
