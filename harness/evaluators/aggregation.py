"""Aggregate several outcomes on one item: repeats, both orders of the responses, several personas.

An outcome that failed abstains; if all failed, the most serious failure is the result. If scores decide and every other
outcome has scores, their means are compared; otherwise the verdicts are counted. Rankings of several responses become
the ranking by mean rank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import TypeAlias

from harness.prompting.single import SingleRule
from harness.records.datasets import Item
from harness.records.judgments import FAILURES, FailureKind, Outcome, Verdict
from harness.records.label_set import LabelSet
from harness.records.rankings import mean_ranking, reversed_positions
from harness.records.shared_prompts import SharedItem

Compare: TypeAlias = Callable[[float, float], Verdict]
"""Turns two scores into a verdict, with the tie margin of the strategy."""


class Ranking(Enum):
    """How rankings of several responses are aggregated."""

    BY_MEAN_RANK = "by the mean of their ranks"


Combine: TypeAlias = Compare | SingleRule | Ranking
"""The same, or the rule that gives the label of a single response, or the one for rankings."""

GRAVEST_FIRST: tuple[FailureKind, ...] = ("unavailable", "refused", "truncated", "unparsed")
"""The order in which failures take precedence when an item has several: the most informative one first."""


OTHER: Mapping[str, Verdict] = {"a": "b", "tie": "tie", "b": "a"}
"""The verdict on exchanged responses."""


def gravest(failures: Iterable[FailureKind | None]) -> FailureKind:
    """The most serious of several failures."""
    found = set(failures)
    return next(kind for kind in GRAVEST_FIRST if kind in found)


def most_votes(verdicts: Iterable[str | None]) -> Verdict:
    """The verdict with most votes; None abstains.

    A response needs more votes than the other one and no fewer than `tie` has: where `tie` and one response are level,
    the response wins, since no vote is for the other one. Anything else is `tie`.
    """
    votes = Counter(verdicts)
    if votes["a"] > votes["b"] and votes["a"] >= votes["tie"]:
        return "a"
    if votes["b"] > votes["a"] and votes["b"] >= votes["tie"]:
        return "b"
    return "tie"


def most_labels(labels: Iterable[str | None], label_set: LabelSet) -> str:
    """The label of a single response with most votes; None abstains.

    Of several with as many votes: of ordered labels the lower median of these, of others the one that was given first.
    """
    cast = [label for label in labels if label is not None]
    votes = Counter(cast)
    level = [label for label in dict.fromkeys(cast) if votes[label] == max(votes.values())]
    if label_set.is_ordered:
        return sorted(level, key=label_set.names.index)[(len(level) - 1) // 2]
    return level[0]


def collapse_repeats(outcomes: Sequence[Outcome], compare: Combine, *, by_score: bool) -> Outcome:
    """Aggregate repeats of the same question: by majority, or by the mean scores."""
    answered = [outcome for outcome in outcomes if outcome.verdict is not None]
    if not answered:
        return Outcome(None, gravest(outcome.failure for outcome in outcomes))
    abstained = len(outcomes) - len(answered)
    if isinstance(compare, SingleRule):
        return _labelled(answered, compare, by_score=by_score)._replace(abstained=abstained)
    if isinstance(compare, Ranking):
        return Outcome(mean_ranking([str(one.verdict) for one in answered]), abstained=abstained)
    scores = _mean_scores(answered)
    preference = _mean_preference(answered)
    if scores and by_score:
        return Outcome(compare(*scores), None, *scores, abstained=abstained, preference=preference)
    score_a, score_b = scores or (None, None)
    verdict = most_votes(one.verdict for one in answered)
    return Outcome(verdict, None, score_a, score_b, abstained=abstained, preference=preference)


def _labelled(answered: Sequence[Outcome], rule: SingleRule, *, by_score: bool) -> Outcome:
    """The label of a single response that several outcomes amount to, with their mean score where all have one."""
    scores = [one.score_a for one in answered if one.score_a is not None]
    mean = sum(scores) / len(scores) if len(scores) == len(answered) else None
    preference = _mean_preference(answered)
    if by_score and mean is not None:
        return Outcome(rule.label_of(mean), None, mean, preference=preference)
    return Outcome(most_labels((one.verdict for one in answered), rule.labels), None, mean, preference=preference)


def collapse_orders(given: Outcome, swapped: Outcome, compare: Compare | Ranking) -> Outcome:
    """Aggregate both orders; the verdict of the swapped order is already mapped back to the original order.

    The mean scores of the orders are compared. Without scores, orders that disagree are a `tie`. If one order failed,
    the item fails.
    """
    if given.verdict is None or swapped.verdict is None:
        return Outcome(None, gravest((given.failure, swapped.failure)))
    abstained = given.abstained + swapped.abstained
    if isinstance(compare, Ranking):
        return Outcome(mean_ranking([given.verdict, swapped.verdict]), abstained=abstained)
    scores = _mean_scores((given, swapped))
    if scores:
        preference = _mean_preference((given, swapped))
        return Outcome(compare(*scores), None, *scores, abstained=abstained, preference=preference)
    return Outcome(given.verdict if given.verdict == swapped.verdict else "tie", abstained=abstained)


def swap_responses(item: Item) -> Item:
    """The item with its responses and their authors exchanged; several responses in reverse order."""
    swapped = item._replace(
        response_a=item.response_b,
        response_b=item.response_a,
        model_a=item.model_b,
        model_b=item.model_a,
        responses=item.responses[::-1],
        places=item.places[::-1],
    )
    if isinstance(item, SharedItem) and item.prompts is not None:
        return SharedItem.of(swapped, item.prompts, item.row, is_swapped=not item.is_swapped)
    return swapped


def exchanged(outcome: Outcome) -> Outcome:
    """An outcome on exchanged responses, and its votes, mapped back to the original order."""
    verdict = None if outcome.verdict is None else _exchanged_vote(outcome.verdict)
    votes = tuple(map(_exchanged_vote, outcome.votes))
    preference = None if outcome.preference is None else 1 - outcome.preference
    return outcome._replace(
        verdict=verdict, score_a=outcome.score_b, score_b=outcome.score_a, votes=votes, preference=preference
    )


def _exchanged_vote(vote: str) -> str:
    """A verdict or a ranking about exchanged responses, mapped back; a failure as it is."""
    if vote in OTHER:
        return OTHER[vote]
    return vote if vote in FAILURES else reversed_positions(vote)


def _mean_preference(outcomes: Sequence[Outcome]) -> float | None:
    """The mean soft verdict; None where an outcome has none."""
    known = [outcome.preference for outcome in outcomes if outcome.preference is not None]
    return sum(known) / len(known) if len(known) == len(outcomes) else None


def _mean_scores(outcomes: Sequence[Outcome]) -> tuple[float, float] | None:
    """The mean score of each response; None where an outcome has none."""
    pairs = [(outcome.score_a, outcome.score_b) for outcome in outcomes]
    firsts = [a for a, b in pairs if a is not None and b is not None]
    seconds = [b for a, b in pairs if a is not None and b is not None]
    if len(firsts) < len(pairs):
        return None
    return sum(firsts) / len(firsts), sum(seconds) / len(seconds)
