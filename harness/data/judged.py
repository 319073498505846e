"""The values of one recorded judgment, checked and made one: a reply, or what it amounts to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.records.judgments import FAILURES

FIELDS = (
    "text",
    "text_a",
    "text_b",
    "verdict",
    "score_a",
    "score_b",
    "preference",
    "p_a",
    "confidence",
    "label",
    "score",
    "finish",
    "reasoning",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "logprobs",
)
"""What a judgment may consist of, as `columns` of a recording may name them."""
BESIDE_RANKINGS = ("finish", "reasoning", "prompt_tokens", "completion_tokens", "cost_usd")
"""What a judgment of several responses may have besides its ranking or its scores."""
FINISHES = ("stop", "length", "refusal", "too-long")
TOKENS = ("prompt_tokens", "completion_tokens")
ROUNDING = 1e-9
"""Scores such as 8.3 and 8.2 differ by a hair more or less than 0.1 in binary."""
MAX_TOKENS = 10**9

_OTHER: Mapping[str, str] = {"a": "b", "b": "a"}


class JudgedFields(NamedTuple):
    """What a recorded judgment consists of.

    Attributes:
        text: the reply; None where only its result is recorded.
        text_a: the reply about the response shown first alone, or None.
        text_b: the reply about the other response alone, or None.
        result: the verdict, the label or the failure; None where there is a text to read, or a score.
        score_a: of the response shown first, or None.
        score_b: of the other response, or None.
        preference: the probability that the response shown first is better, in [0, 1], or None.
        score: of a single response, or None.
        finish: how the reply ended.
        reasoning: what the model wrote while it reasoned, "" where nothing is recorded.
        prompt_tokens: 0 where they are not recorded.
        completion_tokens: 0 where they are not recorded.
        cost_usd: None where it is not recorded.
        logprobs: as the file has them, or None.
        values: of each of several responses as they were shown, a number that is higher for a better one; None where
            a pair was judged.
    """

    text: str | None = None
    text_a: str | None = None
    text_b: str | None = None
    result: str | None = None
    score_a: float | None = None
    score_b: float | None = None
    preference: float | None = None
    score: float | None = None
    finish: str = "stop"
    reasoning: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    logprobs: Any = None
    values: tuple[float, ...] | None = None

    def exchanged(self) -> JudgedFields:
        """The same judgment with the responses exchanged, several of them in reverse order."""
        return self._replace(
            values=None if self.values is None else self.values[::-1],
            text_a=self.text_b,
            text_b=self.text_a,
            result=None if self.result is None else _OTHER.get(self.result, self.result),
            score_a=self.score_b,
            score_b=self.score_a,
            preference=None if self.preference is None else 1 - self.preference,
        )


def judgment_of(
    values: Mapping[str, Any], tie_margin: float, tokens: Mapping[str, Sequence[str]] | None = None
) -> tuple[JudgedFields, list[tuple[str, str]]]:
    """A judgment from the values of its fields, and what is wrong with them: fields and messages.

    Args:
        values: by the names in `FIELDS`, None where the file has no value; a verdict and a label by its meaning.
        tie_margin: scores, and probabilities of both responses, that differ by no more are a tie.
        tokens: the tokens that stand for each response, where log probabilities give the preference.
    """
    faults: list[tuple[str, str]] = []
    text, text_a, text_b = (_text(values, name, faults) for name in ("text", "text_a", "text_b"))
    score_a, score_b, score = (_number(values, name, faults) for name in ("score_a", "score_b", "score"))
    preference = _preference(values, faults)
    if tokens and (read := _token_preference(values.get("logprobs"), tokens)) is not None:
        preference = read
    verdict = values.get("verdict")
    if preference is None:
        preference = _confidence(values, verdict, faults)
    has_text = text is not None or (text_a is not None and text_b is not None)
    result = None if has_text else verdict or values.get("label")
    if result is None and not has_text and score is None:
        result = _compared(preference, score_a, score_b, tie_margin)
    finish = str(values.get("finish") or "stop")
    if finish not in FINISHES:
        faults.append(("finish", f"is `{finish}`, it must be one of {', '.join(FINISHES)}"))
    prompt_tokens, completion_tokens = (_tokens(values, name, faults) for name in TOKENS)
    cost = _number(values, "cost_usd", faults)
    if cost is not None and cost < 0:
        cost = None
        faults.append(("cost_usd", "is less than 0"))
    if result in FAILURES:
        score_a = score_b = score = preference = None
    judged = JudgedFields(
        text=text,
        text_a=text_a,
        text_b=text_b,
        result=result,
        score_a=score_a,
        score_b=score_b,
        preference=preference,
        score=None if has_text else score,
        finish=finish,
        reasoning=_text(values, "reasoning", faults) or "",
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost_usd=cost,
        logprobs=values.get("logprobs"),
    )
    return judged, faults


def _compared(preference: float | None, score_a: float | None, score_b: float | None, margin: float) -> str:
    """The verdict that a preference, or two scores, amount to; a failure where there is neither."""
    if preference is not None:
        score_a, score_b = preference, 1 - preference
    if score_a is None or score_b is None:
        return "unparsed"
    if abs(score_a - score_b) <= margin + ROUNDING:
        return "tie"
    return "a" if score_a > score_b else "b"


def _text(values: Mapping[str, Any], name: str, faults: list[tuple[str, str]]) -> str | None:
    value = values.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return repr(value).removesuffix(".0") if isinstance(value, float) else str(value).lower()
    faults.append((name, "is a list or an object, it must be text"))
    return None


def _number(values: Mapping[str, Any], name: str, faults: list[tuple[str, str]]) -> float | None:
    value = values.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool | list | dict):
            raise ValueError
        number = float(value)
        if not math.isfinite(number):
            raise ValueError
    except (ValueError, OverflowError):
        faults.append((name, f"is `{str(value)[:40]}`, it must be a number"))
        return None
    return number


def _preference(values: Mapping[str, Any], faults: list[tuple[str, str]]) -> float | None:
    """The probability that the response shown first is the better one."""
    probability, scale = _number(values, "p_a", faults), _number(values, "preference", faults)
    if probability is not None and not 0 <= probability <= 1:
        faults.append(("p_a", f"is {probability:g}, it must be from 0 to 1"))
        return None
    if scale is not None and not 1 <= scale <= 2:
        message = "it must be from 1 (the response shown first) to 2 (the other one)"
        faults.append(("preference", f"is {scale:g}, {message}; a probability is `p_a`"))
        return None
    return probability if probability is not None else None if scale is None else 2 - scale


def _confidence(values: Mapping[str, Any], verdict: Any, faults: list[tuple[str, str]]) -> float | None:
    """The probability that the response shown first is better, from the probability of the verdict."""
    confidence = _number(values, "confidence", faults)
    if confidence is None or verdict in FAILURES or verdict is None:
        return None
    if not 0 <= confidence <= 1:
        faults.append(("confidence", f"is {confidence:g}, it must be from 0 to 1"))
        return None
    return {"a": confidence, "b": 1 - confidence}.get(verdict, 0.5)


def _token_preference(value: Any, tokens: Mapping[str, Sequence[str]]) -> float | None:
    """The probability that log probabilities give the first response, of that of both; None where neither is listed.

    Args:
        value: places as chat completions report them, of which the first that lists a token counts, or the
            alternatives of one place.
        tokens: of the response shown first (`a`) and of the other one (`b`).
    """
    entries = [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
    inner = [entry["top_logprobs"] for entry in entries if isinstance(entry.get("top_logprobs"), list)]
    for place in inner or [entries]:
        listed = {
            str(one.get("token")): float(one["logprob"])
            for one in place
            if isinstance(one, Mapping) and type(one.get("logprob")) in (int, float)
        }
        found = {side: [listed[token] for token in tokens[side] if token in listed] for side in ("a", "b")}
        if highest := [logprob for side in found.values() for logprob in side]:
            top = max(highest)
            a, b = (sum(math.exp(logprob - top) for logprob in found[side]) for side in ("a", "b"))
            return a / (a + b)
    return None


def _tokens(values: Mapping[str, Any], name: str, faults: list[tuple[str, str]]) -> int:
    number = _number(values, name, faults) or 0.0
    if number < 0 or number != int(number) or number > MAX_TOKENS:
        faults.append((name, "is not a number of tokens"))
        return 0
    return int(number)
