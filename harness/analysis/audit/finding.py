"""The result of a probe as data: whether the figures of a cell bear a claim, of what, and in which direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.records.figures import Figure

Kind = Literal["found", "nothing", "unknown", "described"]
Direction = Literal["positive", "negative", "none"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a probe for a cell.

    Attributes:
        kind: `found` where the user of the judge should know of it, `nothing` where there is nothing to know,
            `unknown` where the run cannot tell, `described` where the figures describe the judge and are no finding.
        effect: name of the figure that it rests on, "" for none.
        direction: of the effect; `none` where no effect is claimed.
        is_claimed: whether the figures exclude that there is no effect, at the level of the run.
        reason: why it is unknown, "" otherwise.
    """

    kind: Kind
    effect: str = ""
    direction: Direction = "none"
    is_claimed: bool = False
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """As `schemas/output/audit.schema.json` describes it."""
        return {**asdict(self), "effect": self.effect or None, "reason": self.reason or None}


DESCRIBED = Finding("described")
"""The result of a probe whose figures are no finding."""


def unknown(figure: Figure) -> Finding:
    """The run cannot tell, for the reason of a figure without a value."""
    return Finding("unknown", reason=figure.reason)


def claimed(name: str, value: float) -> Finding:
    """An effect whose figures exclude that there is none.

    Args:
        name: of the figure.
        value: how far it is from the value that stands for no effect.
    """
    return Finding("found", name, "positive" if value > 0 else "negative", is_claimed=True)


def not_claimed(name: str) -> Finding:
    """An effect whose figures allow that there is none."""
    return Finding("nothing", name)


def finding_by_interval(name: str, figures: Mapping[str, Figure]) -> Finding:
    """An effect is claimed where the interval of its figure excludes 0.

    Args:
        name: of the figure, 0 without an effect.
        figures: of the probe.
    """
    figure = figures[name]
    if figure.value is None:
        return unknown(figure)
    return claimed(name, figure.value) if excludes_zero(figure) else not_claimed(name)


def excludes_zero(figure: Figure) -> bool:
    """Whether the interval of a figure excludes 0."""
    return figure.low is not None and figure.high is not None and not figure.low <= 0 <= figure.high
