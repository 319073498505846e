"""A run to the cards of its evaluators: what every probe finds of every cell, and how far the cells agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import registry
from harness.analysis.audit.probe import audited_cells, find_probe
from harness.errors import InputError
from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS
from harness.runner.run_reader import Judged, JudgedDataset
from harness.scoring.consistency import Units
from harness.scoring.labels import reference_of
from harness.scoring.score import DatasetScores
from harness.statistics.among import counts_of, fleiss_kappa, krippendorff_alpha

ALONE = "one cell: nobody to agree with"
NO_VARIATION = "all verdicts are the same"
NO_VERDICTS = "no judgment counts"
NO_INTERVAL = "shown for comparison, without interval"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe found of one cell.

    Attributes:
        figures: by name.
        sentence: what they mean.
    """

    figures: Mapping[str, Figure]
    sentence: str


@dataclass(frozen=True, slots=True)
class Card:
    """What the probes found of one cell, by probe."""

    cell: Cell
    results: Mapping[str, ProbeResult]


@dataclass(frozen=True, slots=True)
class AuditedDataset:
    """The cards of the cells of a dataset.

    Attributes:
        dataset: its name.
        items: how many it has.
        among: agreement among the cells, of which none is taken for right: Fleiss' kappa and Krippendorff's alpha.
        ties: share of ties among the verdicts of all cells, by the scale of their strategies.
        failures: share of the judgments without a verdict, by model, over the cells that ask it alone.
        cards: of the cells.
    """

    dataset: str
    items: int
    among: Mapping[str, Figure]
    ties: Mapping[str, Figure]
    failures: Mapping[str, Figure]
    cards: tuple[Card, ...]


def audit(run: Judged, *, cell: str | None = None) -> list[AuditedDataset]:
    """Look at every cell of a run with every probe.

    Args:
        run: read back with its votes.
        cell: id of a cell, with or without its dataset; None for all.

    Raises:
        InputError: where the run has no such cell.
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
        names = [one.id for data in run.datasets for one in data.cells]
        near = get_close_matches(cell or "", [*names, *(name.partition("/")[2] for name in names)], n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names[:5])}"
        raise InputError(f"this run has no cell `{cell}`", hint=hint)
    return found


def with_probes(
    group: DatasetScores, data: JudgedDataset, score: ScoreSpec, seed: int, models: Mapping[str, Mapping[str, Any]]
) -> DatasetScores:
    """The scores of a dataset with the figures of those probes that the spec asks for beside them."""
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
    """How often cells call a tie, by the scale on which their strategies ask for scores: a coarse one makes more."""
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


def _share(data: JudgedDataset, run: Judged, holds: NDArray[np.bool_], counts: NDArray[np.bool_]) -> Figure:
    """The share over several cells; the item is the unit, for its judgments hang together."""
    reference = reference_of(data)
    units = Units(reference.all_clusters, run.score.level, len(data.cells))
    there = counts.sum(axis=1)
    per_item = np.full(len(data), np.nan)
    per_item[there > 0] = (holds & counts).sum(axis=1)[there > 0] / there[there > 0]
    return units.figure(per_item, reason=NO_VERDICTS)


def _among(data: JudgedDataset, score: ScoreSpec) -> dict[str, Figure]:
    """How far the cells agree with each other."""
    counts = counts_of(np.where(data.outcomes < len(VERDICTS), data.outcomes, -1), len(VERDICTS))
    cells = len(data.cells)
    both = {
        "fleiss-kappa": (fleiss_kappa(counts), int((counts.sum(axis=1) == counts.sum(axis=1).max(initial=0)).sum())),
        "krippendorff-alpha": (krippendorff_alpha(counts), int((counts.sum(axis=1) >= 2).sum())),
    }
    found = {}
    for name, (value, n) in both.items():
        reason = ALONE if cells < 2 else NO_VARIATION if value != value else NO_INTERVAL
        shown = None if value != value or cells < 2 else value
        found[name] = Figure(shown, reason=reason, n=n, level=score.level, systems=cells)
    return found
