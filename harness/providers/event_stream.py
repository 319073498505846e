"""Server-sent events of a streamed chat completion → the completion that would have come in one piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.providers.json_body import read_json
from harness.providers.retry import Fault, in_short

DONE = b"[DONE]"
_TEXTS = ("reasoning_content", "reasoning", "thinking", "refusal")
"""Fields of a message that arrive as pieces of text, beside its content."""
_ONLY = ("only support", "only available", "only be used", "must be", "must set", "required", "require", "enable")
"""Said of `stream` by endpoints that give no other replies."""
_REJECTED = (400, 404, 422)
_BEGINNINGS = (b"data:", b"event:", b"id:", b"retry:", b":")


def is_event_stream(body: bytes, content_type: str = "") -> bool:
    """Whether a body is a stream of events: by its type, or by its first line where the type is another."""
    start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if content_type.partition(";")[0].strip().lower() == "text/event-stream":
        return not start.startswith(b"{")
    return start.startswith(_BEGINNINGS)


def completion_in_events(body: bytes) -> dict[str, Any] | Fault:
    """The completion that events bring piece by piece, or why they bring none.

    A stream is whole where it says how the reply ended, or ends with `[DONE]`: servers leave out one or the other.
    """
    stream = _Assembly()
    for data in _events(body):
        if data == DONE:
            stream.is_whole = True
            break
        if not data:
            continue
        try:
            chunk = read_json(data)
        except ValueError:
            return _bad(f"an event of the reply is not JSON: {in_short(data[:80].decode('utf-8', 'replace'))}")
        if not isinstance(chunk, dict):
            return _bad("an event of the reply is not a JSON object")
        if not stream.add(chunk):
            break
    if not (stream.is_whole or "error" in stream.value):
        return _bad("the stream of the reply ended before the reply did")
    return stream.completion()


def wants_stream(status: int, said: str) -> bool:
    """Whether a call was rejected because the model gives streamed replies only."""
    said = said.casefold()
    return status in _REJECTED and "stream" in said and any(word in said for word in _ONLY)


def refuses_usage(status: int, said: str) -> bool:
    """Whether a call was rejected for asking for the usage of a streamed reply."""
    return status in _REJECTED and ("stream_options" in said or "include_usage" in said)


class _Assembly:
    """The parts of a completion so far."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}
        self.is_whole = False
        self._choice: dict[str, Any] = {}
        self._message: dict[str, Any] = {}
        self._content: list[Any] = []
        self._texts: dict[str, list[str]] = {}
        self._usage: dict[str, Any] = {}
        self._logprobs: list[Any] = []

    def add(self, chunk: dict[str, Any]) -> bool:
        """Add a chunk; whether more can follow."""
        if chunk.get("error"):
            self.value["error"] = chunk["error"]
            return False
        if isinstance(chunk.get("model"), str):
            self.value.setdefault("model", chunk["model"])
        for name in ("prompt_feedback", "promptFeedback"):
            if name in chunk:
                self.value[name] = chunk[name]
        _merge_counts(self._usage, chunk.get("usage"))
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, Mapping) and choice.get("index", 0) in (0, None):
                self._add_choice(choice)
        return True

    def _add_choice(self, choice: Mapping[str, Any]) -> None:
        _merge_counts(self._usage, choice.get("usage"))
        for name in ("finish_reason", "native_finish_reason", "error"):
            if choice.get(name):
                self._choice[name] = choice[name]
                self.is_whole = True
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, Mapping) and isinstance(logprobs.get("content"), list):
            self._logprobs += logprobs["content"]
        delta = choice.get("delta")
        if not isinstance(delta, Mapping):
            delta = choice.get("message")  # some servers send the whole message, or end with it
            if isinstance(delta, Mapping) and (self._content or self._texts):
                return
        if isinstance(delta, Mapping):
            self._add_delta(delta)

    def _add_delta(self, delta: Mapping[str, Any]) -> None:
        content = delta.get("content")
        if isinstance(content, list):
            self._content += content
        elif isinstance(content, str | Mapping):
            self._content.append(content)
        for name in _TEXTS:
            if isinstance(delta.get(name), str):
                self._texts.setdefault(name, []).append(delta[name])
        for name in ("reasoning_details", "thinking_blocks"):
            if isinstance(delta.get(name), list):
                self._message.setdefault(name, []).extend(delta[name])

    def completion(self) -> dict[str, Any]:
        """The completion as it would have come in one piece."""
        if self._usage:
            self.value["usage"] = self._usage
        message = self._message | {name: "".join(pieces) for name, pieces in self._texts.items()}
        if self._content:
            is_text = all(isinstance(piece, str) for piece in self._content)
            message["content"] = "".join(self._content) if is_text else self._content
        if message or self._choice:
            found = {"logprobs": {"content": self._logprobs}} if self._logprobs else {}
            self.value["choices"] = [{**self._choice, **found, "message": message or None}]
        return self.value


def _merge_counts(so_far: dict[str, Any], usage: Any, depth: int = 2) -> None:
    """Take over the counts of a usage; those that several chunks report grow, so the largest is the last."""
    if not isinstance(usage, Mapping):
        return
    for name, count in usage.items():
        if isinstance(count, Mapping) and depth:
            inner = so_far.setdefault(name, {})
            if isinstance(inner, dict):
                _merge_counts(inner, count, depth - 1)
        elif type(count) in (int, float):
            before = so_far.get(name)
            so_far[name] = max(before, count) if type(before) in (int, float) else count


def _events(body: bytes) -> Iterator[bytes]:
    """The data of each event; comments, which keep connections alive, and other fields are left out."""
    data: list[bytes] = []
    for line in _lines(body.removeprefix(b"\xef\xbb\xbf")):
        if not line:
            if data:
                yield b"\n".join(data).strip()
            data = []
        elif line.startswith(b"data:"):
            piece = line[5:].removeprefix(b" ")
            if data and _is_complete(data):  # a server that leaves out the empty line between events
                yield b"\n".join(data).strip()
                data = []
            data.append(piece)
    if data:
        yield b"\n".join(data).strip()


def _is_complete(data: list[bytes]) -> bool:
    """Whether the lines of an event are a value of their own already."""
    return len(data) == 1 and data[0].startswith(b"{") and data[0].rstrip().endswith(b"}")


def _lines(body: bytes) -> Iterator[bytes]:
    """Lines that end in CRLF, LF or CR."""
    return iter(body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))


def _bad(message: str) -> Fault:
    return Fault("bad-reply", message, remedy="again", may_be_billed=True)
