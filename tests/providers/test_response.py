from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.providers.response import _parts, read_completion
from harness.providers.retry import Fault
from harness.records.calls import Reply
from harness.records.reasoning import holds_reasoning, separated

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
        pytest.param(body({"content": 7}), "neither text nor a list", id="content of a wrong type"),
        pytest.param(body({"content": [{"type": "image_url"}, 7]}), "no text", id="no part of text"),
        pytest.param(body({"content": "hi"}, "error"), "ended in an error", id="finish reason error"),
        pytest.param(body({"content": "hi"}, "ABORT"), "ended in an error", id="finish reason abort"),
        pytest.param(body({"content": "hi"}, error={"message": "cut"}), "cut", id="error beside choices"),
        pytest.param(
            b'{"choices": [{"message": {"content": "hi"}, "error": {"code": 502, "message": "upstream"}}]}',
            "upstream",
            id="error on the choice",
        ),
        pytest.param(b"[" * 100_000, "not JSON", id="nested too deeply"),
    ],
)
def test_what_is_no_reply_is_tried_again(content: bytes, said: str):
    fault = read_completion(content, "text/html")
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.remedy) == ("bad-reply", "again")
    assert said in fault.message


def part(kind: str, **fields: object) -> dict[str, object]:
    return {"type": kind, **fields}


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        pytest.param({"content": ["Verdict: ", "B"]}, "Verdict: B", "", id="strings"),
        pytest.param(
            {"content": [part("text", text="Verdict: "), part("text", text="B")]}, "Verdict: B", "", id="parts"
        ),
        pytest.param({"content": [{"text": "hi"}]}, "hi", "", id="a part without a type"),
        pytest.param({"content": part("text", text="hi")}, "hi", "", id="a part alone"),
        pytest.param(
            {"content": [part("text", text={"value": "hi", "annotations": []})]}, "hi", "", id="text in a value"
        ),
        pytest.param({"content": [part("output_text", text="hi"), part("image_url")]}, "hi", "", id="other parts"),
        pytest.param(
            {"content": [part("thinking", thinking=[part("text", text="A first")]), part("text", text="B")]},
            "B",
            "A first",
            id="a thinking part with parts",
        ),
        pytest.param(
            {"content": [part("reasoning", summary=[part("summary_text", text="s")]), part("text", text="B")]},
            "B",
            "s",
            id="a summary",
        ),
        pytest.param(
            {"content": [part("redacted_thinking", data="x"), part("text", text="B")]}, "B", "", id="redacted thinking"
        ),
        pytest.param(
            {"content": [{"text": "A first", "thought": True}, {"text": "B"}]}, "B", "A first", id="thought flag"
        ),
        pytest.param({"content": "B", "reasoning_content": "A first"}, "B", "A first", id="reasoning_content"),
        pytest.param({"content": "B", "reasoning": "A first"}, "B", "A first", id="reasoning"),
        pytest.param(
            {
                "content": "B",
                "reasoning_details": [part("reasoning.text", text="A "), part("reasoning.text", text="B")],
            },
            "B",
            "A B",
            id="reasoning_details",
        ),
        pytest.param(
            {"content": "B", "reasoning": "A", "reasoning_details": [part("reasoning.text", text="A")]},
            "B",
            "A",
            id="the same twice",
        ),
        pytest.param({"content": "<think>A first</think>\n\nB"}, "B", "A first", id="tags"),
        pytest.param({"content": "A first</think>\n\nB"}, "B", "A first", id="a closing tag alone"),
        pytest.param({"content": "<think>A first"}, "", "A first", id="a block that does not end"),
        pytest.param({"content": "y</think>B", "reasoning": "x"}, "B", "x\n\ny", id="a field and tags"),
        pytest.param({"content": None, "reasoning_content": "A"}, "", "A", id="reasoning alone"),
        pytest.param({"content": [part("thinking", thinking="A")]}, "", "A", id="a thinking part alone"),
    ],
)
def test_reasoning_is_apart_from_the_text(message: dict[str, object], text: str, reasoning: str):
    reply = read_completion(body(message))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning, reply.finish) == (text, reasoning, "stop")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({"choices": [{"finish_reason": "content_filter"}]}, "", id="filtered without a message"),
        pytest.param({"choices": [{"finish_reason": "SAFETY", "message": None}]}, "", id="null message"),
        pytest.param({"choices": [{"message": {"content": None, "refusal": "I won't"}}]}, "I won't", id="refusal"),
        pytest.param({"choices": [{"message": {"content": [part("refusal", refusal="no")]}}]}, "no", id="refusal part"),
        pytest.param({"choices": [], "promptFeedback": {"blockReason": "SAFETY"}}, "", id="blocked prompt"),
        pytest.param({"error": {"code": "content_filter", "message": "filtered"}}, "", id="refusal as an error"),
        pytest.param(
            {"choices": [{"finish_reason": "stop", "native_finish_reason": "PROHIBITED_CONTENT", "message": {}}]},
            "",
            id="native finish reason",
        ),
    ],
)
def test_refusals_are_replies(value: dict[str, object], text: str):
    reply = read_completion(json.dumps(value).encode())
    assert isinstance(reply, Reply)
    assert (reply.finish, reply.text) == ("refusal", text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(
            b'{"choices": [{"message": {"content": "B"}, "logprobs": [-Infinity, NaN, 1e999]}]}', "B", id="nan"
        ),
        pytest.param(b'{"choices": [{"message": {"content": "B \\ud83d"}}]}', "B \ufffd", id="half a pair"),
        pytest.param(b'{"choices": [{"message": {"content": "B \\ud83d\\ude00"}, "x": NaN}]}', "B 😀", id="whole pair"),
        pytest.param(b'\xef\xbb\xbf{"choices": [{"message": {"content": "B"}}]}', "B", id="byte order mark"),
        pytest.param('{"choices": [{"message": {"content": "B"}}]}'.encode("utf-16"), "B", id="utf-16"),
        pytest.param(b'{"choices": [{"message": {"content": "B \xff"}}]}', "B \ufffd", id="broken utf-8"),
        pytest.param(b'{"choices": [{"message": {"content": "B\nC"}}]}', "B\nC", id="raw line end"),
    ],
)
def test_bodies_that_python_clients_read_are_read(content: bytes, text: str):
    reply = read_completion(content)
    assert isinstance(reply, Reply)
    assert reply.text == text


