"""The probability of each verdict from the log probabilities of the token that answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from harness.prompting.parsing.values import Answer
from harness.records.calls import TokenAlternatives
from harness.records.judgments import Verdict

Tokens: TypeAlias = Mapping[Verdict, Sequence[str]]
ReadLogprobs: TypeAlias = Callable[[Sequence[TokenAlternatives]], Answer | None]

TOP = 20
"""Alternatives of each token that are asked for: the most that endpoints give."""
DECORATION = " \t\r\n*_`\"'“”‘’[](){}<>.,:;▁ĠĊ"
"""What may stand around a token that is a label, with the marks of a space or a line break in vocabularies."""


def default_tokens() -> dict[Verdict, list[str]]:
    """The tokens where a rule does not say."""
    return {"a": ["A"], "b": ["B"]}


def params_for(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a call asks for so that its reply holds log probabilities."""
    return {"logprobs": True, "top_logprobs": rule["top"]}


def logprobs_reader(rule: Mapping[str, Any]) -> ReadLogprobs:
    """Reads the probabilities of the verdicts where a rule's tokens stand last in a reply.

    The place is the last one whose sampled token is a label. The probabilities of the tokens of a label are added up,
    and those of the labels are scaled to add up to 1: what other tokens have is left out. A label that is not among the
    alternatives of that place has the probability 0.

    Args:
        rule: with `tokens` and `case_sensitive`.
    """
    side_of = sides_of(rule)

    def read(logprobs: Sequence[TokenAlternatives]) -> Answer | None:
        for place in reversed(logprobs):
            if side_of(place[0][0]) is None:
                continue
            mass: dict[Verdict, float] = {"a": 0.0, "tie": 0.0, "b": 0.0}
            for token, logprob in place:
                if (side := side_of(token)) is not None:
                    mass[side] += math.exp(logprob)
            total = sum(mass.values())
            if total <= 0:
                return None
            a, tie, b = (mass[side] / total for side in ("a", "tie", "b"))
            return Answer(score_a=a, score_b=b, preference=a + tie / 2)
        return None

    return read


def sides_of(rule: Mapping[str, Any]) -> Callable[[str], Verdict | None]:
    """What a token stands for, None for nothing."""
    plain = _plain(case_sensitive=bool(rule.get("case_sensitive")))
    sides: dict[str, Verdict] = {plain(token): side for side, tokens in rule["tokens"].items() for token in tokens}
    return lambda token: sides.get(plain(token))


def token_faults(rule: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What is wrong with the tokens of a rule: place, message, hint."""
    plain = _plain(case_sensitive=bool(rule.get("case_sensitive")))
    seen: dict[str, str] = {}
    for side, tokens in rule["tokens"].items():
        for index, token in enumerate(tokens):
            place, name = ("tokens", side, index), plain(token)
            if not name:
                yield place, f"`{token}` has nothing but decoration", "write the letter or word that the reply holds"
            elif len(name.split()) > 1:
                yield place, f"`{token}` is more than one token", "take labels of one token, such as A and B"
            elif seen.setdefault(name, side) != side:
                hint = "give each a token of its own"
                if not rule.get("case_sensitive"):
                    hint += ", or write `case_sensitive: true`"
                yield place, f"`{token}` stands for both {seen[name]} and {side}", hint


def read_text(rule: Mapping[str, Any]) -> Callable[[str], Answer | None]:
    """Reads the label that a text ends in, for examples and for people; without log probabilities it is hard."""
    side_of = sides_of(rule)

    def read(text: str) -> Answer | None:
        words = text.split()
        side = side_of(words[-1]) if words else None
        return None if side is None else Answer(verdict=side)

    return read


def _plain(*, case_sensitive: bool) -> Callable[[str], str]:
    """A token without decoration."""
    if case_sensitive:
        return lambda token: token.strip(DECORATION)
    return lambda token: token.strip(DECORATION).casefold()
