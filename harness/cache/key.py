"""The cache key of a call."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from harness.hashing import canonical_json
from harness.records.calls import Call
from harness.records.shared_prompts import SharedPrompt, plain_messages

KEY_VERSION = 1
"""Version of the cache key. A change makes every stored reply unreachable; the golden tests pin it."""


PLACE = 0
"""Takes the place of messages that are hashed apart from the rest."""
_PLACE_JSON = b'"messages":0'


def call_bytes(call: Call) -> bytes:
    """Canonical JSON of everything that can change the reply to a call, and of nothing else."""
    return orjson.dumps(_identity(call, plain_messages(call.messages)), option=orjson.OPT_SORT_KEYS)


def _identity(call: Call, messages: Any) -> dict[str, Any]:
    identity: dict[str, Any] = {
        "draw": call.draw,
        "key": KEY_VERSION,
        "messages": messages,
        "model": call.model.id,
        "params": {**call.model.params, **call.params} if call.params else call.model.params,
    }
    if call.locator:
        identity["locator"] = call.locator
    if call.model.key_parts:
        identity |= call.model.key_parts
    return identity


def call_key(call: Call) -> str:
    """The cache key of a call: SHA-256 of `call_bytes`, as 64 hexadecimal digits."""
    if isinstance(call.messages, SharedPrompt) and not call.locator:
        return call.messages.digest(*around_messages(call))
    return hashlib.sha256(call_bytes(call)).hexdigest()


def around_messages(call: Call) -> tuple[bytes, bytes]:
    """What `call_bytes` writes before and after the JSON of the messages of a call that has no locator."""
    head, _, tail = orjson.dumps(_identity(call, PLACE), option=orjson.OPT_SORT_KEYS).partition(_PLACE_JSON)
    return head + b'"messages":', tail


def locator_of(dataset: str, item: str, strategy: str, step: str) -> str:
    """What a recording calls the place of a reply, by names of the spec and of the conversation's step."""
    return canonical_json([dataset, item, strategy, step]).decode()
