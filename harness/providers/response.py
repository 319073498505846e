"""What a reply is: the body of a chat completion → a Reply, or what is wrong with it.

    body ─▶ JSON (json_body) or events put together (event_stream) ─▶ read_value ─▶ Reply | Fault

All endpoints are read here, whatever form their reply has: text, parts, reasoning in fields or between tags
(`harness.records.reasoning`), finish reasons (`finish_reasons`) and usage (`usage`) in the words of each. Nothing
unread reaches the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.providers.event_stream import completion_in_events, is_event_stream
from harness.providers.finish_reasons import End, end_of
from harness.providers.json_body import read_json
from harness.providers.logprobs import read_logprobs
from harness.providers.retry import Fault, in_short
from harness.providers.usage import read_usage
from harness.records.calls import Reply
from harness.records.reasoning import joined, separated

_REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks", "thoughts")
_REASONING_PARTS = ("think", "reasoning", "thought", "redacted")
"""Begin the types of parts that are reasoning, such as `thinking`, `reasoning.text`, `redacted_thinking`."""
_INNER = ("text", "thinking", "reasoning", "summary", "content", "output_text", "value")
"""Where a part holds its text, or parts of its own."""
MAX_DEPTH = 8
"""Levels of parts within parts: endpoints use two."""


def read_completion(body: bytes, content_type: str = "") -> Reply | Fault:
    """The reply that the body of a response with status 200 holds, or why it holds none.

    Args:
        body: as it came, unpacked: JSON, or server-sent events.
        content_type: the response's header, for the message.
    """
    if is_event_stream(body, content_type):
        value = completion_in_events(body)
        return value if isinstance(value, Fault) else read_value(value)
    try:
        return read_value(read_json(body))
    except ValueError:
        start = in_short(body[:80].decode("utf-8", "replace"))
        return _bad(f"the reply is not JSON (content type {in_short(content_type) or 'unknown'}): {start}")


def read_value(value: Any) -> Reply | Fault:
    """The reply in the value of a chat completion, or why it holds none."""
    if not isinstance(value, dict):
        return _bad("the reply is not a JSON object")
    if value.get("error"):
        return _read_error(value["error"], value)
    choices = value.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return _reply("", "refusal", value) if _prompt_blocked(value) else _bad("the reply holds no choice")
    choice = choices[0]
    if choice.get("error"):
        return _read_error(choice["error"], value)
    end = end_of(choice.get("finish_reason"))
    if end == "stop":
        end = end_of(choice.get("native_finish_reason"))
    if end == "error":
        return _bad(f"the reply ended in an error (finish reason {in_short(str(choice.get('finish_reason')))})")
    message = choice.get("message")
    if message is None and end != "stop":
        return _reply("", end, value)
    if not isinstance(message, dict):
        return _bad("the reply's first choice holds no message")
    read = _read_message(message, end, value)
    return read._replace(logprobs=read_logprobs(choice)) if isinstance(read, Reply) else read


def _read_message(message: Mapping[str, Any], end: End, value: Mapping[str, Any]) -> Reply | Fault:
    content = message.get("content")
    if content is not None and not isinstance(content, str | list | dict):
        return _bad("the reply's content is neither text nor a list of parts")
    texts, thoughts, refusals = list[str](), list[str](), list[str]()
    for kind, text in (("text", content),) if isinstance(content, str) else _parts(content, MAX_DEPTH):
        (thoughts if kind == "reasoning" else refusals if kind == "refusal" else texts).append(text)
    reasoning = joined([_reasoning_field(message), "".join(thoughts)])
    text, refusal = "".join(texts), message.get("refusal")
    if isinstance(refusal, str) and refusal:
        refusals.append(refusal)
    if refusals:
        end, text = "refusal", text or "".join(refusals)
    if end == "stop" and not reasoning and (content is None or (not isinstance(content, str) and not texts)):
        # Unlike an empty text this is no answer of the model, and asking again may bring one.
        return _bad("the reply's content is null" if content is None else "the reply's content holds no text")
    return _reply(text, end, value, reasoning)


def _reply(text: str, end: End, value: Mapping[str, Any], reasoning: str = "") -> Reply:
    assert end != "error", "an error is a fault"
    usage, served_model = read_usage(value.get("usage")), value.get("model")
    reply = Reply(
        text=text,
        finish=end,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        served_model=served_model if isinstance(served_model, str) else "",
        reasoning=reasoning,
        cached_tokens=usage.cached_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )
    return separated(reply)


def _parts(content: Any, depth: int, kind: str = "text") -> Iterator[tuple[str, str]]:
    """The pieces of content in order: `text`, `reasoning` or `refusal`, and what each says."""
    if isinstance(content, str):
        yield kind, content
    elif isinstance(content, list) and depth:
        for part in content:
            yield from _parts(part, depth - 1, kind)
    elif isinstance(content, dict) and depth:
        of_type = content.get("type", "")
        of_type = of_type.casefold() if isinstance(of_type, str) else ""
        if of_type == "refusal" or (not of_type and isinstance(content.get("refusal"), str)):
            yield from _parts(content.get("refusal"), depth - 1, "refusal")
            return
        if of_type.startswith(_REASONING_PARTS) or content.get("thought") is True:
            kind = "reasoning"
        elif kind != "reasoning" and of_type not in ("", "text", "output_text", "message"):
            return  # an image, a call of a tool, a reference
        place = next((name for name in _INNER if content.get(name)), "")
        yield from _parts(content.get(place), depth - 1, kind)


def _reasoning_field(message: Mapping[str, Any]) -> str:
    """The reasoning that stands beside the content; some endpoints give the same in several fields."""
    for name in _REASONING_FIELDS:
        field = message.get(name)
        if field and (text := "".join(text for _, text in _parts(field, MAX_DEPTH, "reasoning")).strip()):
            return text
    return ""


def _prompt_blocked(value: Mapping[str, Any]) -> bool:
    """Whether there is no choice because the prompt was filtered."""
    feedback = value.get("prompt_feedback") or value.get("promptFeedback")
    return isinstance(feedback, dict) and bool(feedback.get("block_reason") or feedback.get("blockReason"))


def _read_error(error: Any, value: Mapping[str, Any]) -> Reply | Fault:
    """An error with status 200 is a failed attempt, unless it is the way in which the endpoint reports a refusal."""
    if isinstance(error, dict) and "refusal" in (end_of(error.get("code")), end_of(error.get("type"))):
        return _reply("", "refusal", value)
    message = error.get("message") if isinstance(error, dict) else error
    return _bad(f"the reply is an error with status 200: {in_short(str(message))}")


def _bad(message: str) -> Fault:
    return Fault("bad-reply", message, remedy="again", may_be_billed=True)
