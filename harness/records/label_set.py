"""Label sets: the classes that reference labels and judgments of an experiment can have, or rankings in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.records.judgments import FAILURES, VERDICTS
from harness.text import listed

MOST = 20
"""Labels that a set may have."""
LabelKind: TypeAlias = Literal["pair", "two", "number"]
"""What a soft metric is for: verdicts on pairs, two labels of which one is positive, labels that are numbers."""
NUMBER = "number"
"""The only class of a set whose labels are numbers: an item has a number or none, a judgment has one or failed."""


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of an experiment, in their order. The position of a label is its code in every array.

    A failure has a code as well: failure k of `harness.records.judgments.FAILURES` is `len(names) + k`.

    Attributes:
        names: of 2 to 20 labels; of rankings `ranked` alone.
        is_ordered: whether the order of the labels means something, as that of grades does.
        values: the number that each label stands for, such as 1 to 5; empty where labels are not numbers.
        positive: the label whose rate is reported, such as `pass`; "" for none.
        split: the label of an item whose annotators do not agree on one; "" where such an item has no label.
        is_pair: whether they are the verdicts on a pair of responses, and not labels of a single one.
        scale: the least and the greatest number that a judge can give, where labels are numbers and not classes; the
            numbers themselves are scores. None for classes.
        is_ranking: whether judgments are rankings of several responses; all of them have the code of `ranked`, and the
            rankings themselves are kept beside the codes.
    """

    names: tuple[str, ...]
    is_ordered: bool = False
    values: tuple[float, ...] = ()
    positive: str = ""
    split: str = ""
    is_pair: bool = False
    scale: tuple[float, float] | None = None
    is_ranking: bool = False

    @property
    def is_number(self) -> bool:
        """Whether labels are numbers."""
        return self.scale is not None

    @property
    def is_single(self) -> bool:
        """Whether they are the labels of single responses."""
        return not self.is_pair and not self.is_ranking

    @property
    def described(self) -> str:
        """The labels in words."""
        if self.scale is not None:
            return "numbers from {:g} to {:g}".format(*self.scale)
        return f"the labels {listed(self.names)}"

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Labels and failures; the position is the code of a judgment."""
        return (*self.names, *FAILURES)

    @property
    def outcome_codes(self) -> dict[str, int]:
        """The code of a judgment by its label or failure; that of `ranked` for the text of any ranking."""
        codes = {name: code for code, name in enumerate(self.outcomes)}
        return _RankedCodes(codes) if self.is_ranking else codes

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a table: reference labels × judged labels and `failed`."""
        return len(self.names), len(self.names) + 1

    @property
    def kinds(self) -> frozenset[LabelKind]:
        """What the labels are for a soft metric; empty for several labels that are no numbers."""
        found: dict[LabelKind, bool] = {
            "pair": self.is_pair,
            "two": bool(self.positive),
            "number": bool(self.values) or self.is_number,
        }
        return frozenset(kind for kind, holds in found.items() if holds)

    @property
    def ends(self) -> tuple[float, float] | None:
        """The least and the greatest number of a judgment; None where labels are no numbers."""
        if self.scale is not None:
            return self.scale
        return (min(self.values), max(self.values)) if self.values else None

    @property
    def worth(self) -> tuple[float, ...]:
        """The number that each label counts as where soft verdicts are held against labels; empty where it has none.

        A verdict counts for response a: 1, one half for a tie, 0. A positive label counts 1 and the other one 0, and a
        grade counts as its number.
        """
        if self.is_pair:
            return 1.0, 0.5, 0.0
        return tuple(float(name == self.positive) for name in self.names) if self.positive else self.values

    def json(self) -> dict[str, object]:
        """As a run folder keeps it."""
        return {
            "names": list(self.names),
            "ordered": self.is_ordered,
            "values": list(self.values),
            "positive": self.positive,
            **({} if self.scale is None else {"scale": list(self.scale)}),
            **({"ranking": True} if self.is_ranking else {}),
        }


def number_set(least: float, greatest: float) -> LabelSet:
    """Labels that are numbers, given by a judge on a scale."""
    return LabelSet((NUMBER,), scale=(float(least), float(greatest)))


VERDICT_LABELS = LabelSet(VERDICTS, is_ordered=True, split="tie", is_pair=True)
"""The verdicts on a pair of responses."""

RANKED = LabelSet(("ranked",), is_ranking=True)
"""Rankings of several responses."""


class _RankedCodes(dict[str, int]):
    """Codes of judgments that are rankings or failures."""

    def __missing__(self, ranking: str) -> int:
        return 0


def label_set_from(value: Mapping[str, object] | None) -> LabelSet:
    """The label set that `LabelSet.json` wrote; that of pairs for None.

    Raises:
        ValueError: where it wrote no such value.
    """
    if value is None:
        return VERDICT_LABELS
    if value.get("ranking"):
        return RANKED
    try:
        if "scale" in value:
            least, greatest = map(float, value["scale"])  # type: ignore[call-overload]
            return number_set(least, greatest)
        names, values = tuple(map(str, value["names"])), tuple(map(float, value["values"]))  # type: ignore[call-overload]
        found = LabelSet(names, bool(value["ordered"]), values, str(value["positive"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no label set: {error}") from None
    if not 2 <= len(set(names)) == len(names) <= MOST or len(values) not in (0, len(names)):
        raise ValueError("no label set: labels are 2 to 20 different names, with a number for each or none")
    return found
