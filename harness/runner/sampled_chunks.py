"""The conversations of a plan that an estimate counts: all of a small plan, a part of each cell of a large one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from harness.runner.chunk import Chunk
    from harness.runner.plan import Plan

MOST_COUNTED = 20_000
"""Conversations up to which an estimate counts all: about two seconds."""
WANTED = 10_000
"""Conversations of a larger plan that are counted, over all cells."""
LEAST_OF_A_CELL = 64
"""Conversations of a cell that are counted at least."""
NEIGHBOURS = 16
"""Items in a row that are read together; one by one they would take several times as long."""


class ChunkGroup(NamedTuple):
    """Chunks of some cells that are counted.

    Attributes:
        chunks: them, each with a number of its own: in canonical order, or, of a large plan, by their first item.
        weight: how many conversations of its cell each conversation stands for.
    """

    chunks: Sequence[Chunk]
    weight: float


def chunk_groups(plan: Plan, *, whole: bool = False) -> list[ChunkGroup]:
    """What is counted of the cells that ask: one group, or in a large plan one for each weight.

    In a large plan these are groups of neighbouring items that are spread evenly over each cell, the same items for all
    cells of a dataset: calls that cells share are found, and a run that was stopped is met with the share that it has
    reached.

    Args:
        plan: the plan.
        whole: whether all conversations are counted, however many there are.
    """
    if whole or plan.conversation_count <= MOST_COUNTED:
        return [ChunkGroup(list(plan.chunks()), 1.0)]
    from harness.evaluators.cell import asks
    from harness.runner.chunk import Chunk

    wanted = max(LEAST_OF_A_CELL, WANTED // sum(map(asks, plan.cells)))
    groups: dict[float, list[Chunk]] = {}
    number = 0
    for column, cell in enumerate(plan.cells):
        items = len(plan.datasets[cell.dataset]) if asks(cell) else 0
        spans = list(_spread(items, wanted)) if items else []
        counted = sum(stop - start for start, stop in spans)
        for start, stop in spans:
            groups.setdefault(items / counted, []).append(Chunk(number, column, cell, start, stop))
            number += 1
    # All cells of the same items one after the other, since the texts of a large dataset are read block by block.
    return [ChunkGroup(sorted(chunks, key=lambda one: one.start), weight) for weight, chunks in groups.items()]


def _spread(items: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Spans of neighbouring items that hold about `wanted` in all, spread evenly over all items."""
    spans = -(-wanted // NEIGHBOURS)
    if spans * NEIGHBOURS >= items:
        yield 0, items
        return
    for at in range(spans):
        start = at * (items - NEIGHBOURS) // max(1, spans - 1)
        yield start, start + NEIGHBOURS
