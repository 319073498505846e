"""Replay chunks of cells whose conversations are one batch of questions, without holding the conversations.

    items ──▶ messages ──▶ state of the hash ──▶ keys ──▶ stored replies ──▶ outcomes

All judges of an item are sent the same messages, so these are rendered and hashed once, and each further judge costs
the end of a hash. The texts of the items are needed by the first judge alone. A conversation that would continue, lacks
a reply or has a reply that is to be checked against its prompt is left out, to be held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

import orjson

from harness.cache.key import around_messages
from harness.evaluators.direct import DirectCell
from harness.records.calls import Reply
from harness.records.datasets import Item
from harness.records.judgments import Outcome
from harness.records.shared_prompts import MOST_PROMPTS, plain_messages, text_size
from harness.runner.finished import EndedConversation, JudgedChunk
from harness.runner.reply_notes import Remark, may_be_cut, other_model
from harness.runner.session import FREE, Replies


class Span(Protocol):
    """Some neighbouring items of a dataset."""

    @property
    def start(self) -> int:
        """Row of the first item."""
        ...

    @property
    def stop(self) -> int:
        """The row after that of the last one."""
        ...


class _Prompts(NamedTuple):
    """What is known of the prompts of a chunk, one of each for each item.

    Attributes:
        ids: of the items.
        sizes: bytes of the texts of the messages.
        states: of the hash of a key, after the messages.
    """

    ids: Sequence[str]
    sizes: Sequence[int]
    states: Sequence[Any]


class DirectReplay:
    """Replays chunks, and keeps the states of the hash of prompts that several cells send."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, int, int, bool, bytes], _Prompts] = {}
        self._room = MOST_PROMPTS

    def replayed(
        self,
        cell: DirectCell,
        chunk: Span,
        material: Callable[[], Iterable[Item]],
        replies: Replies,
        *,
        is_shared: bool,
    ) -> Sequence[EndedConversation[Outcome] | None]:
        """The conversations of a chunk as they end, a `JudgedChunk` where all do; None for each that has to be held.

        Args:
            cell: their cell.
            chunk: the chunk.
            material: gives its items; not called where the prompts are known.
            replies: the stored replies.
            is_shared: whether other cells send the same prompts.
        """
        prompts, keys = self._keys(cell, chunk, material, is_shared=is_shared)
        found = replies.get_many([key for column in keys for key in column])
        sizes = zip(*(each.sizes for each in prompts), strict=True)
        every = zip(prompts[0].ids, zip(*keys, strict=True), sizes, strict=True)
        read = _Reader(cell, found).ended
        ended = [read(*one) for one in every]
        return ended if None in ended else JudgedChunk.of(cast("list[EndedConversation[Outcome]]", ended))

    def _keys(
        self, cell: DirectCell, chunk: Span, material: Callable[[], Iterable[Item]], *, is_shared: bool
    ) -> tuple[list[_Prompts], list[list[str]]]:
        """For each question of a cell, what is known of the prompts of a chunk, and the keys."""
        items: list[Item] = []
        rendered: dict[bool, list[tuple[bytes, int]]] = {}
        prompts, keys = [], []
        for question in cell.asked:
            head, tail = around_messages(cell.call((), question))
            name = (cell.cell.dataset, cell.cell.strategy, chunk.start, chunk.stop, question.is_swapped, head)
            known = self._kept.get(name)
            if known is None:
                items = items or [*material()]
                if question.is_swapped not in rendered:
                    rendered[question.is_swapped] = [_rendered(cell, item, question.is_swapped) for item in items]
                texts, sizes = zip(*rendered[question.is_swapped], strict=True)
                states = [hashlib.sha256(head + text) for text in texts]
                known = _Prompts([item.id for item in items], sizes, states)
                if is_shared and self._room >= len(items):
                    self._room -= len(items)
                    self._kept[name] = known
            prompts.append(known)
            keys.append([_ended(state, tail) for state in known.states])
        return prompts, keys


def _rendered(cell: DirectCell, item: Item, is_swapped: bool) -> tuple[bytes, int]:
    """Canonical JSON of the messages about an item, and the bytes of their texts."""
    messages = plain_messages(cell.messages(item, is_swapped=is_swapped))
    return orjson.dumps(messages, option=orjson.OPT_SORT_KEYS), text_size(messages)


def _ended(state: Any, tail: bytes) -> str:
    """The digest of what was hashed so far and a tail."""
    state = state.copy()
    state.update(tail)
    digest: str = state.hexdigest()
    return digest


class _Reader:
    """Reads the replies to the questions of a cell."""

    def __init__(self, cell: DirectCell, found: Mapping[str, Reply]) -> None:
        self._outcome, self._found, self._model = cell.outcome, found, cell.model
        self._price = FREE if cell.model.is_free else cell.model.price

    def ended(self, item: str, keys: tuple[str, ...], sizes: tuple[int, ...]) -> EndedConversation[Outcome] | None:
        """A conversation as it ends; None where it has to be held.

        Args:
            item: id of the item.
            keys: of its calls, in order.
            sizes: bytes of the prompt of each.
        """
        model, price = self._model, self._price
        replies: list[Reply] = []
        remarks: tuple[Remark, ...] = ()
        prompt_tokens = completion_tokens = 0
        cost_usd: float | None = 0.0
        for key, size in zip(keys, sizes, strict=True):
            reply = self._found.get(key)
            if reply is None or reply.cost_usd is not None or may_be_cut(reply, size):
                return None
            replies.append(reply)
            prompt_tokens += reply.prompt_tokens
            completion_tokens += reply.completion_tokens
            if price is None or cost_usd is None:
                cost_usd = None
            elif price is not FREE:
                cost_usd += price.cost(reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)
            if reply.served_model != model.id and (served := other_model(model, reply)):
                remarks += (Remark(model.name, served),)
        outcome = self._outcome(replies)
        if outcome is None:
            return None
        return EndedConversation(item, outcome, keys, prompt_tokens, completion_tokens, cost_usd, remarks)
