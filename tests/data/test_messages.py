import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.messages import NotMessagesError, is_messages, last_answer, messages_from, separated


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def test_text_parts_are_joined_and_thinking_is_left_out():
    said = [{"role": "user", "content": [{"type": "text", "text": "Hi "}, {"type": "input_text", "text": "there"}]}]
    assert messages_from(said) == [user("Hi there")]
    thought = [
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Yes"}]}
    ]
    assert messages_from(thought) == [assistant("Yes")]


def test_speakers_of_other_data_sets():
    said = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
    assert messages_from(said) == [user("Hi"), assistant("Hello")]


def test_turns_of_tools_are_shown_as_such():
    call = {"type": "function", "function": {"name": "add", "arguments": {"a": 1}}}
    said = [
        user("1+1?"),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "name": "add", "content": "2"},
    ]
    assert messages_from(said) == [
        user("1+1?"),
        assistant('[call of add] {"a":1}'),
        user("[result of add]\n2"),
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"role": "user"}, "is an object, it must be text or a list of messages"),
        (["x"], "message 1 is not an object"),
        ([{"role": "critic", "content": "x"}], "message 1 has the role 'critic'"),
        (
            [user([{"type": "image_url", "image_url": {}}])],
            "message 1 holds a part of type 'image_url'.*on_problem: skip",
        ),
        ([user(7)], "message 1 is not an object with"),
    ],
)
def test_what_is_no_list_of_messages_says_why(value, message):
    with pytest.raises(NotMessagesError, match=message):
        messages_from(value)


def test_what_two_conversations_share_is_the_prompt():
    one = [user("Hi"), assistant("Hello"), user("Why?"), assistant("A")]
    other = [*one[:3], assistant("B")]
    assert separated(one, other) == (one[:3], "A", "B")
    assert separated(one, one) == (one[:3], "A", "A")
    assert separated([user("Hi"), assistant("A")], [user("Ho"), assistant("B")]) == ([], "A", "B")
    assert separated([assistant("A")], [assistant("B")]) == ([], "A", "B")
    assert last_answer([user("x")]) == ""


KEYS = st.sampled_from(["role", "content", "from", "value", "tool_calls", "type", "text", "name"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(VALUES)
def test_any_value_is_messages_or_a_clear_error(value):
    is_messages(value)
    try:
        found = messages_from(value)
    except NotMessagesError:
        return
    assert all(set(message) == {"role", "content"} and isinstance(message["content"], str) for message in found)
