"""Responses: text, or lists of messages that begin with the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
import polars as pl

from harness.data.messages import (
    CHAT_START,
    NotMessagesError,
    chat_json,
    is_messages,
    last_answer,
    messages_from,
    separated,
)
from harness.data.rows import Rows
from harness.data.values import Fault, converted, text
from harness.records.datasets import Message

CHOSEN = ("chosen", "rejected")
"""What preference data call the better and the worse response."""


class Responses(NamedTuple):
    """The responses of a file.

    Attributes:
        columns: `response_a` and `response_b`, and `prompt` and `is_chat` where the messages hold the prompt.
        prompt: whether they do, as the last two columns; None where the file has the prompt apart.
        notes: what a reader of the results should know.
    """

    columns: list[pl.Series]
    prompt: tuple[pl.Series, pl.Series] | None
    notes: tuple[str, ...]


def may_be_messages(values: pl.Series, only_text: bool) -> bool:
    """Whether the first value of a column is a list of messages."""
    first = next((value for value in values if value is not None), None)
    if first is None:
        return False
    if values.dtype == pl.String:
        return only_text and bool(pl.Series([first]).str.contains(CHAT_START)[0])
    return is_messages(orjson.loads(first))


def responses_of(rows: Rows, names: Mapping[str, tuple[str, ...]], faults: list[Fault]) -> Responses:
    """The responses of a file, or the single ones, as text, and the prompt where only their messages hold it.

    Args:
        rows: the file.
        names: the canonical columns that there are, with their names in the file.
        faults: what is wrong with single responses is added to it.
    """
    sides = [side for side in ("response_a", "response_b", "response") if side in names]
    series = [rows.frame[names[side][0]] for side in sides]
    parsed = [_parsed(values, rows.only_text) for values in series]
    if all(each is None for each in parsed):
        return Responses(
            [converted(values, text, side, faults).alias(side) for side, values in zip(sides, series, strict=True)],
            None,
            (),
        )
    conversations = [
        _conversations(each if each is not None else values.to_list(), side, faults)
        for side, values, each in zip(sides, series, parsed, strict=True)
    ]
    if "prompt" in names or len(sides) < 2:
        answers = [
            pl.Series(side, [last_answer(said) if isinstance(said, list) else said for said in each], dtype=pl.String)
            for side, each in zip(sides, conversations, strict=True)
        ]
        return Responses(answers, None, ())
    return _with_prompts(conversations[0], conversations[1], faults)


def _with_prompts(one: list[Any], other: list[Any], faults: list[Fault]) -> Responses:
    """Texts and the prompts that the two conversations of each row share."""
    columns: dict[str, list[Any]] = {"response_a": [], "response_b": [], "prompt": [], "is_chat": []}
    earlier = 0
    for row, (a, b) in enumerate(zip(one, other, strict=True)):
        if not isinstance(a, list) or not isinstance(b, list):
            if a is not None and b is not None:
                faults.append(Fault(row, "prompt", "is missing: one of the responses is no list of messages"))
            prompt: list[Message] = []
            answer_a: str | None = None
            answer_b: str | None = None
        else:
            prompt, answer_a, answer_b = separated(a, b)
            earlier += max(len(a), len(b)) > len(prompt) + 1
        words, chat = chat_json(prompt) if prompt else (None, False)
        for name, value in zip(columns, (answer_a, answer_b, words, chat), strict=True):
            columns[name].append(value)
    made = [pl.Series(name, values, dtype=pl.String) for name, values in list(columns.items())[:3]]
    made.append(pl.Series("is_chat", columns["is_chat"], dtype=pl.Boolean))
    items = "1 item parts" if earlier == 1 else f"{earlier} items part"
    note = f"{items} before the last turn: only the last answer of each side is judged"
    return Responses(made, (made[2], made[3]), (note,) if earlier else ())


def _parsed(values: pl.Series, only_text: bool) -> list[Any] | None:
    """The values of a column in which messages occur; None where none does."""
    if values.dtype == pl.String:
        if not only_text:
            return None
        starts = values.str.contains(CHAT_START).fill_null(value=False)
        if not starts.any():
            return None
        return [_loaded(value) if is_chat else value for value, is_chat in zip(values, starts, strict=True)]
    found = [None if json is None else orjson.loads(json) for json in values]
    return found if any(is_messages(value) for value in found) else None


def _loaded(value: str) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _conversations(values: list[Any], side: str, faults: list[Fault]) -> list[list[Message] | str | None]:
    """Each value as messages, or as text where it is none; None and a fault where it is neither."""
    found: list[list[Message] | str | None] = []
    for row, value in enumerate(values):
        said: list[Message] | str | None = None
        if is_messages(value):
            try:
                said = messages_from(value)
            except NotMessagesError as error:
                faults.append(Fault(row, side, str(error)))
        elif value is not None:
            said = text(value)
            if said is None:
                faults.append(Fault(row, side, "is neither text nor a list of messages"))
        found.append(said)
    return found
