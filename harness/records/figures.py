"""Figures with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with all that is needed to believe it.

    Attributes:
        value: the estimate, None where it is undefined.
        low: lower end of the interval, None where there is none.
        high: upper end of the interval, None where there is none.
        reason: why the value or its interval is None, "" where both are there.
        n: how many items (not resampling units) it rests on.
        method: how the interval was made, `none` where there is none.
        resamples: bootstrap draws, 0 for methods without.
        level: confidence level of the interval.
        seed: the derived seed of the interval's generator in hexadecimal, "" for methods without.
        unit: what was resampled, `item` or `cluster`.
        units: how many such units there are.
        undefined_share: share of the resamples in which the metric was undefined.
        design_effect: the clustered variance over that of independent items, None where items are independent.
        systems: how many cells were scored on the same dataset.
        flags: short stable words: `degenerate` (standard error 0), `few-clusters`, `heavy-tails`,
            `undefined-resamples`.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    n: int = 0
    method: str = "none"
    resamples: int = 0
    level: float = 0.95
    seed: str = ""
    unit: Literal["item", "cluster"] = "item"
    units: int = 0
    undefined_share: float = 0.0
    design_effect: float | None = None
    systems: int = 1
    flags: tuple[str, ...] = ()


class RankSet(NamedTuple):
    """The ranks that cannot be excluded for a cell among the cells of its dataset, 1 is best."""

    best: int
    worst: int
