"""Judge items in batches, and end when the question of the spec is answered.

The items of each dataset come in an order that its ids and the seed of the spec determine, whole clusters at a time. A
look judges a further share of them, scores what has been judged, and decides from that alone. A replay takes the same
looks from the cache, so that it makes the same decisions and the same bytes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.errors import DatasetError, Problem, RunFolderError
from harness.hashing import seed_for
from harness.records.datasets import Dataset
from harness.records.experiment import Spec
from harness.records.stopping import Look, Stopped, StopSpec
from harness.runner.judgment_columns import Ledger
from harness.runner.plan import Plan
from harness.runner.run import Run
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.pairwise import CellComparisons
from harness.scoring.score import DatasetScores
from harness.scoring.winner import best_first
from harness.statistics.multiplicity import all_pairs
from harness.statistics.sequential import look_levels

STOP = "stop"
"""The key of a spec, a manifest and a leaderboard."""
RERUN = "run the spec again"
Rows = NDArray[np.intp]


class PlannedLook(NamedTuple):
    """A look that a run may take.

    Attributes:
        share: share of the labelled items.
        level: confidence level of its intervals and tests.
        rows: the rows judged up to it, by dataset, in the order of the dataset.
    """

    share: float
    level: float
    rows: Mapping[str, Rows]


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks of a plan whose spec has `stop`.

    Attributes:
        plan: over all items.
        stop: what the spec asks for.
        planned: the looks, the last of them at all items.
    """

    plan: Plan
    stop: StopSpec
    planned: tuple[PlannedLook, ...]

    @classmethod
    def of(cls, plan: Plan) -> Looks:
        """The looks of a plan. Those too early to answer anything are left out, which depends on the design alone."""
        stop = plan.spec.stopping
        assert stop is not None, "the spec says when to stop"
        orders = {name: _Order.of(dataset, plan.spec.seed) for name, dataset in plan.datasets.items()}
        shares = [number / stop.looks for number in range(1, stop.looks + 1)]
        if bare := [name for name, order in orders.items() if not order.labelled]:
            message = f"`stop` decides by reference labels, and {', '.join(bare)} has none"
            raise DatasetError(Problem(plan.spec.shown_path, path=STOP, message=message, hint="leave out `stop`"))
        smallest = min(order.labelled for order in orders.values())
        shares = [share for share in shares if share == 1 or math.ceil(share * smallest) >= MIN_ITEMS]
        resolved = 1 / (plan.spec.score.resamples + 1)
        while True:
            levels = look_levels(shares, plan.spec.score.level, paths=_pairs(plan.spec), spending=stop.spending)
            kept = [share for share, level in zip(shares, levels, strict=True) if share == 1 or 1 - level >= resolved]
            if kept == shares:
                break
            shares = kept
        rows = [{name: order.rows(share) for name, order in orders.items()} for share in shares]
        return cls(plan, stop, tuple(map(PlannedLook, shares, levels.tolist(), rows)))

    def at(self, number: int) -> Plan:
        """The plan of what has been judged at a look, scored at its level; its digest is another one."""
        look, spec = self.planned[number], self.plan.spec
        datasets = {name: _part(dataset, look.rows[name]) for name, dataset in self.plan.datasets.items()}
        score = replace(spec.score, level=look.level)
        return replace(self.plan, spec=replace(spec, score=score), datasets=datasets)

    def take(self, run_of: Callable[[Plan], Run[Any]]) -> tuple[Plan, Stopped]:
        """Take one look after another until the question is answered.

        Args:
            run_of: makes the run of a part of the plan.

        Returns:
            The plan of what was judged, and the decision.
        """
        taken: list[Look] = []
        for number, planned in enumerate(self.planned):
            taken.append(Look(planned.share, planned.level, self.ends(number, run_of)))
            if taken[-1].is_answered:
                break
        plan = self.at(len(taken) - 1)
        return plan, self._stopped(plan, taken)

    def agendas(self, offline: Callable[[Plan], Run[Any]]) -> Iterator[Plan]:
        """What is judged at each look, as far as it is taken, then what only the last of them needs, such as probes.

        Args:
            offline: makes the run of a part of the plan whose replies are in the cache.
        """
        for number in range(len(self.planned)):
            yield self.part(number)
            if number == len(self.planned) - 1 or self.ends(number, offline):
                if self.at(number).probe_cells:
                    yield self.at(number)
                return

    def ends(self, number: int, run_of: Callable[[Plan], Run[Any]]) -> bool:
        """Whether the question is answered at a look."""
        scores = _scored(self.part(number), run_of)
        return is_answered(scores, self.stop, self.plan.spec.score.metrics[0])

    def part(self, number: int) -> Plan:
        """The plan of what is judged for the decision at a look."""
        return _for_decision(self.at(number))

    def _stopped(self, plan: Plan, taken: Sequence[Look]) -> Stopped:
        spec = self.plan.spec
        judged, items = ({name: len(one) for name, one in each.datasets.items()} for each in (plan, self.plan))
        return Stopped(
            self.stop, spec.score.metrics[0], spec.score.level, len(self.planned), tuple(taken), judged, items
        )


