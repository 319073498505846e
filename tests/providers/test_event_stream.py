from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.event_stream import is_event_stream, refuses_usage, wants_stream
from harness.providers.response import read_completion
from harness.providers.retry import Fault
from harness.records.calls import Reply

TYPE = "text/event-stream; charset=utf-8"


def chunk(delta: object = None, finish: str | None = None, **more: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}], "model": "m-1", **more}


def events(*chunks: object, end: str = "data: [DONE]\n\n", line: str = "\n") -> bytes:
    text = "".join(f"data: {json.dumps(one, ensure_ascii=False)}\n\n" for one in chunks) + end
    return text.replace("\n", line).encode()


SAID = (chunk({"role": "assistant", "content": ""}), chunk({"content": "Verdict: "}), chunk({"content": "B"}, "stop"))
USAGE = {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}}
COMMENTS = b": keep-alive\n\n:\n\nevent: message\nid: 7\nretry: 100\n"


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(events(*SAID, USAGE), id="plain"),
        pytest.param(events(*SAID, USAGE, line="\r\n"), id="crlf"),
        pytest.param(events(*SAID, USAGE, line="\r"), id="cr"),
        pytest.param(COMMENTS + events(*SAID, USAGE), id="comments and other fields"),
        pytest.param(b"\xef\xbb\xbf" + events(*SAID, USAGE), id="byte order mark"),
        pytest.param(events(*SAID, USAGE, end=""), id="without its mark of the end"),
        pytest.param(events(*SAID, USAGE, end="data: [DONE]"), id="without the last empty line"),
        pytest.param(events(*SAID, USAGE).replace(b"data: ", b"data:"), id="without the space"),
        pytest.param(events(*SAID, USAGE).replace(b"\n\n", b"\n"), id="without empty lines"),
        pytest.param(events(*SAID, USAGE, {"choices": [{"index": 1, "delta": {"content": "A"}}]}), id="another choice"),
        pytest.param(events(USAGE, *SAID, {"usage": None}, {"choices": None}), id="usage in the first event"),
        pytest.param(
            events(
                {"choices": [{"message": {"content": "Verdict: B"}, "finish_reason": "stop"}], "model": "m-1", **USAGE}
                | {"choices": [{"message": {"content": "Verdict: B"}, "finish_reason": "stop"}]}
            ),
            id="a whole message in one event",
        ),
    ],
)
def test_a_stream_is_read_as_the_reply_in_one_piece(stream: bytes):
    assert read_completion(stream, TYPE) == Reply("Verdict: B", "stop", 12, 3, "m-1")


def test_reasoning_and_parts_are_put_together_before_they_are_read():
    thoughts = [chunk({"reasoning_content": "Verdict: "}), chunk({"reasoning_content": "A"})]
    details = [chunk({"reasoning_details": [{"type": "reasoning.text", "text": text}]}) for text in ("Verdict: ", "A")]
    tagged = [chunk({"content": piece}) for piece in ("<thi", "nk>Verdict: A</", "think>")]
    parts = [chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Verdict: A"}]}]})]
    for before in (thoughts, details, tagged, parts):
        reply = read_completion(events(*before, *SAID), TYPE)
        assert isinstance(reply, Reply)
        assert (reply.text, reply.reasoning) == ("Verdict: B", "Verdict: A")


@pytest.mark.parametrize(
    ("stream", "finish"),
    [
        pytest.param(events(SAID[1], chunk(None, "MAX_TOKENS")), "length", id="cut"),
        pytest.param(events(SAID[1], chunk(None, "content_filter")), "refusal", id="filtered"),
        pytest.param(events(chunk({"refusal": "I "}), chunk({"refusal": "won't"}, "stop")), "refusal", id="refused"),
        pytest.param(events(SAID[1]), "stop", id="no reason, but whole"),
    ],
)
def test_the_end_of_a_stream_is_that_of_the_reply(stream: bytes, finish: str):
    reply = read_completion(stream, TYPE)
    assert isinstance(reply, Reply)
    assert reply.finish == finish


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        pytest.param(events(SAID[1], end=""), "ended before the reply", id="cut off"),
        pytest.param(b"", "ended before the reply", id="nothing"),
        pytest.param(events(end=""), "ended before the reply", id="no events"),
        pytest.param(events(), "no choice", id="the mark of the end alone"),
        pytest.param(events(SAID[1], {"error": {"message": "overloaded"}}), "overloaded", id="an error event"),
        pytest.param(b'event: error\ndata: {"error": "busy"}\n\n', "busy", id="an event of type error"),
        pytest.param(events(SAID[1], chunk(None, "error")), "ended in an error", id="finish reason error"),
        pytest.param(b"data: {oops\n\n", "not JSON", id="no JSON"),
        pytest.param(b"data: 7\n\n", "not a JSON object", id="no object"),
    ],
)
def test_a_stream_without_a_whole_reply_is_a_failed_attempt(stream: bytes, said: str):
    fault = read_completion(stream, TYPE)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.remedy, fault.may_be_billed) == ("bad-reply", "again", True)
    assert said in fault.message


def test_a_stream_is_known_by_its_type_or_its_beginning():
    assert is_event_stream(b": hi\n", "")
    assert is_event_stream(b"data: {}", "application/json")
    assert is_event_stream(b"", "text/event-stream")
    assert not is_event_stream(b'{"choices": []}', "text/event-stream")
    assert not is_event_stream(b'{"data": 1}', "application/json")


@pytest.mark.parametrize(
    ("said", "wants"),
    [
        ("This model only support stream mode, please enable the stream parameter to access the model.", True),
        ("parameter.enable_thinking must be set to false for non-streaming calls", True),
        ('"stream" must be set to true', True),
        ("Streaming is required for operations that may take longer than 10 minutes", True),
        ("unknown parameter: stream_foo", False),
        ("max_tokens must be at least 1", False),
    ],
)
def test_a_model_that_only_streams_is_known_by_its_words(said: str, wants: bool):
    assert wants_stream(400, said) is wants
    assert not wants_stream(500, said)


def test_an_endpoint_that_knows_no_usage_of_streams_is_known_by_its_words():
    assert refuses_usage(400, "Unrecognized argument: stream_options")
    assert not refuses_usage(400, "Unrecognized argument: top_k")


@given(st.text("ab😀é\n ", max_size=20), st.integers(0, 60))
def test_letters_split_between_events_come_back_whole(text: str, at: int):
    pieces = [chunk({"content": text[:at]}), chunk({"content": text[at:]}, "stop")]
    reply = read_completion(events(*pieces), TYPE)
    assert isinstance(reply, Reply)
    assert reply.text == text
