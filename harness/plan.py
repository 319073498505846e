"""Spec → Plan: the cells over the data that they judge, and the conversations that they will hold.

A plan is pure: it reads no cache and asks nobody. A million item-cells cost it nothing until they are asked for,
since items and conversations are made chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from harness import plugs
from harness.dataset import read_dataset
from harness.digest import digest_of
from harness.errors import DatasetError, HarnessError, Problem
from harness.flow import Conversation
from harness.records import Cell, Dataset, Item, Outcome, Spec
from harness.spec import spec_digest
from harness.strategy import Questions, compile_strategy

CHUNK = 512
"""Conversations that are looked up together; large enough to spread the cost of a query, small in memory."""


class Chunk(NamedTuple):
    """Some neighbouring items of one cell.

    Attributes:
        number: position in the canonical order of all chunks of the plan.
        column: position of the cell in the plan.
        cell: the cell.
        start: first item.
        stop: the item after the last one.
    """

    number: int
    column: int
    cell: Cell
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will judge, in canonical order: cell by cell, and within a cell item by item.

    Attributes:
        spec: the experiment.
        datasets: those that the cells use, read and checked.
        questions: the compiled strategies, by name.
    """

    spec: Spec
    datasets: Mapping[str, Dataset]
    questions: Mapping[str, Questions] = field(repr=False)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The matrix, in canonical order."""
        return self.spec.cells

    @property
    def size(self) -> int:
        """How many judgments the run will hold."""
        return sum(len(self.datasets[cell.dataset]) for cell in self.cells)

    @property
    def digest(self) -> str:
        """Digest of the spec and the data: what is judged, whatever the replies will be."""
        data = {name: dataset.digest for name, dataset in self.datasets.items()}
        return digest_of({"spec": spec_digest(self.spec), "datasets": data})

    def chunks(self) -> Iterator[Chunk]:
        """All chunks in canonical order."""
        number = 0
        for column, cell in enumerate(self.cells):
            length = len(self.datasets[cell.dataset])
            for start in range(0, length, CHUNK):
                yield Chunk(number, column, cell, start, min(start + CHUNK, length))
                number += 1

    def conversations(self, chunk: Chunk) -> Iterator[tuple[Item, Conversation[Outcome]]]:
        """The items of a chunk, each with a fresh conversation about it."""
        cell = chunk.cell
        converse = plugs.find("modes", cell.mode).converse
        questions = self.questions[cell.strategy]
        for item in self.datasets[cell.dataset].items(chunk.start, chunk.stop):
            yield item, converse(item, cell, questions, self.spec.models)


def make_plan(spec: Spec) -> Plan:
    """Read the data that the cells use and compile the strategies.

    Raises:
        DatasetError: with the problems of all datasets at once.
    """
    problems: list[Problem] = []
    datasets: dict[str, Dataset] = {}
    for name in dict.fromkeys(cell.dataset for cell in spec.cells):
        try:
            datasets[name] = read_dataset(spec.datasets[name], seed=spec.seed)
        except HarnessError as error:
            problems.extend(error.problems)
    if problems:
        raise DatasetError(problems)
    used = dict.fromkeys(cell.strategy for cell in spec.cells)
    questions = {name: compile_strategy(spec.strategies[name]) for name in used}
    return Plan(spec, datasets, questions)
