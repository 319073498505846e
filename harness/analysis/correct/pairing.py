"""What a rate is of: the two systems of a win rate, by the writers of the responses, or a label of single responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.records.label_set import LabelSet
from harness.statistics.codes import VERDICT_CODES, Codes


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """The two systems of a win rate.

    Attributes:
        of: a model, or `response b`.
        over: the other model, or `response a`.
        is_named: whether these are models, in either position; False for the two positions.
        rows: positions of the items that compare the two; None for all.
        is_first: for each of these items, whether response a is that of `of`.
        systems: all models that wrote responses, sorted; empty where some response names none.
        label: of single responses, the position of the label whose rate it is; None for pairs.
        classes: how many labels there are.
    """

    of: str
    over: str
    is_named: bool
    rows: NDArray[np.intp] | None
    is_first: NDArray[np.bool_]
    systems: tuple[str, ...]
    label: int | None = None
    classes: int = VERDICT_CODES

    @property
    def title(self) -> str:
        """What the rate is, in words."""
        return f"win rate of {self.of} over {self.over}" if self.label is None else f"rate of `{self.of}`"

    def outcomes(self, codes: Codes) -> Codes:
        """Verdicts as outcomes of `of`: 0 won, 1 tied, 2 lost, failures from 3 on, −1 without label.

        Of single responses the label counts as won, and every other one as lost.

        Args:
            codes: of all items, codes of the label set or −1.
        """
        if self.label is not None:
            is_label = (codes >= 0) & (codes < self.classes)
            failed = codes - self.classes + VERDICT_CODES
            other = np.where(codes < 0, codes, failed)
            return np.where(is_label, np.where(codes == self.label, 0, VERDICT_CODES - 1), other).astype(np.int8)
        some = codes if self.rows is None else codes[self.rows]
        is_verdict = (some >= 0) & (some < VERDICT_CODES)
        return np.where(is_verdict & ~self.is_first, VERDICT_CODES - 1 - some, some).astype(np.int8)

    def of_items(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """What belongs to all items, of those that count."""
        return values if self.rows is None else values[self.rows]


def label_pairing(labels: LabelSet, items: int, label: str = "") -> Pairing:
    """The rate of a label of single responses.

    Args:
        labels: the label set.
        items: how many there are.
        label: whose rate it is; the positive one of two or the last one by default.
    """
    name = label or labels.positive or labels.names[-1]
    others = " or ".join(one for one in labels.names if one != name)
    every = np.ones(items, dtype=bool)
    return Pairing(name, others, False, None, every, (), labels.names.index(name), len(labels.names))


def pairing_of(models_a: Sequence[str | None], models_b: Sequence[str | None]) -> Pairing:
    """The two models where there are exactly two, else the two positions.

    The win rate is that of the model that wrote the first response b, in either position. Items with the same model on
    both sides are left out.

    Args:
        models_a: who wrote response a of each item, None where that is not known.
        models_b: who wrote response b.
    """
    first, second = np.array(models_a, dtype=object), np.array(models_b, dtype=object)
    is_known = not any(name is None for name in (*models_a, *models_b))
    systems = tuple(sorted({*models_a, *models_b})) if is_known else ()  # type: ignore[type-var]  # no None in it
    meets = np.flatnonzero(first != second)
    if len(systems) != 2 or not len(meets):
        every = np.zeros(len(first), dtype=bool)
        return Pairing("response b", "response a", False, None, every, tuple(map(str, systems)))
    of, over = str(second[meets[0]]), str(first[meets[0]])
    rows = None if len(meets) == len(first) else meets
    is_first = np.asarray((first if rows is None else first[rows]) == of, dtype=bool)
    return Pairing(of, over, True, rows, is_first, tuple(map(str, systems)))
