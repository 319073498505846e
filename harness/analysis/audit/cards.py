"""Audit a run: the result of every probe for every cell, and the agreement among the cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.analysis.audit.finding import Finding
from harness.analysis.audit.interventions import with_q_values
from harness.analysis.audit.probe import Audited, audited_cells, find_probe, finding_of, probes_for
from harness.evaluators.probing import probe_cell
from harness.leaderboard.rerank import no_cell
from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS
from harness.runner.run_reader import Judged, JudgedDataset
from harness.scoring.consistency import Units
from harness.scoring.labels import reference_of
from harness.scoring.score import DatasetScores
from harness.statistics.among import counts_of, fleiss_kappa, krippendorff_alpha

ONE_CELL = "only one cell"
NO_VARIATION = "all verdicts are the same"
NO_VERDICTS = "no judgments"
NO_INTERVAL = "shown for comparison, without interval"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one probe for one cell.

    Attributes:
        figures: by name.
        sentence: the figures in words.
        finding: whether they bear a claim.
    """

    figures: Mapping[str, Figure]
    sentence: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Card:
    """The results of all probes for one cell, by probe."""

    cell: Cell
    results: Mapping[str, ProbeResult]


@dataclass(frozen=True, slots=True)
class AuditedDataset:
    """The cards of the cells of a dataset.

    Attributes:
        dataset: its name.
        items: how many it has.
        among: agreement among the cells without a reference: Fleiss' kappa and Krippendorff's alpha.
        ties: share of ties among the verdicts of all cells, by the scale of their strategies.
        failures: share of the judgments without a verdict, by model, over the cells with that model only.
        cards: of the cells.
    """

    dataset: str
    items: int
    among: Mapping[str, Figure]
    ties: Mapping[str, Figure]
    failures: Mapping[str, Figure]
    cards: tuple[Card, ...]


def audit(run: Judged, *, cell: str | None = None) -> list[AuditedDataset]:
    """Run every probe on every cell of a run.

    Args:
        run: the run, read with its votes.
        cell: id of a cell, with or without its dataset; None for all.

    Raises:
        InputError: if the run has no such cell.
    """
    found = []
    models, names = run.spec.get("models", {}), probes_for(run.label_set)
    given = run.score, run.seed, models, run.spec.get("strategies", {})
    every = [audited for data in run.datasets for audited in audited_cells(data, *given)]
    results = _figures(every, names)
    for data in run.datasets:
        cards = [
            _card(audited, figures)
            for audited, figures in zip(every, results, strict=True)
            if audited.data is data and (cell is None or cell in (audited.cell.id, audited.cell.id.partition("/")[2]))
        ]
        if cards:
            among, ties, failures = _among(data, run.score), _ties_by_scale(data, run), _failures_by_model(data, run)
            found.append(AuditedDataset(data.name, len(data), among, ties, failures, tuple(cards)))
    if not found:
        raise no_cell(cell or "", [one.id for data in run.datasets for one in data.cells])
    return found


def with_probes(
    groups: Sequence[tuple[DatasetScores, JudgedDataset]],
    score: ScoreSpec,
    seed: int,
    models: Mapping[str, Mapping[str, Any]],
) -> list[DatasetScores]:
    """The scores of all datasets, with the figures of the probes in `score.probes` as companions."""
    every = [audited for _, data in groups for audited in audited_cells(data, score, seed, models)]
    results = iter(_figures(every, score.probes))
    return [
        replace(
            group, scores=tuple(replace(one, figures={**one.figures, **_flat(next(results))}) for one in group.scores)
        )
        for group, _ in groups
    ]


def _figures(every: Sequence[Audited], names: Sequence[str]) -> list[dict[str, dict[str, Figure]]]:
    """The figures of some probes for cells of all datasets, by probe; q-values over all of them."""
    found = [{name: find_probe(name).figures(audited) for name in names} for audited in every]
    owners = [probe_cell(audited.cell, "").id for audited in every]
    adjusted = with_q_values((owner, _flat(figures)) for owner, figures in zip(owners, found, strict=True))
    return [
        {name: {key: flat[key] for key in figures} for name, figures in by_probe.items()}
        for by_probe, flat in zip(found, adjusted, strict=True)
    ]


def _flat(by_probe: Mapping[str, Mapping[str, Figure]]) -> dict[str, Figure]:
    return {key: figure for figures in by_probe.values() for key, figure in figures.items()}


def _card(audited: Audited, figures: Mapping[str, dict[str, Figure]]) -> Card:
    results = {}
    for name, found in figures.items():
        probe = find_probe(name)
        results[name] = ProbeResult(found, probe.sentence(found), finding_of(probe, found))
    return Card(audited.cell, results)


def _ties_by_scale(data: JudgedDataset, run: Judged) -> dict[str, Figure]:
    """The share of ties, by the score scale of the strategies: a coarse scale makes more ties."""
    strategies = run.spec.get("strategies", {})
    groups: dict[str, list[int]] = {}
    for at, cell in enumerate(data.cells):
        scale = strategies.get(cell.strategy, {}).get("answer", {}).get("scale")
        groups.setdefault("no scale" if scale is None else _scale_name(scale), []).append(at)
    if not data.label_set.is_pair:
        return {}
    tie = VERDICTS.index("tie")
    return {
        name: _share(data, run, data.outcomes[:, at] == tie, data.outcomes[:, at] < len(VERDICTS))
        for name, at in sorted(groups.items())
    }


def _scale_name(scale: Mapping[str, float]) -> str:
    return f"{scale['min']:g} to {scale['max']:g}"


def _failures_by_model(data: JudgedDataset, run: Judged) -> dict[str, Figure]:
    groups: dict[str, list[int]] = {}
    for at, cell in enumerate(data.cells):
        if len(cell.models) == 1:
            groups.setdefault(cell.models[0], []).append(at)
    return {
        name: _share(data, run, data.outcomes[:, at] >= len(data.label_set.names), np.ones((len(data), len(at)), bool))
        for name, at in groups.items()
    }


def _share(data: JudgedDataset, run: Judged, successes: NDArray[np.bool_], trials: NDArray[np.bool_]) -> Figure:
    """A share over several cells, with the item as the unit, since its judgments are not independent."""
    reference = reference_of(data)
    units = Units(reference.all_clusters, run.score.level, len(data.cells))
    count = trials.sum(axis=1)
    per_item = np.full(len(data), np.nan)
    per_item[count > 0] = (successes & trials).sum(axis=1)[count > 0] / count[count > 0]
    return units.figure(per_item, reason=NO_VERDICTS)


def _among(data: JudgedDataset, score: ScoreSpec) -> dict[str, Figure]:
    """Agreement among the cells; none of numbers and of rankings."""
    if data.label_set.is_number or data.label_set.is_ranking:
        return {}
    classes = len(data.label_set.names)
    counts = counts_of(np.where(data.outcomes < classes, data.outcomes, -1), classes)
    cells = len(data.cells)
    both = {
        "fleiss-kappa": (fleiss_kappa(counts), int((counts.sum(axis=1) == counts.sum(axis=1).max(initial=0)).sum())),
        "krippendorff-alpha": (krippendorff_alpha(counts), int((counts.sum(axis=1) >= 2).sum())),
    }
    found = {}
    for name, (value, n) in both.items():
        reason = ONE_CELL if cells < 2 else NO_VARIATION if value != value else NO_INTERVAL
        shown = None if value != value or cells < 2 else value
        found[name] = Figure(shown, reason=reason, n=n, level=score.level, systems=cells)
    return found
