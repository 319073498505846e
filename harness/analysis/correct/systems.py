"""The rate of a label for each system that wrote single responses, corrected by the labels of some of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.correct.pairing import Pairing
from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.scoring.win_rates import Rate, Seen, human_rates, judge_rates
from harness.statistics.codes import Codes

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


def rates_of_systems(
    data: JudgedDataset, labels: Codes, pairing: Pairing, score: ScoreSpec, seed: int
) -> tuple[SystemRate, ...]:
    """The rates of all systems, those of a cell together; empty where fewer than two systems are named.

    Args:
        data: the judged responses.
        labels: of all items, −1 without label.
        pairing: says which label the rate is of.
        score: resamples, and the level that holds for all systems of a cell together.
        seed: of the spec.
    """
    writers = data.models_a
    names = sorted({name for name in writers if name is not None})
    if pairing.label is None or not 2 <= len(names) <= MOST_SYSTEMS or None in writers:
        return ()
    cluster = data.cluster_codes() if data.clustered else None
    each = replace(score, level=1 - (1 - score.level) / len(names))
    by = np.array(writers, dtype=object)
    human_codes, found = pairing.outcomes(labels), []
    for at, cell in enumerate(data.cells):
        judged = pairing.outcomes(data.outcomes[:, at])
        for name in names:
            rows = np.flatnonzero(by == name)
            units = None if cluster is None else cluster[rows]
            seen = Seen(judged[rows], human_codes[rows], units)
            human = human_rates(seen.labels, units, each, seed_for(seed, "win-rate", "human", name))
            draws = seed_for(seed, "win-rate", cell.id, name), seed_for(seed, "win-rate", "corrected", cell.id, name)
            rate = judge_rates(seen, human, each, judge_seed=draws[0], seed=draws[1])["half"]
            labelled = int((seen.labels >= 0).sum())
            found.append(SystemRate(name, cell.id, len(rows), labelled, human["half"], rate))
    return tuple(found)
