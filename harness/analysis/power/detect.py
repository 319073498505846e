"""Detectable differences of a run, from the paired standard errors of a pilot run or of the simulated world.

A pilot run is any run of the same or similar cells on the same kind of items. Without one, judges of the simulated
world replace the cells (`harness.providers.simulation.panel`): that gives the order of magnitude, and the notes list
the assumptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.analysis.power import wording as power_wording
from harness.analysis.power.figures import DatasetPower, MetricPower, PilotPairs, Power, PowerQuestion, metric_power
from harness.analysis.power.ranked_world import ranked_powers
from harness.analysis.power.soft_pairs import NO_DIRECTION, soft_pilot, soft_power
from harness.errors import RunFolderError
from harness.hashing import seed_for
from harness.providers.simulation.panel import panel, single_panel
from harness.records.datasets import Dataset, LabelledItems
from harness.records.experiment import ScoreSpec
from harness.records.label_set import LabelSet
from harness.records.metric_names import needs_of, soft_needs_of
from harness.records.scores import CellScore
from harness.runner.corruption import diagnose_corruption
from harness.runner.find_run import newest_run
from harness.runner.plan import Plan
from harness.runner.run_check import check_run
from harness.runner.run_folder import MANIFEST, read_json
from harness.runner.run_reader import Judged, JudgedDataset, read_judged
from harness.runner.soft import data_of
from harness.runner.stopping import Looks
from harness.scoring.estimates import MIN_ITEMS, NO_LABELS, TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.scoring.labels import reference_of
from harness.scoring.metric import find_metric
from harness.scoring.pairwise import (
    CellComparisons,
    compare_cells,
    judgments_for,
    pair_counts,
    statistic_of,
    why_not,
)
from harness.scoring.score import score_cells, score_dataset
from harness.scoring.soft_metric import is_of_rankings, is_soft
from harness.scoring.soft_scores import verdict_score
from harness.spec.digest import spec_digest
from harness.statistics import clusters, multiplicity, planning
from harness.statistics.pairs import paired_errors

SIMULATED_ITEMS, SIMULATED_JUDGES = 20_000, 6
"""Enough to know a standard error to 1 %."""

MAX_PAIRS = 200
"""Pairs of a pilot whose alternatives are computed, spread evenly over the errors of all."""

ONE_CELL = "one cell: nothing to compare"
NO_PAIR = "fewer than two cells have a value to compare"


def power_of_run(pilot: Judged, ask: PowerQuestion) -> Power:
    """What a run could find, or one like it with other items.

    Args:
        pilot: the run.
        ask: what is asked.
    """
    found = [_from_pilot(data, len(data.cells), data, pilot, ask) for data in pilot.datasets]
    notes = [*_pilot_notes(found), *_cluster_notes(found)]
    return Power(pilot.spec_name, pilot.id, pilot.score, pilot.seed, ask, tuple(found), tuple(notes))


def power_of_plan(plan: Plan, results: Path, ask: PowerQuestion) -> Power:
    """What a plan could find: by the newest run of the spec, perhaps of an earlier state of it, or else simulated.

    A dataset that this run did not judge, or without labels there, is simulated too.

    Args:
        plan: cells and data.
        results: folder of all results.
        ask: what is asked.
    """
    spec, found = plan.spec, []
    score = spec.score if spec.stopping is None else Looks.of(plan).at(-1).spec.score
    pilot, notes = _pilot(plan, results)
    judged = {data.name: data for data in pilot.datasets} if pilot else {}
    for name, dataset in plan.datasets.items():
        cells = sum(cell.dataset == name for cell in plan.spec.cells)
        before = judged.get(name)
        if pilot and before and (before.reference_codes() >= 0).any():
            found.append(_from_pilot(before, cells, dataset, replace(pilot, score=score), ask))
            if cells != len(before.cells):
                notes.append(power_wording.other_cells_in_pilot(name, pilot.id, len(before.cells), cells))
        else:
            found.append(_from_world(dataset, cells, score, spec.seed, ask))
    sources = {one.source for one in found}
    used = pilot if "pilot" in sources else None
    notes = [*(_pilot_notes(found) if used else []), *(notes if used or not pilot else [])]
    if "simulated" in sources and spec.label_set.is_ranking:
        notes.append(power_wording.SIMULATED_RANKINGS)
        is_unranked = any((one.reference_codes() < 0).all() for one in plan.datasets.values())
        notes += [power_wording.UNRANKED] if is_unranked else []
    elif "simulated" in sources and not all(map(is_soft, ask.metrics or score.metrics)):
        notes.append(power_wording.SIMULATED_PILOT)
    notes += _cluster_notes(found)
    notes += [] if spec.stopping is None else [power_wording.AT_THE_LAST_LOOK]
    return Power(spec.name, used.id if used else None, score, spec.seed, ask, tuple(found), tuple(notes))


def _pilot(plan: Plan, results: Path) -> tuple[Judged | None, list[str]]:
    """The newest run of a spec, and what must be known of it."""
    folder = newest_run(plan.spec.name, results)
    if folder is None:
        return None, []
    try:
        check_run(folder)
        with diagnose_corruption(folder):
            pilot, manifest = read_judged(folder, votes=True), read_json(folder, MANIFEST)
    except RunFolderError as error:
        return None, [power_wording.unread_pilot(error.problems[0].message)]
    is_old = manifest.get("spec_digest") != spec_digest(plan.spec)
    return pilot, [power_wording.older_pilot(pilot.id)] if is_old else []


def _pilot_notes(found: Sequence[DatasetPower]) -> Iterator[str]:
    """What was assumed of the pilot's pairs, for metrics of verdicts and for those of soft verdicts."""
    names = {one.metric for each in found if each.source == "pilot" for one in each.metrics if not one.reason}
    if not names or not all(map(is_soft, names)):
        yield power_wording.PILOT
    if any(map(is_soft, names)):
        yield power_wording.SOFT_PILOT


