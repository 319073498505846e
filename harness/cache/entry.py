r"""What keeps replies: the contract of a store, and the bytes in which an entry is kept.

An entry is a key, the canonical bytes of the call that it is the SHA-256 of, and the reply. Its bytes are `reply line +
b"\n" + call bytes + b"\n" + checksum`, which `packing.py` compresses part by part, so a replay reads the first line and
the checksum and never touches the call, while everything needed to check the key lies beside the reply. The checksum is
of the key and the reply: it shows a changed byte, and a reply that was moved to another call. Entries of older versions
have none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from harness.cache.counters import Counted, counted_of
from harness.cache.packing import is_packed, unpack_call, unpack_replies, unpack_reply
from harness.hashing import canonical_json
from harness.records.calls import Reply

STORED_FINISHES = frozenset({"stop", "length", "refusal", "too-long", "judged"})
"""How a reply that is kept can have ended. A failure of the infrastructure is never kept."""
CHECKSUM_DIGITS = 32
"""Hexadecimal digits of a checksum."""
_CHECKSUM_BYTES = CHECKSUM_DIGITS // 2
CHANGED = "the checksum of the reply is not right: it was changed after it was stored"
NEWER = "the reply has a form that this version does not know, so a newer version of the harness wrote it"
_REQUIRED = 5
_OPTIONAL: Mapping[str, type] = {
    "reasoning": str,
    "cached_tokens": int,
    "reasoning_tokens": int,
    "logprobs": list,
    "preference": float,
    "cost_usd": float,
    "is_exchanged": bool,
}
"""Fields of a reply that are written only where they say something, so that older entries keep their bytes."""
CALL_FIELDS = frozenset({"draw", "key", "messages", "model", "params"})
"""What `harness.cache.key.call_bytes` always writes."""
OPTIONAL_FIELDS = frozenset({"locator", "endpoint", "system"})
"""What may be beside them."""


class Entry(NamedTuple):
    """One call and its reply.

    Attributes:
        key: SHA-256 of `call`, as 64 hexadecimal digits.
        call: canonical JSON of the call, as `harness.cache.key.call_bytes` writes it.
        reply: what came back.
    """

    key: str
    call: bytes
    reply: Reply


class StoredValue(NamedTuple):
    """The bytes of an entry, to be stored.

    Attributes:
        key: of its call.
        value: the bytes, as `value_of` made them, packed or not.
        counted: what a cache counts of it; None where that is to be found in its bytes.
    """

    key: str
    value: bytes
    counted: Counted | None = None


class NewerEntryError(ValueError):
    """An entry is as it was stored, and not in a form that this version knows. It must stay as it is."""


class EntrySource(Protocol):
    """Gives entries by key."""

    def entries(self, keys: Iterable[str]) -> Iterator[Entry]:
        """The entries of those keys that are there, sorted by key, each key once."""
        ...


class Store(EntrySource, Protocol):
    """Keeps replies by the key of their call. A reply that is there stays: the first one wins."""

    def get_many(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies of those keys that are there."""
        ...

    def put(self, key: str, call: bytes, reply: Reply) -> Future[None]:
        """Store a reply; the future is done once the reply would survive the end of the process."""
        ...

    def put_many(self, entries: Sequence[Entry]) -> None:
        """Keep several replies at once; returns once they would survive the end of the process."""
        ...

    def rescue(self, entries: Sequence[Entry]) -> Path | None:
        """Write entries that could not be stored to a bundle, and return it; None where no folder takes one."""
        ...


