"""Verdicts, failures and judgments: what an evaluator says about an item."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Literal, NamedTuple

Verdict = Literal["a", "tie", "b"]


FailureKind = Literal["unparsed", "refused", "truncated", "unavailable"]


VERDICTS: tuple[Verdict, ...] = ("a", "tie", "b")
"""The verdict classes in their order; the position is the code used in every array."""


FAILURES: tuple[FailureKind, ...] = ("unparsed", "refused", "truncated", "unavailable")
"""Why there is no verdict; failure k has the code `len(VERDICTS) + k` in every array."""


OUTCOMES: tuple[str, ...] = (*VERDICTS, *FAILURES)
"""Verdicts and failures together; the position is the code (int8) of a judgment."""


OUTCOME_CODES: Mapping[str, int] = {name: code for code, name in enumerate(OUTCOMES)}
"""The code of a judgment by its verdict or failure."""


class Outcome(NamedTuple):
    """How a conversation about one item ended: a verdict (of a single response its label) or a failure, never both.

    Attributes:
        verdict: which response of a pair is better, or the label of a single response; None where there is a failure.
        failure: None where there is a verdict.
        score_a: the score of response a, or of the single response; None where the strategy gives none or it could not
            be read.
        score_b: the score of response b, None in the same case.
        votes: the verdicts and failures that were collapsed into this one, in the order in which they were asked for:
            all repeats in the order given, then all in the swapped order (named as in the order given), or the
            rounds of a debate; empty where there was only one.
        abstained: how many of those who could have had a say failed and were left out: members of a jury, personas
            of a debate, repeats.
        preference: the soft verdict: the probability in [0, 1] that response a is better, half of that of a tie
            included, or that a single response has the positive label; None where the replies give none.
        escalated: of a cascade, how many judges were asked after the first one; None elsewhere.
    """

    verdict: str | None
    failure: FailureKind | None = None
    score_a: float | None = None
    score_b: float | None = None
    votes: tuple[str, ...] = ()
    abstained: int = 0
    preference: float | None = None
    escalated: int | None = None

    @property
    def name(self) -> str:
        """The verdict or the failure: one of OUTCOMES, or of those of the label set of single responses."""
        found = self.verdict or self.failure
        assert found, "an outcome is a verdict or a failure"
        return found


class Usage(NamedTuple):
    """What some judgments took, and how much was lost on the way to them.

    Attributes:
        prompt_tokens: over all calls.
        completion_tokens: over all calls.
        calls: whose replies the judgments rest on; one that several judgments share counts for each.
        cost_usd: by the prices in the spec, None where a model has none.
        abstained: how many of those who could have had a say in a judgment failed and were left out, over all of them.
        escalated: of a cascade, the judgments that reached the second judge, the third one and so on, as far as any
            did; empty elsewhere.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    cost_usd: float | None = 0.0
    abstained: int = 0
    escalated: tuple[int, ...] = ()

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        cost = None if self.cost_usd is None or other.cost_usd is None else self.cost_usd + other.cost_usd
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.calls + other.calls,
            cost,
            self.abstained + other.abstained,
            tuple(map(sum, zip_longest(self.escalated, other.escalated, fillvalue=0))),
        )
