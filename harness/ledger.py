"""Judgments as columns: what scoring needs of them, one byte for each."""

from __future__ import annotations

import numpy as np

from harness.plan import Plan
from harness.records import OUTCOMES
from harness.run import Part
from harness.score import DatasetScores, score_dataset

_CODES: dict[str | None, int] = {outcome: code for code, outcome in enumerate(OUTCOMES)}


class Ledger:
    """Collects judgments as they come, and scores them when all are there.

    Args:
        plan: what is judged.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._outcomes = [np.zeros(len(plan.datasets[cell.dataset]), np.int8) for cell in plan.cells]
        self._usage = [(0, 0, 0)] * len(plan.cells)

    def add(self, part: Part) -> None:
        """Take the judgments of a chunk."""
        chunk, judgments = part
        codes = [_CODES[judgment.outcome.verdict or judgment.outcome.failure] for judgment in judgments]
        self._outcomes[chunk.column][chunk.start : chunk.stop] = codes
        prompt, completion, calls = self._usage[chunk.column]
        for judgment in judgments:
            prompt += judgment.prompt_tokens
            completion += judgment.completion_tokens
            calls += len(judgment.keys)
        self._usage[chunk.column] = prompt, completion, calls

    @property
    def calls(self) -> int:
        """Calls whose replies the judgments rest on; one that several judgments share counts for each."""
        return sum(calls for _, _, calls in self._usage)

    def scores(self) -> list[DatasetScores]:
        """The scores of the cells, dataset by dataset in the order of the spec."""
        spec = self._plan.spec
        scored = []
        for name, dataset in self._plan.datasets.items():
            columns = [column for column, cell in enumerate(spec.cells) if cell.dataset == name]
            scored.append(
                score_dataset(
                    [spec.cells[column] for column in columns],
                    dataset,
                    np.column_stack([self._outcomes[column] for column in columns]),
                    spec.score,
                    spec.seed,
                    [self._usage[column] for column in columns],
                )
            )
        return scored