def _cluster_notes(found: Sequence[DatasetPower]) -> list[str]:
    return [power_wording.units_in_power(one.dataset, one.n, one.units) for one in found if one.clustered and one.n]


# --- where the standard errors come from ------------------------------------------------------------------


def _from_pilot(
    before: JudgedDataset, cells: int, planned: LabelledItems, pilot: Judged, ask: PowerQuestion
) -> DatasetPower:
    score = replace(pilot.score, interval="analytic")  # values alone are wanted, and these cost nothing
    reference = reference_of(before)
    labelled = len(reference.labels)
    n, units = _planned(len(reference_of(planned).labels) or labelled, ask, reference.clusters)
    whole = DatasetPower(before.name, "pilot", cells, n, units, reference.clusters is not None, ())
    names = ask.metrics or score.metrics
    score = verdict_score(score, before.label_set)
    if reason := _why_nothing(whole if labelled else replace(whole, n=0)):
        return replace(whole, metrics=tuple(MetricPower(name, reason) for name in names))
    count = len(before.cells)
    of_items = (before.cells, before, before.outcomes)
    if before.label_set.is_ranking:
        scores: Sequence[CellScore] = score_dataset(*of_items, score, pilot.seed, before.usage, [None] * count).scores
    else:
        scores = score_cells(*of_items, score, pilot.seed, before.usage, [None] * count)
    judged = reference.of(before.outcomes)

    def pairs_of(name: str) -> PilotPairs | str:
        seed = seed_for(pilot.seed, "pairs", name, before.name)
        comparison = compare_cells(name, scores, judged, reference, score, seed)
        if comparison is not None and comparison.reason:
            return power_wording.in_pilot(comparison.reason)
        if comparison is None or comparison.comparisons is None or len(comparison.members) < 2:
            reasons = dict.fromkeys(one.figures[name].reason for one in scores)
            return power_wording.in_pilot(next((reason for reason in reasons if reason), NO_PAIR))
        critical = comparison.comparisons.critical
        if cells != len(comparison.members):
            critical = _equal_critical(cells, score, seed)
        return _pilot_pairs(comparison, critical, seed)

    soft = data_of(pilot, before) if any(map(is_soft, names)) else None

    def power_on(name: str) -> MetricPower:
        need = _need(name, before.label_set)
        if need:
            return MetricPower(name, f"the metric {need}")
        if soft is None or not is_soft(name):
            return metric_power(name, pairs_of(name), whole, score, ask)
        found = soft_pilot(name, scores, soft, score, pilot.seed, cells)
        if isinstance(found, str):
            return MetricPower(name, found if found == NO_DIRECTION else power_wording.in_pilot(found))
        return soft_power(name, found, whole, score, ask)

    return replace(whole, metrics=tuple(map(power_on, names)))


def _pilot_pairs(comparison: CellComparisons, critical: float, seed: int) -> PilotPairs:
    """All pairs of a comparison, some of which are examined in detail."""
    assert comparison.comparisons is not None
    assert comparison.judgments is not None
    assert comparison.statistic is not None
    made, judgments = comparison.comparisons, comparison.judgments
    first, second = multiplicity.all_pairs(len(comparison.members))
    errors = made.errors[first, second]
    order = np.argsort(errors, kind="stable")
    some = order[np.unique(np.linspace(0, len(order) - 1, min(MAX_PAIRS, len(order))).astype(np.intp))]
    first, second = first[some], second[some]
    units = len(judgments.rows) if judgments.clusters is None else len(np.unique(judgments.clusters))
    return PilotPairs(
        comparison.statistic,
        pair_counts(judgments, comparison.statistic.shape, first, second),
        made.worth[first, second],
        errors,
        units,
        len(judgments.rows),
        critical,
        None if made.degrees is None else float(np.median(made.degrees[first, second])),
        is_simulated=False,
        seed=seed,
    )


