"""Markers: the words that stand before a value, found with the rank of each place.

A marker that begins a line, or a clause of one, counts before a marker with other words in front of it on its line:
the `Confidence score: 9/10` of a reply is not its `Score: 7/10`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from harness.prompting.parsing.enclosed import Enclosed
from harness.prompting.parsing.phrases import DECORATION, FIRM, any_of, words_of
from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE, Note, Noted, Nothing, Reader, Value

OWN, OTHER, NEVER = 0, 1, 2
"""Ranks: the marker begins its clause; other words stand before it; those words make it a marker of something else."""
_GAP = rf"(?:[\s{DECORATION}:=：—–]{{1,40}}+|[-−](?![0-9.])){{1,8}}+"
"""What may stand between a marker and its value. A minus that touches a digit is a sign and no part of it."""
_BRACKETED = r"[ \t*_`]{0,4}+(?:\([^()\n]{1,80}+\)|\[[^\[\]\n]{1,80}+\]|<[^<>\n]{1,80}+>)"
_OPENING, _CLOSING = "([{<", ")]}>"
_BOLD = ("**", "__")
_LOOSE_GAP = "-"
"""Stands for a gap after which a value may follow, and after which other words are no unclear answer."""
_BEFORE = 80
"""Characters in front of a marker that decide its rank."""
_CLAUSE = re.compile(r"""[.!?;,|](?=\s|["'*_]|$)|\n""")
_WORD = re.compile(r"[^\W_]+")
_NEUTRAL = frozenset(
    word
    for words in (
        "final finally overall total combined aggregate my our the this that here is are so thus therefore hence and",
        "then conclusion conclude in to of ultimately now below follows verdict answer decision judgment judgement",
        "winner score scores rating evaluation assessment result summary 最终 最終 总 總 综合 総合 总体",
    )
    for word in words.split()
)
"""Words that may stand before a marker that is meant."""
_BEGINNING = re.compile(r"[\s#*_>|`(\[\"'•-]{0,12}+(?:(?:final|overall|total|my|the)\b[\s*_]{0,4}+){0,3}+").fullmatch
"""The usual beginnings of a line with a marker; what follows from _CLAUSE and _NEUTRAL, sooner."""
_ELSE = frozenset(
    [
        "confidence",
        "certainty",
        "confident",
        "max",
        "maximum",
        "min",
        "minimum",
        "possible",
        "perfect",
        "threshold",
        "passing",
        "initial",
        "preliminary",
        "tentative",
        "previous",
        "original",
    ]
)
"""Words that make the marker behind them a marker of something else."""


class Place:
    """A marker in a text: where it begins and where it ends. Its rank is found when it is asked for."""

    __slots__ = ("_rank", "start", "stop")

    def __init__(self, start: int, stop: int) -> None:
        self.start, self.stop = start, stop
        self._rank = -1

    def rank(self, text: str) -> int:
        """OWN, OTHER or NEVER."""
        if self._rank < 0:
            self._rank = rank_at(text, self.start)
        return self._rank


class Finder:
    """Finds the last marker that a value follows.

    Args:
        markers: the phrases, literal and in any case.
        reader: reads the value behind one.
        case_sensitive: whether texts come as they are; else they come in lower case.
        enclosed: finds a value between brackets behind a marker whose own value is not clear, as in `My verdict is:
            Assistant A is far better: [[A]]`; None for no such search.
    """

    def __init__(
        self,
        markers: Sequence[str],
        reader: Reader,
        *,
        case_sensitive: bool = False,
        enclosed: Enclosed | None = None,
    ) -> None:
        self._enclosed = enclosed
        phrases = any_of(markers)
        flags = re.IGNORECASE if case_sensitive else 0
        # Not inside a word, but scripts from U+2E80 on put no space between words.
        pattern = re.compile(rf"(?:{phrases})(?![^\W_\u2e80-\U0010ffff])", flags)
        firsts = {words_of(marker)[0] for marker in markers}
        word = firsts.pop() if len(firsts) == 1 and not case_sensitive else ""
        self._search = _after_word(word, pattern) if word else pattern.search
        self._gap = re.compile(rf"{_GAP}(?:is\b{_GAP})?+", flags).match
        self._bracketed = re.compile(_BRACKETED).match
        choices = rf"[\s:=,*_`–—-]{{0,8}}+[(\[<]{{0,2}}+(?:{reader.choices})[)\]>*_`?]{{0,6}}+"
        self._choices = re.compile(choices).match
        self._reader = reader

    def places(self, text: str) -> list[Place]:
        """All markers in a text, in order; of markers that end at one place, the longest."""
        found: list[Place] = []
        search, end = self._search, -1
        match = search(text, 0)
        while match:
            start, stop = match.span()
            before = text[start - 1] if start else ""
            # Scripts from U+2E80 on put no space between words.
            if stop != end and (not before.isalnum() or before >= "\u2e80"):
                found.append(Place(start, stop))
                end = stop
            match = search(text, start + 1)
        return found

    def find(self, text: str, rank: int, places: list[Place], note: Noted | None = None) -> Value | Nothing:
        """The value after the last marker of a rank that has one.

        Args:
            text: a normalised reply.
            rank: OWN or OTHER.
            places: what `places` gave for the text.
            note: called with each place that is checked.
        """
        for place in reversed(places):
            if place.rank(text) != rank:
                continue
            value = self.value(text, place)
            if value is AMBIGUOUS and self._enclosed is not None and "[[" in text:
                clear = self._enclosed.find(text[place.stop :])
                value = value if clear is NO_VALUE else clear
            if note:
                note(Note("marker", place.start, place.stop, value, _WHY[rank]))
            if value is not NO_VALUE:
                return value
        return NO_VALUE

    def value(self, text: str, place: Place) -> Value | Nothing:
        """The value behind a marker, directly or behind an aside."""
        gap = self._gap(text, place.stop)
        if gap is None:
            return self._behind_aside(text, place.stop)
        between = gap[0]
        if FIRM.isdisjoint(between) and _has_own_brackets(text, place):
            between += _LOOSE_GAP
        value = self._reader.at(text, gap.end(), between)
        if not isinstance(value, Nothing):
            return value
        behind = self._behind_aside(text, place.stop)
        return value if behind is NO_VALUE else behind

    def _behind_aside(self, text: str, stop: int) -> Value | Nothing:
        """The value behind a remark in brackets, or behind the choices or the scale that a reply repeats."""
        for find, repeats in ((self._bracketed, False), (self._choices, True)):
            aside = find(text, stop)
            gap = self._gap(text, aside.end()) if aside else None
            if aside is None or gap is None:
                continue
            is_firm = not _FIRM_SIGNS.isdisjoint(gap[0])
            if repeats and not is_firm:
                is_firm = not _FIRM_SIGNS.isdisjoint(aside[0]) and "\n" not in gap[0]
            if is_firm:
                value = self._reader.at(text, gap.end(), ":")
                if value is not NO_VALUE:
                    return value
        return NO_VALUE


_FIRM_SIGNS = frozenset(":=")
_WHY = {OWN: "it begins its clause", OTHER: "other words stand before it"}


def _after_word(word: str, pattern: re.Pattern[str]) -> Callable[[str, int], re.Match[str] | None]:
    """The search for a pattern that begins with a word, which is quicker to find than the pattern."""
    match = pattern.match

    def search(text: str, start: int) -> re.Match[str] | None:
        at = text.find(word, start)
        while at >= 0:
            found = match(text, at)
            if found:
                return found
            at = text.find(word, at + 1)
        return None

    return search


def rank_at(text: str, start: int) -> int:
    """How much a marker counts by the words that stand before it in its clause."""
    if start == 0 or text[start - 1] == "\n":
        return OWN
    before = text[max(text.rfind("\n", 0, start) + 1, start - _BEFORE) : start]
    if _BEGINNING(before):
        return OWN
    clause = before
    for clause_end in _CLAUSE.finditer(before):
        clause = before[clause_end.end() :]
    words = [word for word in _WORD.findall(clause.lower()) if not word.isdecimal()]
    if not words:
        return OWN
    if not _ELSE.isdisjoint(words):
        return NEVER
    return OWN if _NEUTRAL.issuperset(words) else OTHER


def _has_own_brackets(text: str, place: Place) -> bool:
    """Whether a marker stands in brackets of its own, or in bold at the beginning of its line."""
    start, stop = place.start, place.stop
    before, behind = text[start - 1 : start] if start else "", text[stop : stop + 1]
    if before and behind and _OPENING.find(before) == _CLOSING.find(behind) >= 0:
        return True
    return place.rank(text) == OWN and text[max(0, start - 2) : start] in _BOLD and text[stop : stop + 2] in _BOLD