def judged_part(plan: Plan, manifest: Mapping[str, Any]) -> Plan:
    """The plan of what a run judged, from the plan of its spec over the same data.

    Raises:
        RunFolderError: where this version of the harness would have judged other items.
    """
    if STOP not in manifest:
        return plan
    looks = Looks.of(plan)
    at = manifest[STOP]["look"] - 1
    judged = {name: one["items"] for name, one in manifest["datasets"].items()}
    if at < len(looks.planned):
        found = looks.at(at)
        if judged == {name: len(dataset) for name, dataset in found.datasets.items()}:
            return found
    raise RunFolderError("the items that this run judged are not those that this version would judge", hint=RERUN)


def is_answered(scores: Sequence[DatasetScores], stop: StopSpec, metric: str) -> bool:
    """Whether the scores of all datasets answer the question by a metric."""
    if stop.width is not None:
        return all(_is_narrow(group, metric, stop.width) for group in scores)
    return all(_is_ranked(group, metric) for group in scores)


def _is_ranked(group: DatasetScores, metric: str) -> bool:
    """Whether each cell but the best differs significantly from it, or is equivalent to it by the margin."""
    contest = group.contests[metric]
    if contest is None or contest.comparisons is None:
        return False
    best = best_first(group.scores, metric)[0]
    return all(_is_settled(contest, best, k) for k in range(len(group.scores)) if k != best)


def _is_settled(contest: CellComparisons, best: int, other: int) -> bool:
    found = contest.comparisons
    if found is None or best not in contest.members or other not in contest.members or math.isinf(found.critical):
        return False
    x, y = contest.members.index(best), contest.members.index(other)
    if found.p_values[x, y] <= 1 - found.level:
        return True
    return contest.margin is not None and abs(found.differences[x, y]) + found.reach[x, y] < contest.margin


def _is_narrow(group: DatasetScores, metric: str, width: float) -> bool:
    """Whether the interval of each cell is narrower than a width."""
    figures = [score.figures[metric] for score in group.scores]
    return all(one.low is not None and one.high is not None and one.high - one.low < width for one in figures)


def _for_decision(plan: Plan) -> Plan:
    """The plan without what does not matter for the decision: further metrics, probes, slices, calibration."""
    score = plan.spec.score
    alone = replace(score, metrics=score.metrics[:1], probes=(), by=(), calibration=None)
    return replace(plan, spec=replace(plan.spec, score=alone))


def _scored(plan: Plan, run_of: Callable[[Plan], Run[Any]]) -> list[DatasetScores]:
    """Judge the items of a plan and score them."""
    ledger = Ledger(plan)
    for part in run_of(plan).parts():
        ledger.add(part)
    for _ in ledger.counted():
        pass  # the ledger keeps the judgments
    return ledger.scores()


def _part(dataset: Dataset, rows: Rows) -> Dataset:
    return dataset if len(rows) == len(dataset) else dataset.part(rows)


def _pairs(spec: Spec) -> int:
    """The pairs of the largest family of cells."""
    names = [cell.dataset for cell in spec.cells]
    return max(1, *(len(all_pairs(names.count(name))[0]) for name in set(names)))


class _Order(NamedTuple):
    """The order in which the items of a dataset are judged.

    Attributes:
        row: all rows in that order.
        found: how many of the rows up to each one have a label.
        ends: whether a cluster ends with each row.
    """

    row: Rows
    found: NDArray[np.int64]
    ends: NDArray[np.bool_]

    @classmethod
    def of(cls, dataset: Dataset, seed: int) -> _Order:
        """By lots that depend on the seed and the least id of each cluster."""
        draw, ids = seed_for(seed, "stop", dataset.name), dataset.ids()
        units: NDArray[np.int64] = dataset.cluster_codes()
        least: dict[int, str] = {}
        of_row: list[int] = units.tolist()
        for unit, one in zip(of_row, ids, strict=True):
            least[unit] = min(one, least.get(unit, one))
        lots = {unit: hashlib.sha256(f"{draw}:{name}".encode()).digest() for unit, name in least.items()}
        rows = np.array(sorted(range(len(ids)), key=lambda row: (lots[of_row[row]], ids[row])), np.intp)
        ordered = units[rows]
        ends = np.append(ordered[1:] != ordered[:-1], True)
        return cls(rows, np.cumsum(dataset.reference_codes()[rows] >= 0), ends)

    @property
    def labelled(self) -> int:
        """Items with a label."""
        return int(self.found[-1])

    def rows(self, share: float) -> Rows:
        """The rows of the fewest whole clusters that hold a share of the labelled items, sorted; all rows for 1."""
        if share == 1:
            return np.sort(self.row)
        enough = (self.found >= math.ceil(share * self.labelled)) & self.ends
        return np.sort(self.row[: int(np.argmax(enough)) + 1])
