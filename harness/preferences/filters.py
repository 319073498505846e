"""What keeps a pair out of preference data. Every gate counts what it stops.

The gates that look at one pair come first, in the order of GATES; then those that look at all pairs of a prompt. A pair
that one gate stops is seen by no other, so that the counts sum up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.preferences.records import Candidate
from harness.records.judgments import FAILURES
from harness.records.reasoning import holds_reasoning

REFUSAL = re.compile(
    r"\s*(i['’]?m (very |so )?sorry|i am sorry|sorry, |i can(no|['’])t |i can not |i am unable|i['’]m unable|"
    r"as an ai\b|i won['’]t |i must decline|unfortunately, i can)",
    re.IGNORECASE,
)
"""How a refusal in English begins. A rule of thumb."""


@dataclass(frozen=True, slots=True)
class Bars:
    """How high the gates are.

    Attributes:
        margin: scores that differ by less are not told apart; 0 lets every difference pass.
        length_ratio: the longer text may have so many times the letters of the shorter one; None for any.
        drops_refusals: whether a chosen text that begins like a refusal is stopped.
        drops_truncated: whether texts that were cut off are stopped.
    """

    margin: float = 0.0
    length_ratio: float | None = 4.0
    drops_refusals: bool = False
    drops_truncated: bool = True


def _fails(one: Candidate, _: Bars) -> bool:
    return one.verdict in FAILURES


def _is_tied(one: Candidate, _: Bars) -> bool:
    return one.verdict == "tie"


def _orders_disagree(one: Candidate, _: Bars) -> bool:
    return bool(one.votes) and any(vote != one.verdict for vote in one.votes)


def _is_close(one: Candidate, bars: Bars) -> bool:
    if one.score_first is None or one.score_second is None:
        return False
    lead = one.score_first - one.score_second
    return (lead if one.verdict == "a" else -lead) < bars.margin


def _is_same(one: Candidate, _: Bars) -> bool:
    return normalised(one.first) == normalised(one.second)


def _is_empty(one: Candidate, _: Bars) -> bool:
    return not one.first.strip() or not one.second.strip()


def _has_reasoning(one: Candidate, _: Bars) -> bool:
    context = (message["content"] for message in one.prompt if one.view == "workflow" or message["role"] == "assistant")
    return any(holds_reasoning(text) for text in (one.first, one.second, *context))


def _is_truncated(one: Candidate, bars: Bars) -> bool:
    return bars.drops_truncated and one.truncated


def _differs_in_length(one: Candidate, bars: Bars) -> bool:
    short, long = sorted((len(one.first), len(one.second)))
    return bars.length_ratio is not None and long > bars.length_ratio * short


def _is_refusal(one: Candidate, bars: Bars) -> bool:
    return bars.drops_refusals and REFUSAL.match(one.first if one.verdict == "a" else one.second) is not None


GATES: Mapping[str, tuple[str, Callable[[Candidate, Bars], bool]]] = {
    "failed": ("the evaluator gave no verdict", _fails),
    "tied": ("the evaluator called it a tie, or could not tell the scores apart", _is_tied),
    "orders-disagree": ("the verdict changed with the order of the texts", _orders_disagree),
    "margin": ("the scores differ by less than the margin", _is_close),
    "empty": ("a text is empty", _is_empty),
    "reasoning": ("a text holds a tag of a model's reasoning, such as `think`", _has_reasoning),
    "same": ("chosen equals rejected but for case and spaces", _is_same),
    "truncated": ("a text was cut off at the most tokens that it may have", _is_truncated),
    "length-ratio": ("one text is longer than the other by more than the bound", _differs_in_length),
    "refusal": ("the chosen text begins like a refusal", _is_refusal),
}
"""The gates for one pair: what each says, and whether it stops a pair."""
OF_A_PROMPT: Mapping[str, str] = {
    "duplicate": "the same pair occurs before for this prompt",
    "contradicted": "for this prompt the opposite was preferred as well",
    "mixed": "of a format with labels: texts that won once and lost once, and so have no label",
}
"""The gates for the pairs of a prompt."""


def normalised(text: str) -> str:
    """A text without what makes no difference to a reader: case, spaces."""
    return " ".join(text.casefold().split())


def stopped_by(one: Candidate, bars: Bars) -> str | None:
    """The gate that stops a pair, None where none does."""
    return next((name for name, (_, stops) in GATES.items() if stops(one, bars)), None)


def passed(candidates: Iterable[Candidate], bars: Bars, counts: Counter[str]) -> Iterator[Candidate]:
    """The candidates of one prompt that pass all gates; what is stopped is counted by the name of the gate."""
    kept: dict[tuple[str, str, str], list[Candidate]] = {}
    for one in candidates:
        gate = stopped_by(one, bars)
        if gate is not None:
            counts[gate] += 1
            continue
        better, worse = (one.first, one.second) if one.verdict == "a" else (one.second, one.first)
        context = repr(one.prompt)
        kept.setdefault((context, normalised(better), normalised(worse)), []).append(one)
    for (context, better, worse), alike in kept.items():
        counts["duplicate"] += len(alike) - 1
        if (context, worse, better) in kept:
            counts["contradicted"] += 1
        else:
            yield alike[0]
