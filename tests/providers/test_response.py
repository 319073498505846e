from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.providers.response import read_completion
from harness.providers.retry import Fault
from harness.records.calls import Reply

USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}


def body(message: object = None, finish: object = "stop", **more: object) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({"choices": [choice], "usage": USAGE, "model": "m-1", **more}).encode()


@pytest.mark.parametrize(
    ("message", "finish", "text", "read_as"),
    [
        pytest.param({"content": "hi"}, "stop", "hi", "stop", id="stop"),
        pytest.param({"content": ""}, "stop", "", "stop", id="empty"),
        pytest.param({"content": "hi"}, "length", "hi", "length", id="length"),
        pytest.param({"content": None}, "length", "", "length", id="nothing said before the length was reached"),
        pytest.param({"content": "hi"}, "content_filter", "hi", "refusal", id="filtered"),
        pytest.param({"content": None}, "content_filter", "", "refusal", id="filtered, null"),
        pytest.param({"content": None, "refusal": "I won't"}, "stop", "I won't", "refusal", id="refusal"),
        pytest.param({"content": "hi", "refusal": None}, "stop", "hi", "stop", id="no refusal"),
        pytest.param({"content": "hi"}, "eos", "hi", "stop", id="a server's own reason"),
        pytest.param({"content": "hi"}, None, "hi", "stop", id="no reason"),
        pytest.param({"content": "hi"}, ["stop"], "hi", "stop", id="reason of a wrong type"),
    ],
)
def test_replies_are_read(message: dict[str, object], finish: object, text: str, read_as: str):
    assert read_completion(body(message, finish)) == Reply(text, read_as, 12, 3, "m-1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"<html>Bad gateway</html>", "not JSON", id="html"),
        pytest.param(b"", "not JSON", id="nothing"),
        pytest.param(body({"content": "hi"})[:-9], "not JSON", id="cut short"),
        pytest.param(b"\xff\xfe", "not JSON", id="bytes"),
        pytest.param(b"[1]", "not a JSON object", id="list"),
        pytest.param(b'{"error": {"message": "overloaded"}, "choices": null}', "overloaded", id="error"),
        pytest.param(b'{"error": "overloaded"}', "overloaded", id="error as text"),
        pytest.param(b"{}", "no choice", id="no choices"),
        pytest.param(b'{"choices": null}', "no choice", id="null choices"),
        pytest.param(b'{"choices": []}', "no choice", id="empty choices"),
        pytest.param(b'{"choices": ["hi"]}', "no choice", id="choice of a wrong type"),
        pytest.param(body(None), "no message", id="no message"),
        pytest.param(body({"content": None}), "null", id="null content"),
        pytest.param(body({}), "null", id="no content"),
        pytest.param(body({"content": [{"text": "hi"}]}), "not text", id="content of a wrong type"),
    ],
)
def test_what_is_no_reply_is_tried_again(content: bytes, said: str):
    fault = read_completion(content, "text/html")
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.remedy) == ("bad-reply", "again")
    assert said in fault.message


@pytest.mark.parametrize(
    "usage", [None, [], {}, {"prompt_tokens": -4, "completion_tokens": True}, {"prompt_tokens": 1.5}]
)
def test_usage_that_makes_no_sense_counts_nothing(usage: object):
    reply = read_completion(body({"content": "hi"}, usage=usage, model=7))
    assert reply == Reply("hi", "stop", 0, 0, "")


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["content", "message", "refusal"]), inner)
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {}, optional={"choices": st.lists(anything) | anything, "usage": anything, "model": anything, "error": anything}
    )
)
def test_no_body_is_read_as_something_else_than_a_reply_or_a_fault(value: dict[str, object]):
    assert isinstance(read_completion(json.dumps(value).encode()), Reply | Fault)
