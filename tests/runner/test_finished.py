"""Ended conversations as other processes receive them."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.judgments import FAILURES, Outcome
from harness.runner.finished import EndedConversation, EndedConversations
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


@given(st.lists(conversations, max_size=5).map(EndedConversations))
def test_other_processes_receive_the_same_conversations(ended: EndedConversations) -> None:
    received = pickle.loads(pickle.dumps(ended))
    assert received == ended
    assert type(received) is EndedConversations
    assert all(type(one) is EndedConversation and type(one.outcome) is Outcome for one in received)


@pytest.mark.parametrize("outcome", ["a trajectory", None, ("a", None)])
def test_outcomes_of_other_kinds_are_received_as_they_are(outcome: object) -> None:
    ended = EndedConversations([EndedConversation("i", outcome, (), 1, 2, None, ())])
    (received,) = pickle.loads(pickle.dumps(ended))
    assert received == ended[0]
    assert type(received.outcome) is type(outcome)
