"""Conversations that have ended, as columns and as other processes receive them."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.judgments import FAILURES, Outcome, Usage
from harness.runner.finished import EndedConversation, JudgedChunk, as_sent, remarks_of
from harness.runner.reply_notes import Remark

outcomes = st.builds(
    Outcome,
    st.sampled_from(["a", "tie", "b"]),
    st.none() | st.sampled_from(FAILURES),
    st.none() | st.floats(0, 10),
    st.none() | st.floats(0, 10),
    st.lists(st.sampled_from(["a", "b"]), max_size=3).map(tuple),
    st.integers(0, 3),
    st.none() | st.floats(0, 1),
    st.none() | st.integers(0, 2),
)
conversations = st.builds(
    EndedConversation,
    st.text(max_size=5),
    outcomes,
    st.lists(st.text(max_size=3), max_size=3).map(tuple),
    st.integers(0, 9),
    st.integers(0, 9),
    st.none() | st.floats(0, 1),
    st.sampled_from([(), (Remark("m", "other"),)]),
)
chunks = st.lists(conversations, max_size=5)


def ended(item: str, escalated: int | None = None, cost: float | None = 0.0, abstained: int = 0) -> EndedConversation:
    outcome = Outcome("a", abstained=abstained, escalated=escalated)
    return EndedConversation(item, outcome, (f"key {item}",) * 2, 10, 3, cost, ())


@given(chunks)
def test_a_chunk_gives_back_its_conversations(plain: list[EndedConversation]) -> None:
    chunk = JudgedChunk.of(plain)
    assert [*chunk] == plain
    assert len(chunk) == len(plain)
    assert all(type(one) is EndedConversation and type(one.outcome) is Outcome for one in chunk)
    assert [*remarks_of(chunk)] == [*remarks_of(plain)]
    assert JudgedChunk.of(chunk) is chunk


@given(chunks)
def test_other_processes_receive_the_same_conversations(plain: list[EndedConversation]) -> None:
    received = pickle.loads(pickle.dumps(as_sent(plain)))
    assert received == JudgedChunk.of(plain)
    assert [*received] == plain


@pytest.mark.parametrize("outcome", ["a trajectory", None, ("a", None)])
def test_outcomes_of_other_kinds_are_received_as_they_are(outcome: object) -> None:
    plain = [EndedConversation("i", outcome, (), 1, 2, None, ()), ended("j")]
    received = pickle.loads(pickle.dumps(as_sent(plain)))
    assert received == plain
    assert type(received[0].outcome) is type(outcome)


def test_a_conversation_is_found_by_its_place() -> None:
    plain = [ended("i"), ended("j"), ended("k")]
    chunk = JudgedChunk.of(plain)
    assert (chunk[1], chunk[-1], chunk[1:]) == (plain[1], plain[2], plain[1:])
    with pytest.raises(IndexError):
        chunk[3]


def test_usage_is_that_of_all_conversations() -> None:
    chunk = JudgedChunk.of([ended("i", 2, 0.5, 1), ended("j", None, 0.25), ended("k", 1, 0.0, 2)])
    assert chunk.usage == Usage(30, 9, 6, 0.75, 3, (2, 1))


def test_usage_has_no_cost_where_one_conversation_has_none() -> None:
    assert JudgedChunk.of([ended("i"), ended("j", cost=None)]).usage == Usage(20, 6, 4, None, 0, ())


def test_usage_of_nothing_is_nothing() -> None:
    assert JudgedChunk.of([]).usage == Usage()


def test_counted_outcomes_took_no_calls() -> None:
    chunk = JudgedChunk.counted(["i", "j"], [Outcome("a", abstained=1), Outcome(None, "refused")])
    assert [*chunk] == [
        EndedConversation("i", Outcome("a", abstained=1), (), 0, 0, 0.0, ()),
        EndedConversation("j", Outcome(None, "refused"), (), 0, 0, 0.0, ()),
    ]
    assert chunk.usage == Usage(abstained=1)
