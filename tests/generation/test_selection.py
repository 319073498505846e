"""Which draft is picked, by every rule, and the study's inversion on its recorded case."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.generation.records import Draft, DraftComparison, Review, Selection
from harness.generation.selection import best_score, pick, takes_over
from harness.records.calls import Reply
from harness.spec.matrix import cells_of
from support.loops import ITEM, JUDGED, MODELS, QUESTIONS, scores, system
from support.worlds import held

TEXTS = ("first", "second", "third")


def drafts(*given_scores):
    return tuple(
        Draft(text, False, text, (Review("critic", "", score, None, ""),))
        for text, score in zip(TEXTS, given_scores or (None,) * 3, strict=False)
    )


def tournament(*replies, selection=None, texts=TEXTS):
    chosen = selection or Selection("tournament", JUDGED)
    made = tuple(Draft(text, False, text) for text in texts)
    talk = pick(ITEM, made, system("critic"), chosen, QUESTIONS, MODELS)
    return held(talk, *([reply] if isinstance(reply, Reply) else reply for reply in replies))


def shown(call):
    """Which drafts a question shows, in its order."""
    text = call.messages[-1]["content"]
    return sorted((name for name in TEXTS if f"\n{name}\n" in text), key=lambda name: text.index(f"\n{name}\n"))


@pytest.mark.parametrize(
    ("given_scores", "best"),
    [((4, 7, 5), 1), ((7, 7, 5), 0), ((None, 3, 3), 1), ((None, None, None), 0), ((1, 2, 3), 2)],
)
def test_the_best_score_wins_and_the_earlier_of_equals(given_scores, best):
    assert best_score(drafts(*given_scores)) == best


@given(st.lists(st.one_of(st.none(), st.integers(0, 10)), min_size=1, max_size=3))
def test_no_earlier_draft_is_as_good_as_the_one_that_is_picked_by_score(given_scores):
    best = best_score(drafts(*given_scores))
    known = [score for score in given_scores if score is not None]
    assert given_scores[best] == (max(known) if known else None)
    assert not known or max(known) not in given_scores[:best]


@pytest.mark.parametrize(
    ("replies", "best"),
    [
        ([scores(5, 8), scores(5, 8)], 2),
        ([scores(5, 8), scores(8, 5)], 1),
        ([scores(8, 5), scores(5, 8)], 2),
        ([scores(8, 5), scores(8, 5)], 0),
        ([scores(5, 5), scores(5, 5)], 0),
    ],
)
def test_each_new_draft_meets_the_best_so_far_and_a_tie_keeps_the_earlier_one(replies, best):
    batches, (picked, duels) = tournament(*replies)
    assert picked == best
    assert len(duels) == 2
    assert shown(batches[0][0]) == ["first", "second"]
    assert shown(batches[1][0]) == [TEXTS[duels[1].best], "third"]


def test_a_duel_without_a_verdict_keeps_the_earlier_draft_and_is_counted():
    again = [Reply("none")], [Reply("none")]
    _, (picked, duels) = tournament(*again, Reply("I won't.", finish="refusal"))
    assert picked == 0
    assert [duel.failure for duel in duels] == ["unparsed", "refused"]


def test_drafts_with_the_same_text_are_a_tie_that_nobody_is_asked_about():
    batches, (picked, duels) = tournament(scores(2, 9), texts=("first", "first", "third"))
    assert len(batches) == 1
    assert picked == 2
    assert (duels[0].verdict, duels[0].keys) == ("tie", ())


def test_in_both_orders_a_verdict_that_turns_is_none():
    selection = Selection("tournament", replace(JUDGED, order="both"))
    batches, (picked, duels) = tournament(
        [scores(3, 7), scores(7, 3)], [scores(9, 7), scores(9, 7)], selection=selection
    )
    assert [shown(call) for call in batches[0]] == [["first", "second"], ["second", "first"]]
    assert [call.step for call in batches[0]] == ["select-2/judge", "select-2/swapped/judge"]
    assert picked == 1
    assert duels[0].votes == ("b", "b")
    assert duels[1].verdict == "tie"
    assert duels[1].votes == ("a", "b")


def test_a_jury_asks_all_its_members_at_once():
    wanted = {"dataset": ["drafts"], "strategy": ["combined-10"], "evaluator": [{"jury": {"of": list(MODELS)[:3]}}]}
    (cell,) = cells_of(wanted, tuple(MODELS))
    batches, (picked, duels) = tournament(
        [scores(1, 2), scores(2, 1), scores(1, 2)],
        [scores(1, 2), Reply("no", finish="refusal"), scores(2, 1)],
        selection=Selection("tournament", cell),
    )
    assert [call.model.name for call in batches[0]] == ["writer", "critic", "other"]
    assert picked == 1
    assert [duel.verdict for duel in duels] == ["b", "tie"]


def test_a_jury_may_average_scores():
    entry = {"jury": {"of": ["writer", "critic"], "vote": "mean-score"}}
    wanted = {"dataset": ["drafts"], "strategy": ["combined-10"], "evaluator": [entry]}
    (cell,) = cells_of(wanted, tuple(MODELS))
    _, (picked, duels) = tournament(
        [scores(1, 9), scores(6, 5)], [scores(9, 1), scores(5, 6)], selection=Selection("tournament", cell)
    )
    assert picked == 1
    assert (duels[0].score_best, duels[0].score_new) == (3.5, 7.0)
    nobody = [Reply("no", finish="refusal")] * 2
    _, (picked, duels) = tournament(nobody, nobody, selection=Selection("tournament", cell))
    assert (picked, duels[0].failure) == (0, "refused")


RECORDED = [
    # scores of drafts 1 and 2, of draft 3 and the best before it, what the study picked, and what is right
    ((7, 9), (8, 6), 1, 2),
    ((7, 9), (6, 8), 2, 1),
    ((9, 7), (9, 7), 0, 2),
    ((9, 7), (5, 7), 2, 0),
    ((9, 7), (7, 7), 0, 0),
]


@pytest.mark.parametrize(("round_1", "round_2", "published", "right"), RECORDED)
def test_the_study_took_the_loser_from_the_third_draft_on(round_1, round_2, published, right):
    replies = [scores(*round_1), scores(*round_2)]
    batches, (picked, _) = tournament(*replies, selection=Selection("tournament", JUDGED, alternates=True))
    assert picked == right
    assert shown(batches[1][0])[0] == "third", "it showed draft 3 first"
    _, (theirs, _) = tournament(*replies, selection=Selection("published", JUDGED, alternates=True))
    assert theirs == published


def test_only_what_wins_takes_over():
    for verdict in ("a", "tie", None):
        assert not takes_over(DraftComparison(0, 1, verdict))
    assert takes_over(DraftComparison(0, 1, "b"))
    assert takes_over(DraftComparison(0, 1, "b"), is_published=True)
    assert takes_over(DraftComparison(0, 2, "a"), is_published=True)
    assert not takes_over(DraftComparison(0, 2, "b"), is_published=True)