class BundleSource(EntrySource, Protocol):
    """What a bundle is written from."""

    def values_of(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The keys and the bytes of those entries that are there, sorted by key, each key once.

        They are packed where possible, and all have a checksum, which is right.
        """
        ...


class BundleStore(Store, Protocol):
    """What a bundle is read into."""

    def put_values(self, rows: Sequence[StoredValue]) -> Future[None]:
        """Keep the bytes of some entries, which were checked, as they are; the future is that of `put` for all."""
        ...


def reply_line(reply: Reply) -> bytes:
    """Canonical JSON of a reply.

    Raises:
        ValueError: where the reply stands for the absence of one.
    """
    if reply.finish not in STORED_FINISHES:
        raise ValueError(f"a reply that is {reply.finish} is not kept")
    return canonical_json(reply_json(reply))


def reply_json(reply: Reply) -> dict[str, Any]:
    """The fields of a reply, without optional ones that are empty."""
    fields = reply._asdict()
    return {name: value for name, value in fields.items() if value or name not in _OPTIONAL or type(value) is float}


def read_reply(line: bytes) -> Reply:
    """The reply that `reply_line` wrote.

    Raises:
        ValueError: where the line is anything else.
    """
    return reply_of(orjson.loads(line))  # its JSONDecodeError is a ValueError


def checked_reply(line: bytes) -> Reply:
    """The reply in a line that is exactly as `reply_line` writes it.

    Raises:
        ValueError: where it is anything else.
    """
    fields = orjson.loads(line)
    reply = reply_of(fields)
    if line != (canonical_json(fields) if len(fields) == _REQUIRED else reply_line(reply)):
        raise ValueError("the reply is not written as a reply is")
    return reply


def reply_of(fields: Any) -> Reply:
    """The reply that the JSON of a reply stands for.

    Raises:
        ValueError: where it is not the JSON of a reply.
    """
    try:
        reply = Reply(
            fields["text"],
            fields["finish"],
            fields["prompt_tokens"],
            fields["completion_tokens"],
            fields["served_model"],
        )
        # Spelt out rather than looped: a replay spends a third of its reading here.
        is_right = (
            type(reply.text) is str
            and reply.finish in STORED_FINISHES
            and type(reply.prompt_tokens) is int
            and type(reply.completion_tokens) is int
            and type(reply.served_model) is str
            and reply.prompt_tokens >= 0
            and reply.completion_tokens >= 0
        )
        if len(fields) != _REQUIRED:
            reply, is_right = _with_optional(reply, fields, is_right)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"the reply has not the fields of a reply ({error})") from None
    if not is_right:
        raise ValueError("the reply has fields that are not of a reply, or impossible values")
    return reply


def _with_optional(reply: Reply, fields: Mapping[str, Any], is_right: bool) -> tuple[Reply, bool]:
    """The reply with its optional fields, and whether all fields are those of a reply."""
    more = {name: fields[name] for name in _OPTIONAL if name in fields}
    is_right &= len(fields) == _REQUIRED + len(more)
    is_right &= all(type(value) is _OPTIONAL[name] for name, value in more.items())
    is_right = is_right and all(value >= 0 for value in more.values() if type(value) is int)
    is_right = is_right and 0 <= more.get("preference", 0.0) <= 1 and more.get("cost_usd", 0.0) >= 0
    if is_right and "logprobs" in more:
        more["logprobs"] = tuple(tuple(map(_alternative, place)) for place in more["logprobs"])
    return reply._replace(**more), is_right


def _alternative(pair: Any) -> tuple[str, float]:
    """A token and its log probability. Raises TypeError where it is anything else."""
    if type(pair) is not list or len(pair) != 2:
        raise TypeError("a log probability is a pair")
    token, logprob = pair
    if type(token) is not str or type(logprob) not in (float, int):
        raise TypeError("a log probability has not the form of one")
    return token, float(logprob)


def value_of(key: str, call: bytes, reply: Reply) -> bytes:
    """The bytes under which an entry is kept."""
    line = reply_line(reply)
    return b"%s\n%s\n%s" % (line, call, checksum_of(key, line))


def stored_value(key: str, call: bytes, reply: Reply) -> StoredValue:
    """An entry as it is stored, with what a cache counts of it."""
    model = orjson.loads(call).get("model")
    return StoredValue(key, value_of(key, call, reply), counted_of(model, reply.prompt_tokens, reply.completion_tokens))


def checksum_of(key: str, line: bytes) -> bytes:
    """The checksum of the key of a call and the line of its reply."""
    return hashlib.sha256(b"%s\n%s" % (key.encode(), line)).hexdigest()[:CHECKSUM_DIGITS].encode()


def has_checksum(value: bytes) -> bool:
    """Whether the bytes of an entry end in a checksum; canonical JSON, which would else be at the end, has no lines."""
    return is_packed(value) or value[-CHECKSUM_DIGITS - 1 : -CHECKSUM_DIGITS] == b"\n"


def stored_reply(key: str, value: bytes) -> Reply:
    """The reply in the bytes of an entry, held against its checksum where there is one.

    Args:
        key: the digest of the call.
        value: the bytes, as `value_of` made them, in this version or an older one, packed or not.

    Raises:
        NewerEntryError: where the checksum is right and the reply is not what `reply_line` writes, or where the entry
            is packed in an unknown way. A later version keeps the checksum, or begins with another control character.
        ValueError: where the checksum is not right, or there is none and the reply is not what `reply_line` writes.
    """
    if is_packed(value):
        line, checksum = unpack_reply(value)
        is_right = hashlib.sha256(b"%s\n%s" % (key.encode(), line)).digest()[: len(checksum)] == checksum
    elif b"" < value[:1] < b" ":
        raise NewerEntryError(NEWER)  # packed in another way
    else:
        line = value[: value.index(b"\n")]
        if not has_checksum(value):
            return read_reply(line)
        is_right = value[-CHECKSUM_DIGITS:] == checksum_of(key, line)
    if not is_right:
        raise ValueError(CHANGED)
    try:
        return read_reply(line)
    except ValueError:
        raise NewerEntryError(NEWER) from None


def packed_replies(rows: Sequence[tuple[str, bytes]]) -> list[Reply] | None:
    """The replies of some entries, as `stored_reply`; None where an entry is not packed or not sound.

    Each step is made for all entries before the next one. Measured: that takes two thirds of the time of an entry
    after another, since the code of a step then stays in the processor's cache.
    """
    values = [value for _, value in rows]
    lines = unpack_replies(values) if all(map(is_packed, values)) else None
    if lines is None:
        return None
    sha256 = hashlib.sha256
    digests = [sha256(b"%s\n%s" % (key.encode(), line)).digest() for (key, _), line in zip(rows, lines, strict=True)]
    if not all(value.endswith(digest[:_CHECKSUM_BYTES]) for value, digest in zip(values, digests, strict=True)):
        return None
    try:
        return [*map(reply_of, map(orjson.loads, lines))]
    except ValueError:
        return None


def without_call(value: bytes) -> bytes:
    """The bytes of an entry without its call, from which `stored_reply` reads the same reply.

    Raises:
        ValueError: where the bytes are not those of an entry.
    """
    if is_packed(value):
        line, checksum = unpack_reply(value)
        return b"%s\n\n%s" % (line, checksum.hex().encode())
    line = value[: value.index(b"\n") + 1]
    return line + value[-CHECKSUM_DIGITS - 1 :] if has_checksum(value) else line


def read_entry(key: str, value: bytes) -> Entry:
    """The entry in the bytes that `value_of` made, packed or not. Does not recompute the key.

    Raises:
        ValueError: where they are anything else.
    """
    if b"" < value[:1] < b" " and not is_packed(value):
        raise NewerEntryError(NEWER)
    if is_packed(value):
        reply = stored_reply(key, value)
        return Entry(key, unpack_call(value), reply)
    line, newline, call = value.partition(b"\n")
    if not newline:
        raise ValueError("the call is missing")
    if has_checksum(value):
        call = value[len(line) + 1 : -CHECKSUM_DIGITS - 1]
    return Entry(key, call, stored_reply(key, value))


def check_key(key: Any, call: bytes) -> None:
    """Raise ValueError where the key is not the digest of the call."""
    if hashlib.sha256(call).hexdigest() != key:
        raise ValueError("the key is not the digest of the call")


def check_call(fields: Any) -> None:
    """Raise ValueError where the JSON is not that of a call."""
    if (
        not isinstance(fields, dict)
        or fields.keys() - OPTIONAL_FIELDS != CALL_FIELDS
        or type(fields["model"]) is not str
    ):
        raise ValueError("the call has not the fields of a call")


def check_entry(entry: Entry) -> None:
    """Raise ValueError where the key is not the digest of the call, or the call is not the canonical JSON of one."""
    check_key(entry.key, entry.call)
    fields = orjson.loads(entry.call)
    check_call(fields)
    if canonical_json(fields) != entry.call:
        raise ValueError("the call is not canonical JSON")
