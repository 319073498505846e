r"""Values between delimiters: `[[A]]`, and what normalisation writes so (`<verdict>A</verdict>`, `\boxed{A}`)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.prompting.parsing.phrases import words_of
from harness.prompting.parsing.values import NO_VALUE, Note, Noted, Nothing, Reader, Value

_TAG = re.compile(r"<([^<>/]{1,40})>")
# No second opening inside: of nested brackets the inner ones count, and a row of brackets takes no time.
_DOUBLE = r"\[\[[ \t]{0,4}+((?:(?!\]\]|\[\[)[^\n]){1,80}+)\]\]"


class Enclosed:
    """Finds the last value between two delimiters.

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
        for match in reversed(list(self._every(text))):
            inside = next(group for group in match.groups() if group is not None)
            value = self._reader.whole(inside)
            if note:
                note(Note("enclosed", match.start(), match.end(), value))
            if value is not NO_VALUE:
                return value
        return NO_VALUE
