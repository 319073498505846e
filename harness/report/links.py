"""Addresses of pages: anchors in the report file, and an interface for those of the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from harness.report.run_source import RunSource


class Links(Protocol):
    """Where a page about a run is. None where there is no such page: the template then writes plain text."""

    def page(self, source: RunSource, name: str) -> str | None:
        """A page of a run by the name of its section, such as `overview` or `items`."""
        ...

    def cell(self, source: RunSource, cell: str) -> str | None:
        """A cell of a run."""
        ...

    def item(self, source: RunSource, dataset: str, item: str) -> str | None:
        """An item of a run."""
        ...

    def slices(self, source: RunSource, column: str) -> str | None:
        """The slices by a column."""
        ...

    def items(self, source: RunSource, filters: Mapping[str, str]) -> str | None:
        """The items of a run that match filters, such as `{"cell": ..., "verdict": ...}`."""
        ...


class Anchors:
    """Anchors in one report file. They consist of positions; ids of cells and items never stand in an attribute.

    Args:
        items: the items that the report shows: their anchors by run id, dataset and item id.
        runs: ids of the runs, in their order.
    """

    def __init__(self, runs: tuple[str, ...] = (), items: Mapping[tuple[str, str, str], str] | None = None) -> None:
        self._runs, self._items = runs, items or {}

    def prefix(self, source: RunSource) -> str:
        """What the anchors of a run begin with: nothing in the report of one run."""
        return f"run-{self._runs.index(source.id) + 1}-" if len(self._runs) > 1 else ""

    def page(self, source: RunSource, name: str) -> str | None:
        """As `Links.page`."""
        return f"#{self.prefix(source)}{name}"

    def cell(self, source: RunSource, cell: str) -> str | None:
        """As `Links.cell`."""
        if source.kind != "evaluation" or cell not in source.best_cells:
            return None
        return f"#{self.prefix(source)}cell-{source.places[cell] + 1}"

    def item(self, source: RunSource, dataset: str, item: str) -> str | None:
        """As `Links.item`."""
        found = self._items.get((source.id, dataset, item))
        return None if found is None else f"#{found}"

    def slices(self, source: RunSource, column: str) -> str | None:
        """As `Links.slices`: a file shows those by some columns, one after the other."""
        return None

    def items(self, source: RunSource, filters: Mapping[str, str]) -> str | None:
        """As `Links.items`: a file cannot filter."""
        return None
