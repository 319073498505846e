"""Judgments as columns: the input of scoring, and the cells that combine judgments of others.

A verdict takes one byte. Scores are kept only for cells whose scores are averaged, and votes only for cells that ask
several times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import InputError
from harness.evaluators.cell import asks
from harness.evaluators.mode import CountingMode, MemberVotes, averages_scores, counting_mode, members_of
from harness.records.calibration import Calibration
from harness.records.experiment import Cell
from harness.records.judgments import FAILURES, Outcome, Usage
from harness.records.label_set import LabelSet
from harness.runner.finished import FAILURE, PREFERENCE, SCORE_A, SCORE_B, VERDICT, VOTES, JudgedChunk
from harness.runner.plan import Plan
from harness.runner.run import Part, Run
from harness.runner.run_folder import RunWriter
from harness.scoring.calibrated import Applied, with_calibration
from harness.scoring.labels import Reference, reference_of
from harness.scoring.score import DatasetScores, score_dataset
from harness.scoring.soft_holdout import with_held_out
from harness.scoring.soft_metric import is_soft
from harness.scoring.soft_scores import SoftData, verdict_score, with_soft

if TYPE_CHECKING:
    from harness.runner.run_reader import JudgedDataset

Codes: TypeAlias = NDArray[np.int8]


@dataclass
class Column:
    """The judgments of one cell.

    Attributes:
        codes: of the label set, one for each item.
        scores: items × 2, NaN where there is none; None if they are not needed.
        preferences: probability that response a is better, NaN where there is none; None if they are not needed.
        votes: items × votes, codes of the label set; None where a judgment is one verdict.
        rankings: the text of each ranking, None for a failure; None where judgments are no rankings. Votes of rankings
            are not kept.
        abstained: of a counted cell, the members that failed on each item although the item did not; else None.
        usage: what they took.
    """

    codes: Codes
    scores: NDArray[np.float64] | None = None
    preferences: NDArray[np.float64] | None = None
    votes: Codes | None = None
    rankings: list[str | None] | None = None
    abstained: NDArray[np.int64] | None = None
    usage: Usage = field(default_factory=Usage)

    def numbers(self) -> NDArray[np.float64]:
        """Items × (score a, score b, preference), NaN where there is none."""
        n = len(self.codes)
        scores = np.full((n, 2), np.nan) if self.scores is None else self.scores
        return np.column_stack([scores, np.full(n, np.nan) if self.preferences is None else self.preferences])


class Ledger:
    """Collect judgments, combine those of counting cells, and score them all.

    Args:
        plan: the plan.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._columns = [Column(np.zeros(len(plan.datasets[cell.dataset]), np.int8)) for cell in plan.cells]
        self._at = {cell.id: at for at, cell in enumerate(plan.cells)}
        self._labels = plan.spec.label_set
        self._codes = self._labels.outcome_codes
        for cell in plan.cells:
            if averages_scores(cell) or (self._labels.is_number and counting_mode(cell)):
                for member in members_of(cell):
                    column = self._columns[self._at[member.id]]
                    column.scores = np.full((len(column.codes), 2), np.nan)
        score = plan.spec.score
        self._is_soft = score.calibration is not None or any(map(is_soft, score.metrics))
        if self._labels.is_ranking:
            for column in self._columns:
                column.rankings = [None] * len(column.codes)
            return
        for column in self._columns if self._is_soft else ():
            column.scores = np.full((len(column.codes), 2), np.nan)
            column.preferences = np.full(len(column.codes), np.nan)

    def collect(self, run: Run[Outcome], writer: RunWriter) -> None:
        """Take all judgments of a run, and write them to its folder, those of cells that count votes at the end."""
        for part in run.parts():
            writer.add(part.chunk.cell, part.judged)
            self.add(part)
        for cell, judged in self.counted():
            writer.add(cell, judged)
        writer.write_judgments()

    def add(self, part: Part) -> None:
        """Add the judgments of a chunk."""
        chunk, judged = part
        column, span = self._columns[chunk.column], slice(chunk.start, chunk.stop)
        outcomes = judged.outcomes
        names = [verdict or failure for verdict, failure in zip(outcomes[VERDICT], outcomes[FAILURE], strict=True)]
        column.codes[span] = [self._codes[name] for name in names]
        column.usage = column.usage.plus(judged.usage)
        if column.rankings is not None:
            column.rankings[span] = outcomes[VERDICT]
            return
        if column.scores is not None:
            column.scores[span] = np.column_stack([_or_nan(outcomes[SCORE_A]), _or_nan(outcomes[SCORE_B])])
        if column.preferences is not None:
            column.preferences[span] = _or_nan(outcomes[PREFERENCE])
        if column.votes is None and (width := max(map(len, outcomes[VOTES]))):
            column.votes = np.repeat(column.codes[:, None], width, axis=1)  # chunks before it had no votes
        if column.votes is not None:
            width = column.votes.shape[1]
            cast = (votes or (name,) * width for votes, name in zip(outcomes[VOTES], names, strict=True))
            column.votes[span] = [[self._codes[vote] for vote in each] for each in cast]

    def counted(self) -> Iterator[tuple[Cell, JudgedChunk]]:
        """The judgments of the counting cells, once all others have been added."""
        for at, cell in enumerate(self._plan.cells):
            if mode := counting_mode(cell):
                column = self._columns[at] = self._count(mode, cell)
                yield cell, _judgments(self._plan.datasets[cell.dataset].ids(), column, self._labels)

    def _count(self, mode: CountingMode, cell: Cell) -> Column:
        """The judgments of a cell that counts. Every member has judged the same items in the same order."""
        members = [self._columns[self._at[member.id]] for member in mode.members(cell)]
        codes = np.stack([member.codes for member in members])
        failed = (codes >= len(self._labels.names)).sum(axis=0)
        abstained = np.where(failed < len(codes), failed, 0)
        spent = reduce(Usage.plus, (member.usage for member in members))
        usage = spent._replace(abstained=int(abstained.sum()))
        scores = None
        if mode.averages_scores(cell) or self._labels.is_number:
            scores = np.stack([member.scores for member in members if member.scores is not None])
        rankings = [one.rankings for one in members if one.rankings is not None] if self._labels.is_ranking else None
        votes = MemberVotes(codes, scores, self._labels, rankings)
        counted = mode.count(cell, self._plan.spec.strategies[cell.strategy], votes)
        made = None if counted.rankings is None else list(counted.rankings)
        return Column(counted.codes, counted.scores, rankings=made, abstained=abstained, usage=usage)

    @property
    def calls(self) -> int:
        """Calls whose replies the judgments rest on; one that several judgments share counts for each."""
        cells = zip(self._plan.cells, self._columns, strict=True)
        return sum(column.usage.calls for cell, column in cells if asks(cell))

    def spent_on(self, name: str) -> Usage:
        """What the judgments of the cells of a dataset took that ask, without those for probes."""
        cells = zip(self._plan.spec.cells, self._columns, strict=False)  # those for probes come last
        return reduce(Usage.plus, (one.usage for cell, one in cells if cell.dataset == name and asks(cell)), Usage())

    def judged(self, name: str) -> JudgedDataset:
        """A dataset as it will be read back from the run folder."""
        from harness.runner.run_reader import JudgedDataset
        from harness.runner.tables import items_frame

        dataset, spec = self._plan.datasets[name], self._plan.spec
        here = [at for at, cell in enumerate(spec.cells) if cell.dataset == name]
        columns = [self._columns[at] for at in here]
        return JudgedDataset(
            name,
            dataset.digest,
            dataset.annotators,
            dataset.clustered,
            items_frame({name: dataset}),
            tuple(spec.cells[at] for at in here),
            np.column_stack([column.codes for column in columns]),
            ({},) * len(here),
            tuple(column.votes for column in columns),
            tuple(column.usage for column in columns),
            {cell.id: self._votes_of(cell) for cell in self._plan.probe_cells if cell.dataset == name},
            dataset.label_set,
            tuple(column.rankings for column in columns if column.rankings is not None),
        )

    def _votes_of(self, cell: Cell) -> Codes:
        """The votes of a cell that asks several times."""
        votes = self._columns[self._at[cell.id]].votes
        assert votes is not None
        return votes

    @property
    def probe_usage(self) -> Usage:
        """What the judgments for probes took."""
        spent = (self._columns[self._at[cell.id]].usage for cell in self._plan.probe_cells)
        return reduce(Usage.plus, spent, Usage())

    def scores(self) -> list[DatasetScores]:
        """The scores of the cells, dataset by dataset in the order of the spec."""
        spec = self._plan.spec
        scored = []
        for name, dataset in self._plan.datasets.items():
            here = [at for at, cell in enumerate(spec.cells) if cell.dataset == name]
            columns = [self._columns[at] for at in here]
            found = score_dataset(
                [spec.cells[at] for at in here],
                dataset,
                np.column_stack([column.codes for column in columns]),
                verdict_score(spec.score, self._labels) if self._is_soft else spec.score,
                spec.seed,
                [column.usage for column in columns],
                [column.votes for column in columns],
            )
            scored.append(self._with_soft(found) if self._is_soft else found)
        return scored

    def soft(self) -> dict[str, SoftData]:
        """The soft verdicts of each dataset; none where no metric rests on them."""
        return {name: self._soft_of(name) for name in self._plan.datasets} if self._is_soft else {}

    def _with_soft(self, scored: DatasetScores) -> DatasetScores:
        """The scores of a dataset with the figures of soft verdicts."""
        spec, data = self._plan.spec, self._soft_of(scored.dataset)
        found = with_held_out(with_soft(scored, data, spec.score, spec.seed), data, spec.score, spec.seed)
        if spec.score.calibration is None:
            return found
        applied = Applied(self._calibration(), ~self._was_fitted(scored.dataset), self._reference(found.dataset), data)
        return with_calibration(found, applied, spec.score, spec.seed)

    def _reference(self, name: str) -> Reference:
        return reference_of(self._plan.datasets[name])

    def _calibration(self) -> Calibration:
        """The calibration that the spec names, which must not have changed since the spec was loaded."""
        from harness.spec.calibration import read_calibration

        spec = self._plan.spec
        assert spec.score.calibration is not None
        named = spec.score.calibration["path"]
        found = read_calibration(spec.path.parent / named, named)
        if found.digest != spec.score.calibration["digest"]:
            raise InputError(f"{named} has changed since the spec was loaded", hint="run the command again")
        return found

    def _was_fitted(self, name: str) -> NDArray[np.bool_]:
        """Whether the calibration was fitted to each item of a dataset."""
        items = self._calibration().items
        return np.array([content in items for content in self.judged(name).contents], bool)

    def calibration_notes(self) -> Iterator[str]:
        """The items that calibrated figures leave out."""
        if self._plan.spec.score.calibration is None:
            return
        for name in self._plan.datasets:
            used = self._was_fitted(name)
            yield (
                f"{name}: calibrated figures are of the {int((~used).sum()):,} of {len(used):,} items that the "
                "calibration was not fitted to"
            )

    def _soft_of(self, name: str) -> SoftData:
        from harness.runner.ranked import ranked_data
        from harness.runner.soft import soft_data, soft_verdicts_of

        spec, data = self._plan.spec, self.judged(name)
        if self._labels.is_ranking:
            return ranked_data(data)
        scales = {name: strategy.answer.get("scale") for name, strategy in spec.strategies.items()}
        numbers = {cell.id: self._columns[self._at[cell.id]].numbers() for cell in data.cells}
        return soft_data(data, soft_verdicts_of(data, numbers, scales))


def _judgments(ids: Sequence[str], column: Column, labels: LabelSet) -> JudgedChunk:
    """Rows of a counted cell: no calls and no tokens of their own."""
    scores = [(None, None)] * len(ids) if column.scores is None else _or_none(column.scores)
    assert column.abstained is not None, "only counted cells have rows made from columns"
    codes = column.codes.tolist()
    names = column.rankings or [labels.names[code] if code < len(labels.names) else None for code in codes]
    outcomes = [
        Outcome(name, None, *pair, abstained=abstained)
        if name is not None
        else Outcome(None, FAILURES[code - len(labels.names)])
        for code, name, pair, abstained in zip(codes, names, scores, column.abstained.tolist(), strict=True)
    ]
    return JudgedChunk.counted(ids, outcomes)


def _or_nan(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array(values, np.float64)  # None becomes NaN


def _or_none(scores: NDArray[np.float64]) -> list[tuple[float | None, float | None]]:
    return [(_number(a), _number(b)) for a, b in scores.tolist()]


def _number(value: float) -> float | None:
    return None if value != value else value
