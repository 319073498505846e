"""Log probabilities of a simulated model: how often it gives each last word when it is asked again."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.providers.simulation.judge import answer
from harness.providers.simulation.world import Knobs

REDRAWS = 32
"""Answers whose last words are counted."""
FIRST_REDRAW = 1_000_000
"""Number of the first of these draws, so that none is a repeat of the experiment."""
PRIOR = 0.5
"""Added to the count of the word that was said, so that its probability is never 0."""

_WORDS = re.compile(r"\s*\S+")


def logprobs_of(
    knobs: Knobs, messages: Sequence[Mapping[str, Any]], schema: Mapping[str, Any] | None, text: str, top: int
) -> dict[str, Any] | None:
    """The log probabilities of the words of an answer in OpenAI's form; None for an answer without words.

    Args:
        knobs: of the model.
        messages: the conversation.
        schema: of the answer, None for none.
        text: the answer.
        top: how many alternatives of each word are wanted.
    """
    words = _WORDS.findall(text)
    if not words:
        return None
    ends = Counter({words[-1]: PRIOR})
    for draw in range(REDRAWS):
        again = _WORDS.findall(answer(knobs, messages, FIRST_REDRAW + draw, schema).text)
        ends[again[-1].strip() if len(words) == 1 and again else words[-1]] += 1
    total = sum(ends.values())
    listed = [_token(word, math.log(count / total)) for word, count in sorted(ends.items(), key=lambda one: -one[1])]
    last = next(one for one in listed if one["token"] == words[-1])
    content = [{**_token(word, 0.0), "top_logprobs": [_token(word, 0.0)][:top]} for word in words[:-1]]
    return {"content": [*content, {**last, "top_logprobs": listed[:top]}]}


def _token(word: str, logprob: float) -> dict[str, Any]:
    return {"token": word, "logprob": round(logprob, 6), "bytes": list(word.encode())}
