"""What a reply took, out of the usage that endpoints report in their different ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

MAX_TOKENS = 10**8
"""No model reads or writes so much in one call: a larger count is treated as missing."""

_DETAILS = ("completion_tokens_details", "output_tokens_details", "prompt_tokens_details", "input_tokens_details")
_PROMPT = ("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_token_count")
_COMPLETION = ("completion_tokens", "output_tokens", "candidatesTokenCount", "candidates_token_count")
_TOTAL = ("total_tokens", "totalTokenCount", "total_token_count")
_REASONING = ("reasoning_tokens", "thoughtsTokenCount", "thoughts_token_count", "thinking_tokens")
_CACHED = (
    "cached_tokens",
    "prompt_cache_hit_tokens",
    "cache_read_input_tokens",
    "cachedContentTokenCount",
    "cached_content_token_count",
)


class TokenUsage(NamedTuple):
    """Tokens of one call.

    Attributes:
        prompt_tokens: of the prompt, cached ones included; 0 where the endpoint reports none.
        completion_tokens: of text and reasoning together; 0 where it reports none.
        cached_tokens: prompt tokens that the provider's prompt cache held.
        reasoning_tokens: completion tokens that are reasoning.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


def read_usage(usage: Any) -> TokenUsage:
    """The tokens that a `usage` object reports.

    Some endpoints count reasoning outside `completion_tokens`, where only the total shows it: the completion is never
    taken for less than total − prompt. Counts that are no counts are treated as missing.
    """
    if not isinstance(usage, dict):
        return TokenUsage()
    details = [usage[name] for name in _DETAILS if isinstance(usage.get(name), dict)]
    prompt, completion = _first([usage], _PROMPT), _first([usage], _COMPLETION)
    reasoning = _first([*details, usage], _REASONING)
    if "completion_tokens" not in usage and "candidatesTokenCount" in usage:
        completion += reasoning  # Gemini's own names never count one in the other
    if prompt:
        completion = max(completion, _first([usage], _TOTAL) - prompt)
    if reasoning > completion:  # no total: reasoning cannot be a part of less than itself
        completion += reasoning
    if completion > MAX_TOKENS:
        completion = reasoning = 0
    return TokenUsage(prompt, completion, min(_first([*details, usage], _CACHED), prompt), reasoning)


def _first(places: list[Mapping[str, Any]], names: tuple[str, ...]) -> int:
    """The first count under one of some names that is more than nothing, else 0."""
    for place in places:
        for name in names:
            value = place.get(name)
            if value is not None and (count := _count(value)):
                return count
    return 0


def _count(value: Any) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= MAX_TOKENS else 0
