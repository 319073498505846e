"""Log probabilities of the tokens of a reply, in the forms in which endpoints report them.

Three forms are read: that of OpenAI and most others, `choice.logprobs.content[i] = {token, logprob, top_logprobs}`;
that of older servers, `choice.logprobs = {tokens, token_logprobs, top_logprobs}`; and that of Google,
`candidate.logprobsResult = {chosenCandidates, topCandidates}`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from harness.records.calls import TokenAlternatives

MAX_TOKENS = 2048
"""Tokens at the end of a reply whose alternatives are kept; an answer stands at the end of a reply."""
MAX_ALTERNATIVES = 32
"""Alternatives of one token that are kept."""
LEAST = -9999.0
"""Stands for a probability of 0, as endpoints write it, because JSON has no infinity."""


def read_logprobs(choice: Mapping[str, Any]) -> tuple[TokenAlternatives, ...]:
    """The tokens of a choice with their alternatives; empty where it has none, or none that can be read."""
    found = choice.get("logprobs")
    if not isinstance(found, Mapping):
        return ()
    content = found.get("content")
    rows = _places(content) if isinstance(content, list) else _columns(found)
    return _kept(rows)


def _kept(rows: Iterator[list[tuple[str, float]]]) -> tuple[TokenAlternatives, ...]:
    """The last places; none at all where one of them cannot be read, since the others would be out of step."""
    places = [tuple(dict(row).items())[: MAX_ALTERNATIVES + 1] for row in rows]  # the sampled token is listed twice
    return tuple(places[-MAX_TOKENS:]) if all(places) else ()


def _places(content: list[Any]) -> Iterator[list[tuple[str, float]]]:
    for place in content:
        others = place.get("top_logprobs") if isinstance(place, Mapping) else None
        listed = [pair for one in (others if isinstance(others, list) else ()) for pair in _pair(one)]
        sampled = _pair(place)
        yield sampled + listed if sampled else []


def _columns(found: Mapping[str, Any]) -> Iterator[list[tuple[str, float]]]:
    tokens, sampled, others = (found.get(name) for name in ("tokens", "token_logprobs", "top_logprobs"))
    if not isinstance(tokens, list) or not isinstance(sampled, list):
        return
    for token, logprob, more in zip_longest(tokens, sampled, others if isinstance(others, list) else ()):
        first = _pair({"token": token, "logprob": logprob})
        rest = more.items() if isinstance(more, Mapping) else ()
        pairs = (pair for name, value in rest for pair in _pair({"token": name, "logprob": value}))
        yield [*first, *pairs] if first else []


def _pair(value: Any) -> list[tuple[str, float]]:
    """A token and its log probability, as a list of one; empty where it is not one."""
    if not isinstance(value, Mapping) or not isinstance(value.get("token"), str):
        return []
    logprob = value.get("logprob")
    if isinstance(logprob, bool) or not isinstance(logprob, int | float) or math.isnan(logprob):
        return []
    return [(value["token"], min(0.0, max(LEAST, float(logprob))))]


def from_google(candidate: Mapping[str, Any]) -> dict[str, Any] | None:
    """The log probabilities of a candidate of Google's in OpenAI's form; None where it has none."""
    found = candidate.get("logprobsResult")
    chosen = found.get("chosenCandidates") if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or not isinstance(chosen, list):
        return None
    tops = found.get("topCandidates")
    content = []
    for one, top in zip_longest(chosen, tops if isinstance(tops, list) else ()):
        listed = top.get("candidates") if isinstance(top, Mapping) else None
        others = [_renamed(other) for other in listed] if isinstance(listed, list) else []
        content.append({**_renamed(one), "top_logprobs": others})
    return {"content": content}


def _renamed(candidate: Any) -> dict[str, Any]:
    """Google's words for a token and its log probability as OpenAI's."""
    if not isinstance(candidate, Mapping):
        return {}
    return {"token": candidate.get("token"), "logprob": candidate.get("logProbability")}
