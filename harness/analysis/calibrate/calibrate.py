"""How far the soft verdicts of a cell can be trusted: metrics, reliability, coverage, calibrated thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from harness.analysis.calibrate import fit
from harness.analysis.calibrate.fit import Method
from harness.analysis.correct.given_labels import LabelSource, Target, check_equal
from harness.analysis.correct.label_file import read_labels
from harness.analysis.label.collect import drawn_labels
from harness.data.labels import majority
from harness.errors import InputError
from harness.hashing import seed_for
from harness.records.figures import Figure
from harness.runner.run_kinds import pairs_only
from harness.runner.run_reader import Judged, JudgedDataset
from harness.runner.soft import SoftVerdicts, shares_of, soft_labels, soft_verdicts
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.soft_metric import (
    ONE_OUTCOME,
    TOO_FEW,
    TOO_FEW_CLUSTERS,
    SoftItems,
    find_soft_metric,
    mean_figure,
)
from harness.scoring.soft_scores import HARD
from harness.statistics import clusters, soft
from harness.statistics.agreement import Array
from harness.statistics.codes import TIE, Codes
from harness.statistics.soft import BINS, bin_of

MIN_FIT = 100
"""Labelled items that a calibration is fitted to at least."""
TOO_FEW_TO_FIT = f"fewer than {MIN_FIT} labelled items to fit a calibration to"
NO_TIES = "no label is a tie"
COVERAGES = tuple(k / 10 for k in range(1, 11))
METHODS: tuple[Method, ...] = ("isotonic", "sigmoid")
NAMES = ("brier", "log-loss", "ece", "auc", "soft-win-rate", "human-win-rate")
"""Figures of soft verdicts, as `Figures` names them."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The items whose probabilities lie in one bin of a reliability diagram.

    Attributes:
        low: lower end of the bin.
        high: upper end of the bin.
        predicted: mean probability of its items.
        observed: share of annotators who prefer a, with its interval.
    """

    low: float
    high: float
    predicted: float
    observed: Figure


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Accuracy where the evaluator answers only for the items that it is most sure of.

    Attributes:
        coverage: share of the labelled items that are answered; a failed judgment is never answered.
        threshold: least confidence `abs(2 p - 1)` of those that are.
        accuracy: share of these whose verdict is the reference verdict.
    """

    coverage: float
    threshold: float
    accuracy: Figure


@dataclass(frozen=True, slots=True)
class TieThreshold:
    """The tie margin that gives the best accuracy.

    Attributes:
        margin: of the probabilities of both responses.
        tie_margin: the same for `tie_margin` of the strategy, in the unit of its scores.
        accuracy: with margins fitted to other clusters.
        stored: accuracy of the verdicts of the run on the same items.
    """

    margin: float
    tie_margin: float
    accuracy: Figure
    stored: Figure


@dataclass(frozen=True, slots=True)
class CellCalibration:
    """The calibration of one cell.

    Attributes:
        soft: its soft verdicts.
        n: items with a label and a soft verdict.
        figures: by NAMES.
        by_chance: calibration error that a perfectly calibrated evaluator shows on average at this n; None without.
        bins: those of the reliability diagram that hold items.
        coverage: from few items to all.
        calibrated: by method, the figures of cross-fitted probabilities; empty where no fit is made.
        maps: by method, what 0, 0.01, …, 1 become.
        margins: by method, the tie margin of calibrated soft verdicts with the best accuracy; 0 without ties.
        ties: the tie threshold; None where none is fitted.
        reason: why there are no figures, "" where there are.
        fit_reason: why no calibration is fitted, "" where one is.
        tie_reason: why no tie threshold is fitted, "" where one is.
    """

    soft: SoftVerdicts
    n: int
    figures: Mapping[str, Figure] = field(default_factory=dict)
    by_chance: float | None = None
    bins: tuple[ReliabilityBin, ...] = ()
    coverage: tuple[CoveragePoint, ...] = ()
    calibrated: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    maps: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    margins: Mapping[str, float] = field(default_factory=dict)
    ties: TieThreshold | None = None
    reason: str = ""
    fit_reason: str = ""
    tie_reason: str = ""


