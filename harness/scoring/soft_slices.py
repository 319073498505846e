"""Figures of soft verdicts on the slices of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.records.slices import Slice, SlicedDataset
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.ranking_slices import with_ranking_tests
from harness.scoring.slices import TOO_SMALL
from harness.scoring.soft_metric import TOO_FEW_VERDICTS, find_soft_metric, split_metrics
from harness.scoring.soft_scores import SoftData, soft_figure


def with_soft_slices(
    found: SlicedDataset, data: SoftData, values: Sequence[str | None], score: ScoreSpec, seed: int
) -> SlicedDataset:
    """The slices of a dataset with the figures of soft verdicts that the spec names.

    Args:
        found: the slices by verdicts, whose level the intervals have too.
        data: the soft verdicts of the same cells.
        values: of the column, of each item.
        score: of the spec.
        seed: of the spec.
    """
    names = split_metrics(score.metrics)[1]
    each = replace(score, level=found.level_each)
    cells = []
    for k, cell in enumerate(found.cells):
        parts = []
        for part in cell.slices:
            here = data.part(np.array([value == part.value for value in values], bool))
            own = seed_for(seed, "soft-slice", cell.cell, found.column, "" if part.value is None else f"={part.value}")
            figures = {name: _figure(name, part, here, k, each, own) for name in names}
            parts.append(replace(part, figures={name: {**part.figures, **figures}[name] for name in score.metrics}))
        cells.append(replace(cell, slices=tuple(parts)))
    made = replace(found, cells=tuple(cells))
    if not data.label_set.is_ranking or not names:
        return made
    return with_ranking_tests(made, data, values, names[0], seed_for(seed, "slices", found.dataset, found.column))


def _figure(name: str, part: Slice, here: SoftData, k: int, score: ScoreSpec, seed: int) -> Figure:
    """A figure of a cell on a slice, without a value where the slice is too small."""
    metric = find_soft_metric(name)
    n = part.n if metric.NEEDS_LABELS else part.items
    if n < MIN_ITEMS:
        reason = TOO_SMALL if metric.NEEDS_LABELS else TOO_FEW_VERDICTS
        return Figure(None, reason=reason, n=n, level=score.level, units=n, systems=len(here.values))
    return soft_figure(metric, k, here, score, seed)
