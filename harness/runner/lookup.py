"""Find a cell or an item by its name, or suggest similar names."""

from __future__ import annotations

from itertools import islice

from harness.errors import InputError
from harness.records.experiment import Cell
from harness.runner.plan import Plan
from harness.text import printable, quoted, suggestion

MAX_COMPARED = 20_000
"""Item ids that are searched for a similar one; more take seconds."""
MAX_NAMED = 8
"""Cells, or items, that a message names."""


def find_cell(plan: Plan, wanted: str) -> Cell:
    """The cell with an id, or with a part of one that no other cell has.

    An id that ends so is preferred, then one that has it as whole parts between slashes, then one that has it at all.

    Raises:
        InputError: where there is no such cell, or more than one.
    """
    ids = [cell.id for cell in plan.cells]
    if wanted in ids:
        return plan.cells[ids.index(wanted)]
    found = [at for at, one in enumerate(ids) if one.endswith(f"/{wanted}")]
    found = found or [at for at, one in enumerate(ids) if f"/{wanted}/" in f"/{one}/"]
    found = found or [at for at, one in enumerate(ids) if wanted in one]
    if len(found) == 1:
        return plan.cells[found[0]]
    if not found:
        hint = suggestion(wanted, ids, most=MAX_NAMED, cutoff=0.5) or f"`harness explain` lists the {len(ids)} cells"
        raise InputError(f"there is no cell {quoted(wanted)}", hint=hint)
    more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    named = ", ".join(f"`{printable(ids[at])}`" for at in found[:MAX_NAMED])
    raise InputError(f"{quoted(wanted)} is a part of {len(found)} cells: {named}{more}", hint="write more of the id")


def find_item(plan: Plan, cell: Cell, wanted: str | None) -> int:
    """The row of an item of the cell's dataset; the first one for None.

    Raises:
        InputError: where there is no such item.
    """
    ids = plan.datasets[cell.dataset].ids()
    if wanted is None:
        return 0
    if wanted not in ids:
        near = suggestion(wanted, islice(ids, MAX_COMPARED), most=MAX_NAMED)
        hint = near or f"it has {len(ids)} items, the first is {quoted(ids[0])}"
        raise InputError(f"there is no item {quoted(wanted)} in {cell.dataset}", hint=hint)
    return list(ids).index(wanted)
