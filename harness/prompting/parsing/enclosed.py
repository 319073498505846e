r"""Values between delimiters: `[[A]]`, and what normalisation writes so (`<verdict>A</verdict>`, `\boxed{A}`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from harness.prompting.parsing.phrases import words_of
from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE, Note, Noted, Nothing, Reader, Value

_TAG = re.compile(r"<([^<>/]{1,40})>")
# No second opening inside: of nested brackets the inner ones count, and a row of brackets takes no time.
_DOUBLE = r"\[\[[ \t]{0,4}+((?:(?!\]\]|\[\[)[^\n]){1,80}+)\]\]"


_APART = re.compile(r"[!?:;\n]|(?<!\bvs)\.(?:\s|$)|\b(?:or rather|actually|correction|wait|no,)", re.IGNORECASE)
"""Between two values that are not of one statement: an end, or a correction."""
_JOINED = re.compile(r"[ \t]*(?:or|and|/|\|{1,2}|vs\.?)[ \t]*(?:\w[\w ]{0,20}:[ \t]*)?", re.IGNORECASE)
"""All that stands between two values that are offered: `[[A]] or [[B]]`, `verdict: [[A]] or verdict: [[B]]`."""
_DENIED = re.compile(r"(?:\bnot|n['’]t|\bnever|\bthan|\bneither|\bnor|\bover|\bbeats?)[ \t*_]{1,4}\Z", re.IGNORECASE)
"""Ends what stands before a value that is not the answer: `not [[B]]`, `rather than [[B]]`."""
_SHOWN = 24
"""Characters before a value in which it may be denied."""


class Enclosed:
    """Finds the last value between two delimiters.

    It is not clear where the same sentence holds another value (`[[A]] or [[B]]`), or denies this one.

    Args:
        reader: reads the text between them.
        between: the delimiters as a rule gives them; double brackets where it gives none.
    """

    def __init__(self, reader: Reader, between: Sequence[str] = ("[[", "]]"), *, case_sensitive: bool = False) -> None:
        opening, closing = between
        tag = _TAG.fullmatch(opening)
        if tag:
            name = re.escape(" ".join(words_of(tag[1])) if not case_sensitive else tag[1])
            pattern = rf"(?<!\w)(?i:{name}): {_DOUBLE}|<(?i:{name})>\s{{0,8}}+([^\n<>]{{1,80}}+)"
        elif opening in ("[[", "\\boxed{"):
            pattern = _DOUBLE
        else:
            opening, closing = (one if case_sensitive else one.lower() for one in (opening, closing))
            pattern = rf"{re.escape(opening)}((?:(?!{re.escape(closing)})[^\n]){{1,80}}+){re.escape(closing)}"
        self.first = opening if not tag and opening != "\\boxed{" else ""
        self._every = re.compile(pattern).finditer
        self._reader = reader

    def find(self, text: str, note: Noted | None = None) -> Value | Nothing:
        """The last value between the delimiters, in a normalised text."""
        if self.first not in text:
            return NO_VALUE
        found = list(self._every(text))
        for at, match in reversed([*enumerate(found)]):
            value = self._read(match)
            if value is not NO_VALUE and is_unclear(text, found[: at + 1], self._read):
                value = AMBIGUOUS
            if note:
                note(Note("enclosed", match.start(), match.end(), value))
            if value is not NO_VALUE:
                return value
        return NO_VALUE

    def _read(self, match: re.Match[str]) -> Value | Nothing:
        return self._reader.whole(next(group for group in match.groups() if group is not None))


def is_unclear(text: str, found: Sequence[re.Match[str]], read: Callable[[re.Match[str]], object]) -> bool:
    """Whether the last of some places is denied, or another value is offered before it in the same sentence.

    Args:
        text: a normalised text.
        found: places in it, in order.
        read: the value of a place, or NO_VALUE.
    """
    *before, match = found
    start, value = match.start(), read(match)
    if _DENIED.search(text[max(0, start - _SHOWN) : start]):
        return True
    for other in reversed(before):
        if _APART.search(text, other.end(), start) and not _JOINED.fullmatch(text, other.end(), start):
            return False
        if read(other) not in (NO_VALUE, value):
            return True
        start = other.start()
    return False
