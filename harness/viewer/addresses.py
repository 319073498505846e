"""The addresses of the viewer: every state of a page is one, so that it can be bookmarked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from harness.report.run_source import RunSource
from harness.viewer.roots import RunKey

HOME = "/"
COMPARE = "/compare"


class Addresses:
    """Where the pages are. A `harness.report.links.Links`."""

    def page(self, source: RunSource, name: str) -> str | None:
        """As `Links.page`."""
        return run_address(RunKey.of(source.folder), "" if name == "overview" else name)

    def cell(self, source: RunSource, cell: str) -> str | None:
        """As `Links.cell`: its place on the page of the cells."""
        at = source.places.get(cell) if source.kind == "evaluation" else None
        return None if at is None else f"{run_address(RunKey.of(source.folder), 'cells')}#cell-{at + 1}"

    def item(self, source: RunSource, dataset: str, item: str) -> str | None:
        """As `Links.item`."""
        return item_address(RunKey.of(source.folder), dataset, item)

    def slices(self, source: RunSource, column: str) -> str | None:
        """As `Links.slices`."""
        return run_address(RunKey.of(source.folder), "slices", {"by": column})

    def items(self, source: RunSource, filters: Mapping[str, str]) -> str | None:
        """As `Links.items`."""
        return run_address(RunKey.of(source.folder), "items", filters)


def run_address(key: RunKey, name: str = "", values: Mapping[str, str] | None = None) -> str:
    """The address of a page of a run.

    Args:
        key: of the run.
        name: of the page, "" for the first one.
        values: of its form.
    """
    return f"/runs/{quote(key.spec, safe='')}/{quote(key.run, safe='')}/{name}{_query(values or {})}"


def item_address(key: RunKey, dataset: str, item: str, **values: str) -> str:
    """The address of an item."""
    return run_address(key, "item", {"dataset": dataset, "item": item, **values})


def compare_address(keys: Sequence[RunKey]) -> str:
    """The address of the comparison of some runs."""
    return f"{COMPARE}?{urlencode([('run', key.text) for key in keys])}"


def _query(values: Mapping[str, str]) -> str:
    return f"?{urlencode(values)}" if values else ""
