"""Labels that were drawn with unequal probabilities: the figures of a correction, weighted to all items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.analysis.correct.given_labels import NewLabels
from harness.analysis.correct.pairing import Pairing
from harness.analysis.correct.weighted_agreement import weighted_agreement, weighted_ranks
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.weighted_rates import weighted_human_rates, weighted_judge_rates
from harness.scoring.win_rates import Seen
from harness.statistics.agreement import Array
from harness.statistics.codes import Codes
from harness.statistics.inverse_probability import Design
from harness.statistics.sampling import effective_size
from harness.statistics.win_rate import Ties

if TYPE_CHECKING:
    from harness.analysis.correct.correct import CellCorrection
    from harness.runner.run_reader import JudgedDataset

NO_SIGN_TEST = "labels drawn with unequal probabilities: see the interval"


@dataclass(frozen=True, slots=True)
class DesignFacts:
    """How the labelled items of a dataset were drawn.

    Attributes:
        lowest: inclusion probability of a labelled item.
        highest: the same.
        strata: within which the labelled items are a random sample, 1 without strata.
        effective: how many labels of equal probability these are worth for the labels alone (Kish 1965).
        labelled: how many labels these are.
    """

    lowest: float
    highest: float
    strata: int
    effective: float
    labelled: int

    @property
    def is_equal(self) -> bool:
        """Whether all labelled items count alike."""
        return self.labelled - self.effective <= 1e-6 * self.labelled

    @property
    def cost(self) -> float:
        """The variance of a figure that is unrelated to the probabilities, over that of a uniform draw."""
        return self.labelled / self.effective


@dataclass(frozen=True, slots=True, eq=False)
class Weighting:
    """How the figures of a dataset are weighted.

    Attributes:
        design: of all items.
        labels: of all items, −1 without one.
        pairing: what the rate is of.
        cluster: of each item, None where items are independent.
        score: metrics and level.
    """

    design: Design
    labels: Codes
    pairing: Pairing
    cluster: NDArray[np.int64] | None
    score: ScoreSpec

    def human(self) -> dict[Ties, Figure]:
        """The win rates by the labels alone."""
        labels = self.pairing.outcomes(self.labels)
        return weighted_human_rates(self._seen(np.zeros_like(labels)), self._part(), self.score)

    def sign(self) -> Figure:
        """In place of the sign test, which knows no weights."""
        return Figure(None, reason=NO_SIGN_TEST, n=int((self.labels >= 0).sum()), level=self.score.level)

    def cell(self, cell: CellCorrection, data: JudgedDataset, human: Mapping[Ties, Figure]) -> CellCorrection:
        """A cell with weighted figures in place of those that take all labels alike; its ranks come with `ranked`."""
        at = next(at for at, one in enumerate(data.cells) if one.id == cell.score.cell.id)
        seen = self._seen(self.pairing.outcomes(data.outcomes[:, at]))
        return replace(
            cell,
            score=weighted_agreement(cell.score, data, self.labels, self.design, self.score),
            ranks=dict.fromkeys(cell.ranks),
            rates=weighted_judge_rates(cell.rates, seen, self._part(), human, self.score),
        )

    def ranked(self, cells: Sequence[CellCorrection], data: JudgedDataset, seed: int) -> tuple[CellCorrection, ...]:
        """The cells with their ranks by weighted figures."""
        sets = weighted_ranks([one.score for one in cells], data, self.labels, self.design, self.score, seed)
        return tuple(
            replace(cell, ranks={name: ranks.get(name) for name in cell.ranks})
            for cell, ranks in zip(cells, sets, strict=True)
        )

    def weights(self) -> Array:
        """The weight of every item, NaN without a label."""
        labelled = self.labels >= 0
        found = np.full(len(self.labels), np.nan)
        found[labelled] = self.design.of_labelled(labelled)[0]
        return found

    def _seen(self, outcomes: Codes) -> Seen:
        units = None if self.cluster is None else self.pairing.of_items(self.cluster)
        return Seen(outcomes, self.pairing.outcomes(self.labels), units)

    def _part(self) -> Design:
        return self.design if self.pairing.rows is None else self.design.part(self.pairing.rows)


def design_facts(new: NewLabels, labels: Codes) -> DesignFacts | None:
    """How labelled items were drawn; None where that is not known, or nothing is labelled.

    Args:
        new: the labels with their design.
        labels: the label of each item, −1 without one.
    """
    labelled = labels >= 0
    if new.design is None or not labelled.any():
        return None
    known = new.design.probabilities[labelled]
    weights, strata = new.design.of_labelled(labelled)
    n = int(labelled.sum())
    equal = new.design.is_equal(labelled)
    effective = float(n) if equal else effective_size(weights)
    return DesignFacts(float(known.min()), float(known.max()), len(np.unique(strata)), effective, n)


def weighting_of(
    new: NewLabels, labels: Codes, pairing: Pairing, cluster: NDArray[np.int64] | None, score: ScoreSpec
) -> Weighting | None:
    """The weights of a dataset; None where all labels count alike."""
    if new.design is None or new.design.is_equal(labels >= 0):
        return None
    return Weighting(new.design, labels, pairing, cluster, score)
