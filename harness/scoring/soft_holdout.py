"""The best cell by soft verdicts, numbers or rankings on a part of the items, and its figure on the held-out rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.records.scores import HeldOut
from harness.scoring.holdout import NO_EVALUATOR
from harness.scoring.score import DatasetScores
from harness.scoring.soft_metric import find_soft_metric
from harness.scoring.soft_scores import SoftData, soft_figure
from harness.statistics.holdout import held_out


def with_held_out(scored: DatasetScores, data: SoftData, score: ScoreSpec, seed: int) -> DatasetScores:
    """The scores of a dataset whose best cell by soft verdicts is also chosen and measured on different items.

    Args:
        scored: with the best cell; unchanged where the spec holds nothing out, or no cell is better than another.
        data: the soft verdicts of the same cells, with the ids of the items.
        score: gives the share to hold out and the level.
        seed: of the spec.
    """
    best = scored.winner
    if score.holdout is None or best is None or best.cell is None:
        return scored
    split = seed_for(seed, "holdout", best.metric, scored.dataset)
    held = _choose_and_measure(scored, best.metric, data, score, score.holdout, split)
    return scored if held is None else replace(scored, winner=replace(best, held_out=held))


def _choose_and_measure(
    scored: DatasetScores, name: str, data: SoftData, score: ScoreSpec, share: float, seed: int
) -> HeldOut | None:
    """The cell with the best figure on a part of the items, and its figure on the others; None without items.

    Args:
        scored: the cells.
        name: of the metric.
        data: of the cells.
        score: gives the level.
        share: of the units to hold out.
        seed: of the split and of the intervals.
    """
    metric, cells = find_soft_metric(name), [one.cell.id for one in scored.scores]
    used = ~np.isnan(data.y) if metric.NEEDS_LABELS else np.ones(len(data.y), bool)
    data = data.part(used)
    if not len(data.y):
        return None
    out = held_out(data.ids, data.group, share, seed=seed)
    chosen_on, measured_on = data.part(~out), data.part(out)
    sign = 1.0 if metric.DIRECTION == "lower" else -1.0
    found = [soft_figure(metric, k, chosen_on, score, seed).value for k in range(len(cells))]
    best = min(range(len(cells)), key=lambda k: (found[k] is None, sign * (found[k] or 0.0), cells[k]))
    inside, outside = int((~out).sum()), int(out.sum())
    if found[best] is None:
        nothing = Figure(None, reason=NO_EVALUATOR, n=outside, level=score.level, units=outside)
        return HeldOut(None, inside, None, nothing, f"{seed:032x}")
    return HeldOut(
        cells[best], inside, found[best], soft_figure(metric, best, measured_on, score, seed), f"{seed:032x}"
    )
