"""Convert lists of messages of chat data sets to plain messages and texts.

Messages are `{role, content}`, or `{from, value}` with the speakers `human` and `gpt`. Content is text, or a list of
parts of which the text parts count. Tool calls and their results are shown as marked text. Images,
audio and files have no text: they are a fault of the row.
"""

from __future__ import annotations

from typing import Any

import orjson

from harness.data.json_rows import json_bytes
from harness.data.values import kind
from harness.records.datasets import Message

ROLES = ("system", "developer", "user", "assistant")
_SPEAKERS = {"human": "user", "gpt": "assistant", "model": "assistant", "bot": "assistant", "chatgpt": "assistant"}
_TOOLS = ("tool", "function", "ipython", "environment")
_TEXT_PARTS = ("text", "input_text", "output_text")
_UNSEEN_PARTS = ("thinking", "reasoning", "redacted_thinking")
CHAT_START = r'^\s*\[\s*\{\s*"(role|content|from|value)"\s*:'
"""How a list of messages begins where a format can only say text."""


class NotMessagesError(ValueError):
    """A value that is not a list of messages; its text says why."""


def is_messages(value: Any) -> bool:
    """Whether a value means to be a list of messages: a list whose first entry has a speaker."""
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and bool({"role", "from"} & set(value[0]))
    )


def messages_from(value: Any) -> list[Message]:
    """The messages of a list.

    Raises:
        NotMessagesError: where it is not one, with what is wrong.
    """
    if not isinstance(value, list):
        raise NotMessagesError(f"is {kind(value)}, it must be text or a list of messages")
    messages: list[Message] = []
    for number, entry in enumerate(value, 1):
        if not isinstance(entry, dict):
            raise NotMessagesError(f"message {number} is not an object with a `role` and a text as `content`")
        role, said = entry.get("role", entry.get("from")), entry.get("content", entry.get("value"))
        role = _SPEAKERS.get(role, role) if isinstance(role, str) else role
        text = _text_of(said, number, has_calls=bool(entry.get("tool_calls")))
        if role in _TOOLS:
            name = entry.get("name")
            role, text = "user", f"[result of {name if isinstance(name, str) and name else 'a tool'}]\n{text}"
        elif role not in ROLES:
            raise NotMessagesError(f"message {number} has the role {role!r}, it must be one of {', '.join(ROLES)}")
        calls = _calls_of(entry.get("tool_calls"))
        messages.append({"role": role, "content": "\n".join(filter(None, (text, *calls)))})
    return messages


def separated(one: list[Message], other: list[Message]) -> tuple[list[Message], str, str]:
    """The beginning that two conversations share, and the last answer in the rest of each, "" where there is none."""
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    # Two conversations that are the same throughout share all but the last answer.
    while shared and shared in (len(one), len(other)) and one[shared - 1]["role"] == "assistant":
        shared -= 1
    return one[:shared], last_answer(one[shared:]), last_answer(other[shared:])


def last_answer(messages: list[Message]) -> str:
    """The last text of the assistant, "" where there is none."""
    return next((message["content"] for message in reversed(messages) if message["role"] == "assistant"), "")


def chat_json(messages: list[Message]) -> tuple[str, bool]:
    """A prompt as the columns `prompt` and `is_chat` hold it; one message of the user is the same as its text."""
    if len(messages) == 1 and messages[0]["role"] == "user":
        return messages[0]["content"], False
    return orjson.dumps(messages).decode(), True


def _text_of(content: Any, number: int, *, has_calls: bool) -> str:
    if isinstance(content, str):
        return content
    if content is None and has_calls:
        return ""
    if isinstance(content, list):
        return "".join(_part_text(part, number) for part in content)
    raise NotMessagesError(f"message {number} is not an object with a `role` and a text as `content`")


def _part_text(part: Any, number: int) -> str:
    if isinstance(part, str):
        return part
    sort = part.get("type") if isinstance(part, dict) else None
    if sort in _UNSEEN_PARTS:
        return ""
    text = part.get("text") if isinstance(part, dict) else None
    if (sort in _TEXT_PARTS or sort is None) and isinstance(text, str):
        return text
    raise NotMessagesError(
        f"message {number} holds a part of type {sort!r}, which is not text; `on_problem: skip` leaves such rows out"
    )


def _calls_of(calls: Any) -> list[str]:
    if not isinstance(calls, list):
        return []
    said = []
    for call in calls:
        function = call.get("function", call) if isinstance(call, dict) else {}
        arguments = function.get("arguments") if isinstance(function, dict) else None
        if not isinstance(arguments, str):
            arguments = json_bytes(arguments).decode()
        name = function.get("name") if isinstance(function, dict) else None
        said.append(f"[call of {name or 'a tool'}] {arguments}")
    return said