@pytest.mark.parametrize(
    "usage", [None, [], {}, {"prompt_tokens": -4, "completion_tokens": True}, {"prompt_tokens": 1.5}]
)
def test_usage_that_makes_no_sense_counts_nothing(usage: object):
    reply = read_completion(body({"content": "hi"}, usage=usage, model=7))
    assert reply == Reply("hi", "stop", 0, 0, "")


KEYS = [
    *(
        "choices",
        "message",
        "content",
        "refusal",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "type",
        "text",
    ),
    *("thinking", "summary", "delta", "finish_reason", "usage", "prompt_tokens", "completion_tokens", "total_tokens"),
    *("error", "code", "model", "thought"),
]
TEXTS = st.text(max_size=5) | st.sampled_from(
    ["<think>", "</think>", "[THINK]", "<|channel|>final<|message|>", "thinking", "text", "refusal", "length", "error"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**70) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
choices = st.lists(st.fixed_dictionaries({}, optional={"message": anything, "finish_reason": TEXTS, "error": anything}))


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {}, optional={"choices": choices | anything, "usage": anything, "model": anything, "error": anything}
    )
    | anything
)
def test_no_body_is_read_as_something_else_than_a_reply_or_a_fault(value: object):
    read = read_completion(json.dumps(value).encode())
    assert isinstance(read, Reply | Fault)
    if isinstance(read, Reply):
        assert not holds_reasoning(read.text)
        assert separated(read) == read
        assert min(read.prompt_tokens, read.completion_tokens, read.cached_tokens, read.reasoning_tokens) >= 0


@settings(deadline=None)
@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda end: b"data: " + end))
def test_no_bytes_raise_anything(content: bytes):
    assert isinstance(read_completion(content), Reply | Fault)


@pytest.mark.parametrize(
    ("content", "pieces"),
    [
        ({"refusal": "no"}, [("refusal", "no")]),
        ({"type": "refusal", "refusal": "no"}, [("refusal", "no")]),
        ({"type": "text", "text": "yes", "refusal": "no"}, [("text", "yes")]),
        ({"type": "text", "text": "yes"}, [("text", "yes")]),
        ({"refusal": None, "text": "yes"}, [("text", "yes")]),
        ({"type": "image", "text": "yes"}, []),
        ([{"text": "a"}, {"refusal": "b"}, "c"], [("text", "a"), ("refusal", "b"), ("text", "c")]),
    ],
)
def test_a_part_is_a_refusal_if_its_type_says_so_or_if_it_has_no_type(content: object, pieces: list[tuple[str, str]]):
    assert list(_parts(content, 3)) == pieces