def _from_world(planned: Dataset, cells: int, score: ScoreSpec, seed: int, ask: PowerQuestion) -> DatasetPower:
    reference = reference_of(planned)
    labels_of, shape = planned.label_set, planned.label_set.shape
    counts = np.bincount(reference.labels, minlength=shape[0])
    has_labels = len(reference.labels) > 0
    unit = reference.clusters if has_labels else reference.all_clusters
    n, units = _planned(len(reference.labels) if has_labels else len(planned), ask, unit)
    whole = DatasetPower(planned.name, "simulated", cells, n, units, unit is not None, ())
    names = ask.metrics or score.metrics
    if reason := _why_nothing(whole):
        return replace(whole, metrics=tuple(MetricPower(name, reason) for name in names))
    if labels_of.is_number:
        return replace(whole, metrics=tuple(MetricPower(name, power_wording.SOFT) for name in names))
    draws = seed_for(seed, "power", planned.name)
    if labels_of.is_ranking:
        return replace(whole, metrics=ranked_powers(planned, whole, names, score, draws, ask))
    shares = counts.tolist() if has_labels else None
    if labels_of.is_pair:
        labels, judged = panel(SIMULATED_JUDGES, SIMULATED_ITEMS, seed=draws, shares=shares)
    else:
        labels, judged = single_panel(SIMULATED_JUDGES, SIMULATED_ITEMS, len(labels_of.names), draws, shares)
    first, second = multiplicity.all_pairs(SIMULATED_JUDGES)

    def pairs_of(name: str) -> PilotPairs | str:
        if is_soft(name):
            return power_wording.SOFT
        metric = find_metric(name, reference.labels if has_labels else None, labels_of)
        if has_labels:
            lack = why_not(
                name,
                metric,
                judgments_for(metric, reference.labels, reference.labels[:, None], reference.clusters, shape),
                1,
            )
            if lack:
                return lack
        judgments = judgments_for(metric, labels, judged, None, shape)
        statistic, n = statistic_of(metric, shape), len(judgments.rows)
        if np.isnan(metric.value(judgments.tables(shape))).any():
            return metric.UNDEFINED
        joint = pair_counts(judgments, shape, first, second).sum(axis=0, keepdims=True)  # the judges differ in nothing
        errors = paired_errors(statistic, judgments, first, second, score.level).errors
        typical = np.array([float(np.sqrt(np.mean(errors**2)))])
        return PilotPairs(
            statistic,
            joint,
            np.array([float(SIMULATED_ITEMS)]),
            typical,
            SIMULATED_ITEMS,
            n,
            _equal_critical(cells, score, draws),
            SIMULATED_ITEMS - 1.0 if unit is not None else None,
            is_simulated=True,
            seed=draws,
        )

    return replace(whole, metrics=tuple(metric_power(name, pairs_of(name), whole, score, ask) for name in names))


def _need(name: str, labels: LabelSet) -> str:
    """Why a metric is not for the labels of a run, in words; "" where it is."""
    of_soft = is_soft(name) and not is_of_rankings(name) and not labels.is_ranking
    return soft_needs_of(name, labels) if of_soft else needs_of(name, labels)


def _planned(n: int, ask: PowerQuestion, unit: NDArray[np.int64] | None) -> tuple[int, int]:
    """Labelled items and units that are planned; a cluster holds as many as it does in the data at hand."""
    planned = ask.n or n
    if unit is None:
        return planned, planned
    return planned, round(planned * len(np.unique(unit)) / len(unit)) if len(unit) else 0


def _why_nothing(whole: DatasetPower) -> str:
    """Why nothing could be compared, whatever the judgments are."""
    if whole.cells < 2:
        return ONE_CELL
    if whole.n == 0:
        return NO_LABELS
    if whole.n < MIN_ITEMS:
        return TOO_FEW_ITEMS
    return TOO_FEW_CLUSTERS if whole.clustered and whole.units < clusters.FEWEST else ""


def _equal_critical(cells: int, score: ScoreSpec, seed: int) -> float:
    return planning.equal_critical(cells, level=score.level, resamples=score.resamples, seed=seed)
