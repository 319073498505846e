"""How one value is found in a reply: literal markers, then a value, looked for from the end.

Everything here works on text in lower case and takes time that grows linearly with its length: markers and labels
are literals, every repetition is bounded and possessive, and nothing a user writes becomes a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from itertools import groupby
from operator import itemgetter
from typing import Final, Protocol, TypeAlias

from harness.records.judgments import Verdict


class Nothing(Enum):
    """Why no value was read at a place."""

    NO_VALUE = "nothing that could be an answer, or an echoed template: look further up"
    AMBIGUOUS = "something that ought to be an answer and cannot be read safely: there is no answer"


NO_VALUE: Final = Nothing.NO_VALUE
AMBIGUOUS: Final = Nothing.AMBIGUOUS
Value: TypeAlias = float | Verdict

DECORATION = r"""*_`#'"“”‘’()\[\]{}<>|"""
_GAP = rf"(?:[\s{DECORATION}:=：—–]{{1,40}}+|[-−](?![0-9.])){{1,8}}+"
"""What may stand between a marker and its value. A minus that touches a digit is a sign and no part of it."""
_WORD_GAP = rf"[ \t{DECORATION}]{{1,12}}+"
_SPACE = rf"[ \t{DECORATION}]{{0,12}}+"
_END = frozenset(("", "\n"))
"""What stands behind a number that nothing on its line can spoil."""
_JOIN = r"""[ \t*_`'"“”‘’()\[\]{}]{0,12}+"""
"""What may stand around the sign or word between two labels."""
_BETWEEN_WORDS = re.compile(rf"[\s{DECORATION}]+")
ENDING = 160
"""Characters at the end of a reply in which it may stand just as it was asked for."""
MAX_LABELS = 8
"""Labels in a row that are looked at."""
_FIRM = frozenset(":=：|\n")
"""A gap with one of these says that the value follows."""
_LOOSE = frozenset("-−–—>i")
"""A gap with one of these (`i` for `is`) may be part of a sentence; a gap without even these always is, for labels."""


class Reader(Protocol):
    """Reads the value that stands at a place."""

    aside: str
    """Pattern of what may stand in brackets between a marker and its value, such as the scale; or ""."""

    def at(self, text: str, start: int, gap: str) -> Value | Nothing:
        """The value at `start` of a text in lower case, `gap` being what parts it from its marker."""
        ...


class Finder:
    """Finds the last marker that a value follows."""

    def __init__(self, markers: Iterable[str], reader: Reader) -> None:
        aside = rf"(?:[ \t*_]{{0,4}}+\({reader.aside}\))?+" if reader.aside else ""
        gap = rf"({_GAP}(?:is\b{_GAP})?+)"
        self._search = re.compile(rf"(?:{any_of(markers)}){aside}{gap}").search
        self._reader = reader

    def find(self, text: str) -> Value | Nothing:
        """The value after the last marker that has one, in a text in lower case."""
        found = []
        match = self._search(text)
        while match:
            start, stop = match.span()
            if not (start and text[start - 1].isalnum()):
                found.append((stop, match[1]))
            match = self._search(text, start + 1)
        for stop, gap in reversed(found):
            value = self._reader.at(text, stop, gap)
            if value is not NO_VALUE:
                return value
        return NO_VALUE


