"""How the conversations of an evaluation are made from items. It holds no data, so that workers can receive it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.evaluators.cell import converse
from harness.evaluators.conversation import Conversation
from harness.evaluators.direct import DirectCell, direct_cell
from harness.prompting.strategy import Questions, compile_strategy
from harness.records.calls import Model
from harness.records.datasets import Item
from harness.records.experiment import Cell, Strategy
from harness.records.judgments import Outcome
from harness.records.shared_prompts import SharedItem, SharedPrompts
from harness.runner.direct_chunks import DirectReplay, Span
from harness.runner.draws import with_first_draw
from harness.runner.finished import EndedConversation
from harness.runner.session import Replies


class ItemChunk(Span, Protocol):
    """Some neighbouring items of one cell."""

    @property
    def cell(self) -> Cell:
        """The cell."""
        ...


@dataclass(frozen=True)
class Recipe:
    """Makes the conversations of cells about items.

    It can be pickled: what is compiled or remembered of prompts is made again where it is read.

    Attributes:
        models: the models by name.
        strategies: the strategies by name.
        shared: dataset and strategy of prompts that several cells send.
        first_draw: the number of the first draw.
    """

    models: Mapping[str, Model]
    strategies: Mapping[str, Strategy]
    shared: frozenset[tuple[str, str]] = frozenset()
    first_draw: int = 0
    questions: dict[str, Questions] = field(default_factory=dict, repr=False, compare=False)
    _prompts: dict[tuple[str, str], SharedPrompts] = field(default_factory=dict, repr=False, compare=False)
    _direct: dict[str, DirectCell | None] = field(default_factory=dict, repr=False, compare=False)
    _replay: DirectReplay = field(default_factory=DirectReplay, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.models, self.strategies, self.shared, self.first_draw)

    def conversations(self, chunk: ItemChunk, items: Iterable[Any]) -> Iterator[tuple[Item, Conversation[Outcome]]]:
        """The items of a chunk, each with a fresh conversation about it."""
        cell = chunk.cell
        questions, prompts = self.compiled(cell.strategy), self._known(cell)
        for row, plain in enumerate(items, chunk.start):
            item = plain if prompts is None else SharedItem.of(plain, prompts, row)
            conversation = converse(item, cell, questions, self.models)
            yield item, with_first_draw(conversation, self.first_draw) if self.first_draw else conversation

    def replayed(
        self, chunk: ItemChunk, items: Callable[[], Iterable[Any]], replies: Replies
    ) -> Sequence[EndedConversation[Outcome] | None] | None:
        """The conversations of a chunk as they end, without holding them where that is possible.

        Args:
            chunk: the chunk.
            items: gives its items.
            replies: the stored replies.

        Returns:
            None for each conversation that has to be held, or None where all have to be; a `JudgedChunk` where none.
        """
        cell = chunk.cell
        if cell.id not in self._direct:
            questions = self.compiled(cell.strategy)
            self._direct[cell.id] = direct_cell(cell, questions, self.models, self.first_draw)
        direct = self._direct[cell.id]
        if direct is None:
            return None
        is_shared = (cell.dataset, cell.strategy) in self.shared
        return self._replay.replayed(direct, chunk, items, replies, is_shared=is_shared)

    def compiled(self, strategy: str) -> Questions:
        """A compiled strategy."""
        found = self.questions.get(strategy)
        if found is None:
            found = self.questions[strategy] = compile_strategy(self.strategies[strategy])
        return found

    def _known(self, cell: Cell) -> SharedPrompts | None:
        """What is known of the prompts of a cell; None where no other cell sends the same."""
        key = (cell.dataset, cell.strategy)
        if key not in self.shared:
            return None
        if key not in self._prompts:
            self._prompts[key] = SharedPrompts(self.compiled(cell.strategy))
        return self._prompts[key]
