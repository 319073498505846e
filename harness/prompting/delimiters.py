"""Fences: material that is judged stands between tags that nothing in it can close.

The name of each tag ends in a code that is a digest of the material and occurs nowhere in it. So no text inside
can end its own fence, pose as another part of the message, or foresee the code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from harness.records.datasets import Message

NONCE_DIGITS = 16


def nonce_for(texts: Iterable[str]) -> str:
    """A code of 16 hexadecimal digits that occurs in none of the texts; the same texts give the same code."""
    material = "\0".join(texts)
    nonce = _digits(material)
    while nonce in material:
        nonce = _digits(nonce)
    return nonce


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:NONCE_DIGITS]


def delimited(name: str, text: str, nonce: str) -> str:
    """The text between tags; `nonce` must come from `nonce_for` over all texts of the message."""
    return f"<{name}-{nonce}>\n{text}\n</{name}-{nonce}>"


def texts_of(chat: Sequence[Message]) -> list[str]:
    """All that stands in a chat, roles too: what its code must not occur in."""
    if len(chat) == 1:
        return [chat[0]["content"]]
    return [part for message in chat for part in (message["role"], message["content"])]


def chat_text(chat: Sequence[Message], nonce: str) -> str:
    """A chat as one text: a single message as it is, several each between tags named after their role."""
    if len(chat) == 1:
        return chat[0]["content"]
    return "\n".join(delimited(message["role"], message["content"], nonce) for message in chat)
