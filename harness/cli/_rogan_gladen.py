"""The table of rates by Rogan and Gladen's estimator, of `harness correct --method rogan-gladen`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.leaderboard.numbers import with_interval
from harness.text import with_minus_signs

if TYPE_CHECKING:
    from harness.analysis.correct.correct import DatasetCorrection
    from harness.records.figures import Figure

TITLE = "Rogan-Gladen, within [0, 1], beside the corrected rate"


def rogan_gladen_rows(found: DatasetCorrection, cell: str | None) -> Iterator[tuple[str, ...]]:
    """One row for each cell, and for each system by each cell.

    Args:
        found: the correction.
        cell: the only cell whose systems have rows; None for those of all.
    """
    systems = any(one.system for one in found.rogan_gladen)
    yield ("cell", *(("system",) if systems else ()), "judge", "Se", "Sp", "estimate", "Rogan-Gladen", "corrected")
    for one in found.rogan_gladen:
        if one.system is not None and cell not in (None, one.cell):
            continue
        of = one.found
        yield (
            one.cell.removeprefix(f"{found.name}/"),
            *((one.system or "all",) if systems else ()),
            *map(_number, (of.rate, of.sensitivity, of.specificity, of.value)),
            _shown(one.figure),
            _shown(one.corrected),
        )


def _number(value: float) -> str:
    return "–" if math.isnan(value) else with_minus_signs(f"{value:.3f}")


def _shown(figure: Figure) -> str:
    if figure.value is None:
        return f"undefined: {figure.reason}"
    return with_interval(figure.value, figure.low, figure.high, ".3f")
