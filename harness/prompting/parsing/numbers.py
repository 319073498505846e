"""Scores: a number within its scale, alone or as a fraction of the greatest score."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from harness.prompting.parsing.phrases import FIRM, LOOSE, SPACE
from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE, Nothing, Value

ENDING = 160
"""Characters at the end of a reply in which it may stand just as it was asked for."""
_AROUND = " \t\r\n*_`#'\"()[]{}<>|"
_END = frozenset(("", "\n"))
"""What stands behind a number that nothing on its line can spoil."""


class Numbers:
    """Reads a score within its scale."""

    _NUMBER = (
        r"([+−-]?(?:[0-9]{1,7}+(?:[.,][0-9]{1,6}+)?+|\.[0-9]{1,6}+))"
        rf"(?:{SPACE}(?:/|(?:out[ \t]+)?of\b){SPACE}([0-9]{{1,7}}+(?:\.[0-9]{{1,6}}+)?+))?+"
    )
    _SPOILED = re.compile(
        rf"[\w%+]|[.,/][0-9]|[-−]\w|{SPACE}(?:[-−–—~/]|(?:to|or|vs)\b|[=<>]{{1,3}}){SPACE}[0-9.]"
        rf"|{SPACE}(?:/|out[ \t]of\b|of\b)"
    )
    _WORD = re.compile(
        rf"{SPACE}(?!(?:points?|pts|stars?|marks?|because|since|due|for|as|with|given|overall|based|score)\b)[^\W\d_]"
    )
    _LISTED = re.compile(r"[.)][ \t]+\w")
    _THOUSANDS = re.compile(r"[+−-]?[0-9]+,[0-9]{3}(?![0-9])")

    def __init__(self, least: float, greatest: float) -> None:
        self._least, self._greatest = least, greatest
        low, high = re.escape(f"{least}"), re.escape(f"{greatest}")
        span = rf"{low}[ \t]?(?:-|–|—|to|and)[ \t]?{high}(?![0-9])"
        ahead = r"(?:(?:on|from|in|between|of|with|a|the|scale|range)[ \t]{1,2}){0,6}+"
        self.choices = rf"{ahead}(?:{span}(?:[ \t](?:scale|points?))?|(?:out[ \t]of[ \t]|/[ \t]?){high}(?![0-9]))"
        self._echo = re.compile(rf"{low}{SPACE}(?:to\b|-|–|—|\.\.){SPACE}{high}(?![0-9])").match
        percent = "%?+" if (least, greatest) == (0, 100) else ""
        self._number = re.compile(self._NUMBER + percent, re.IGNORECASE).match
        self._of = f"{greatest}"

    def as_asked(self, markers: Sequence[str]) -> Callable[[str], list[float] | None]:
        """Reads the scores of a reply that ends in just the lines it was asked for, as most replies do; else None.

        It finds nothing that a search for each marker would not find, and finds it in a third of the time.
        """
        number = rf"([0-9]{{1,4}}+(?:\.[0-9]{{1,3}}+)?+)/{re.escape(self._of)}"
        lines = [rf"\n{re.escape(marker)}: {number}" for marker in markers]
        search = re.compile("".join(lines) + r"\s*+\Z").search
        least, greatest = self._least, self._greatest

        def read(text: str) -> list[float] | None:
            found = search(text[-ENDING:] if len(text) > ENDING else f"\n{text}")
            if found is None:
                return None
            scores = [float(number) for number in found.groups()]
            return scores if all(least <= score <= greatest for score in scores) else None

        return read

    def at(self, text: str, start: int, gap: str) -> Value | Nothing:
        """The score at a place."""
        match = self._number(text, start)
        if match is None:
            return NO_VALUE
        number, of = match.groups()
        if of is None and FIRM.isdisjoint(gap) and LOOSE.isdisjoint(gap):
            return NO_VALUE
        if of is not None and of != self._of and float(of) != self._greatest:
            return AMBIGUOUS
        stop = match.end()
        if text[stop : stop + 1] not in _END and (spoiled := self._spoiled(text, start, stop, of, gap)):
            return spoiled
        if "," in number and self._THOUSANDS.fullmatch(number):
            return AMBIGUOUS
        value = float(number.replace(",", ".").replace("−", "-"))
        return value if self._least <= value <= self._greatest else AMBIGUOUS

    def whole(self, text: str) -> Value | Nothing:
        """The score that a text begins with, with a remark or not."""
        return self.at(text.strip(_AROUND).lower(), 0, ":")

    def _spoiled(self, text: str, start: int, stop: int, of: str | None, gap: str) -> Nothing | None:
        """What becomes of a number by what stands behind it on its line."""
        if self._echo(text, start):
            return NO_VALUE
        if of is None and (self._WORD.match(text, stop) or ("\n" in gap and self._LISTED.match(text, stop))):
            return AMBIGUOUS
        return AMBIGUOUS if self._SPOILED.match(text, stop) else None

    def alone(self, line: str, *, is_all: bool) -> Value | Nothing:
        """The score that a line is, without decoration.

        It must name its scale unless it is all that the reply holds: at the end of a text a number may be anything.
        """
        plain = line.strip(f"{_AROUND}.!")
        match = self._number(plain, 0)
        whole = match is not None and match.end() == len(plain) and (is_all or match[2] is not None)
        return self.at(plain, 0, ":") if whole else NO_VALUE
