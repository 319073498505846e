"""The calls behind a judgment, replayed from the cache or, without the data, read from it by their keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from harness.cache.entry import Entry, Store
from harness.records.calls import Call, Price, Reply
from harness.records.experiment import Cell
from harness.records.reasoning import separated
from harness.report.items.reading import Reader, Reading, ReadTexts
from harness.report.items.records import CallRecord, Message
from harness.runner.explain import ExplainedCall, sent_params
from harness.runner.session import FREE

NOT_READ = Reading("", (), "")
_VOICE = re.compile(r"(?:swapped/)?(?:debate-\d+|round-\d+|final)-(\d+)(?:\.again)?(?:#\d+)?")
"""The step of a persona in a debate, with its number."""


@dataclass(frozen=True, slots=True)
class Voices:
    """What is needed to describe a call beside the call itself.

    Attributes:
        personas: names of the personas of a debate, in order; empty elsewhere.
        read: the texts that the answer rule was given.
        reader: finds what it read; None where there is no rule.
    """

    personas: tuple[str, ...]
    read: ReadTexts
    reader: Reader | None


def voices_of(cell: Cell | None, read: ReadTexts, reader: Reader | None) -> Voices:
    """The voices of a cell, with personas where its settings have some; of a loop for None."""
    personas = () if cell is None else cell.settings.get("personas", ())
    names = tuple(str(one["name"]) for one in personas if isinstance(one, Mapping) and "name" in one)
    return Voices(names, read, reader)


def replayed_calls(batches: Sequence[Sequence[ExplainedCall]], voices: Voices) -> tuple[tuple[CallRecord, ...], ...]:
    """The calls of a replayed conversation, batch by batch; messages of earlier calls are counted as shared."""
    found: list[tuple[CallRecord, ...]] = []
    earlier: list[CallRecord] = []
    for batch in batches:
        records = tuple(_with_shared(_replayed(one, voices), earlier) for one in batch)
        earlier += records
        found.append(records)
    return tuple(found)


def _replayed(one: ExplainedCall, voices: Voices) -> CallRecord:
    call, key, reply = one
    model = call.model
    record = CallRecord(
        call.step,
        _speaker(call.step, voices.personas),
        model.name,
        model.id,
        sent_params(call),
        call.draw,
        key,
        _messages(call.messages),
    )
    if reply is None:
        return record
    return _with_reply(record, reply, FREE if model.is_free else model.price, _reading(call, reply, voices))


def _speaker(step: str, personas: Sequence[str]) -> str:
    found = _VOICE.fullmatch(step) if personas else None
    at = int(found[1]) - 1 if found else -1
    return personas[at] if 0 <= at < len(personas) else ""


def _reading(call: Call, reply: Reply, voices: Voices) -> Reading:
    """What the rule read in a reply, if the mode passed the reply to the rule."""
    text = voices.read.given(reply.text) if voices.reader is not None and _may_be_read(call) else None
    if text is None or voices.reader is None:
        return NOT_READ
    return voices.reader.reading(text)


def _may_be_read(call: Call) -> bool:
    """Whether a call can ask for a verdict: equal replies to a preparatory step are not read."""
    return not call.step.removeprefix("swapped/").startswith(("step-", "debate-", "summary-"))


def _messages(messages: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    return tuple(Message(str(one["role"]), _text(one["content"])) for one in messages)


def _text(content: Any) -> str:
    return content if isinstance(content, str) else orjson.dumps(content).decode()


def _with_shared(record: CallRecord, earlier: Sequence[CallRecord]) -> CallRecord:
    """The record with the number of messages at its start that an earlier call has shown."""
    best, step = 0, ""
    for one in earlier:
        pairs = zip(record.messages, one.messages, strict=False)
        same = next(
            (at for at, (mine, yours) in enumerate(pairs) if mine != yours),
            min(len(record.messages), len(one.messages)),
        )
        if same > best:
            best, step = same, one.step
    return replace(record, shared=best, shared_with=step) if best else record


def _with_reply(record: CallRecord, reply: Reply, price: Price | None, reading: Reading) -> CallRecord:
    cost = None
    if price is not None:
        cost = price.cost(reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)
    return replace(
        record,
        reply=reply.text,
        reasoning=reply.reasoning,
        finish=reply.finish,
        is_truncated=reply.finish == "length",
        answer=reading.answer,
        spans=reading.spans,
        read_text=reading.read_text,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        cost_usd=cost,
    )


# --- without the data -------------------------------------------------------------------------------------


def calls_by_key(keys: Sequence[str], store: Store) -> tuple[tuple[CallRecord, ...], ...]:
    """The calls with some cache keys as the cache holds them, each a batch of its own; those it lacks are left out.

    Args:
        keys: in the order in which the calls were made.
        store: the cache.
    """
    held = {entry.key: entry for entry in store.entries(keys)}
    found: list[tuple[CallRecord, ...]] = []
    earlier: list[CallRecord] = []
    for number, key in enumerate(keys, start=1):
        if key not in held:
            continue
        record = _with_shared(_stored(f"call {number}", held[key]), earlier)
        earlier.append(record)
        found.append((record,))
    return tuple(found)


def _stored(step: str, entry: Entry) -> CallRecord:
    call = orjson.loads(entry.call)
    record = CallRecord(
        step,
        "",
        "",
        call["model"],
        call["params"],
        call["draw"],
        entry.key,
        _messages(call["messages"]),
    )
    return _with_reply(record, separated(entry.reply), None, NOT_READ)
