"""Prompts: text, or a list of messages `{role, content}`, whose other keys are ignored."""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl

from harness.data.rows import Rows
from harness.data.values import Fault, kind

ROLES = ("system", "developer", "user", "assistant")

_CHAT_START = r'^\s*\[\s*\{\s*"(role|content)"\s*:'
"""How a list of messages begins where a format can only say text."""


def prompt_columns(rows: Rows, name: str, faults: list[Fault]) -> tuple[pl.Series, pl.Series]:
    """The columns `prompt` (text, or the JSON text of messages) and `is_chat` (which of the two)."""
    values = rows.frame[name]
    if values.dtype == pl.String:
        is_chat = values.str.contains(_CHAT_START) if rows.only_text else pl.repeat(False, len(values), eager=True)
        if not is_chat.any():
            return values.alias("prompt"), is_chat.fill_null(value=False).alias("is_chat")
        prompts = [_parsed(row, values[row], faults) if is_chat[row] else values[row] for row in range(len(values))]
    else:
        prompts = [None if json is None else orjson.loads(json) for json in values]
    texts: list[str | None] = []
    chats: list[bool] = []
    for row, prompt in enumerate(prompts):
        wrong = "" if prompt is None or isinstance(prompt, str) else _what_is_wrong(prompt)
        if wrong:
            faults.append(Fault(row, "prompt", wrong))
        text, chat = (None, False) if wrong else _text_and_kind(prompt)
        texts.append(text)
        chats.append(chat)
    return pl.Series("prompt", texts, dtype=pl.String), pl.Series("is_chat", chats, dtype=pl.Boolean)


def _parsed(row: int, text: str, faults: list[Fault]) -> Any:
    """A chat written as text, parsed; None and a fault where it is not JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        faults.append(Fault(row, "prompt", f"begins as a list of messages but is not valid JSON: {error.msg}"))
        return None


def _text_and_kind(prompt: Any) -> tuple[str | None, bool]:
    """A prompt without faults as the two columns hold it; one user message is the same as its text."""
    if prompt is None or isinstance(prompt, str):
        return prompt, False
    messages = [{"role": message["role"], "content": message["content"]} for message in prompt]
    if len(messages) == 1 and messages[0]["role"] == "user":
        return messages[0]["content"], False
    return orjson.dumps(messages).decode(), True


def _what_is_wrong(prompt: Any) -> str:
    """What keeps a JSON value from being a list of messages, "" where nothing does."""
    if not isinstance(prompt, list):
        return f"is {kind(prompt)}, it must be text or a list of messages"
    for number, message in enumerate(prompt, 1):
        if not isinstance(message, dict) or not isinstance(message.get("content"), str):
            return f"message {number} is no object with a `role` and a text as `content`"
        if message.get("role") not in ROLES:
            return f"message {number} has the role {message.get('role')!r}, it must be one of {', '.join(ROLES)}"
    return "" if any(message["content"].strip() for message in prompt) else "is a list of messages without text"
