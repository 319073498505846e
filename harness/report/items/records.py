"""What a page shows of an item: texts, labels, verdicts, and the conversation behind each verdict.

All texts are raw: replies, data and ids are untrusted, and templates escape them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

DiffKind = Literal["same", "added", "removed"]


class Message(NamedTuple):
    """One message of a call."""

    role: str
    text: str


class ReplyPiece(NamedTuple):
    """A part of a reply, and whether the answer rule read it."""

    text: str
    is_read: bool


class DiffPiece(NamedTuple):
    """A part of a text that was kept, added or removed."""

    kind: DiffKind
    text: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call and its reply.

    Attributes:
        step: its place in the conversation, such as `judge` or `debate-1-2`; `call 1` where it is not known.
        speaker: the persona that is asked in a debate, "" elsewhere.
        model: the name that the spec gives the model, "" where it is not known.
        model_id: what the cache key calls it.
        params: of the model and of the call.
        draw: number of the draw.
        key: cache key.
        messages: all that are sent.
        shared: how many messages at the start are those of an earlier call.
        shared_with: the step of that call, "" without one.
        reply: the text, None where the cache does not hold it.
        reasoning: "" where there is none.
        finish: why the reply ended, "" without a reply.
        is_truncated: whether it was cut off at the token limit.
        answer: what the answer rule read, in words; "" where the rule does not read this reply.
        spans: the parts of `reply` that the rule read, as pairs of offsets in characters.
        read_text: the part of the normalised reply that was read, where it has no place in `reply`; else "".
        prompt_tokens: as the endpoint reports them.
        completion_tokens: as the endpoint reports them, reasoning included.
        cost_usd: by the prices in the spec, None where the model has none.
    """

    step: str
    speaker: str
    model: str
    model_id: str
    params: Mapping[str, Any]
    draw: int
    key: str
    messages: tuple[Message, ...]
    shared: int = 0
    shared_with: str = ""
    reply: str | None = None
    reasoning: str = ""
    finish: str = ""
    is_truncated: bool = False
    answer: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    read_text: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None

    @property
    def pieces(self) -> tuple[ReplyPiece, ...]:
        """The reply in parts, those of `spans` marked as read."""
        found, at, text = list[ReplyPiece](), 0, self.reply or ""
        for start, stop in self.spans:
            start = max(start, at)
            found += [ReplyPiece(text[at:start], False), ReplyPiece(text[start:stop], True)]
            at = max(at, stop)
        return tuple(piece for piece in (*found, ReplyPiece(text[at:], False)) if piece.text)

    @property
    def is_swapped(self) -> bool:
        """Whether the responses were shown in the swapped order: what the reply calls A is response b."""
        return self.step.startswith("swapped/") or "-swapped" in self.step


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """The conversation of a cell about an item.

    Attributes:
        cell: id of the cell.
        evaluator: such as `judge:gpt-4o`.
        outcome: the verdict or the failure that the run holds, None where it holds no judgment.
        score_a: of response a, None without one.
        score_b: of response b, None without one.
        votes: the verdicts that were collapsed into this one.
        batches: calls that go out together, in order.
        members: of a jury, the conversations whose verdicts it counts.
        missing: why there are no calls, or not all; "" where there are.
        is_replayed: whether the steps come from the spec and the data; False where the calls come from the cache by
            their keys alone.
    """

    cell: str
    evaluator: str
    outcome: str | None
    score_a: float | None = None
    score_b: float | None = None
    votes: tuple[str, ...] = ()
    batches: tuple[tuple[CallRecord, ...], ...] = ()
    members: tuple[ConversationRecord, ...] = ()
    missing: str = ""
    is_replayed: bool = True

    @property
    def calls(self) -> tuple[CallRecord, ...]:
        """All calls, in order."""
        return tuple(call for batch in self.batches for call in batch)

    @property
    def tokens(self) -> int:
        """Of prompts and replies, members included."""
        own = sum(call.prompt_tokens + call.completion_tokens for call in self.calls)
        return own + sum(member.tokens for member in self.members)

    @property
    def cost_usd(self) -> float | None:
        """Of all calls, members included; None where a model has no price."""
        costs = [call.cost_usd for call in self.calls] + [member.cost_usd for member in self.members]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """One cell's judgment of an item.

    Attributes:
        cell: id of the cell.
        evaluator: such as `judge:gpt-4o`.
        strategy: its strategy.
        outcome: the verdict or the failure.
        is_failure: whether it is a failure.
        is_right: whether the verdict is the reference verdict, None where either is missing.
        flips: whether the two orders of the responses led to different verdicts.
        score_a: of response a, None without one.
        score_b: of response b, None without one.
        votes: the verdicts that were collapsed into this one.
        abstained: how many voices were left out because they failed.
        tokens: of prompts and replies.
    """

    cell: str
    evaluator: str
    strategy: str
    outcome: str
    is_failure: bool
    is_right: bool | None
    flips: bool
    score_a: float | None
    score_b: float | None
    votes: tuple[str, ...]
    abstained: int
    tokens: int


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """An item with the judgments of all cells.

    Attributes:
        dataset: the name that the spec gives it.
        item: id.
        position: in the dataset, from 1.
        items: of the dataset.
        previous: id of the item before, None for the first one.
        next: id of the item after it, None for the last one.
        prompt: the chat so far as messages, None where the text is not there.
        response_a: None where the text is not there.
        response_b: None where the text is not there.
        reference_answer: None where there is none.
        model_a: who wrote response a, None where that is not known.
        model_b: who wrote response b.
        reference: the reference verdict, None without labels.
        labels: annotator and label, None where an annotator gave none.
        category: None without one.
        cluster: items that share it are not independent.
        columns: other columns of the data that are kept for it: name and value.
        reasons: why it is among the most telling items.
        verdicts: of all cells, in canonical order.
        conversations: those that were asked for.
        missing: why there are no texts, "" where there are.
        is_single: whether response a is the only one.
        responses: of an item with several, each with how good people find it, None where they say nothing.
    """

    dataset: str
    item: str
    position: int
    items: int
    previous: str | None
    next: str | None
    prompt: tuple[Message, ...] | None
    response_a: str | None
    response_b: str | None
    reference_answer: str | None
    model_a: str | None
    model_b: str | None
    reference: str | None
    labels: tuple[tuple[str, str | None], ...]
    category: str | None
    cluster: str
    columns: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    verdicts: tuple[VerdictRecord, ...] = ()
    conversations: tuple[ConversationRecord, ...] = ()
    missing: str = ""
    is_single: bool = False
    responses: tuple[tuple[str, float | None], ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """One reviewer's review of a draft; no score where none could be read."""

    reviewer: str
    text: str
    score: float | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class DuelRecord:
    """The comparison of a new draft with the best so far; drafts count from 1, `a` is the best so far."""

    best: int
    new: int
    verdict: str | None
    failure: str | None
    score_best: float | None = None
    score_new: float | None = None


@dataclass(frozen=True, slots=True)
class DraftRecord:
    """One draft of a loop.

    Attributes:
        number: from 1.
        text: the draft.
        score: mean of the reviewers' scores, None without any.
        is_picked: whether the loop picked it.
        is_truncated: whether it was cut off at the token limit.
        reviews: of the reviewers, in their order.
        diff: against the draft before it, word by word; empty for the first one.
    """

    number: int
    text: str
    score: float | None
    is_picked: bool
    is_truncated: bool
    reviews: tuple[ReviewRecord, ...] = ()
    diff: tuple[DiffPiece, ...] = ()


@dataclass(frozen=True, slots=True)
class LoopRecord:
    """The loop of a system on one prompt.

    Attributes:
        system: id of the system.
        prompts: name of the prompt set.
        item: id of the prompt.
        prompt: the chat so far.
        drafts: in the order in which they were written.
        duels: of the tournament.
        failure: why the generator gave no further draft, None where it did.
        ended: why the loop ended early, "" where it did not.
        conversation: every call of the loop, None where it was not asked for.
    """

    system: str
    prompts: str
    item: str
    prompt: tuple[Message, ...] | None
    drafts: tuple[DraftRecord, ...] = ()
    duels: tuple[DuelRecord, ...] = field(default=())
    failure: str | None = None
    ended: str = ""
    conversation: ConversationRecord | None = None
