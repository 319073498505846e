"""Fitted calibrations: what soft verdicts become, and which items they were fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CalibrationMap:
    """The calibration of one cell.

    Attributes:
        method: `isotonic` or `sigmoid`.
        points: pairs of a soft verdict and what it becomes, by the first; linear between them.
        tie_margin: calibrated soft verdicts p with `abs(2 p - 1)` of no more than this are a tie.
        n: items that it was fitted to.
    """

    method: str
    points: tuple[tuple[float, float], ...]
    tie_margin: float
    n: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibration file.

    Attributes:
        cells: the maps, by the id of the cell without its dataset.
        items: digests of the prompts and responses of the items that they were fitted to.
        digest: of the file's content.
    """

    cells: Mapping[str, CalibrationMap]
    items: frozenset[str]
    digest: str