def any_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, longer ones first; decoration may stand between their words.

    Phrases that begin with the same word share it, so that a search tries a dozen of them as quickly as one.
    """
    return _branches(sorted({words_of(phrase) for phrase in phrases}))


def words_of(phrase: str) -> tuple[str, ...]:
    """The words of a phrase in lower case, decoration apart: what is looked for."""
    return tuple(word for word in _BETWEEN_WORDS.split(phrase.lower()) if word)


def _branches(phrases: list[tuple[str, ...]]) -> str:
    """The phrases, sorted, as alternatives by their first words."""
    branches = []
    for word, group in groupby(phrases, key=itemgetter(0)):
        rests = [phrase[1:] for phrase in group]
        longer = _branches([rest for rest in rests if rest])
        optional = "?" if () in rests else ""
        branches.append(re.escape(word) + (f"(?:{_WORD_GAP}(?:{longer})){optional}" if longer else ""))
    return "|".join(sorted(branches, key=lambda branch: (-len(branch), branch)))


class Labels:
    """Reads a verdict: a label with nothing after it that changes what it says."""

    aside = ""
    _FOLLOWED = (
        rf"{_SPACE}(?:$|\n|[.,;:](?![\w])(?![ \t]*[0-9])|!|[-−–—][ \t]|(?:because|since|wins|over|between)\b"
        r"|is[ \t](?:the[ \t])?(?:slightly[ \t]|clearly[ \t]|much[ \t])?(?:better|best|winner)\b)"
        r"|[*_`'\"”’)\]}>]{0,8}+[ \t]{1,4}+\("
    )
    _REFUSAL = re.compile(r"(?:neither|none|both|either|n/a|unclear|unknown|undecided|unsure|cannot|can['’]t|not?)\b")

    def __init__(self, labels: Mapping[Verdict, Iterable[str]]) -> None:
        self._meaning = {words_of(label): verdict for verdict, phrases in labels.items() for label in phrases}
        words = _branches(sorted(self._meaning))
        self._label = re.compile(rf"({words})(?!\w)").match
        self._more = re.compile(
            rf"{_JOIN}(?:(?:[,/&+|<>=≤≥]{_JOIN}){{1,4}}+(?:(?:or|and)\b{_JOIN})?+|(?:or|and|vs|versus)\b\.?{_JOIN})"
            rf"({words})(?!\w)"
        ).match
        self._followed = re.compile(self._FOLLOWED).match
        self._alone = re.compile(rf"[\s{DECORATION}]{{0,12}}+({words})[.!\s{DECORATION}]{{0,12}}+").fullmatch

    def at(self, text: str, start: int, gap: str) -> Value | Nothing:
        """The verdict at a place; a word that only follows the marker in running text is none."""
        firm = not _FIRM.isdisjoint(gap)
        if not firm and _LOOSE.isdisjoint(gap):
            return NO_VALUE
        refused = AMBIGUOUS if firm else NO_VALUE
        match = self._label(text, start)
        if match is None:
            return refused if self._REFUSAL.match(text, start) else NO_VALUE
        verdict = self._means(match[1])
        named = {verdict}
        for _ in range(MAX_LABELS):
            more = self._more(text, match.end())
            if more is None:
                break
            match = more
            named.add(self._means(match[1]))
        if len(named) == len(set(self._meaning.values())) > 1:
            return NO_VALUE
        return verdict if len(named) == 1 and self._followed(text, match.end()) else refused

    def alone(self, line: str) -> Value | Nothing:
        """The verdict that a line is, decoration apart."""
        match = self._alone(line)
        return self._means(match[1]) if match else NO_VALUE

    def _means(self, label: str) -> Verdict:
        return self._meaning[(label,)] if (label,) in self._meaning else self._meaning[words_of(label)]


class Statements:
    """Finds a verdict that a sentence of its own gives, such as `Output (a) is better`."""

    def __init__(self, statements: Mapping[Verdict, Iterable[str]]) -> None:
        self._meaning = {words_of(phrase): verdict for verdict, phrases in statements.items() for phrase in phrases}
        self._every = re.compile(rf"(?<!\w)(?:{_branches(sorted(self._meaning))})(?!\w)").finditer

    def find(self, text: str) -> Value | Nothing:
        """The verdict of the last statement in a text in lower case."""
        last = None
        for last in self._every(text):  # noqa: B007 (the last one is wanted)
            pass
        return self._meaning[words_of(last[0])] if last else NO_VALUE


class Numbers:
    """Reads a score within its scale."""

    _NUMBER = (
        r"([+−-]?(?:[0-9]{1,7}+(?:[.,][0-9]{1,6}+)?+|\.[0-9]{1,6}+))"
        rf"(?:{_SPACE}(?:/|(?:out[ \t]+)?of\b){_SPACE}([0-9]{{1,7}}+(?:\.[0-9]{{1,6}}+)?+))?+"
    )
    _SPOILED = re.compile(
        rf"[\w%+]|[.,/][0-9]|[-−]\w|{_SPACE}(?:[-−–—~/]|(?:to|or|vs)\b){_SPACE}[0-9.]|{_SPACE}(?:/|out[ \t]of\b|of\b)"
    )
    _WORD = re.compile(
        rf"{_SPACE}(?!(?:points?|pts|stars?|marks?|because|since|due|for|as|with|given|overall|based|score)\b)[^\W\d_]"
    )
    _LISTED = re.compile(r"[.)][ \t]+\w")
    _THOUSANDS = re.compile(r"[+−-]?[0-9]+,[0-9]{3}(?![0-9])")

    def __init__(self, least: float, greatest: float) -> None:
        self._least, self._greatest = least, greatest
        low, high = re.escape(f"{least}"), re.escape(f"{greatest}")
        self.aside = rf"(?:out[ \t]of[ \t]|/[ \t]?|{low}[ \t]?(?:-|–|—|to)[ \t]?){high}"
        self._echo = re.compile(rf"{low}{_SPACE}(?:to\b|-|–|—|\.\.){_SPACE}{high}(?![0-9])").match
        percent = "%?+" if (least, greatest) == (0, 100) else ""
        self._number = re.compile(self._NUMBER + percent).match
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
        if of is None and _FIRM.isdisjoint(gap) and _LOOSE.isdisjoint(gap):
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

    def _spoiled(self, text: str, start: int, stop: int, of: str | None, gap: str) -> Nothing | None:
        """What becomes of a number by what stands behind it on its line."""
        if self._echo(text, start):
            return NO_VALUE
        if of is None and (self._WORD.match(text, stop) or ("\n" in gap and self._LISTED.match(text, stop))):
            return AMBIGUOUS
        return AMBIGUOUS if self._SPOILED.match(text, stop) else None

    def alone(self, line: str, *, is_all: bool) -> Value | Nothing:
        """The score that a line is, decoration apart.

        It must name its scale unless it is all that the reply holds: at the end of a text a number may be anything.
        """
        plain = line.strip(" \t\r.!*_`#'\"“”‘’()[]{}<>|")
        match = self._number(plain, 0)
        whole = match is not None and match.end() == len(plain) and (is_all or match[2] is not None)
        return self.at(plain, 0, ":") if whole else NO_VALUE
