"""The rate of a label for each system that wrote single responses, corrected by the labels of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.analysis.correct.pairing import Pairing
from harness.analysis.correct.weighting import Weighting
from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.weighted_rates import METHOD, weighted_human_rates, weighted_judge_rates
from harness.scoring.win_rates import Rate, Seen, human_rates, judge_rates
from harness.statistics.agreement import Array
from harness.statistics.codes import Codes
from harness.statistics.intervals import NO_INTERVAL, Interval
from harness.statistics.inverse_probability import Design, rate_influence, weighted_interval
from harness.statistics.rate_differences import RateDifference, rate_differences

if TYPE_CHECKING:
    from harness.runner.run_reader import JudgedDataset

MOST_SYSTEMS = 50
"""With more names of writers than this, they are not systems."""


@dataclass(frozen=True, slots=True)
class SystemRate:
    """The rate of a label among the responses of one system, by one cell.

    Attributes:
        system: the model that wrote them.
        cell: id of the cell.
        items: its responses.
        labelled: how many of them have a label.
        human: the rate by the labels alone.
        rate: by the cell, and corrected; the intervals of all systems hold together (Bonferroni).
    """

    system: str
    cell: str
    items: int
    labelled: int
    human: Figure
    rate: Rate


@dataclass(frozen=True, slots=True)
class SystemDifference:
    """The corrected rate of one system less that of another, by one cell.

    Attributes:
        first: the one system.
        second: the other.
        cell: id of the cell.
        figure: the difference; its interval holds together with those of all pairs of systems of the cell.
        is_distinguishable: whether 0 lies outside that interval.
    """

    first: str
    second: str
    cell: str
    figure: Figure
    is_distinguishable: bool


def rates_of_systems(
    data: JudgedDataset,
    labels: Codes,
    pairing: Pairing,
    score: ScoreSpec,
    seed: int,
    weighting: Weighting | None = None,
) -> tuple[SystemRate, ...]:
    """The rates of all systems, those of a cell together; empty where fewer than two systems are named.

    Args:
        data: the judged responses.
        labels: of all items, −1 without label.
        pairing: says which label the rate is of.
        score: resamples, and the level that holds for all systems of a cell together.
        seed: of the spec.
        weighting: of labels with unequal probabilities; None where all count alike.
    """
    names = systems_of(data, pairing)
    if not names:
        return ()
    cluster = data.cluster_codes() if data.clustered else None
    each = replace(score, level=1 - (1 - score.level) / len(names))
    by = np.array(data.models_a, dtype=object)
    human_codes, found = pairing.outcomes(labels), []
    for at, cell in enumerate(data.cells):
        judged = pairing.outcomes(data.outcomes[:, at])
        for name in names:
            rows = np.flatnonzero(by == name)
            units = None if cluster is None else cluster[rows]
            seen = Seen(judged[rows], human_codes[rows], units)
            human = human_rates(seen.labels, units, each, seed_for(seed, "win-rate", "human", name))
            draws = seed_for(seed, "win-rate", cell.id, name), seed_for(seed, "win-rate", "corrected", cell.id, name)
            rates = judge_rates(seen, human, each, judge_seed=draws[0], seed=draws[1])
            if weighting is not None:
                design = weighting.design.part(rows)
                human = weighted_human_rates(seen, design, each)
                rates = weighted_judge_rates(rates, seen, design, human, each)
            rate = rates["half"]
            labelled = int((seen.labels >= 0).sum())
            found.append(SystemRate(name, cell.id, len(rows), labelled, human["half"], rate))
    return tuple(found)


def systems_of(data: JudgedDataset, pairing: Pairing) -> list[str]:
    """The names of the systems, sorted; empty where fewer than two are named.

    Args:
        data: the judged responses.
        pairing: says which label the rate is of.
    """
    names = sorted({name for name in data.models_a if name is not None})
    if pairing.label is None or not 2 <= len(names) <= MOST_SYSTEMS or None in data.models_a:
        return []
    return names


def differences_of_systems(
    data: JudgedDataset,
    labels: Codes,
    pairing: Pairing,
    rates: Sequence[SystemRate],
    score: ScoreSpec,
    weighting: Weighting | None = None,
) -> tuple[SystemDifference, ...]:
    """The differences between the systems of each cell.

    Args:
        data: the judged responses.
        labels: of all items, −1 without label.
        pairing: says which label the rate is of.
        rates: as `rates_of_systems` gives them.
        score: resamples, and the level that holds for all pairs of a cell together.
        weighting: of labels with unequal probabilities; None where all count alike.
    """
    by = np.array(data.models_a, dtype=object)
    human, found = pairing.outcomes(labels), []
    clusters = data.cluster_codes() if data.clustered else None
    for at, cell in enumerate(data.cells):
        known = [one for one in rates if one.cell == cell.id and one.rate.corrected.value is not None]
        if len(known) < 2:
            continue
        judged = pairing.outcomes(data.outcomes[:, at])
        places = [np.flatnonzero(by == one.system) for one in known]
        systems = [
            _System(one, judged[rows], human[rows], rows, weighting) for one, rows in zip(known, places, strict=True)
        ]
        influences = np.zeros((len(known), len(data)))
        for number, (one, rows) in enumerate(zip(systems, places, strict=True)):
            influences[number, rows] = one.influence()

        def interval(number: int, level: float, systems: Sequence[_System] = systems) -> Interval:
            return systems[number].interval(level, clusters)

        values = np.array([one.rate.corrected.value for one in known], dtype=float)
        law = (
            score.level,
            score.resamples,
            seed_for(0, "system-differences", cell.id),
        )  # the seed is of the critical value alone
        differences = rate_differences(values, influences, clusters, interval, law)
        found += [_difference(each, known, cell.id, score.level) for each in differences]
    return tuple(found)


class _System:
    """The outcomes of a system by a cell, and the design of its labels."""

    def __init__(
        self, found: SystemRate, judged: Codes, human: Codes, rows: NDArray[np.intp], weighting: Weighting | None
    ) -> None:
        self._found, self._judged, self._human, self._rows = found, judged, human, rows
        self._labelled = human >= 0
        share = max(1, int(self._labelled.sum())) / max(1, len(human))
        self._design = Design(np.full(len(human), share)) if weighting is None else weighting.design.part(rows)

    def influence(self) -> Array:
        """What each item adds to the corrected rate."""
        return rate_influence(self._judged, self._human, self._design, self._found.rate.power or 0.0)

    def interval(self, level: float, clusters: NDArray[np.int64] | None) -> Interval:
        """The interval of the corrected rate, which has the error of the differences."""
        figure = self._found.rate.corrected
        if figure.value is None or figure.low is None:
            return NO_INTERVAL
        own = None if clusters is None else clusters[self._rows]
        parts = self.influence()
        sums = parts if own is None else np.bincount(np.unique(own, return_inverse=True)[1], parts)
        error = float(np.sqrt(sums @ sums))
        weights, _ = self._design.of_labelled(self._labelled)
        units = None if own is None else own[self._labelled]
        return weighted_interval(figure.value, error, weights, units, level)[0]


def _difference(found: RateDifference, systems: Sequence[SystemRate], cell: str, level: float) -> SystemDifference:
    one, other = systems[found.first], systems[found.second]
    lacks = next((each for each in (one, other) if each.rate.corrected.low is None), None)
    figure = Figure(
        found.value,
        found.low,
        found.high,
        "" if lacks is None else lacks.rate.corrected.reason,
        n=one.labelled + other.labelled,
        method="none" if found.low is None else METHOD,
        level=level,
        unit=one.rate.corrected.unit,
        units=one.rate.corrected.units + other.rate.corrected.units,
    )
    return SystemDifference(one.system, other.system, cell, figure, found.is_distinguishable)
