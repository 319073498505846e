"""Literal phrases as patterns: the words of markers, and the words and signs of labels.

Decoration may stand around and between words. In a label a sign counts: `A>B`, `A<B`, `C#` and `C` are four labels.
Every repetition is bounded and possessive, and nothing a user writes becomes a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from harness.prompting.parsing.normalise import normalised

DECORATION = r"""*_`#'"()\[\]{}<>|"""
WORD_GAP = rf"[ \t{DECORATION}]{{1,12}}+"
SIGN_GAP = r"[ \t*_`\\]{0,6}+"
"""What may stand between a word of a label and a sign, or between two signs."""
SPACE = rf"[ \t{DECORATION}]{{0,12}}+"
FIRM = frozenset(":=|\n")
"""A gap with one of these shows that the value follows."""
LOOSE = frozenset("-−–—>i")
"""A gap with one of these (`i` for `is`) may be part of a sentence; a gap without even these always is, for labels."""
_BETWEEN_WORDS = re.compile(rf"[\s{DECORATION}]+")
_TOKEN = re.compile(r"[^\W_]+|[^\w\s*`'\"()\[\]{}]")
_TOKEN_OR_BRACKETS = re.compile(rf"\[\[|\]\]|{_TOKEN.pattern}")
_ENCLOSED = re.compile(r"<([^<>]+)>")


def words_of(phrase: str) -> tuple[str, ...]:
    """The words of a phrase in lower case, without decoration."""
    return tuple(word for word in _BETWEEN_WORDS.split(normalised(phrase).lower()) if word)


def tokens_of(label: str, *, case_sensitive: bool = False, brackets: bool = False) -> tuple[str, ...]:
    """The words and signs of a label, in lower case unless case counts.

    Args:
        label: as a rule gives it, or as it stands in a normalised reply.
        case_sensitive: whether `m` and `M` are two labels.
        brackets: whether `[[` and `]]` are signs; else they are decoration.
    """
    plain = normalised(label)
    if enclosed := _ENCLOSED.fullmatch(plain.strip()):
        plain = enclosed[1]
    plain = plain if case_sensitive else plain.lower()
    return tuple((_TOKEN_OR_BRACKETS if brackets else _TOKEN).findall(plain))


def any_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, longer ones first; decoration may stand between their words."""
    return branches(sorted({words_of(phrase) for phrase in phrases}), with_signs=False)


def branches(phrases: Sequence[tuple[str, ...]], *, with_signs: bool = True) -> str:
    """Phrases, sorted, as alternatives by their first words.

    Phrases that begin with the same word share it, so that a search tries a dozen of them as quickly as one.

    Args:
        phrases: words, or words and signs.
        with_signs: whether a sign may follow a word, or a word a sign, without anything in between.
    """
    found = []
    for word, group in groupby(phrases, key=itemgetter(0)):
        rests = [phrase[1:] for phrase in group]
        optional = "?" if () in rests else ""
        longer = _joined([rest for rest in rests if rest], word, with_signs)
        found.append(re.escape(word) + (f"(?:{longer}){optional}" if longer else ""))
    return "|".join(sorted(found, key=lambda branch: (-len(branch), branch)))


def _joined(rests: Sequence[tuple[str, ...]], before: str, with_signs: bool) -> str:
    """What may follow a word or sign, by whether a word or a sign comes next."""
    signs = [rest for rest in rests if with_signs and (_is_sign(before) or _is_sign(rest[0]))]
    words = [rest for rest in rests if rest not in signs]
    parts = []
    if signs:
        parts.append(f"{SIGN_GAP}(?:{branches(signs, with_signs=with_signs)})")
    if words:
        parts.append(f"{WORD_GAP}(?:{branches(words, with_signs=with_signs)})")
    return "|".join(parts)


def _is_sign(token: str) -> bool:
    return not any(character.isalnum() for character in token)
