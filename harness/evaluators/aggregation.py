"""Several verdicts on one item to one: repeated answers, both orders of the responses, several voices.

A failure among them abstains; where all fail, the gravest failure is the outcome. Where every outcome that is left
has scores and scores are to decide, their means are compared; otherwise the verdicts are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from harness.records.datasets import Item
from harness.records.judgments import FailureKind, Outcome, Verdict

Compare: TypeAlias = Callable[[float, float], Verdict]
"""Two scores to a verdict, with the margin of the strategy."""

GRAVEST_FIRST: tuple[FailureKind, ...] = ("unavailable", "refused", "truncated", "unparsed")
"""Of several failures on one item, the one that stands first here is the item's: it says more about what to mend."""


_OTHER: Mapping[str, Verdict] = {"a": "b", "tie": "tie", "b": "a"}


def gravest(failures: Iterable[FailureKind | None]) -> FailureKind:
    """The failure that stands for several."""
    found = set(failures)
    return next(kind for kind in GRAVEST_FIRST if kind in found)


def most_votes(verdicts: Iterable[Verdict | None]) -> Verdict:
    """The verdict with most votes; None abstains.

    A response needs more votes than the other one and no fewer than `tie` has: where `tie` and one response are level,
    it goes to the response, since nobody voted for the other. Anything else is `tie`.
    """
    votes = Counter(verdicts)
    if votes["a"] > votes["b"] and votes["a"] >= votes["tie"]:
        return "a"
    if votes["b"] > votes["a"] and votes["b"] >= votes["tie"]:
        return "b"
    return "tie"


def collapse_repeats(outcomes: Sequence[Outcome], compare: Compare, *, by_score: bool) -> Outcome:
    """Repeated answers to the same question to one: by majority, or by the mean scores."""
    answered = [outcome for outcome in outcomes if outcome.verdict is not None]
    if not answered:
        return Outcome(None, gravest(outcome.failure for outcome in outcomes))
    abstained = len(outcomes) - len(answered)
    scores = _mean_scores(answered)
    if scores and by_score:
        return Outcome(compare(*scores), None, *scores, abstained=abstained)
    score_a, score_b = scores or (None, None)
    return Outcome(most_votes(one.verdict for one in answered), None, score_a, score_b, abstained=abstained)


def collapse_orders(given: Outcome, swapped: Outcome, compare: Compare) -> Outcome:
    """Both orders to one verdict, the swapped one already named as in the order given.

    Scores are added up over the orders (their mean is kept, so that it stays on the scale); without scores the orders
    must agree, and where they do not it is `tie`. An order that failed leaves nothing to hold the other against: the
    item fails.
    """
    if given.verdict is None or swapped.verdict is None:
        return Outcome(None, gravest((given.failure, swapped.failure)))
    abstained = given.abstained + swapped.abstained
    scores = _mean_scores((given, swapped))
    if scores:
        return Outcome(compare(*scores), None, *scores, abstained=abstained)
    return Outcome(given.verdict if given.verdict == swapped.verdict else "tie", abstained=abstained)


def swap_responses(item: Item) -> Item:
    """The item with its responses, and what is known of their authors, exchanged."""
    return item._replace(
        response_a=item.response_b, response_b=item.response_a, model_a=item.model_b, model_b=item.model_a
    )


def exchanged(outcome: Outcome) -> Outcome:
    """An outcome on exchanged responses, and its votes, named as in the order given."""
    verdict = None if outcome.verdict is None else _OTHER[outcome.verdict]
    votes = tuple(_OTHER.get(vote, vote) for vote in outcome.votes)
    return outcome._replace(verdict=verdict, score_a=outcome.score_b, score_b=outcome.score_a, votes=votes)


def _mean_scores(outcomes: Sequence[Outcome]) -> tuple[float, float] | None:
    """The mean score of each response; None where an outcome has none."""
    pairs = [(outcome.score_a, outcome.score_b) for outcome in outcomes]
    firsts = [a for a, b in pairs if a is not None and b is not None]
    seconds = [b for a, b in pairs if a is not None and b is not None]
    if len(firsts) < len(pairs):
        return None
    return sum(firsts) / len(firsts), sum(seconds) / len(seconds)
