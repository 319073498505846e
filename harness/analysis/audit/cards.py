"""Audit a run: the result of every probe for every cell, and the agreement among the cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import registry
from harness.analysis.audit.probe import audited_cells, find_probe
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
    """

    figures: Mapping[str, Figure]
    sentence: str


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
    for data in run.datasets:
        cards = [
            Card(audited.cell, {name: _run_probe(name, audited) for name in registry.names("probes")})
            for audited in audited_cells(data, run.score, run.seed, run.spec.get("models", {}))
            if cell is None or cell in (audited.cell.id, audited.cell.id.partition("/")[2])
        ]
        if cards:
            among, ties, failures = _among(data, run.score), _ties_by_scale(data, run), _failures_by_model(data, run)
            found.append(AuditedDataset(data.name, len(data), among, ties, failures, tuple(cards)))
    if not found:
        raise no_cell(cell or "", [one.id for data in run.datasets for one in data.cells])
    return found


def with_probes(
    group: DatasetScores, data: JudgedDataset, score: ScoreSpec, seed: int, models: Mapping[str, Mapping[str, Any]]
) -> DatasetScores:
    """The scores of a dataset, with the figures of the probes in `score.probes` as companions."""
    scores = []
    for audited, scored in zip(audited_cells(data, score, seed, models), group.scores, strict=True):
        figures = dict(scored.figures)
        for name in score.probes:
            figures |= find_probe(name).figures(audited)
        scores.append(replace(scored, figures=figures))
    return replace(group, scores=tuple(scores))


def _run_probe(name: str, audited: Any) -> ProbeResult:
    probe = find_probe(name)
    figures = probe.figures(audited)
    return ProbeResult(figures, probe.sentence(figures))


def _ties_by_scale(data: JudgedDataset, run: Judged) -> dict[str, Figure]:
    """The share of ties, by the score scale of the strategies: a coarse scale makes more ties."""
    strategies = run.spec.get("strategies", {})
    groups: dict[str, list[int]] = {}
    for at, cell in enumerate(data.cells):
        scale = strategies.get(cell.strategy, {}).get("answer", {}).get("scale")
        groups.setdefault("no scale" if scale is None else _scale_name(scale), []).append(at)
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
        name: _share(data, run, data.outcomes[:, at] >= len(VERDICTS), np.ones((len(data), len(at)), bool))
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
    """Agreement among the cells."""
    counts = counts_of(np.where(data.outcomes < len(VERDICTS), data.outcomes, -1), len(VERDICTS))
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
