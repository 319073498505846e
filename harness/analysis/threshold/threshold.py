"""From which score on does a response pass? Thresholds of the cells of a run on single responses with two labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.analysis.correct.given_labels import LabelSource, Target, check_equal
from harness.analysis.correct.label_file import read_labels
from harness.analysis.label.collect import drawn_labels
from harness.analysis.threshold.choose import (
    Aim,
    Bools,
    Scored,
    cross_fit,
    fold_codes,
    scored_of,
    tables_of,
    written,
)
from harness.analysis.threshold.held_out import Split, held_out_figures
from harness.data.labels import majority
from harness.errors import InputError, RunFolderError
from harness.hashing import seed_for
from harness.records.figures import Figure
from harness.records.label_set import LabelSet
from harness.runner.run_kinds import no_rankings
from harness.runner.run_reader import Judged, JudgedDataset
from harness.runner.soft import SoftVerdicts, shares_of, soft_labels, soft_verdicts
from harness.scoring.soft_metric import ONE_OUTCOME, SoftItems, find_soft_metric
from harness.scoring.soft_scores import ALL_FAILED, HARD_LABELS
from harness.statistics.agreement import Array

MIN_OF_LABEL = 10
"""Items of each label that a threshold is chosen on at least."""
TOO_FEW = f"fewer than {MIN_OF_LABEL} items of a label to choose a threshold on"
CONSTANT = "every item has the same score"
NOT_KEPT = "no threshold keeps that recall"
TOO_FEW_CLUSTERS = "too few clusters: a label does not occur outside every fold"
NO_PLACE = "a share of votes has no threshold in a spec"
ALL_PASS = "the threshold lets every response pass"  # noqa: S105 - a reason
POINTS = 200
"""Points of a curve that are reported at most."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A threshold, and what it does.

    Attributes:
        threshold: items with this score or more have the positive label.
        in_sample: by metric, the values on the items that it was chosen on.
        held_out: by metric, the figures of labels by thresholds that were chosen on other clusters; empty where no
            cross-fit is made.
        fold_thresholds: those thresholds.
        held_out_reason: why there are none, "" where there are.
        answer: what to write under `answer: {thresholds}`; None where nothing can be written.
        answer_reason: why not, "" where something can.
    """

    threshold: float
    in_sample: Mapping[str, float | None]
    held_out: Mapping[str, Figure] = field(default_factory=dict)
    fold_thresholds: tuple[float, ...] = ()
    held_out_reason: str = ""
    answer: Mapping[str, float | None] | None = None
    answer_reason: str = ""


@dataclass(frozen=True, slots=True)
class CellThreshold:
    """The threshold of one cell.

    Attributes:
        soft: its scores.
        n: items with a label, and of each label.
        failed: how many of them have no score.
        auc: area under the curve of scores.
        roc: threshold, recall of the negative label and of the positive one, of some thresholds.
        chosen: the threshold; None where none is chosen.
        reason: why none is, "" where one is.
    """

    soft: SoftVerdicts
    n: tuple[int, int]
    failed: int
    auc: Figure
    roc: tuple[tuple[float, float, float], ...] = ()
    chosen: Chosen | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DatasetThresholds:
    """The thresholds of the cells of a dataset.

    Attributes:
        dataset: its name.
        items: judged.
        labelled: how many of them have a label.
        cells: in canonical order.
    """

    dataset: str
    items: int
    labelled: int
    cells: tuple[CellThreshold, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Labelled:
    """The labelled items of a dataset: shares of annotators, whether positive, clusters; and how figures are made."""

    rows: NDArray[np.intp]
    y: Array
    is_positive: Bools
    group: NDArray[np.int64] | None
    run: Judged

    @property
    def units(self) -> NDArray[np.int64]:
        """The cluster of each item, or its own number."""
        return np.arange(len(self.y)) if self.group is None else self.group


def thresholds(
    run: Judged, aim: Aim, source: LabelSource | None = None, *, cell: str | None = None, folds: int = 5
) -> list[DatasetThresholds]:
    """Choose the threshold of each cell of a run.

    Args:
        run: read with its votes.
        aim: what a threshold is chosen for.
        source: a file of labels that replace those of the run; None for those of the run.
        cell: id of the only cell, with or without its dataset; None for all.
        folds: of the cross-fit.

    Raises:
        InputError: where no cell has that id, or the aim is not for these labels.
        DatasetError: with all errors of the file of labels.
        RunFolderError: where the labels of the run are not two.
    """
    check_labels(run)
    if cell is not None and not any(cell in _names(data, k) for data in run.datasets for k in range(len(data.cells))):
        from harness.leaderboard.rerank import no_cell

        raise no_cell(cell, [one.id for data in run.datasets for one in data.cells])
    labels = None
    if source is not None:
        datasets = run.spec.get("datasets", {})
        values = {name: one.get("label_values") or {} for name, one in datasets.items()}
        targets = [Target(one.name, one.ids(), values.get(one.name, {}), one.label_set) for one in run.datasets]
        labels = drawn_labels(run, source) or read_labels(source, targets)
        check_equal(labels, source, "a threshold takes all alike")
    found = []
    for data in run.datasets:
        if labels is not None and data.name not in labels:
            continue
        codes = data.annotator_codes() if labels is None else labels[data.name].codes
        y = shares_of(data) if labels is None else soft_labels(codes, data.label_set)
        reference = data.reference_codes() if labels is None else majority(codes, data.label_set)
        rows = np.flatnonzero(reference >= 0)
        group = data.cluster_codes()[rows] if data.clustered else None
        labelled = _Labelled(rows, y[rows], reference[rows] == 1, group, run)
        kept = [one for k, one in enumerate(soft_verdicts(run, data)) if cell is None or cell in _names(data, k)]
        cells = tuple(_of_cell(one, labelled, aim, folds) for one in kept)
        found.append(DatasetThresholds(data.name, len(data), len(rows), cells))
    if not found:
        raise InputError("the run has no dataset with labels", hint="name a file with --labels")
    return found


def check_labels(run: Judged) -> None:
    """Refuse a run whose labels are not two.

    Raises:
        RunFolderError: where they are not.
    """
    no_rankings(run, "a threshold makes a label of the score of a single response")
    labels = run.label_set
    if labels.is_pair:
        message = "a threshold makes a label of the score of a single response, and this run judged pairs"
        raise RunFolderError(f"{run.folder}: {message}", hint="`harness calibrate` fits the tie margin of pairs")
    if not labels.positive:
        message = (
            f"a threshold parts two labels, and this run has {'numbers' if labels.is_number else len(labels.names)}"
        )
        hint = "write `answer: {thresholds: {fail: 1, pass: 4}}` in the strategy; its replies stay in the cache"
        raise RunFolderError(f"{run.folder}: {message}", hint=hint)


def _names(data: JudgedDataset, k: int) -> tuple[str, str]:
    name = data.cells[k].id
    return name, name.removeprefix(f"{data.name}/")


def metrics_of(aim: Aim, labels: LabelSet) -> tuple[str, ...]:
    """The metrics that are reported, the aim first."""
    plain = ("balanced-accuracy", "kappa", "accuracy", *(f"recall-{name}" for name in labels.names))
    more = (f"precision-{labels.positive}", f"f1-{labels.positive}")
    return tuple(dict.fromkeys((aim.metric, *plain, *more)))


def _of_cell(one: SoftVerdicts, labelled: _Labelled, aim: Aim, folds: int) -> CellThreshold:
    score, seed = labelled.run.score, seed_for(labelled.run.seed, "threshold", one.cell.id)
    counts = (int((~labelled.is_positive).sum()), int(labelled.is_positive.sum()))
    if one.values is None:
        return CellThreshold(one, counts, 0, Figure(None, reason=HARD_LABELS, level=score.level), reason=HARD_LABELS)
    scores = one.values[labelled.rows]
    known = ~np.isnan(scores)
    failed = int((~known).sum())
    if not known.any():
        return CellThreshold(one, counts, failed, Figure(None, reason=ALL_FAILED, level=score.level), reason=ALL_FAILED)
    group = None if labelled.group is None else labelled.group[known]
    auc = find_soft_metric("auc").figure(SoftItems(scores[known], labelled.y[known], group, score.level, seed))
    of_label = np.bincount(labelled.is_positive[known], minlength=2)
    if not of_label.all():
        return CellThreshold(one, counts, failed, auc, reason=ONE_OUTCOME)
    items = scored_of(scores, labelled.is_positive, labelled.run.label_set)
    found = CellThreshold(one, counts, failed, auc, _roc(items))
    if len(items.cuts) == 1:
        return replace(found, reason=CONSTANT)
    if of_label.min() < MIN_OF_LABEL:
        return replace(found, reason=TOO_FEW)
    fold = fold_codes(labelled.is_positive, labelled.units, min(folds, len(np.unique(labelled.units))), seed)
    crossed = cross_fit(items.counts(fold, int(fold.max()) + 1), aim, items)
    if crossed.cut < 0:
        return replace(found, reason=NOT_KEPT)
    cut = float(items.cuts[crossed.cut])
    table = tables_of(items.counts(np.zeros_like(fold), 1)[0])[crossed.cut]
    names = metrics_of(aim, items.labels)
    in_sample = {name: _or_none(float(items.metric(name).value(table))) for name in names}
    answer, reason = _answer(one, shown := written(cut, scores[known]), labelled.run)
    chosen = Chosen(shown, in_sample, answer=answer, answer_reason=reason)
    if not crossed.is_complete:
        return replace(found, chosen=replace(chosen, held_out_reason=NOT_KEPT if aim.keep else TOO_FEW_CLUSTERS))
    figures = held_out_figures(items, crossed, Split(fold, labelled.group), names, aim, (score, seed))
    cuts = tuple(written(one, scores[known]) for one in items.cuts[crossed.fold_cuts].tolist())
    return replace(found, chosen=replace(chosen, held_out=figures, fold_thresholds=cuts))


def _roc(items: Scored) -> tuple[tuple[float, float, float], ...]:
    """Some thresholds with the recalls of the negative and of the positive label."""
    tables = tables_of(items.counts(np.zeros_like(items.places), 1)[0])
    recalls = [tables[:, at, at] / tables[:, at, :2].sum(axis=1) for at in (0, 1)]
    rows = np.unique(np.linspace(0, len(items.cuts) - 1, POINTS).round().astype(int))
    return tuple(zip(*(values[rows].tolist() for values in (items.cuts, *recalls)), strict=True))


def _answer(one: SoftVerdicts, threshold: float, run: Judged) -> tuple[Mapping[str, float | None] | None, str]:
    """What to write under `thresholds` of the strategy, or why nothing can be written."""
    rule: Mapping[str, Any] = run.spec.get("strategies", {}).get(one.cell.strategy, {}).get("answer", {})
    if one.source == "votes" or not ("scale" in rule or rule.get("kind") == "reward"):
        return None, NO_PLACE
    least = rule["scale"]["min"] if "scale" in rule else None
    if least is not None and threshold <= least:
        return None, ALL_PASS
    negative, positive = run.label_set.names
    return {negative: least, positive: threshold}, ""


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
