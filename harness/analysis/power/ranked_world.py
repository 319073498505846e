"""What can be found on rankings before there is a run: simulated judges rank the responses of the planned items."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.analysis.power.figures import DatasetPower, MetricPower, PowerQuestion
from harness.analysis.power.soft_pairs import SoftPilot, soft_power
from harness.providers.simulation.panel import ranked_panel
from harness.records.datasets import LENGTHS, OPINION, Dataset
from harness.records.experiment import ScoreSpec
from harness.records.label_set import RANKED
from harness.records.metric_names import needs_of
from harness.scoring.ranked_data import RankedData, score_matrix
from harness.scoring.ranking_metric import NO_ORDER
from harness.scoring.soft_metric import find_soft_metric
from harness.statistics import multiplicity, planning
from harness.statistics.agreement import Array

ITEMS, JUDGES = 4_000, 6
"""Enough to know a standard error to 2 %."""


def ranked_powers(
    planned: Dataset, whole: DatasetPower, names: Sequence[str], score: ScoreSpec, seed: int, ask: PowerQuestion
) -> tuple[MetricPower, ...]:
    """What can be found on some metrics.

    Args:
        planned: the dataset, whose rankings by people the items of the simulated world have.
        whole: its name, its cells and the items planned.
        names: of the metrics.
        score: confidence level.
        seed: of all draws.
        ask: what is asked.
    """
    data = _world(planned, seed)
    critical = planning.equal_critical(whole.cells, level=score.level, resamples=score.resamples, seed=seed)
    return tuple(_power(name, data, critical, whole, score, ask) for name in names)


def _power(
    name: str, data: RankedData, critical: float, whole: DatasetPower, score: ScoreSpec, ask: PowerQuestion
) -> MetricPower:
    if need := needs_of(name, RANKED):
        return MetricPower(name, f"the metric {need}")
    rows = data.is_ordered
    if not rows.any():
        return MetricPower(name, NO_ORDER)
    metric, n = find_soft_metric(name), int(rows.sum())
    values = np.column_stack([each[rows] for k in range(JUDGES) if (each := data.of(k, metric)) is not None])
    first, second = multiplicity.all_pairs(JUDGES)
    spread = (values[:, first] - values[:, second]).var(axis=0).mean()
    error = np.array([math.sqrt(float(spread) / n + 2 * (metric.UNIT_ERROR / n) ** 2)])
    return soft_power(
        name, SoftPilot(error, np.array([float(n)]), n, n, critical, is_simulated=True), whole, score, ask
    )


def _world(planned: Dataset, seed: int) -> RankedData:
    """Items with the numbers of responses and people's rankings of the planned ones, repeated, and simulated rankings.

    Where people rank no item, they are taken to rank each one without ties.
    """
    facts = planned.facts()
    counts = [len(lengths) for lengths in facts[LENGTHS]]
    known = facts[OPINION].to_list() if OPINION in facts.columns else []
    opinions = [one for one in known if one is not None] or [list(map(float, range(count))) for count in counts]
    scores: Array = score_matrix(opinions, max(map(len, opinions)))
    scores = scores[np.arange(max(ITEMS, len(scores))) % len(scores)]
    ranks = ranked_panel(JUDGES, scores, seed)
    every = np.ones(len(scores))
    return RankedData(values=[every] * JUDGES, y=every, group=None, label_set=RANKED, ranks=ranks, scores=scores)
