"""Redaction of keys: a key is found in text in any encoding, and replaced.

A key comes from the environment and goes into a header. An endpoint can send it back, in an error, in a header or in
the text of a reply, as it is or encoded; from there it would get into messages, logs, the cache and bundles.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import unquote

REDACTED = "***"
"""The text that replaces a key."""
SHORTEST = 16
MIN_WITH_DIGIT = 8
"""A shorter key is no secret but a word (`EMPTY`, `lm-studio`, `sk-no-key-required`), which a reply may well hold."""
PIECE = 10
"""So many letters and digits of a key in a row, from its end, count as the key where one of them is a digit."""
DECODINGS = 3
"""How many nested encodings are decoded."""
DEEPEST = 16
"""Levels of a JSON value that are kept."""
NAMED_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
"""Names of environment variables that hold secrets."""

_OTHERS = bytes(code for code in range(256) if code > 127 or not chr(code).isalnum())
_ESCAPE = re.compile(r"\\+(?:u00|x)([0-9a-fA-F]{2})")


class Secret:
    """A key, or "" for none. Its repr does not show it.

    Args:
        value: the key.
    """

    __slots__ = ("_forms", "_value", "_written")

    def __init__(self, value: str) -> None:
        self._value = value
        self._written = _literally(value) if value else None
        bare = _bare(value)
        is_secret = len(bare) >= SHORTEST or (len(bare) >= MIN_WITH_DIGIT and any(48 <= c < 58 for c in bare))
        self._forms = tuple(dict.fromkeys(_forms(value, bare))) if is_secret else ()

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def is_in(self, text: str) -> bool:
        """Whether a text holds the key: in any case, separated by anything but letters and digits, or encoded.

        Percent signs, escapes of JSON and HTML, base64 and hexadecimal digits are understood. A key that is only a
        word is in no text.
        """
        if not self._forms:
            return False
        bare = _bare(text)
        if any(form in bare for form in self._forms):
            return True
        return any(form in bare for bare in map(_bare, _decoded(text)) for form in self._forms)

    def redacted(self, text: str) -> str:
        """The text without the key: `***` in place of it, or of the whole text where it is hidden in another form."""
        if not self.is_in(text):
            return text
        text = self._written.sub(REDACTED, text) if self._written else text
        return REDACTED if self.is_in(text) else text

    def redacted_json(self, value: Any, levels: int = DEEPEST) -> Any:
        """Redact all texts in the JSON value of an error; levels below the given number are dropped."""
        clean = self.redacted_message
        if isinstance(value, str):
            return clean(value)
        if not levels:
            return None
        if isinstance(value, dict):
            return {clean(key): self.redacted_json(inner, levels - 1) for key, inner in value.items()}
        return [self.redacted_json(inner, levels - 1) for inner in value] if isinstance(value, list) else value

    def redacted_message(self, text: str) -> str:
        """Redact a message about an error, from which a key that is only a word is removed as well."""
        text = self.redacted(text)
        return text.replace(self._value, REDACTED) if self._value else text


class Secrets:
    """Several keys, each redacted as `Secret` does it.

    Args:
        values: the keys; empty ones are left out.
    """

    __slots__ = ("_all",)

    def __init__(self, values: Iterable[str]) -> None:
        self._all = tuple(Secret(value) for value in dict.fromkeys(values) if value)

    def __repr__(self) -> str:
        return f"Secrets({REDACTED})"

    def redacted(self, text: str) -> str:
        """As `Secret.redacted`, for each key."""
        for one in self._all:
            text = one.redacted(text)
        return text

    def redacted_json(self, value: Any) -> Any:
        """As `Secret.redacted_json`, for each key."""
        for one in self._all or (Secret(""),):
            value = one.redacted_json(value)
        return value

    def redacted_message(self, text: str) -> str:
        """As `Secret.redacted_message`, for each key."""
        for one in self._all:
            text = one.redacted_message(text)
        return text


def secrets_in(environment: Mapping[str, str]) -> list[Secret]:
    """The secrets that an environment holds, judged by the names of the variables."""
    return [Secret(value.strip()) for name, value in environment.items() if NAMED_SECRET.search(name)]


def _forms(value: str, bare: bytes) -> Iterator[bytes]:
    """What the letters and digits of a text are searched for."""
    yield bare
    yield value.encode("utf-8", "replace").hex().encode()
    for before in range(3):
        # Three bytes are four digits of base64: which digits stand for a key depends on where in a three it begins.
        digits = b64encode(b"\0" * before + value.encode("utf-8", "replace"))
        whole = (before + len(value.encode("utf-8", "replace"))) * 8 // 6
        yield _bare(digits[-(-before * 8 // 6) : whole].decode())
    for end in range(len(bare), PIECE - 1, -PIECE):
        piece = bare[end - PIECE : end]
        if any(48 <= c < 58 for c in piece):
            yield piece


def _literally(value: str) -> re.Pattern[str]:
    """The key as it is, or with some of its characters percent-encoded."""
    characters = (f"(?:{re.escape(character)}|%{ord(character):02x})" for character in value)
    return re.compile("".join(characters), re.IGNORECASE)


def _bare(text: str) -> bytes:
    """The ASCII letters and digits of a text, in lower case."""
    return text.encode("utf-8", "replace").translate(None, _OTHERS).lower()


def _decoded(text: str) -> Iterator[str]:
    """The text without its encodings, one after the other, as long as there are some."""
    for _ in range(DECODINGS):
        if "%" not in text and "\\" not in text and "&" not in text:
            return
        plain = unescape(unquote(_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)))
        if plain == text:
            return
        text = plain
        yield text
