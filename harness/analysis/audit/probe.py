"""The contract of a probe: one file in `harness/analysis/audit/probes/`, or an entry point `harness.probes`.

A probe measures one bias of an evaluator. It makes no model calls and reads no files. Its figures are seeded by the
cell, so that they do not depend on the other cells; q-values, which cover all effects of a run, are the exception.

A probe that needs judgments of its own has also what `harness.evaluators.probing.Intervention` lists; a spec that names
it in `score.probes` asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from harness import registry
from harness.analysis.audit.finding import DESCRIBED, Finding
from harness.evaluators.cell import asks
from harness.leaderboard.numbers import with_interval
from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.records.label_set import LabelSet
from harness.records.metric_names import probe_needs_of
from harness.runner.run_reader import JudgedDataset
from harness.scoring.consistency import Asked, Units, consistency_figures, single_votes
from harness.scoring.labels import Reference, reference_of

SCORES = np.array([1.0, 0.0, -1.0])
"""The verdicts as scores of response a: win, tie, loss."""

COUNTED = "counted from the judgments of other cells"
NO_VOTES = "no judgment has votes"


@dataclass(frozen=True, slots=True, eq=False)
class Audited:
    """One cell of a dataset: the input of a probe.

    Attributes:
        data: the dataset.
        at: position of the cell in it.
        reference: the labels.
        score: metrics, level and method of the intervals.
        seed: of the spec.
        models: the spec's entry of each model.
        ask: what the strategy of the cell asks; "" where it is not known.
    """

    data: JudgedDataset
    at: int
    reference: Reference
    score: ScoreSpec
    seed: int
    models: Mapping[str, Mapping[str, Any]]
    ask: str = ""

    @property
    def cell(self) -> Cell:
        """The cell."""
        return self.data.cells[self.at]

    @property
    def judged(self) -> NDArray[np.int8]:
        """The outcome of each item, positions in `OUTCOMES`."""
        return self.data.outcomes[:, self.at]

    @property
    def ranking_votes(self) -> Sequence[Sequence[str | None]] | None:
        """Of each item the rankings in each order and repeat, None for a failure; none where each has one ranking."""
        return self.data.ranking_votes[self.at] if self.data.ranking_votes else None

    @property
    def units(self) -> Units:
        """The independent units behind a mean over all items."""
        return Units(self.reference.all_clusters, self.score.level, len(self.data.cells))

    @property
    def clusters(self) -> NDArray[np.int64]:
        """The cluster of each item; an independent item is its own cluster."""
        found = self.reference.all_clusters
        return np.arange(len(self.data)) if found is None else found

    def consistency_figures(self) -> dict[str, Figure]:
        """The figures of `harness.scoring.consistency`; empty where no judgment has votes."""
        votes = self.data.votes[self.at]
        if votes is None:
            return {}
        systems = len(self.data.cells)
        asked = Asked(self.cell, votes, self.judged, single_votes(self.cell, votes))
        return consistency_figures(asked, self.reference, self.score, systems=systems)

    @property
    def reason_without_votes(self) -> str:
        """Why `consistency_figures` is empty."""
        return NO_VOTES if asks(self.cell) else COUNTED

    def unknown(self, reason: str, n: int = 0) -> Figure:
        """A figure without a value."""
        return Figure(None, reason=reason, n=n, level=self.score.level, systems=len(self.data.cells))


class Probe(Protocol):
    """A measurement of an evaluator beside its scores.

    A probe may also have `finding(figures) -> Finding`: the result as data, from which `harness audit` makes its
    summary. Without it the figures describe the evaluator and are no finding. With `LABELS = "any"` it is run on
    single responses too, and not on pairs alone; with `all` also where labels are numbers. With `RANKINGS = True` it is
    run on rankings of several responses.
    """

    SUMMARY: str
    """One line for lists."""

    def figures(self, audited: Audited) -> dict[str, Figure]:
        """The figures of a cell by name, the same names for every cell.

        A name begins with that of the probe, such as `length.bias`. A figure that is undefined for a cell is None with
        a reason.
        """
        ...

    def sentence(self, figures: Mapping[str, Figure]) -> str:
        """The figures in one sentence."""
        ...


def find_probe(name: str) -> Probe:
    """The probe of that name. Raises KeyError if there is none."""
    return cast(Probe, registry.find("probes", name))


def finding_of(probe: Probe, figures: Mapping[str, Figure]) -> Finding:
    """The result of a probe as data."""
    if hasattr(probe, "finding"):
        return cast(Finding, probe.finding(figures))
    return DESCRIBED


def probes_for(labels: LabelSet) -> list[str]:
    """The names of the probes for a label set: those about pairs of responses are left out for single ones."""
    return [name for name in registry.names("probes") if not probe_needs_of(name, labels)]


def audited_cells(
    data: JudgedDataset,
    score: ScoreSpec,
    seed: int,
    models: Mapping[str, Mapping[str, Any]],
    strategies: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Audited]:
    """Every cell of a dataset as the input of a probe."""
    reference, known = reference_of(data), strategies or {}
    asked = [str(known.get(cell.strategy, {}).get("ask", "")) for cell in data.cells]
    return [Audited(data, at, reference, score, seed, models, ask) for at, ask in enumerate(asked)]


def figure_text(figure: Figure) -> str:
    """A figure in a sentence, such as `0.12 [0.05, 0.21]`, or `unknown` with the reason."""
    if figure.value is None:
        return f"unknown ({figure.reason})"
    return with_interval(figure.value, figure.low, figure.high, ".2f")
