"""What a probe is: a file in `harness/probes/`, found by its name, that looks at one habit of an evaluator.

A probe is a module with

* `SUMMARY: str`: one line for lists;
* `figures(audited: Audited) -> dict[str, Figure]`: what it measures, by name; a figure that cannot be told is None
  with a reason. Names are the probe's own, such as `length.bias`, and never those of a metric;
* `sentence(figures: Mapping[str, Figure]) -> str`: what they mean, and no more than they say.

A probe asks nobody and reads no file. Its figures are seeded by the cell, so that another cell changes none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from harness import registry
from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.runner.run_reader import JudgedDataset
from harness.scoring.consistency import Units, consistency_figures
from harness.scoring.labels import Reference, reference_of

SCORES = np.array([1.0, 0.0, -1.0])
"""A verdict as a number, for response a: won, tied, lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Audited:
    """One cell of a dataset, with all that a probe may look at.

    Attributes:
        data: the dataset.
        at: position of the cell in it.
        reference: the labels.
        score: metrics, level and how intervals are made.
        seed: of the spec.
        models: the spec's entry of each model.
    """

    data: JudgedDataset
    at: int
    reference: Reference
    score: ScoreSpec
    seed: int
    models: Mapping[str, Mapping[str, Any]]

    @property
    def cell(self) -> Cell:
        """The cell."""
        return self.data.cells[self.at]

    @property
    def judged(self) -> NDArray[np.int8]:
        """The outcome of every item."""
        return self.data.outcomes[:, self.at]

    @property
    def units(self) -> Units:
        """What a mean over all items rests on."""
        return Units(self.reference.all_clusters, self.score.level, len(self.data.cells))

    @property
    def clusters(self) -> NDArray[np.int64]:
        """The cluster of every item; items that are independent are clusters of their own."""
        found = self.reference.all_clusters
        return np.arange(len(self.data)) if found is None else found

    def consistency_units(self) -> dict[str, Figure]:
        """What changes between orders and repeats, as of `harness.scoring.consistency`; empty where asked once."""
        votes = self.data.votes[self.at]
        if votes is None:
            return {}
        systems = len(self.data.cells)
        return consistency_figures(
            self.cell, votes, self.judged, self.reference, {}, self.score, systems=systems, seed=self.seed
        )

    def unknown(self, reason: str, n: int = 0) -> Figure:
        """A figure that cannot be told."""
        return Figure(None, reason=reason, n=n, level=self.score.level, systems=len(self.data.cells))


class Probe(Protocol):
    """The contract of a file in `harness/probes/`."""

    SUMMARY: str

    def figures(self, audited: Audited) -> dict[str, Figure]:
        """What it measures, by name."""
        ...

    def sentence(self, figures: Mapping[str, Figure]) -> str:
        """What its figures mean."""
        ...


def find_probe(name: str) -> Probe:
    """The probe of that name. Raises KeyError where there is none."""
    return cast(Probe, registry.find("probes", name))


def audited_cells(
    data: JudgedDataset, score: ScoreSpec, seed: int, models: Mapping[str, Mapping[str, Any]]
) -> list[Audited]:
    """Every cell of a dataset, ready to be looked at."""
    reference = reference_of(data)
    return [Audited(data, at, reference, score, seed, models) for at in range(len(data.cells))]


def shown(figure: Figure, digits: int = 2) -> str:
    """A figure in a sentence, such as `0.12 [0.05, 0.21]`, or why there is none."""
    if figure.value is None:
        return f"unknown ({figure.reason})"
    text = f"{figure.value:.{digits}f}"
    if figure.low is not None and figure.high is not None:
        text += f" [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"
    return text.replace("-", "−")


def leaves_out_zero(figure: Figure) -> bool:
    """Whether the interval of a figure leaves out 0."""
    return figure.low is not None and figure.high is not None and not figure.low <= 0 <= figure.high
