"""What annotators write in a file to fill in, by the kind of labels: a word, a number, or a ranking.

A ranking names the responses by their numbers as they are shown, the best first: `2>1=3`, where `=` stands between
equal ones and a comma may stand for `>`. The best alone, `2` or `2=3`, leaves the others tied behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import polars as pl

from harness.data.labels import meanings_of
from harness.data.number_labels import GREATEST
from harness.records.label_set import LabelSet
from harness.records.rankings import groups_of, text_of
from harness.text import quoted

SIDES = {"1": 0, "2": 2, "tie": 1}
"""What annotators write about a pair, as the code of a verdict on the responses in the order shown."""
Answer: TypeAlias = int | float | str
"""The code of a label, a number, or the text of a ranking."""
_POSITION = re.compile(r"[0-9]{1,3}")
_THOUSANDS = re.compile(r"[+-]?\d+,\d{3}")


def choices(labels: LabelSet) -> str:
    """What an annotator can write, in words."""
    if labels.scale is not None:
        return "a number from {:g} to {:g}".format(*labels.scale)
    if labels.is_ranking:
        return "the numbers of the responses from the best to the worst, such as `2>1=3`, or that of the best alone"
    names = list(SIDES) if labels.is_pair else list(labels.names)
    return ", ".join(f"`{name}`" for name in names[:-1]) + f" or `{names[-1]}`"


def meanings(labels: LabelSet, words: Sequence[str]) -> Mapping[str, int]:
    """Every word that means a label, as its code; for labels that are words."""
    used = {word for word in words if word}
    if labels.is_pair:
        return {word: SIDES[word.casefold()] for word in used if word.casefold() in SIDES}
    found: dict[str, str] = {}
    for word in used:  # one by one: a word without a meaning must not hide that of the others
        found |= {key: name for key, name in meanings_of(pl.Series([word]), labels).items() if key == word}
    return {word: labels.names.index(name) for word, name in found.items()}


def number_in(word: str, scale: tuple[float, float]) -> tuple[float | None, str]:
    """The number that a word is, and what is wrong with it, "" for nothing.

    A spreadsheet of some languages writes a decimal comma; `1,000` might be a thousand and is refused.

    Args:
        word: as the annotator wrote it.
        scale: the least and the greatest number.
    """
    low, high = scale
    text = word.strip().replace("\u2212", "-")
    if _THOUSANDS.fullmatch(text):
        return None, f"is {quoted(word)}, which may be a decimal comma or thousands"
    try:
        number = float(text.replace(",", ".")) if "_" not in text else float("nan")
    except ValueError:
        number = float("nan")
    if not abs(number) <= GREATEST:
        return None, f"is {quoted(word)}, no finite number"
    if not low <= number <= high:
        return None, f"is {quoted(word)}, outside the scale"
    return number, ""


def ranking_in(word: str, count: int) -> tuple[str | None, str]:
    """The ranking that a word is, over all responses as they are shown, and what is wrong with it, "" for nothing.

    Args:
        word: as the annotator wrote it.
        count: how many responses are shown.
    """
    groups = [[part.strip() for part in group.split("=")] for group in word.replace(",", ">").split(">")]
    names = [name for group in groups for name in group]
    if not all(map(_POSITION.fullmatch, names)):
        return None, f"is {quoted(word)}, no ranking"
    named = [int(name) for name in names]
    if beyond := [one for one in named if not 1 <= one <= count]:
        return None, f"names response {beyond[0]}, and {count} are shown"
    if len(set(named)) < len(named):
        twice = next(one for one in named if named.count(one) > 1)
        return None, f"names response {twice} twice"
    others = [position for position in range(1, count + 1) if position not in named]
    if others and len(groups) > 1:
        return None, f"does not name response {others[0]}"
    numbered = [[int(name) for name in group] for group in groups]
    return text_of([*numbered, others] if others else numbered), ""


def in_data_order(ranking: str, order: Sequence[int]) -> str:
    """A ranking of the responses as they were shown as one of their positions in the data.

    Args:
        ranking: names what was shown, from 1.
        order: of each response shown, its position in the data from 0.
    """
    return text_of([order[place - 1] + 1 for place in group] for group in groups_of(ranking))
