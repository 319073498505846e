"""Filters of preference pairs; every filter counts the pairs it drops.

The filters of single pairs come first, in the order of PAIR_FILTERS, then those over all pairs of a prompt. A pair is
counted by the first filter that drops it, so that the counts add up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.preferences.records import NEITHER, UNLABELLED, Candidate
from harness.records.judgments import FAILURES
from harness.records.reasoning import holds_reasoning

REFUSAL = re.compile(
    r"\s*(i['’]?m (very |so )?sorry|i am sorry|sorry, |i can(no|['’])t |i can not |i am unable|i['’]m unable|"
    r"as an ai\b|i won['’]t |i must decline|unfortunately, i can)",
    re.IGNORECASE,
)
"""The start of a refusal in English. A heuristic."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The settings of the filters.

    Attributes:
        margin: smallest difference of the scores; 0 for any.
        length_ratio: largest ratio of the lengths of the two texts; None for any.
        drops_refusals: whether to drop pairs whose chosen text starts like a refusal.
        drops_truncated: whether to drop pairs with a truncated text.
    """

    margin: float = 0.0
    length_ratio: float | None = 4.0
    drops_refusals: bool = False
    drops_truncated: bool = True


def _fails(one: Candidate, _: Thresholds) -> bool:
    return one.verdict in FAILURES


def _is_unlabelled(one: Candidate, _: Thresholds) -> bool:
    return one.verdict == UNLABELLED


def _is_neither(one: Candidate, _: Thresholds) -> bool:
    return one.verdict == NEITHER


def _is_tied(one: Candidate, _: Thresholds) -> bool:
    return one.verdict == "tie"


def _orders_disagree(one: Candidate, _: Thresholds) -> bool:
    return bool(one.votes) and any(vote != one.verdict for vote in one.votes)


def _is_close(one: Candidate, thresholds: Thresholds) -> bool:
    if one.score_first is None or one.score_second is None:
        return False
    lead = one.score_first - one.score_second
    return (lead if one.verdict == "a" else -lead) < thresholds.margin


def _is_same(one: Candidate, _: Thresholds) -> bool:
    return not one.is_single and normalised(one.first) == normalised(one.second)


def _is_empty(one: Candidate, _: Thresholds) -> bool:
    return not one.first.strip() or not (one.is_single or one.second.strip())


def _has_reasoning(one: Candidate, _: Thresholds) -> bool:
    context = (message["content"] for message in one.prompt if one.view == "workflow" or message["role"] == "assistant")
    return any(holds_reasoning(text) for text in (one.first, one.second, *context))


def _is_truncated(one: Candidate, thresholds: Thresholds) -> bool:
    return thresholds.drops_truncated and one.truncated


def _differs_in_length(one: Candidate, thresholds: Thresholds) -> bool:
    if one.is_single:
        return False
    short, long = sorted((len(one.first), len(one.second)))
    return thresholds.length_ratio is not None and long > thresholds.length_ratio * short


def _is_refusal(one: Candidate, thresholds: Thresholds) -> bool:
    return thresholds.drops_refusals and REFUSAL.match(one.first if one.verdict == "a" else one.second) is not None


PAIR_FILTERS: Mapping[str, tuple[str, Callable[[Candidate, Thresholds], bool]]] = {
    "failed": ("the evaluator gave no verdict", _fails),
    "unlabelled": ("people gave the single response no label, or the responses no ranking", _is_unlabelled),
    "neither": ("the label of the single response is neither desirable nor undesirable", _is_neither),
    "tied": ("the verdict is a tie", _is_tied),
    "orders-disagree": ("the verdict changed with the order of the texts", _orders_disagree),
    "margin": ("the scores differ by less than the margin", _is_close),
    "empty": ("a text is empty", _is_empty),
    "reasoning": ("a text contains a reasoning tag, such as `think`", _has_reasoning),
    "same": ("the texts are equal except for case and spaces", _is_same),
    "truncated": ("a text was truncated at its token limit", _is_truncated),
    "length-ratio": ("the ratio of the lengths is above the limit", _differs_in_length),
    "refusal": ("the chosen text starts like a refusal", _is_refusal),
}
"""The filters of single pairs: the reason, and whether a pair is dropped."""
PROMPT_FILTERS: Mapping[str, str] = {
    "duplicate": "the same pair occurred before for this prompt",
    "contradicted": "the opposite preference also occurs for this prompt",
    "mixed": "the text was both chosen and rejected (formats with labels)",
}
"""The filters over the pairs of a prompt."""
REASONS: Mapping[str, str] = {name: reason for name, (reason, _) in PAIR_FILTERS.items()} | dict(PROMPT_FILTERS)
"""The reason of every filter."""


SINGLE_FILTERS = ("unlabelled", "neither")
"""The filters that only single responses have."""


def normalised(text: str) -> str:
    """A text without differences of case and spaces."""
    return " ".join(text.casefold().split())


def filter_that_drops(one: Candidate, thresholds: Thresholds) -> str | None:
    """The first filter that drops a pair; None if it passes all."""
    return next((name for name, (_, drops) in PAIR_FILTERS.items() if drops(one, thresholds)), None)


def passed(candidates: Iterable[Candidate], thresholds: Thresholds, counts: Counter[str]) -> Iterator[Candidate]:
    """The candidates of one prompt that pass all filters; dropped ones are counted by the name of the filter."""
    kept: dict[tuple[str, str, str], list[Candidate]] = {}
    for one in candidates:
        dropped_by = filter_that_drops(one, thresholds)
        if dropped_by is not None:
            counts[dropped_by] += 1
            continue
        better, worse = (one.first, one.second) if one.verdict == "a" else (one.second, one.first)
        context = repr(one.prompt)
        kept.setdefault((context, normalised(better), normalised(worse)), []).append(one)
    for (context, better, worse), same in kept.items():
        counts["duplicate"] += len(same) - 1
        if (context, worse, better) in kept:
            counts["contradicted"] += 1
        else:
            yield same[0]
