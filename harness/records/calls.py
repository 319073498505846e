"""Models, calls and replies: what is sent to a model and what comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from harness import registry
from harness.records.datasets import Message
from harness.records.rankings import RECORDED

Finish = Literal["stop", "length", "refusal", "too-long", "judged", "unavailable"]

TokenAlternatives: TypeAlias = tuple[tuple[str, float], ...]
"""The token that was sampled at one place of a reply, then its alternatives: each with its log probability."""


@dataclass(frozen=True, slots=True)
class Price:
    """What tokens cost.

    Attributes:
        input: USD for a million prompt tokens.
        output: USD for a million reply tokens, reasoning included.
        cached_input: USD for a million prompt tokens that the provider's prompt cache held, None for `input`.
        batch: what calls in batches cost: a factor of the others, or prices by the same names; None for the same.
    """

    input: float
    output: float
    cached_input: float | None = None
    batch: float | Mapping[str, float] | None = None

    def in_batches(self) -> Price:
        """What tokens of calls in batches cost."""
        if self.batch is None:
            return self
        if isinstance(self.batch, Mapping):
            return Price(**self.batch)
        cached = None if self.cached_input is None else self.cached_input * self.batch
        return Price(self.input * self.batch, self.output * self.batch, cached)

    def cost(self, prompt_tokens: float, completion_tokens: float, cached_tokens: float = 0) -> float:
        """USD for some tokens.

        Args:
            prompt_tokens: of prompts, cached ones included.
            completion_tokens: of replies.
            cached_tokens: how many of the prompt tokens the provider's prompt cache held.
        """
        usd = prompt_tokens * self.input + completion_tokens * self.output
        if cached_tokens and self.cached_input is not None:
            usd += cached_tokens * (self.cached_input - self.input)
        return usd / 1e6


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model's endpoint allows.

    Attributes:
        concurrency: calls in flight at once.
        rpm: requests a minute, None for no limit.
        tpm: tokens a minute, prompt and reply together, None for no limit.
        timeout_s: seconds after which an attempt fails.
        attempts: how often a call is tried in all.
    """

    concurrency: int = 16
    rpm: int | None = None
    tpm: int | None = None
    timeout_s: float = 120.0
    attempts: int = 6


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a spec.

    Attributes:
        name: the name that the spec gives it.
        provider: a file name in `harness/providers/`.
        id: what the cache key calls it; everything about the model that can change a reply is in it or in params.
        params: parameters of the call as the chat completions protocol names them.
        base_url: endpoint, None for the provider's own.
        api_key_env: name of the environment variable that holds the key, None for no key.
        price: None where the spec gives none.
        limits: what the endpoint allows.
        settings: what only this provider understands, e.g. the knobs of a simulated model.
        show_reasoning: whether its reasoning is shown to models that are shown its replies.
        key_parts: what the cache key holds beside id and params: `endpoint`, the identity of an endpoint other than
            OpenAI's own, and `system`, how system messages are sent where that is not as such.
    """

    name: str
    provider: str
    id: str
    params: Mapping[str, Any] = field(default_factory=dict)
    base_url: str | None = None
    api_key_env: str | None = None
    price: Price | None = None
    limits: Limits = field(default_factory=Limits)
    settings: Mapping[str, Any] = field(default_factory=dict)
    show_reasoning: bool = False
    key_parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_simulated(self) -> bool:
        """Whether this is the simulated world and no language model, also where it is served on a port."""
        return self.provider == "simulated" or self.id.partition("?")[0] == "simulated"

    @property
    def is_free(self) -> bool:
        """Whether no call to it can cost anything, because its replies come from this machine."""
        return registry.has_trait("providers", self.provider, "IS_FREE")

    @property
    def is_local(self) -> bool:
        """Whether its replies are read from a file, so that a run without network has them too."""
        return registry.has_trait("providers", self.provider, "IS_LOCAL")

    @property
    def is_mapped(self) -> bool:
        """Whether it is a recording that is read by columns: it holds answers, and no steps before or after them."""
        return self.finds_by_place and bool(self.settings.get("columns"))

    @property
    def is_of_rankings(self) -> bool:
        """Whether it is a recording of rankings or scores of several responses, by their places in the dataset."""
        columns = self.settings.get("columns") if self.is_mapped else None
        inner = [columns.get(order, ()) for order in ("given", "swapped")] if columns else []
        every = [columns or (), *(one for each in inner for one in ([each] if isinstance(each, Mapping) else each))]
        return any(kind in one for one in every for kind in RECORDED)

    @property
    def finds_by_place(self) -> bool:
        """Whether its replies are found by the place of a call, as those of a recording are."""
        return registry.has_trait("providers", self.provider, "FINDS_BY_PLACE")


def any_simulated(models: Iterable[Model]) -> bool:
    """Whether a simulated model is among some: their results then describe no language model."""
    return any(model.is_simulated for model in models)


class Call(NamedTuple):
    """One chat completion request. Its digest, `harness.digest.call_key`, is the cache key.

    Attributes:
        model: the model asked.
        messages: the whole conversation that is sent.
        draw: number of the draw: repeated answers to the same question are different calls.
        step: where in its conversation it stands, such as `verdict` or `score-a.again`; not part of the key.
        locator: what a recorded model needs to find its reply; empty, and not part of the key, for others.
        params: parameters of this call beside those of the model, such as `response_format`; None for none.
    """

    model: Model
    messages: Sequence[Message]
    draw: int = 0
    step: str = ""
    locator: str = ""
    params: Mapping[str, Any] | None = None


class Reply(NamedTuple):
    """What came back.

    Attributes:
        text: the reply's text, "" where there is none.
        finish: why it ended. `too-long` is an endpoint's answer to a prompt beyond the model's context window, with
            its own words as the text, as for a `refusal` by the endpoint; `judged` is a recorded judgment without a
            reply, whose text is its result as JSON; `unavailable` marks the absence of a reply and is never stored.
        prompt_tokens: as the endpoint reports them, 0 where it reports none.
        completion_tokens: of text and reasoning, as the endpoint reports them, 0 where it reports none.
        served_model: the model name that the endpoint reports, "" where it reports none.
        reasoning: what the model wrote while it reasoned, apart from the text, "" where it reports none. It is stored
            and shown to people, never read for an answer.
        cached_tokens: prompt tokens that the provider's prompt cache held, 0 where it reports none.
        reasoning_tokens: reply tokens that are reasoning, 0 where the endpoint reports none.
        logprobs: of the last tokens of the reply, in order, the token that was sampled and its most likely
            alternatives, each with its natural log probability; empty where the endpoint reports none.
        preference: of a recorded judgment, the probability in [0, 1] that the response shown first is the better one;
            None where the recording has none.
        cost_usd: of a recorded judgment, None where the recording does not say.
        is_exchanged: whether a recorded reply is to the question in the other order than that of its call.
    """

    text: str
    finish: Finish = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    served_model: str = ""
    reasoning: str = ""
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    logprobs: tuple[TokenAlternatives, ...] = ()
    preference: float | None = None
    cost_usd: float | None = None
    is_exchanged: bool = False


UNAVAILABLE = Reply(text="", finish="unavailable")
"""Stands for a reply that could not be had."""
