"""The difference between two texts, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from harness.report.items.records import DiffPiece

MOST_PIECES = 3_000
"""Words of both texts, or lines, that are compared; texts with more are shown as removed and added."""
_WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


def word_diff(old: str, new: str) -> tuple[DiffPiece, ...]:
    """The parts of two texts that are the same, removed or added.

    Joining the pieces that are not `removed` gives the new text, those that are not `added` the old one. Long texts
    are compared line by line.

    Args:
        old: the earlier text.
        new: the later text.
    """
    one, other = _WORDS.findall(old), _WORDS.findall(new)
    if len(one) + len(other) > MOST_PIECES:
        one, other = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if len(one) + len(other) > MOST_PIECES:
        one, other = [old], [new]
    return tuple(_pieces(one, other))


def _pieces(one: Sequence[str], other: Sequence[str]) -> Iterator[DiffPiece]:
    for tag, start, stop, first, last in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            yield DiffPiece("same", "".join(one[start:stop]))
            continue
        if removed := "".join(one[start:stop]):
            yield DiffPiece("removed", removed)
        if added := "".join(other[first:last]):
            yield DiffPiece("added", added)
