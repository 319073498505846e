"""Counts of calls and tokens that are still needed, and what they cost: the parts of an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.providers.tokens import Count, most_reply_tokens
from harness.records.calls import Call, Model
from harness.records.shared_prompts import text_size

BYTES_PER_TOKEN = 4
"""An estimate for common languages and tokenizers, not a bound."""

USUAL_REPLY_TOKENS = 200
"""Tokens of a reply of a model of which the cache holds no reply for the plan: an assumption, which is stated."""

PROMPTS_COUNTED = 64
"""Prompts of a model that are tokenized; the rest are estimated from their bytes for each token."""


class Range(NamedTuple):
    """A lower and an upper bound."""

    low: float = 0
    high: float = 0

    def plus(self, low: float, high: float) -> Range:
        """Both ends moved up."""
        return Range(self.low + low, self.high + high)

    def times(self, factor: float) -> Range:
        """Both ends multiplied, as whole numbers."""
        return Range(round(self.low * factor), round(self.high * factor))


class PromptSize:
    """The number of tokens in the prompts of one model.

    Args:
        count: counts the tokens of a text; None to estimate them from its bytes.
    """

    def __init__(self, count: Count | None) -> None:
        self._count = count
        self._prompts = self._bytes = self._tokens = 0

    @property
    def method(self) -> str:
        """`bytes` or `tiktoken`."""
        return "tiktoken" if self._count else "bytes"

    def tokens(self, call: Call) -> int:
        """Tokens of the prompt of a call."""
        size = text_size(call.messages)
        if self._count is None:
            return -(-size // BYTES_PER_TOKEN)
        if self._prompts < PROMPTS_COUNTED:
            tokens = sum(self._count(message["content"]) for message in call.messages)
            self._prompts, self._bytes, self._tokens = self._prompts + 1, self._bytes + size, self._tokens + tokens
            return tokens
        return -(-size * self._tokens // max(1, self._bytes))


PLAIN = PromptSize(None)
"""An estimate by bytes alone, without state."""


@dataclass
class Typical:
    """The usual length of the replies of a model.

    Attributes:
        replies: cached replies that it rests on, 0 for the stated default.
        tokens: of these.
    """

    replies: int = 0
    tokens: int = 0

    def reply_tokens(self, most: int) -> float:
        """Tokens of a usual reply, which has at most `most`."""
        return min(self.tokens / self.replies if self.replies else USUAL_REPLY_TOKENS, most)


class Expected(NamedTuple):
    """What is expected of the calls to a model."""

    calls: float
    prompt_tokens: float
    completion_tokens: float


@dataclass
class Need:
    """The calls that are still to be made.

    Attributes:
        cached: calls whose replies the cache holds (counted for cells only).
        calls: calls still to be made.
        prompt_tokens: estimated tokens of their prompts.
        completion_tokens: tokens of their replies; the upper bound is the limit in the calls.
        likely: calls that are expected to be made.
        likely_prompts: tokens of their prompts without earlier replies.
        carried: earlier replies in these prompts.
    """

    cached: int = 0
    calls: Range = field(default_factory=Range)
    prompt_tokens: Range = field(default_factory=Range)
    completion_tokens: Range = field(default_factory=Range)
    likely: float = 0
    likely_prompts: float = 0
    carried: float = 0

    def add(self, calls: tuple[int, int], prompt: tuple[int, int], reply: tuple[int, int]) -> None:
        """Count more of each."""
        self.calls = self.calls.plus(*calls)
        self.prompt_tokens = self.prompt_tokens.plus(*prompt)
        self.completion_tokens = self.completion_tokens.plus(*reply)

    def times(self, factor: float) -> Need:
        """Each count multiplied, as whole numbers where it is one."""
        return Need(
            round(self.cached * factor),
            self.calls.times(factor),
            self.prompt_tokens.times(factor),
            self.completion_tokens.times(factor),
            self.likely * factor,
            self.likely_prompts * factor,
            self.carried * factor,
        )

    def join(self, other: Need) -> None:
        """Add all that another one counts."""
        self.cached += other.cached
        self.calls = self.calls.plus(*other.calls)
        self.prompt_tokens = self.prompt_tokens.plus(*other.prompt_tokens)
        self.completion_tokens = self.completion_tokens.plus(*other.completion_tokens)
        self.likely += other.likely
        self.likely_prompts += other.likely_prompts
        self.carried += other.carried

    def expect(self, prompt: int, carried: float = 0, *, calls: int = 1) -> None:
        """Count calls that are expected to be made.

        Args:
            prompt: tokens of their prompts without earlier replies.
            carried: earlier replies in their prompts.
            calls: how many they are.
        """
        self.likely += calls
        self.likely_prompts += prompt
        self.carried += carried

    def expected(self, model: Model, typical: Typical) -> Expected:
        """What is expected of these calls, with replies of the usual length."""
        reply = typical.reply_tokens(largest_reply(model))
        return Expected(self.likely, self.likely_prompts + self.carried * reply, self.likely * reply)

    def expected_usd(self, model: Model, typical: Typical) -> float | None:
        """The expected cost; None if the model has no price and calls are left to make."""
        if model.is_free or not self.calls.high:
            return 0.0
        if model.price is None:
            return None
        found = self.expected(model, typical)
        return model.price.cost(found.prompt_tokens, found.completion_tokens)

    def cost_usd(self, model: Model) -> Range | None:
        """The cost; None if the model has no price and calls are left to make."""
        if model.is_free or not self.calls.high:
            return Range()
        if model.price is None:
            return None
        return Range(*map(model.price.cost, self.prompt_tokens, self.completion_tokens))


class Sampled(NamedTuple):
    """The part of a plan that was counted.

    Attributes:
        counted: conversations that were counted.
        of: all conversations.
    """

    counted: int
    of: int


@dataclass
class Estimate:
    """The estimate of a plan.

    Attributes:
        cells: by cell id, in canonical order.
        models: by model name; a call that two cells share counts once here.
        sizes: by model name, how its prompt tokens were counted.
        typical: by model name, the usual length of its replies.
        notes: remarks on the calls.
        sampled: the part of the plan that was counted; None where all of it was, and the counts of cells are exact.
    """

    cells: dict[str, Need] = field(default_factory=dict)
    models: dict[str, Need] = field(default_factory=dict)
    sizes: dict[str, PromptSize] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    typical: dict[str, Typical] = field(default_factory=dict)
    sampled: Sampled | None = None

    def typical_of(self, name: str) -> Typical:
        """The usual length of the replies of a model."""
        return self.typical.setdefault(name, Typical())

    def expected_usd(self, models: Mapping[str, Model]) -> float | None:
        """The expected cost of all calls; None if a model to call has no price."""
        costs = [need.expected_usd(models[name], self.typical_of(name)) for name, need in self.models.items()]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    @property
    def calls(self) -> Range:
        """Calls still to be made, over all models."""
        needs = self.models.values()
        return Range(sum(need.calls.low for need in needs), sum(need.calls.high for need in needs))

    def cost_usd(self, models: Mapping[str, Model]) -> Range | None:
        """The cost of all calls; None if a model to call has no price."""
        costs = [need.cost_usd(models[name]) for name, need in self.models.items()]
        known = [cost for cost in costs if cost is not None]
        if len(known) < len(costs):
            return None
        return Range(sum(cost.low for cost in known), sum(cost.high for cost in known))


class Later(NamedTuple):
    """Calls of a conversation after the ones that it waits for.

    Attributes:
        certain: calls that every conversation makes, such as the turns of a debate.
        optional: follow-up questions, where a reply has no readable answer.
    """

    certain: int
    optional: int


def add_calls(need: Need, calls: Sequence[Call], later: Later, size: PromptSize) -> None:
    """Add calls that are missing, and those that come after them in their conversation."""
    longest = shortest = prompts = replies = reply = 0
    model = None
    for call in calls:
        if call.model is not model:
            model, reply = call.model, largest_reply(call.model)
        prompt = size.tokens(call)
        longest = max(longest, prompt + reply)
        shortest = prompt if not shortest else min(shortest, prompt)
        prompts += prompt
        replies += reply
    made = len(calls)
    need.add((made, made), (prompts, prompts), (made, replies))
    need.expect(prompts, calls=made)
    reply = largest_reply(calls[0].model) if calls else 0
    for number in range(later.certain):
        carried = len(calls) + number
        need.add((1, 1), (shortest, longest + carried * reply), (1, reply))
        need.expect(shortest, carried)
    for _ in range(later.optional):
        need.add((0, 1), (0, longest + later.certain * reply), (0, reply))


def largest_reply(model: Model) -> int:
    """The most tokens that a reply may have; 1 for a model without a bound, which only a recording can be."""
    return most_reply_tokens(model) or 1
