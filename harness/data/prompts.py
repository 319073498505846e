"""Prompts: text, or a list of messages `{role, content}`, whose other keys are ignored."""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl

from harness.data.messages import CHAT_START, NotMessagesError, chat_json, messages_from
from harness.data.rows import Rows
from harness.data.values import Fault, text


def prompt_columns(rows: Rows, name: str, faults: list[Fault]) -> tuple[pl.Series, pl.Series]:
    """The columns `prompt` (text, or the JSON text of messages) and `is_chat` (which of the two)."""
    values = rows.frame[name]
    if values.dtype == pl.String:
        is_chat = values.str.contains(CHAT_START) if rows.only_text else pl.repeat(False, len(values), eager=True)
        if not is_chat.any():
            return values.alias("prompt"), is_chat.fill_null(value=False).alias("is_chat")
        prompts = [_parsed(row, values[row], faults) if is_chat[row] else values[row] for row in range(len(values))]
    else:
        prompts = [None if json is None else orjson.loads(json) for json in values]
    texts: list[str | None] = []
    chats: list[bool] = []
    for row, prompt in enumerate(prompts):
        try:
            words, chat = _text_and_kind(prompt)
        except NotMessagesError as error:
            faults.append(Fault(row, "prompt", str(error)))
            words, chat = None, False
        texts.append(words)
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
    """A prompt as the two columns hold it.

    Raises:
        NotMessagesError: where it is neither text nor a list of messages with text in it.
    """
    if prompt is None or isinstance(prompt, str | int | float):
        return text(prompt), False
    messages = messages_from(prompt)
    if not any(message["content"].strip() for message in messages):
        raise NotMessagesError("is a list of messages without text")
    return chat_json(messages)
