"""Plan → Judgments: replay what the cache holds, and make the calls that it lacks.

A run reads the cache chunk by chunk in canonical order and yields judgments. At the first chunk that lacks a reply,
`executor.py` makes all missing calls from there on and stores their replies; then reading resumes. Judgments come from
the cache alone, in one order, whichever call completed first, so they are the same bytes at any concurrency and after
any interruption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast

from harness.cache.entry import Store
from harness.errors import CacheError, MissingRepliesError
from harness.records.judgments import Outcome
from harness.runner.chunk import Chunk
from harness.runner.finished import FinishedConversation, JudgedChunk, remarks_of
from harness.runner.garbage import collecting
from harness.runner.reply_notes import ReplyNotes
from harness.runner.session import (
    Connect,
    ConversationChunk,
    ConversationPlan,
    ConversationState,
    ProgressListener,
    Replies,
    UnavailableReplies,
)
from harness.runner.stored_chunks import advanced

T = TypeVar("T")


class WaveExecution(Protocol):
    """Makes missing calls in another way than one by one."""

    def __call__(self, run: Run[Any], first: int, reached: int) -> None:
        """Make the missing calls of all chunks from a number on; `reached` conversations precede them."""
        ...


class ChunkReplay(Protocol):
    """Replays chunks elsewhere."""

    def finished(self, plan: Any, chunks: Iterable[Any]) -> Iterator[tuple[Any, Sequence[Any] | None]]:
        """Chunks in order, each with its ended conversations; None where they have to be run here."""
        ...

    def stored_more(self) -> None:
        """Take note that replies were stored."""
        ...


class Part(NamedTuple):
    """The judgments of one chunk, in order."""

    chunk: Chunk
    judged: JudgedChunk


@dataclass
class Run(Generic[T]):
    """A run in progress.

    Attributes:
        plan: the conversations.
        store: the cache.
        connect: opens the connection to a model; None where no call may be made.
        watch: receives progress.
        before_asking: receives the stored replies, before the first call is made.
        unavailable: calls without a reply.
        observed: remarks on replies.
        is_offline: whether only recordings on this machine may be read.
        waves: makes the calls; None where they are made one by one.
        replay: replays chunks elsewhere; None where this process does.
    """

    plan: ConversationPlan[T]
    store: Store
    connect: Connect | None
    watch: ProgressListener
    before_asking: Callable[[Replies], None] = lambda _: None
    unavailable: UnavailableReplies = field(default_factory=UnavailableReplies)
    observed: ReplyNotes = field(default_factory=ReplyNotes)
    is_offline: bool = False
    waves: WaveExecution | None = None
    replay: ChunkReplay | None = None

    def may_ask(self, chunk: ConversationChunk) -> bool:
        """Whether the calls of a chunk may be made; offline those to recordings on this machine may."""
        if self.connect is None:
            return False
        return not self.is_offline or all(self.plan.spec.models[name].is_local for name in chunk.cell.models)

    def parts(self) -> Iterator[Part]:
        """All judgments in canonical order; makes the calls that are missing, and raises as `finished_chunks`."""
        for chunk, conversations in self.finished_chunks():
            yield Part(chunk, JudgedChunk.of(cast("Sequence[FinishedConversation[Outcome]]", conversations)))

    def finished_chunks(self) -> Iterator[tuple[Any, Sequence[FinishedConversation[T]]]]:
        """All chunks in canonical order, each with its conversations, which have ended.

        Raises:
            MissingRepliesError: if replies are missing and no call may be made.
            CacheError: if the cache fails.
        """
        self.watch.begin(self.plan.conversation_count)
        with collecting(False):
            yield from self._finished()

    def _finished(self) -> Iterator[tuple[Any, Sequence[FinishedConversation[T]]]]:
        missing = Missing()
        reached = 0
        for chunk, replayed in self._replayed():
            conversations = self._run_here(chunk, reached, missing) if replayed is None else replayed
            reached += len(conversations)
            place = chunk.cell.id
            for item, remarks in remarks_of(conversations):
                self.observed.add(place, item, remarks)
            if not missing.calls:
                self.watch.reached(reached)
                yield chunk, conversations
        missing.raise_if_any()

    def _replayed(self) -> Iterator[tuple[Any, Sequence[FinishedConversation[T]] | None]]:
        """All chunks, each with its ended conversations where they were replayed elsewhere, else with None."""
        chunks = self.plan.chunks()
        return ((chunk, None) for chunk in chunks) if self.replay is None else self.replay.finished(self.plan, chunks)

    def _run_here(self, chunk: Any, reached: int, missing: Missing) -> Sequence[FinishedConversation[T]]:
        """The conversations of a chunk; what they lack is asked for, or added to what is missing."""
        conversations, waiting = advanced(self.plan, chunk, self.store, self.unavailable)
        if not waiting:
            pass
        elif not self.may_ask(chunk):
            missing.add(chunk, waiting, self.store)
        else:
            with collecting(True):  # calls in flight make cycles
                self._execute(chunk, reached)
            conversations, waiting = advanced(self.plan, chunk, self.store, self.unavailable)
            if waiting:
                raise CacheError("the cache does not give back what was just stored", hint=VERIFY)
        return conversations

    def _execute(self, first: ConversationChunk, reached: int) -> None:
        """Make all missing calls from a chunk on; `reached` conversations precede it."""
        assert self.connect is not None
        self.before_asking(self.store)
        if self.replay is not None:
            self.replay.stored_more()
        if self.waves is not None:
            self.waves(self, first.number, reached)
            return
        from harness.runner.executor import Executor, execute

        executor = Executor(self.store, self.connect, self.watch, self.unavailable, reached)
        chunks = (chunk for chunk in self.plan.chunks() if chunk.number >= first.number and self.may_ask(chunk))
        execute(self.plan, chunks, executor)


class RunResult(NamedTuple):
    """The result of a run.

    Attributes:
        id: the run id.
        calls: number of calls whose replies its results use.
    """

    id: str
    calls: int


class RunOf(Protocol):
    """Makes the runs of one command: with one cache, one budget and one record of unavailable replies."""

    def __call__(self, agenda: ConversationPlan[T]) -> Run[T]:
        """The run of the conversations of a plan."""
        ...


@dataclass
class Missing:
    """The replies that an offline run lacks: the first place, and the number."""

    calls: set[str] = field(default_factory=set)
    judgments: int = 0
    place: str = ""

    def add(self, chunk: ConversationChunk, conversations: Sequence[ConversationState[Any]], store: Store) -> None:
        """Record the calls that these conversations wait for."""
        keys = [key for conversation in conversations for key in conversation.keys]
        found = store.get_many(keys)
        self.calls.update(key for key in keys if key not in found)
        self.judgments += len(conversations)
        self.place = self.place or f"cell {chunk.cell.id}, item {conversations[0].item.id}"

    def raise_if_any(self) -> None:
        """Raise MissingRepliesError if a reply is missing."""
        if self.calls:
            raise MissingRepliesError(
                f"the cache lacks at least {len(self.calls)} replies for {self.judgments} judgments, "
                f"the first for {self.place}",
                hint="import a bundle that holds them, or run without --offline to ask for them",
            )


VERIFY = "run `harness cache verify`"
