"""Untrusted text on pages: control characters and marks of writing direction are shown, long text is shortened."""

from __future__ import annotations

import re
from typing import NamedTuple

MOST_CHARACTERS = 20_000
"""Of one text in a report."""
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)


class ClippedText(NamedTuple):
    """A text, shortened in the middle where it is long.

    Attributes:
        start: its beginning, or all of it.
        left_out: characters that are left out, 0 for none.
        end: what follows them.
    """

    start: str
    left_out: int
    end: str


def shown(text: object) -> str:
    r"""Text with every character visible that would be hidden or would change the order of others.

    Line feeds and tabs stay.

    >>> shown("a\u202eb")
    'a⟨U+202E⟩b'
    """
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", str(text).replace("\r\n", "\n"))


def clipped(text: str, most: int = MOST_CHARACTERS) -> ClippedText:
    """A text, shortened in the middle to a number of characters."""
    if len(text) <= most:
        return ClippedText(text, 0, "")
    end = most // 4
    return ClippedText(text[: most - end], len(text) - most, text[-end:])
