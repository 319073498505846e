"""Soft verdicts of the cells of a run, and where they come from.

That of a pair is the probability that response a is better, and that of a single response the probability of the
positive label. They come from the first of these that a cell has:

* `preference`: its replies give one, by log probabilities or in a recording; of a jury, those of its members;
* `scores`: of a pair, the difference of its scores, 0 to 1 from the greatest difference for b to the greatest for a; of
  a single response, its score as it is, which is no probability;
* `votes`: the share of its repeats and orders that prefer a or give the positive label, or of its members if it is a
  jury; of grades, their mean.

Half of a tie counts for each response. A judgment that failed has none, and so has a cell that gives one verdict alone,
and every cell where there are three labels or more that are no numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.data.number_labels import mean_numbers
from harness.evaluators.mode import members_of
from harness.records.experiment import Cell
from harness.records.judgments import VERDICTS
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.runner.ranked import ranked_data
from harness.runner.run_folder import JUDGMENTS, read_frame
from harness.runner.run_reader import Judged, JudgedDataset
from harness.scoring.soft_metric import is_soft
from harness.scoring.soft_scores import SoftData

Values: TypeAlias = NDArray[np.float64]
Source = Literal["preference", "scores", "votes"]


@dataclass(frozen=True, slots=True, eq=False)
class SoftVerdicts:
    """The soft verdicts of one cell.

    Attributes:
        cell: the cell.
        outcomes: of each item, codes of the label set.
        values: of each item, NaN where there is none; None for a cell that gives none.
        source: where they come from, None in the same case.
        span: the greatest difference of two scores, in whose unit the tie margin of its strategy is; 1 for others.
    """

    cell: Cell
    outcomes: NDArray[np.int8]
    values: Values | None
    source: Source | None
    span: float = 1.0
    is_scored: bool = False
    """Whether the values are scores of single responses and no probabilities."""


def soft_verdicts(run: Judged, data: JudgedDataset) -> list[SoftVerdicts]:
    """The soft verdicts of the cells of a dataset, in canonical order.

    Args:
        run: read with its votes.
        data: one of its datasets.
    """
    scales = {name: one["answer"].get("scale") for name, one in run.spec.get("strategies", {}).items()}
    return soft_verdicts_of(data, _numbers(run, data), scales)


def numbers_of(run: Judged, data: JudgedDataset) -> Values:
    """The numbers of the cells of a dataset whose labels are numbers, items × cells, NaN where a judgment failed."""
    return np.column_stack([np.asarray(one.values, np.float64) for one in soft_verdicts(run, data)])


def soft_datasets(run: Judged) -> dict[str, SoftData]:
    """The soft verdicts of each dataset of a run that was read with its votes; none where no metric rests on them."""
    if not any(map(is_soft, run.score.metrics)):
        return {}
    return {data.name: data_of(run, data) for data in run.datasets}


def data_of(run: Judged, data: JudgedDataset) -> SoftData:
    """What figures of a float for each item rest on: the soft verdicts of a dataset, or its rankings.

    Args:
        run: read with its votes.
        data: one of its datasets.
    """
    return ranked_data(data) if data.label_set.is_ranking else soft_data(data, soft_verdicts(run, data))


def soft_data(data: JudgedDataset, found: Sequence[SoftVerdicts]) -> SoftData:
    """The soft verdicts of the cells of a dataset as scoring takes them."""
    lengths = data.lengths()
    return SoftData(
        [one.values for one in found],
        shares_of(data),
        data.cluster_codes() if data.clustered else None,
        (lengths[:, 0] - lengths[:, 1]).astype(float),
        verdicts=[verdict_shares(one.outcomes, data.label_set) for one in found],
        scored=[one.is_scored for one in found],
        label_set=data.label_set,
        ids=data.ids(),
    )


def shares_of(data: JudgedDataset) -> Values:
    """For each item what its annotators say as `soft_labels` has it, or their mean number; NaN without a label."""
    if data.label_set.is_number:
        return mean_numbers(data.numbers())
    shares = data.soft_labels()
    return soft_labels(data.annotator_codes(), data.label_set) if shares is None else shares


def soft_labels(codes: NDArray[np.int8], labels: LabelSet = VERDICT_LABELS) -> Values:
    """The share of the annotators of each item who prefer a, half of the ties included; NaN without labels.

    Of single responses it is the share who give the positive label, or the mean of their grades.

    Args:
        codes: items × annotators, positions in the label set, −1 where there is none.
        labels: the label set.
    """
    given = codes >= 0
    shares = np.where(given, _worth(labels)[codes], 0.0).sum(axis=1)
    return np.where(given.any(axis=1), shares / np.maximum(given.sum(axis=1), 1), np.nan)


def soft_verdicts_of(
    data: JudgedDataset, numbers: Mapping[str, Values], scales: Mapping[str, Any]
) -> list[SoftVerdicts]:
    """The soft verdicts of the cells of a dataset, in canonical order.

    Args:
        data: the dataset.
        numbers: of each cell, items × (score a, score b, preference), NaN where there is none.
        scales: of each strategy, the scale of its scores, None where it has none.
    """
    at = {cell.id: k for k, cell in enumerate(data.cells)}
    found: dict[str, SoftVerdicts] = {}
    for cell in sorted(data.cells, key=lambda one: bool(members_of(one))):
        k = at[cell.id]
        members = [found[member.id] for member in members_of(cell) if member.id in found]
        given = cell, data.outcomes[:, k], numbers[cell.id], data.votes[k], members
        found[cell.id] = _of_cell(*given, scales) if data.label_set.is_pair else _of_single(*given, data.label_set)
    return [found[cell.id] for cell in data.cells]


def _numbers(run: Judged, data: JudgedDataset) -> dict[str, Values]:
    """Of each cell, items × (score a, score b, preference), NaN where there is none."""
    import polars as pl

    frame = read_frame(run.folder, JUDGMENTS)
    if "preference" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.Float64).alias("preference"))
    parts = frame.select("cell", "score_a", "score_b", "preference").partition_by("cell", as_dict=True)
    return {
        cell.id: parts[(cell.id,)].select(pl.exclude("cell").fill_null(float("nan"))).to_numpy() for cell in data.cells
    }


def _of_cell(
    cell: Cell,
    outcomes: NDArray[np.int8],
    numbers: Values,
    votes: NDArray[np.int8] | None,
    members: Sequence[SoftVerdicts],
    scales: Mapping[str, Any],
) -> SoftVerdicts:
    failed = outcomes >= len(VERDICTS)
    preference = np.where(failed, np.nan, numbers[:, 2])
    if not failed.all() and not np.isnan(preference[~failed]).any():
        return SoftVerdicts(cell, outcomes, preference, "preference")
    is_soft = bool(members) and all(one.source == "preference" for one in members)
    scale = scales.get(cell.strategy)
    score_a, score_b = numbers[:, 0], numbers[:, 1]
    if scale and not is_soft and not failed.all() and not np.isnan((score_a - score_b)[~failed]).any():
        span = float(scale["max"] - scale["min"])
        values: Values = np.clip(0.5 + (score_a - score_b) / (2 * span), 0, 1)
        return SoftVerdicts(cell, outcomes, np.where(failed, np.nan, values), "scores", span)
    return _of_votes(cell, outcomes, votes, members, VERDICT_LABELS)


def _of_single(
    cell: Cell,
    outcomes: NDArray[np.int8],
    numbers: Values,
    votes: NDArray[np.int8] | None,
    members: Sequence[SoftVerdicts],
    labels: LabelSet,
) -> SoftVerdicts:
    """The soft verdicts of a cell on single responses. Arguments as for `_of_cell`."""
    if not labels.kinds:
        return SoftVerdicts(cell, outcomes, None, None)
    failed = outcomes >= len(labels.names)
    score, preference = numbers[:, 0], numbers[:, 2]
    if labels.is_number:
        return SoftVerdicts(cell, outcomes, np.where(failed, np.nan, score), "scores", is_scored=True)
    if failed.all():
        return SoftVerdicts(cell, outcomes, np.full(len(outcomes), np.nan), None)
    if not np.isnan(preference[~failed]).any():
        return SoftVerdicts(cell, outcomes, np.where(failed, np.nan, preference), "preference")
    is_soft = bool(members) and all(one.source == "preference" for one in members)
    if not is_soft and not np.isnan(score[~failed]).any():
        return SoftVerdicts(cell, outcomes, np.where(failed, np.nan, score), "scores", is_scored=True)
    return _of_votes(cell, outcomes, votes, members, labels)


def _of_votes(
    cell: Cell,
    outcomes: NDArray[np.int8],
    votes: NDArray[np.int8] | None,
    members: Sequence[SoftVerdicts],
    labels: LabelSet,
) -> SoftVerdicts:
    """The mean of the members of a jury, of their probabilities where all give some, or of the votes of one judge."""
    failed = outcomes >= len(labels.names)
    if members:
        is_soft = all(one.source == "preference" for one in members)
        weights = cell.settings.get("weights") or {}
        each = np.array([weights.get(one.cell.models[0], 1.0) for one in members])
        hard = [verdict_shares(one.outcomes, labels) for one in members]
        soft = [one.values for one in members if is_soft and one.values is not None]
        mean = np.where(failed, np.nan, _mean(np.stack(soft or hard), each))
        return SoftVerdicts(cell, outcomes, mean, "preference" if is_soft else "votes")
    if votes is not None:
        mean = _mean(verdict_shares(votes, labels).T, np.ones(votes.shape[1]))
        return SoftVerdicts(cell, outcomes, np.where(failed, np.nan, mean), "votes")
    return SoftVerdicts(cell, outcomes, None, None)


def verdict_shares(codes: NDArray[np.int8], labels: LabelSet = VERDICT_LABELS) -> Values:
    """Verdicts as shares for a, or labels as the numbers that they count as; NaN for failures and where they have none.

    Args:
        codes: of the label set.
        labels: the label set.
    """
    last = len(labels.names) - 1
    return np.where(codes <= last, _worth(labels)[np.minimum(codes, last)], np.nan)


def _worth(labels: LabelSet) -> Values:
    return np.array(labels.worth or [np.nan] * len(labels.names))


def _mean(values: Values, weights: Values) -> Values:
    """The weighted mean over voters (voters × items) of those that are not NaN; NaN where all are."""
    known = ~np.isnan(values)
    total = (known * weights[:, None]).sum(axis=0)
    sums = (np.where(known, values, 0.0) * weights[:, None]).sum(axis=0)
    return np.where(total > 0, sums / np.maximum(total, 1e-300), np.nan)
