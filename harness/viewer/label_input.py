"""What the label page offers for an item, by the kind of labels: buttons, a number field, or steps to a ranking."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from harness.analysis.label.answers import SIDES, number_in, ranking_in
from harness.analysis.label.form import RESPONSES, FormRow
from harness.data.number_labels import number_texts
from harness.records.label_set import LabelSet

KEYS = "123456789abcdefghijklmnopq"
"""On the keyboard, of the labels of a set in their order, and of responses that are ranked."""
PAIR_CHOICES = (("1", "Response 1 is better", "1"), ("2", "Response 2 is better", "2"), ("tie", "Tie", "t"))
_ORDER = re.compile(r"(?:[0-9]{1,2}(?:[>=][0-9]{1,2})*=?)?")


class Choice(NamedTuple):
    """A button.

    Attributes:
        value: what is written in the file.
        text: on the button.
        key: on the keyboard.
        is_chosen: whether the item has that label.
    """

    value: str
    text: str
    key: str
    is_chosen: bool


class Step(NamedTuple):
    """A link to the page with one more response in the ranking, or one less."""

    address: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class NumberField:
    """A field for a number.

    Attributes:
        low: the least number.
        high: the greatest number.
        value: in the field, "" for nothing.
    """

    low: str
    high: str
    value: str


@dataclass(frozen=True, slots=True)
class LabelInput:
    """What the page offers for an item.

    Attributes:
        choices: the buttons; each saves its label.
        field: a field for a number; None for other labels.
        steps: links that add a response to the ranking; empty for other labels.
        so_far: the ranking that the steps made.
        saved: the label in the file, in words; "" for none, and where a button shows it.
        is_known: whether the label in the file is one that the page could have saved.
    """

    choices: tuple[Choice, ...] = ()
    field: NumberField | None = None
    steps: tuple[Step, ...] = ()
    so_far: str = ""
    saved: str = ""
    is_known: bool = True


def input_of(row: FormRow, labels: LabelSet, here: str, order: str) -> LabelInput:
    """What the page offers for an item.

    Args:
        row: of the file.
        labels: that items can have.
        here: address of the page.
        order: the ranking so far, as its address holds it.
    """
    if labels.scale is not None:
        return _number_input(row, labels.scale)
    if labels.is_ranking:
        return _ranking_input(row, here, order)
    written = next((name for name in words_of(labels) if name.casefold() == row.label.casefold()), row.label)
    return LabelInput(_buttons(labels, written), is_known=not row.label or written in words_of(labels))


def words_of(labels: LabelSet) -> list[str]:
    """The labels that buttons save, where labels are words."""
    return list(SIDES) if labels.is_pair else list(labels.names)


def saved_label(word: str, row: FormRow, labels: LabelSet) -> tuple[str | None, str]:
    """What the file gets for a word that a page sent, and what is wrong with the word, "" for nothing.

    Args:
        word: not empty.
        row: the item.
        labels: that items can have.
    """
    if labels.scale is not None:
        number, wrong = number_in(word, labels.scale)
        return (None, f"The number {wrong}.") if number is None else (_text(number), "")
    if labels.is_ranking:
        ranking, wrong = ranking_in(word, count_of(row))
        return ranking, wrong and f"The ranking {wrong}."
    return (word, "") if word in words_of(labels) else (None, "There is no such label.")


def count_of(row: FormRow) -> int:
    """How many responses an item shows, where they are ranked."""
    return sum(bool(row.texts.get(name)) for name in RESPONSES)


def is_order(text: str) -> bool:
    """Whether a text is a ranking so far, as an address holds it."""
    return _ORDER.fullmatch(text) is not None


def _buttons(labels: LabelSet, chosen: str) -> tuple[Choice, ...]:
    """The buttons, from the worst label to the best."""
    if labels.is_pair:
        return tuple(Choice(value, text, key, value == chosen) for value, text, key in PAIR_CHOICES)
    names = labels.names
    keys = names if all(len(name) == 1 and name.isdigit() for name in names) else KEYS
    return tuple(Choice(name, name, key, name == chosen) for name, key in zip(names, keys, strict=False))


def _number_input(row: FormRow, scale: tuple[float, float]) -> LabelInput:
    low, high = map(_text, scale)
    number = number_in(row.label, scale)[0] if row.label else None
    value = "" if number is None else _text(number)
    return LabelInput(field=NumberField(low, high, value), saved=value, is_known=number is not None or not row.label)


def _text(number: float) -> str:
    """A number as the file has it."""
    import numpy as np

    return str(number_texts(np.array([number]))[0])


def _ranking_input(row: FormRow, here: str, order: str) -> LabelInput:
    count = count_of(row)
    saved = ranking_in(row.label, count)[0] if row.label else None
    named = [int(name) for name in re.findall(r"\d+", order)]
    if len(set(named)) < len(named) or any(not 1 <= name <= count for name in named):
        order, named = "", []
    left = [name for name in range(1, count + 1) if name not in named]
    join = "" if not order or order.endswith("=") else ">"
    steps = [Step(f"{here}?order={quote(f'{order}{join}{name}')}", f"Response {name}", KEYS[name - 1]) for name in left]
    if order and left and not order.endswith("="):
        steps.append(Step(f"{here}?order={quote(order + '=')}", "Equal to the next one", "="))
    if order:
        before = re.sub(r"(?:=|[>=]?\d+)$", "", order)
        steps.append(Step(f"{here}?order={quote(before)}" if before else here, "Undo", "Backspace"))
    return LabelInput(
        _ranking_buttons(order, left), steps=tuple(steps), so_far=_in_words(order), saved=_in_words(saved or ""),
        is_known=saved is not None or not row.label,
    )  # fmt: skip


def _ranking_buttons(order: str, left: list[int]) -> tuple[Choice, ...]:
    """The button that saves the ranking so far, where the others follow from it."""
    if not order or order.endswith("="):
        return ()
    if len(left) <= 1:
        whole = ">".join([order, *map(str, left)])
        return (Choice(whole, f"Save {_in_words(whole)}", "Enter", False),)
    if ">" in order:
        return ()
    best = "is best" if order.isdigit() else "are best"
    return (Choice(order, f"Save: {_in_words(order)} {best}, the others equal", "Enter", False),)


def _in_words(ranking: str) -> str:
    return ranking.replace(">", " > ").replace("=", " = ").strip()
