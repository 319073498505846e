"""Several verdicts to one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evaluators.aggregation import collapse_orders, collapse_repeats, exchanged, most_votes, swap_responses
from harness.records.judgments import FAILURES, VERDICTS, Outcome
from support.worlds import item


def compare(score_a: float, score_b: float) -> str:
    return "tie" if abs(score_a - score_b) <= 0.5 else "a" if score_a > score_b else "b"


def fails(kind: str) -> Outcome:
    return Outcome(None, kind)


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ("a", "a"), ("aab", "a"), ("abb", "b"), ("ab", "tie"), ("aabb", "tie"), ("aabbt", "tie"),
        ("at", "a"), ("bt", "b"), ("att", "tie"), ("aabtt", "a"), ("abt", "tie"), ("ttab", "tie"), ("", "tie"),
    ],
)  # fmt: skip
def test_most_votes(votes: str, verdict: str) -> None:
    assert most_votes("tie" if vote == "t" else vote for vote in votes) == verdict


def test_repeats_by_majority_and_failures_abstain() -> None:
    outcomes = [Outcome("a"), fails("unparsed"), Outcome("b"), Outcome("a")]
    assert collapse_repeats(outcomes, compare, by_score=False) == Outcome("a", abstained=1)
    assert collapse_repeats(outcomes, compare, by_score=True) == Outcome("a", abstained=1)  # nobody gave scores


def test_repeats_by_mean_score() -> None:
    outcomes = [Outcome("a", None, 6, 5), Outcome("a", None, 6, 5), Outcome("b", None, 1, 9), fails("refused")]
    mean = (13 / 3, 19 / 3)
    assert collapse_repeats(outcomes, compare, by_score=True) == Outcome("b", None, *mean, abstained=1)
    assert collapse_repeats(outcomes, compare, by_score=False) == Outcome("a", None, *mean, abstained=1)


def test_repeats_that_all_fail_have_the_gravest_failure() -> None:
    assert collapse_repeats([fails("unparsed"), fails("refused")], compare, by_score=False) == fails("refused")


def test_abstentions_of_both_orders_are_added_up() -> None:
    first, second = Outcome("a", abstained=1), Outcome("a", abstained=2)
    assert collapse_orders(first, second, compare) == Outcome("a", abstained=3)


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        (Outcome("a"), Outcome("a"), Outcome("a")),
        (Outcome("a"), Outcome("b"), Outcome("tie")),
        (Outcome("tie"), Outcome("b"), Outcome("tie")),
        (Outcome("a", None, 9, 5), Outcome("b", None, 5, 6), Outcome("a", None, 7, 5.5)),
        (Outcome("a", None, 7, 6), Outcome("b", None, 6, 7), Outcome("tie", None, 6.5, 6.5)),
        (Outcome("a"), fails("truncated"), fails("truncated")),
        (fails("unavailable"), fails("refused"), fails("unavailable")),
    ],
)
def test_orders(first: Outcome, second: Outcome, one: Outcome) -> None:
    assert collapse_orders(first, second, compare) == one


outcomes = st.sampled_from([Outcome(verdict) for verdict in VERDICTS] + [fails(kind) for kind in FAILURES])


@given(st.lists(outcomes, min_size=1, max_size=7))
def test_naming_the_responses_the_other_way_round_names_the_verdict_the_other_way_round(votes: list[Outcome]) -> None:
    mirrored = [exchanged(vote) for vote in votes]
    assert collapse_repeats(mirrored, compare, by_score=False) == exchanged(
        collapse_repeats(votes, compare, by_score=False)
    )
    assert [exchanged(vote) for vote in mirrored] == votes


def test_votes_are_named_the_other_way_round_too() -> None:
    outcome = Outcome("a", None, 3, 2, ("a", "tie", "unparsed", "b"))
    assert exchanged(outcome) == Outcome("b", None, 2, 3, ("b", "tie", "unparsed", "a"))


def soft(p: float) -> Outcome:
    return Outcome("a" if p > 0.5 else "b", None, p, 1 - p, preference=p)


def test_soft_verdicts_are_averaged_and_mapped_back() -> None:
    votes = [soft(0.9), soft(0.4), fails("refused")]
    by_votes, by_means = (collapse_repeats(votes, compare, by_score=by_score) for by_score in (False, True))
    assert by_votes.preference == by_means.preference == pytest.approx(0.65)
    assert (by_votes.verdict, by_means.verdict) == ("tie", "tie")  # one vote each; means within the margin of 0.5
    assert exchanged(soft(0.25)).preference == 0.75
    both = collapse_orders(soft(0.9), exchanged(soft(0.4)), compare)
    assert (both.preference, both.verdict) == (pytest.approx(0.75), "tie")


def test_mean_of_soft_verdicts_is_unknown_where_one_is() -> None:
    votes = [soft(0.9), Outcome("a", None, 0.8, 0.2)]
    assert collapse_repeats(votes, compare, by_score=True).preference is None
    assert collapse_orders(*votes, compare).preference is None


def test_swapping_exchanges_responses_models_and_the_places_of_many() -> None:
    one = item(0)._replace(model_a="m", model_b="n", responses=("x", "y", "z"), places=(0, 1, 2))
    other = swap_responses(one)
    assert (other.response_a, other.response_b) == (one.response_b, one.response_a)
    assert (other.model_a, other.model_b) == ("n", "m")
    assert (other.responses, other.places) == (("z", "y", "x"), (2, 1, 0))
    assert swap_responses(other) == one
