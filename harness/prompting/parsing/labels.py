"""Labels and statements: the words that name a verdict or a grade."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from harness.prompting.parsing.phrases import DECORATION, FIRM, LOOSE, SPACE, branches, tokens_of
from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE, Note, Noted, Nothing, Value

_DECORATIVE = ("<", ">", "|", "#", "[[", "]]")
"""Tokens that may stand between the words of a label in a reply without being part of it."""
MAX_LABELS = 8
"""Labels in a row that are checked."""
_JOIN = r"""[ \t*_`'"()\[\]{}]{0,12}+"""
"""What may stand around the sign or word between two labels."""
_FOLLOWED = (
    rf"{SPACE}(?:$|\n|[.,;:](?![\w])(?![ \t]*[0-9])|!|[-−–—][ \t]|(?:because|since|wins|over|between)\b"
    r"|is[ \t](?:the[ \t])?(?:slightly[ \t]|clearly[ \t]|much[ \t]|significantly[ \t])?(?:better|best|winner)\b)"
    r"|[*_`'\")\]}>]{0,8}+[ \t]{1,4}+\("
)
_REFUSAL = r"(?:neither|none|both|either|n/a|unclear|unknown|undecided|unsure|cannot|can['’]t|not?)\b"


class Labels:
    """Reads a label with nothing after it that changes its meaning.

    Args:
        labels: for each value, the phrases that stand for it.
        case_sensitive: whether `m` and `M` are two labels; the text is then read as it is, else in lower case.
    """

    def __init__(self, labels: Mapping[Value, Iterable[str]], *, case_sensitive: bool = False) -> None:
        self._case_sensitive = case_sensitive
        self._meaning = {
            tokens_of(label, case_sensitive=case_sensitive): value
            for value, phrases in labels.items()
            for label in phrases
        }
        flags = 0 if case_sensitive else re.IGNORECASE
        words = branches(sorted(self._meaning))
        label = rf"({words})(?![\w#])"
        self._label = re.compile(label).match
        between = (
            rf"{_JOIN}(?:(?:[,/&+|<>=≤≥]{_JOIN}){{1,4}}+(?:(?:or|and)\b{_JOIN})?+|(?:or|and|vs|versus)\b\.?{_JOIN})"
        )
        self._more = re.compile(f"{between}{label}").match
        self._followed = re.compile(_FOLLOWED, flags).match
        self._refusal = re.compile(_REFUSAL, flags).match
        self._alone = re.compile(rf"[\s{DECORATION}]{{0,12}}+({words})[.!\s{DECORATION}]{{0,12}}+").fullmatch
        self.choices = rf"(?:{words})(?!\w)(?:{between}(?:{words})(?!\w)){{1,7}}+"

    def at(self, text: str, start: int, gap: str) -> Value | Nothing:
        """The value of the label at a place; a word that only follows the marker in running text is none."""
        firm = not FIRM.isdisjoint(gap)
        if not firm and LOOSE.isdisjoint(gap):
            return NO_VALUE
        refused = AMBIGUOUS if firm else NO_VALUE
        match = self._label(text, start)
        if match is None:
            return refused if self._refusal(text, start) else NO_VALUE
        value = self._means(match[1])
        named = {value}
        for _ in range(MAX_LABELS):
            more = self._more(text, match.end())
            if more is None:
                break
            match = more
            named.add(self._means(match[1]))
        if len(named) == len(set(self._meaning.values())) > 1:
            return NO_VALUE
        return value if len(named) == 1 and self._followed(text, match.end()) else refused

    def whole(self, text: str) -> Value | Nothing:
        """The value of the label that a text is, with a remark or not."""
        plain = text.strip(" \t\n*_`'\"()[]{}|")
        return self.at(plain if self._case_sensitive else plain.lower(), 0, ":")

    def alone(self, line: str) -> Value | Nothing:
        """The value of the label that a line is, without decoration."""
        match = self._alone(line)
        return self._means(match[1]) if match else NO_VALUE

    def _means(self, label: str) -> Value:
        found = tokens_of(label, case_sensitive=self._case_sensitive)
        if found in self._meaning:
            return self._meaning[found]
        return self._meaning[tuple(token for token in found if token not in _DECORATIVE)]


class Statements:
    """Finds a value that a sentence of its own gives, such as `Output (a) is better`."""

    def __init__(self, statements: Mapping[Value, Iterable[str]], *, case_sensitive: bool = False) -> None:
        def tokens(phrase: str) -> tuple[str, ...]:
            return tokens_of(phrase, case_sensitive=case_sensitive, brackets=True)

        self._tokens = tokens
        self._meaning = {tokens(phrase): value for value, phrases in statements.items() for phrase in phrases}
        self._every = re.compile(rf"(?<!\w)(?:{branches(sorted(self._meaning))})(?!\w)").finditer

    def find(self, text: str, note: Noted | None = None) -> Value | Nothing:
        """The value of the last statement in a text."""
        last = None
        for last in self._every(text):
            if note:
                note(Note("statement", last.start(), last.end(), self._means(last[0])))
        return self._means(last[0]) if last else NO_VALUE

    def _means(self, statement: str) -> Value:
        found = self._tokens(statement)
        if found in self._meaning:
            return self._meaning[found]
        return self._meaning[tuple(token for token in found if token not in _DECORATIVE)]
