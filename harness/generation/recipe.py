"""How loops and their comparisons are made from prompts. It holds no data, so that workers can receive it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from harness.evaluators.cell import ORDERS
from harness.evaluators.cell import converse as judging
from harness.evaluators.conversation import Conversation
from harness.generation.loop import LoopContext, converse
from harness.generation.records import GenerationSpec, System, Trajectory
from harness.generation.review import Reviewing
from harness.prompting.strategy import Questions, compile_strategy
from harness.records.datasets import Item
from harness.records.judgments import FailureKind, Outcome
from harness.runner.recipe import ItemChunk, Recipe
from harness.runner.session import Replies


def loop_context(spec: GenerationSpec) -> LoopContext:
    """The settings that all loops of a spec share."""
    assert spec.review is not None, "a valid spec has a review rule"
    chosen = spec.selection.cell
    questions: Questions | None = None if chosen is None else compile_strategy(spec.strategies[chosen.strategy])
    return LoopContext(spec.models, Reviewing(spec.review), spec.stop, spec.selection, questions)


class LoopOf(Protocol):
    """Some neighbouring prompts of one system."""

    @property
    def cell(self) -> System:
        """The system."""
        ...


class LoopRecipe:
    """Makes loops about prompts. It can be pickled: what it compiles is compiled again where it is read.

    Args:
        spec: the experiment.
        context: the settings that all loops share.
    """

    __slots__ = ("_context", "_spec")

    def __init__(self, spec: GenerationSpec, context: LoopContext | None = None) -> None:
        self._spec = spec
        self._context = context or loop_context(spec)

    def __reduce__(self) -> tuple[Any, ...]:
        return LoopRecipe, (self._spec,)

    def conversations(self, chunk: LoopOf, items: Iterable[Item]) -> Iterator[tuple[Item, Conversation[Trajectory]]]:
        """The prompts of a chunk, each with a fresh loop."""
        for item in items:
            yield item, converse(item, chunk.cell, self._context)


class MatchedItem(NamedTuple):
    """Two drafts that are compared.

    Attributes:
        item: the prompt with both drafts.
        failure: why one of them does not exist; None where both do.
    """

    item: Item
    failure: FailureKind | None


class MatchRecipe(Recipe):
    """Makes the conversations about picked drafts.

    If a system has no draft, the judgment fails as the system did; two drafts with the same text are a tie. Neither
    makes a model call.
    """

    def conversations(
        self, chunk: ItemChunk, items: Iterable[MatchedItem]
    ) -> Iterator[tuple[Item, Conversation[Outcome]]]:
        """The items of a chunk, each with a fresh conversation about it."""
        cell, questions = chunk.cell, self.compiled(chunk.cell.strategy)
        votes = len(ORDERS[cell.order]) * cell.repeats
        for item, failure in items:
            if failure is not None:
                yield item, decided(Outcome(None, failure), votes)
            elif item.response_a.split() == item.response_b.split():
                yield item, decided(Outcome("tie"), votes)
            else:
                yield item, judging(item, cell, questions, self.models)

    def replayed(self, chunk: ItemChunk, items: Callable[[], Iterable[Any]], replies: Replies) -> None:
        """None: some conversations make no call, so all are held."""
        return


def decided(outcome: Outcome, votes: int) -> Conversation[Outcome]:
    """A conversation without calls, however many repeats the others have."""
    yield []
    return outcome._replace(votes=(outcome.name,) * votes) if votes > 1 else outcome
