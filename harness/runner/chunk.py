"""A part of a plan, as it is given to those who make its conversations: also to workers, which need nothing else of it.

It has a file of its own so that a worker starts without what reads data, which takes most of the time of a start.
"""

from __future__ import annotations

from typing import NamedTuple

from harness.records.experiment import Cell


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