@dataclass(frozen=True, slots=True)
class DatasetCalibration:
    """The calibration of the cells of a dataset.

    Attributes:
        dataset: its name.
        items: judged.
        labelled: how many of them have a label.
        annotators: names of those who labelled.
        cells: in canonical order.
        contents: of the labelled items, digests of prompts and responses.
    """

    dataset: str
    items: int
    labelled: int
    annotators: tuple[str, ...]
    cells: tuple[CellCalibration, ...]
    contents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Labelled items with a soft verdict: probabilities, shares of annotators, reference verdicts, clusters."""

    p: Array
    y: Array
    reference: Codes
    group: NDArray[np.int64] | None
    level: float
    seed: int

    def part(self, rows: NDArray[np.bool_]) -> _Sample:
        units = None if self.group is None else self.group[rows]
        return replace(self, p=self.p[rows], y=self.y[rows], reference=self.reference[rows], group=units)


def calibrate(run: Judged, source: LabelSource | None = None, *, cell: str | None = None) -> list[DatasetCalibration]:
    """Calibrate the cells of a run.

    Args:
        run: read with its votes.
        source: a file of labels that replace those of the run; None for those of the run.
        cell: id of the only cell, with or without its dataset; None for all.

    Raises:
        InputError: where no cell has that id.
        DatasetError: with all errors of the file of labels.
        RunFolderError: where the run judged single responses.
    """
    pairs_only(run, "a calibration is of soft verdicts on pairs")
    if cell is not None and not any(cell in _names(data, k) for data in run.datasets for k in range(len(data.cells))):
        from harness.leaderboard.rerank import no_cell

        raise no_cell(cell, [one.id for data in run.datasets for one in data.cells])
    labels = None
    if source is not None:
        datasets = run.spec.get("datasets", {})
        targets = [
            Target(data.name, data.ids(), datasets.get(data.name, {}).get("label_values", {})) for data in run.datasets
        ]
        labels = drawn_labels(run, source) or read_labels(source, targets)
        check_equal(labels, source, "a calibration takes all alike")
    found = []
    for data in run.datasets:
        if labels is not None and data.name not in labels:
            continue
        codes = data.annotator_codes() if labels is None else labels[data.name].codes
        annotators = data.annotators if labels is None else labels[data.name].annotators
        y = shares_of(data) if labels is None else soft_labels(codes)
        kept = [one for k, one in enumerate(soft_verdicts(run, data)) if cell is None or cell in _names(data, k)]
        cells = tuple(_of_cell(one, data, (codes, y), run) for one in kept)
        labelled = ~np.isnan(y)
        contents = tuple(one for one, has_label in zip(data.contents, labelled, strict=True) if has_label)
        found.append(DatasetCalibration(data.name, len(data), int(labelled.sum()), annotators, cells, contents))
    if not found:
        raise InputError("the run has no dataset with labels", hint="name a file with --labels")
    return found


def _names(data: JudgedDataset, k: int) -> tuple[str, str]:
    name = data.cells[k].id
    return name, name.removeprefix(f"{data.name}/")


def _of_cell(
    one: SoftVerdicts, data: JudgedDataset, labels: tuple[NDArray[np.int8], Array], run: Judged
) -> CellCalibration:
    codes, y = labels
    if one.values is None:
        return CellCalibration(one, 0, reason=HARD)
    group = data.cluster_codes() if data.clustered else None
    labelled = ~np.isnan(y)
    rows = labelled & ~np.isnan(one.values)
    seed = seed_for(run.seed, "calibrate", one.cell.id)
    reference = majority(codes)
    every = _Sample(np.where(rows, one.values, 0.5), y, reference, group, run.score.level, seed)
    sample, n = every.part(rows), int(rows.sum())
    units = n if sample.group is None else len(np.unique(sample.group))
    if n < MIN_ITEMS or units < clusters.FEWEST:
        return CellCalibration(one, n, reason=TOO_FEW if n < MIN_ITEMS else TOO_FEW_CLUSTERS)
    figures, by_chance = _figures(sample)
    found = CellCalibration(one, n, figures, by_chance, _bins(sample), _coverage(every, one, rows, labelled))
    if n < MIN_FIT:
        return replace(found, fit_reason=TOO_FEW_TO_FIT, tie_reason=TOO_FEW_TO_FIT)
    return _with_fits(found, sample, one.outcomes[rows])


def _with_fits(found: CellCalibration, sample: _Sample, outcomes: NDArray[np.int8]) -> CellCalibration:
    """A calibration with what is fitted to the items."""
    group = np.arange(len(sample.p)) if sample.group is None else sample.group
    if np.ptp(sample.y) == 0:
        return replace(found, fit_reason=ONE_OUTCOME, tie_reason=ONE_OUTCOME)
    fits = {name: replace(sample, p=fit.cross_fitted(name, sample.p, sample.y, group)) for name in METHODS}
    found = replace(
        found,
        calibrated={name: _figures(one)[0] for name, one in fits.items()},
        maps=fit.maps(sample.p, sample.y),
        margins={name: _margin(name, sample) for name in METHODS},
    )
    if not (sample.reference == TIE).any():
        return replace(found, tie_reason=NO_TIES)
    margin = fit.best_margin(sample.p, sample.reference)
    right = fit.cross_fitted_verdicts(sample.p, sample.reference, group) == sample.reference
    stored = outcomes == sample.reference
    ties = TieThreshold(margin, margin * found.soft.span, _share(right, sample), _share(stored, sample))
    return replace(found, ties=ties)


def _margin(method: Method, sample: _Sample) -> float:
    if not (sample.reference == TIE).any():
        return 0.0
    return fit.best_margin(fit.fitted(method, sample.p, sample.y)(sample.p), sample.reference)


def _figures(sample: _Sample) -> tuple[dict[str, Figure], float]:
    """The figures of soft verdicts, and the calibration error by chance."""
    items = _items(sample)
    error = soft.calibration_error_interval(sample.p, sample.y, sample.group, sample.level, sample.seed)
    figures = {name: find_soft_metric(name).figure(items) for name in ("brier", "log-loss", "ece", "auc")}
    figures |= {"soft-win-rate": mean_figure(sample.p, items), "human-win-rate": mean_figure(sample.y, items)}
    return figures, error.by_chance


def _items(sample: _Sample) -> SoftItems:
    return SoftItems(sample.p, sample.y, sample.group, sample.level, sample.seed)


def _mean(values: Array, sample: _Sample) -> Figure:
    """The mean of values in [0, 1], with an interval that has no zero width."""
    return mean_figure(values, _items(sample))


def _share(right: NDArray[np.bool_], sample: _Sample) -> Figure:
    return _mean(right.astype(float), sample)


def _bins(sample: _Sample) -> tuple[ReliabilityBin, ...]:
    place = bin_of(sample.p)
    found = []
    for at in range(BINS):
        inside = sample.part(place == at)
        if len(inside.p):
            observed = _mean(inside.y, inside)
            found.append(ReliabilityBin(at / BINS, (at + 1) / BINS, float(inside.p.mean()), observed))
    return tuple(found)


def _coverage(
    every: _Sample, one: SoftVerdicts, rows: NDArray[np.bool_], labelled: NDArray[np.bool_]
) -> tuple[CoveragePoint, ...]:
    """Accuracy among the most sure items; items of equal confidence are answered together."""
    sure = np.abs(2 * every.p - 1)
    order = np.sort(sure[rows])[::-1]
    total, points = int(labelled.sum()), dict[int, CoveragePoint]()
    for wanted in COVERAGES:
        count = min(len(order), max(1, round(wanted * total)))
        threshold = float(order[count - 1])
        answered = rows & (sure >= threshold - 1e-12)
        n = int(answered.sum())
        part = every.part(answered)
        right = one.outcomes[answered] == part.reference
        figure = _share(right, part) if n >= MIN_ITEMS else replace(_share(right, part), low=None, high=None)
        if n < MIN_ITEMS:
            figure = replace(figure, reason=TOO_FEW, method="none")
        points[n] = CoveragePoint(n / total, threshold, figure)
    return tuple(points[n] for n in sorted(points))
