"""Probabilities of verdicts, labels and grades from the log probabilities of the token that answers.

A rule with `tokens` gives the probability of each verdict on a pair, or of each label of a single response. A rule with
a `scale` and no tokens gives the expected grade: the mean of the whole numbers of the scale, each weighted by its
probability (G-Eval, Liu et al. 2023).
"""

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


def label_reader(rule: Mapping[str, Any]) -> ReadLogprobs:
    """Reads the probabilities of the labels of a single response.

    Of two labels, the score is the probability of the second one. Of more, the label is the most likely one, of equal
    ones the first.

    Args:
        rule: with `tokens` and `case_sensitive`.
    """
    names = tuple(rule["tokens"])
    label_of = sides_of(rule)

    def read(logprobs: Sequence[TokenAlternatives]) -> Answer | None:
        for place in reversed(logprobs):
            if label_of(place[0][0]) is None:
                continue
            mass = _mass(place, label_of, names)
            if mass is None:
                return None
            if len(names) == 2:
                return Answer(score=mass[names[1]], preference=mass[names[1]])
            return Answer(verdict=max(names, key=mass.__getitem__))
        return None

    return read


def grade_reader(rule: Mapping[str, Any], read_score: Callable[[str], Answer | None]) -> ReadLogprobs:
    """Reads the expected grade.

    The text decides which grade was given, so that the 5 of `4/5` is none; the place is the last one of that grade.

    Args:
        rule: with `scale`.
        read_score: reads the grade of a text.
    """
    least, greatest = int(rule["scale"]["min"]), int(rule["scale"]["max"])
    grades = {f"{grade}": grade for grade in range(least, greatest + 1)}

    def grade_of(token: str) -> str | None:
        name = token.strip(DECORATION)
        return name if name in grades else None

    def read(logprobs: Sequence[TokenAlternatives]) -> Answer | None:
        given = read_score("".join(place[0][0] for place in logprobs).translate(_SPACES))
        if given is None or given.score is None:
            return None
        for place in reversed(logprobs):
            name = grade_of(place[0][0])
            if name is not None and grades[name] == given.score:
                mass = _mass(place, grade_of, tuple(grades))
                return None if mass is None else Answer(score=sum(grades[one] * share for one, share in mass.items()))
        return None

    return read


_SPACES = str.maketrans({"▁": " ", "Ġ": " ", "Ċ": "\n"})


def _mass(
    place: TokenAlternatives, name_of: Callable[[str], str | None], names: Sequence[str]
) -> dict[str, float] | None:
    """The probabilities of the tokens of each name at a place, scaled to add up to 1; None where all are 0."""
    mass = dict.fromkeys(names, 0.0)
    for token, logprob in place:
        if (name := name_of(token)) is not None:
            mass[name] += math.exp(logprob)
    total = sum(mass.values())
    return {name: one / total for name, one in mass.items()} if total > 0 else None


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
            mass = _mass(place, side_of, ("a", "tie", "b"))
            return None if mass is None else Answer(None, mass["a"], mass["b"], preference=mass["a"] + mass["tie"] / 2)
        return None

    return read


def sides_of(rule: Mapping[str, Any]) -> Callable[[str], str | None]:
    """The verdict or label that a token stands for, None for nothing."""
    plain = _plain(case_sensitive=bool(rule.get("case_sensitive")))
    sides: dict[str, str] = {plain(token): side for side, tokens in rule["tokens"].items() for token in tokens}
    return lambda token: sides.get(plain(token))


def token_faults(rule: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What is wrong with the tokens of a rule: place, message, hint."""
    plain = _plain(case_sensitive=bool(rule.get("case_sensitive")))
    seen: dict[str, str] = {}
    if rule["scale"] != {"min": 0, "max": 1}:
        yield ("scale",), "probabilities of labels have a scale of their own", "leave out `scale`, or `tokens`"
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


def grade_faults(rule: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What is wrong with the scale of a rule without tokens: place, message, hint."""
    least, greatest = rule["scale"]["min"], rule["scale"]["max"]
    if any(end != int(end) for end in (least, greatest)) or not 0 <= least < greatest <= 9:
        message = "the grades of log probabilities are single digits, since other numbers may be several tokens"
        yield ("scale",), message, "take a scale within 0 and 9, such as {min: 1, max: 5}"


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
