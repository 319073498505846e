"""Soft verdicts of corresponding cells on the items that two runs share, compared by one metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.analysis.compare.matching import SharedItems
from harness.records.experiment import ScoreSpec
from harness.runner.ranked import ranked_columns
from harness.runner.run_reader import Judged, JudgedDataset
from harness.runner.soft import shares_of, soft_verdicts, verdict_shares
from harness.scoring.pairwise import is_comparable
from harness.scoring.soft_metric import find_soft_metric
from harness.scoring.soft_scores import (
    NO_COMPARISON,
    OTHER_ITEMS,
    POWER,
    SoftData,
    soft_figure,
)
from harness.scoring.soft_winner import MAX_FAILED, influence_of
from harness.statistics import multiplicity
from harness.statistics.agreement import Array
from harness.statistics.multiplicity import Comparisons
from harness.statistics.soft_pairs import influence_errors


@dataclass(frozen=True, slots=True, eq=False)
class SoftFamily:
    """A metric of soft verdicts of all columns, and the comparison of the pairs of a family.

    Attributes:
        values: the figure of each column, NaN where undefined.
        counts: items that it rests on.
        reasons: why a column is not compared, "" where it is.
        comparisons: of the columns that are compared; None where no pair is.
        place: of each column that is compared, its place among them.
        detectable: loss, and gain, that each pair of places finds with 80 % power.
        range: the values that the metric can take.
    """

    values: Array
    counts: NDArray[np.intp]
    reasons: tuple[str, ...]
    comparisons: Comparisons | None
    place: dict[int, int]
    detectable: Array
    range: tuple[float, float]


def soft_columns(
    sides: Sequence[tuple[Judged, JudgedDataset]], rows: Sequence[NDArray[np.intp]], columns: Sequence[tuple[int, int]]
) -> SoftData:
    """The soft verdicts of some cells of several runs on shared items, held against the labels of the first run.

    Args:
        sides: of each run, the run and its dataset.
        rows: of each run, the positions of the shared items.
        columns: of each column, the run and the cell.
    """
    clustered = next((k for k, (_, data) in enumerate(sides) if data.clustered), None)
    group = None if clustered is None else sides[clustered][1].cluster_codes()[rows[clustered]]
    if sides[0][1].label_set.is_ranking:
        return _ranked(sides, rows, columns, group)
    found = [soft_verdicts(*side) for side in sides]
    values = [found[side][cell].values for side, cell in columns]
    first, lengths = sides[0][1], sides[0][1].lengths()[rows[0]]
    return SoftData(
        [None if one is None else one[rows[side]] for one, (side, _) in zip(values, columns, strict=True)],
        shares_of(first)[rows[0]],
        group,
        (lengths[:, 0] - lengths[:, 1]).astype(float),
        verdicts=[verdict_shares(sides[side][1].outcomes[rows[side], cell], first.label_set) for side, cell in columns],
        scored=[found[side][cell].is_scored for side, cell in columns],
        label_set=first.label_set,
    )


def _ranked(
    sides: Sequence[tuple[Judged, JudgedDataset]],
    rows: Sequence[NDArray[np.intp]],
    columns: Sequence[tuple[int, int]],
    group: NDArray[np.int64] | None,
) -> SoftData:
    """The rankings of some cells of several runs on shared items, in the clusters of `group`."""
    first = sides[0][1]
    opinions, counts = first.opinions(), first.response_counts()
    return ranked_columns(
        [[sides[side][1].rankings[cell][row] for row in rows[side]] for side, cell in columns],
        [opinions[row] for row in rows[0]],
        [counts[row] for row in rows[0]],
        group,
    )


def shared_rows(shared: SharedItems) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The positions of the shared items with the same label in both runs."""
    return shared.one[shared.labelled], shared.other[shared.labelled]


def compare_columns(
    name: str, data: SoftData, ends: Sequence[tuple[int, int]], score: ScoreSpec, seed: int
) -> SoftFamily:
    """Compare pairs of columns by a metric of soft verdicts; the pairs are one family.

    Args:
        name: of the metric.
        data: the columns.
        ends: of each pair, its two columns.
        score: resamples and level.
        seed: of the joint draws.
    """
    metric = find_soft_metric(name)
    given = [data.of(k, metric) for k in range(len(data.values))]
    figures = [soft_figure(metric, k, data, score, seed) for k in range(len(data.values))]
    reasons, columns = [], {}
    for k, (figure, values) in enumerate(zip(figures, given, strict=True)):
        reason = figure.reason
        if not reason and not is_comparable(figure):
            reason = "too few items"
        if not reason and values is not None and not data.counts_failures and np.isnan(values).mean() > MAX_FAILED:
            reason = OTHER_ITEMS
        if not reason and (column := influence_of(metric, data, k, score, seed)) is not None:
            columns[k] = column
        elif not reason:
            reason = NO_COMPARISON.format(metric=name)
        reasons.append(reason)
    values = np.array([np.nan if one.value is None else one.value for one in figures])
    counts = np.array([one.n for one in figures], np.intp)
    place = {k: at for at, k in enumerate(columns)}
    tested = [(place[x], place[y]) for x, y in ends if x in place and y in place]
    comparisons, detectable = None, np.empty((0, 0))
    if tested:
        first, second = (np.array(side, np.intp) for side in zip(*tested, strict=True))
        errors = influence_errors(
            values[list(columns)],
            np.array(list(columns.values())).T,
            data.group,
            first,
            second,
            unit_error=data.unit_error(metric),
            level=score.level,
        )
        comparisons = multiplicity.simultaneous(
            errors, first, second, resamples=score.resamples, seed=seed, level=score.level
        )
        detectable = comparisons.reach + POWER * comparisons.errors
    return SoftFamily(values, counts, tuple(reasons), comparisons, place, detectable, metric.RANGE)
