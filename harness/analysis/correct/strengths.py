"""Strengths of three or more systems, by the labels and by each evaluator."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.records.figures import Figure
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.statistics import clusters
from harness.statistics.agreement import Array
from harness.statistics.bradley_terry import Strengths, bradley_terry
from harness.statistics.codes import VERDICT_CODES, Codes
from harness.statistics.intervals import NO_INTERVAL, Interval

MIN_SYSTEMS = 3
"""Two systems are compared by their win rate."""


@dataclass(frozen=True, slots=True)
class Strength:
    """The Bradley-Terry strength of a system, in log-odds relative to the mean of the systems.

    Attributes:
        system: the model that wrote the responses.
        by: id of the cell that judged them, None for the labels.
        figure: the strength; None with its reason where no finite one fits.
        standing: `above` or `below` where the strength is infinite, None otherwise.
    """

    system: str
    by: str | None
    figure: Figure
    standing: str | None


def strengths_of(
    systems: Sequence[str],
    writers: tuple[Sequence[str | None], Sequence[str | None]],
    columns: Mapping[str | None, Codes],
    cluster: NDArray[np.int64] | None,
    level: float,
    weights: Array | None = None,
) -> tuple[Strength, ...]:
    """Bradley-Terry strengths; nothing with fewer than three systems.

    Args:
        systems: all that wrote responses, sorted.
        writers: who wrote response a of each item, and who wrote response b.
        columns: the verdict of each item, by the id of the cell that gave them, or None for the labels; failures and
            −1, no label, are left out.
        cluster: of each item, None where items are independent.
        level: confidence level of the interval of each strength alone.
        weights: of the labels of all items, where they were drawn with unequal probabilities; None where all count
            alike. Verdicts of cells are on all items and have none.

    Returns:
        For each column, in its order, the strengths of all systems, the strongest first.
    """
    if len(systems) < MIN_SYSTEMS:
        return ()
    number = {system: at for at, system in enumerate(systems)}
    first, second = (np.array([number[str(name)] for name in names], np.int64) for names in writers)
    found: list[Strength] = []
    for by, codes in columns.items():
        is_verdict = (codes >= 0) & (codes < VERDICT_CODES) & (first != second)
        units = None if cluster is None else cluster[is_verdict]
        fitted = bradley_terry(
            first[is_verdict],
            second[is_verdict],
            1 - codes[is_verdict] / 2,
            len(systems),
            clusters=units,
            weights=None if weights is None or by is not None else weights[is_verdict],
        )
        games = np.bincount(np.concatenate([first[is_verdict], second[is_verdict]]), minlength=len(systems))
        values = fitted.values
        for at in np.lexsort((-values, np.isnan(values))):  # the undefined ones last
            figure = _figure(fitted, int(at), int(games[at]), is_clustered=units is not None, level=level)
            found.append(Strength(systems[at], by, figure, _standing(float(fitted.values[at]))))
    return tuple(found)


def _standing(value: float) -> str | None:
    return ("above" if value > 0 else "below") if math.isinf(value) else None


def _figure(fitted: Strengths, at: int, n: int, *, is_clustered: bool, level: float) -> Figure:
    value, error = float(fitted.values[at]), float(fitted.errors()[at])
    known: dict[str, Any] = {
        "n": n,
        "level": level,
        "unit": "cluster" if is_clustered else "item",
        "units": fitted.units,
    }
    if not math.isfinite(value):
        return Figure(None, reason=fitted.reasons[at], **known)
    reason = ""
    if n < MIN_ITEMS:
        reason = TOO_FEW_ITEMS
    elif is_clustered and fitted.units < clusters.FEWEST:
        reason = TOO_FEW_CLUSTERS
    elif fitted.worth <= 2:
        reason = TOO_FEW_ITEMS
    interval = NO_INTERVAL
    if not reason:
        reach = clusters.t_quantile(level, max(1.0, fitted.worth - 1)) * error
        interval = Interval(value - reach, value + reach)
        known |= {"method": "sandwich", "flags": ("degenerate",) if fitted.is_tied else ()}
    return Figure(value, interval.low, interval.high, reason, **known)
