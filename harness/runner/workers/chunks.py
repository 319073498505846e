"""The part of a replay that workers do: render the prompts of a chunk, and pass stored replies to its conversations.

A worker on this machine reads the replies itself (`replay`); one elsewhere receives them (`start`, then `proceed`).

These functions run in workers. A worker keeps the conversations of a chunk between two tasks, because rendering them is
most of the work; one that was started in the meantime does not have them, and the chunk begins again. No result depends
on what a worker keeps.
"""

from __future__ import annotations

import os
import pickle
import platform
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from harness._version import __version__
from harness.cache.entry import stored_reply
from harness.cache.joined import opened_cache
from harness.evaluators.conversation import Conversation
from harness.records.calls import Reply
from harness.records.datasets import Item
from harness.records.reasoning import separated
from harness.runner.finished import EndedConversation, FinishedConversation, JudgedChunk, as_sent
from harness.runner.garbage import collecting
from harness.runner.session import (
    ConversationMaker,
    ConversationState,
    UnavailableReplies,
    advance,
)
from harness.runner.stored_chunks import advanced

CHUNKS_HELD = 16
"""Chunks whose conversations a worker keeps; a coordinator gives it fewer at once."""
RECIPES_HELD = 4
BLOCKS_HELD = 64
"""Blocks of material that a worker keeps for other cells, about 2 KB an item; the first ones, since cells follow each
other in the same order."""


class Worker(NamedTuple):
    """What a worker is.

    Attributes:
        version: of the harness.
        python: version of Python.
        process: its process id.
    """

    version: str
    python: str
    process: int


class Job(NamedTuple):
    """A chunk.

    Attributes:
        run: random digits that distinguish runs, since several may use one worker.
        number: of the chunk.
        recipe: what makes its conversations, pickled.
        block: names its material, which other chunks have as well; "" for material of its own.
    """

    run: str
    number: int
    recipe: bytes
    block: str = ""


class Step(NamedTuple):
    """How far a chunk is.

    Attributes:
        keys: the keys of the calls that its conversations wait for.
        ended: its conversations in order, once all have ended; else None.
    """

    keys: list[str]
    ended: Sequence[EndedConversation[Any]] | None = None


class _Held(NamedTuple):
    """The conversations of a chunk between two tasks."""

    conversations: list[ConversationState[Any]]
    waiting: list[ConversationState[Any]]


def introduce() -> Worker:
    """What this worker is; the first task of each."""
    return Worker(__version__, platform.python_version(), os.getpid())


def start(job: Job, chunk: Any, material: Any) -> Step | None:
    """Begin the conversations of a chunk; None where this worker does not have the material.

    Args:
        job: the chunk.
        chunk: the chunk, as the plan gives it.
        material: what its conversations are about, as the plan gives it; None if it was sent with another chunk.
    """
    material = _material(job, material)
    if material is None:
        return None
    maker: ConversationMaker[Any] = _maker(job.run, job.recipe)
    with collecting(False):
        conversations = [ConversationState(item, one) for item, one in maker.conversations(chunk, material)]
    return _kept(job, _Held(conversations, conversations))


def proceed(job: Job, values: Mapping[str, bytes]) -> Step | None:
    """Pass stored replies to the conversations of a chunk; None where this worker does not have them.

    Args:
        job: the chunk.
        values: the stored replies to all calls that the conversations wait for, as the cache holds them.

    Raises:
        ValueError: where a stored reply is damaged.
    """
    held = _chunks().pop((job.run, job.number), None)
    if held is None:
        return None
    with collecting(False):
        replies = _Replies({key: separated(stored_reply(key, value)) for key, value in values.items()})
        waiting = advance(held.waiting, replies, UnavailableReplies())
    if waiting:
        return _kept(job, held._replace(waiting=waiting))
    return Step([], as_sent([one.finished() for one in held.conversations]))


def replay(job: Job, chunk: Any, material: Any, folders: Sequence[Path]) -> Step | None:
    """Replay a chunk from caches that this worker can read; None where this worker does not have the material.

    Args:
        job: the chunk.
        chunk: the chunk, as the plan gives it.
        material: what its conversations are about, as the plan gives it; None if it was sent with another chunk.
        folders: of the caches.

    Returns:
        The step, in which nothing has ended where a reply is missing.

    Raises:
        CacheError: where a cache cannot be read, or a reply in it is damaged.
    """
    plan = _PlanOfOne(_maker(job.run, job.recipe), _material(job, material))
    with opened_cache(folders) as cache, collecting(False):
        try:
            every, waiting = advanced(plan, chunk, cache, UnavailableReplies())
        except _LacksMaterialError:
            return None
        if waiting:
            return Step([])
        return Step([], every if isinstance(every, JudgedChunk) else as_sent([*map(_ended, every)]))


def _ended(conversation: FinishedConversation[Any]) -> EndedConversation[Any]:
    """A conversation that has ended, as another process receives it."""
    if isinstance(conversation, EndedConversation):
        return conversation
    assert isinstance(conversation, ConversationState)
    return conversation.finished()


class _LacksMaterialError(Exception):
    """The material of a chunk is needed and is not here."""


class _PlanOfOne:
    """A plan whose only chunk is given; what is remembered of its prompts may make its material unnecessary."""

    def __init__(self, maker: ConversationMaker[Any], given: Any) -> None:
        self._maker, self._given = maker, given

    def maker(self) -> ConversationMaker[Any]:
        """As `harness.runner.session.DistributablePlan`."""
        return self._maker

    def material(self, chunk: Any) -> Any:
        """As `harness.runner.session.DistributablePlan`."""
        if self._given is None:
            raise _LacksMaterialError
        return self._given

    def conversations(self, chunk: Any) -> Iterator[tuple[Item, Conversation[Any]]]:
        """As `harness.runner.session.ConversationPlan`."""
        return self._maker.conversations(chunk, self.material(chunk))


class _Replies:
    """The replies that a task received."""

    def __init__(self, replies: dict[str, Reply]) -> None:
        self._replies = replies

    def get_many(self, keys: Sequence[str]) -> dict[str, Reply]:
        """As `harness.runner.session.Replies`."""
        return self._replies


def _kept(job: Job, held: _Held) -> Step:
    chunks = _chunks()
    chunks[job.run, job.number] = held
    while len(chunks) > CHUNKS_HELD:
        chunks.popitem(last=False)
    return Step(list(dict.fromkeys(key for one in held.waiting for key in one.keys)))


@cache
def _chunks() -> OrderedDict[tuple[str, int], _Held]:
    """The chunks that this worker has begun."""
    return OrderedDict()


def _material(job: Job, material: Any) -> Any:
    """The material of a chunk, which is kept where others have it as well."""
    if not job.block:
        return material
    blocks = _blocks()
    if material is None:
        return blocks.get((job.run, job.block))
    if len(blocks) >= BLOCKS_HELD and next(iter(blocks))[0] != job.run:
        blocks.clear()  # of another run, which is over or will send them again
    if len(blocks) < BLOCKS_HELD:
        blocks[job.run, job.block] = material
    return material


@cache
def _blocks() -> dict[tuple[str, str], Any]:
    """The material that this worker keeps."""
    return {}


@lru_cache(RECIPES_HELD)
def _maker(run: str, recipe: bytes) -> Any:
    """What makes conversations. It remembers prompts by the rows of the data, which may be others in another run."""
    return pickle.loads(recipe)  # noqa: S301 - the coordinator wrote it
