"""The pages that only the viewer has: the list of runs, items with filters, one item, one loop, an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from harness.records.label_set import LabelSet
from harness.report.items.filters import NO_LABEL, SHOWS, SORTS, Filters, ItemPage
from harness.report.items.index import RunIndex
from harness.report.items.records import ItemRecord, LoopRecord
from harness.viewer.addresses import item_address, run_address
from harness.viewer.roots import RunKey

CLIPPED = 20_000
"""Characters of a text that a page shows unless all are asked for."""
WHOLE = 2**40
LONGEST_OPTION = 60
"""Characters of a choice in a form."""
ALL_CELLS = "*"
"""The value of `cell` for the conversations of all cells."""
SHOW_WORDS = {
    "all": "all",
    "disagree": "cells disagree",
    "wrong": "wrong",
    "right": "right",
    "flips": "order decides",
    "failed": "failed",
}
SORT_WORDS = {"data": "as in the data", "telling": "most telling first"}


class RunRow(NamedTuple):
    """A run in the list of runs.

    Attributes:
        key: its key as text.
        href: its first page.
        spec: name of its spec.
        run: its id.
        kind: of the experiment.
        cells: how many.
        judgments: how many.
        best: the first row of its leaderboard, "" without one.
        value: its figure, "" without one.
    """

    key: str
    href: str
    spec: str
    run: str
    kind: str
    cells: int
    judgments: int
    best: str
    value: str


@dataclass(frozen=True, slots=True)
class RunsPage:
    """The list of runs.

    Attributes:
        rows: one for each run.
        damaged: folders that cannot be read, with the reason.
        compare: where the form leads.
    """

    TEMPLATE: ClassVar[str] = "runs.html"
    NAME: ClassVar[str] = "runs"
    TITLE: ClassVar[str] = "Runs"

    rows: Sequence[RunRow]
    damaged: Sequence[str]
    compare: str


class Option(NamedTuple):
    """A choice of a select field."""

    value: str
    text: str


class Select(NamedTuple):
    """A select field of the filter form."""

    name: str
    label: str
    value: str
    options: Sequence[Option]


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """The items of a run that match filters, one page of them.

    Attributes:
        found: the items.
        selects: the fields of the form.
        hrefs: of the items.
        action: where the form leads.
        previous: address of the page before, "" for none.
        next: address of the page after it, "" for none.
        has_orders: whether a cell shows the responses in both orders.
        labels: that judgments can have.
    """

    TEMPLATE: ClassVar[str] = "items.html"
    NAME: ClassVar[str] = "items"
    TITLE: ClassVar[str] = "Items"

    found: ItemPage
    selects: Sequence[Select]
    hrefs: Sequence[str]
    action: str
    previous: str
    next: str
    has_orders: bool
    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item.

    Attributes:
        item: the record.
        hrefs: the address of each verdict's conversation.
        back: address of the list.
        previous: address of the item before, "" for none.
        next: address of the item after it, "" for none.
        every: address of the conversations of all cells, "" where they are shown.
        whole: address with texts in full, "" where they are.
        loops: of a generation, the systems and the addresses of their loops.
        most: characters of a text that are shown.
    """

    TEMPLATE: ClassVar[str] = "item.html"
    NAME: ClassVar[str] = "item"
    TITLE: ClassVar[str] = "Item"

    item: ItemRecord
    hrefs: Sequence[str]
    back: str
    previous: str
    next: str
    every: str
    whole: str
    loops: Sequence[tuple[str, str]]
    most: int


@dataclass(frozen=True, slots=True)
class LoopView:
    """One loop of a generation.

    Attributes:
        loop: the record.
        back: address of the list of items.
        whole: address with texts in full, "" where they are.
        most: characters of a text that are shown.
    """

    TEMPLATE: ClassVar[str] = "loop.html"
    NAME: ClassVar[str] = "loop"
    TITLE: ClassVar[str] = "Loop"

    loop: LoopRecord
    back: str
    whole: str
    most: int


@dataclass(frozen=True, slots=True)
class FaultPage:
    """An error."""

    TEMPLATE: ClassVar[str] = "fault.html"
    NAME: ClassVar[str] = "error"
    TITLE: ClassVar[str] = "Error"

    heading: str
    lines: Sequence[str]
    home: str


def items_page(key: RunKey, index: RunIndex, found: ItemPage) -> ItemsPage:
    """The list of items with its form.

    Args:
        key: of the run.
        index: its outcomes.
        found: the items that match.
    """
    filters = found.filters
    values = filters.without_page()
    cell = {"cell": filters.cell} if filters.cell else {}
    hrefs = [item_address(key, filters.dataset, line.item, **cell) for line in found.lines]

    def page(number: int) -> str:
        return run_address(key, "items", {**values, "page": str(number)})

    return ItemsPage(
        found,
        list(_selects(index, filters)),
        hrefs,
        run_address(key, "items"),
        page(filters.page - 1) if filters.page > 1 else "",
        page(filters.page + 1) if filters.page < found.pages else "",
        any(one["order"] == "both" for one in index.dataset(filters.dataset).cells),
        index.labels.names,
    )


def _selects(index: RunIndex, filters: Filters) -> list[Select]:
    data = index.dataset(filters.dataset)
    cells = [(one["id"], one["id"].removeprefix(f"{data.name}/")) for one in data.cells]
    judgment = "verdict or failure" if index.labels.is_pair else "judgment"
    fields = [
        ("dataset", "dataset", [(name, name) for name in index.names] if len(index.names) > 1 else []),
        ("cell", "cell", [("", "any"), *cells]),
        (
            "outcome",
            judgment,
            [("", "any"), *((name, name) for name in index.labels.outcomes)],
        ),
        ("label", "label", [("", "any"), *((name, name) for name in (*index.labels.names, NO_LABEL))]),
        ("category", "category", [("", "any"), *((name, name) for name in data.categories)] if data.categories else []),
        ("show", "show", [(name, SHOW_WORDS[name]) for name in SHOWS if name not in _senseless(index.labels)]),
        ("sort", "order", [(name, SORT_WORDS[name]) for name in SORTS]),
    ]
    return [
        Select(name, label, getattr(filters, name), [Option(value, _short(text)) for value, text in options])
        for name, label, options in fields
        if options
    ]


def _senseless(labels: LabelSet) -> tuple[str, ...]:
    """The filters that select nothing or everything: numbers are neither right nor wrong, one response has no order."""
    if labels.is_number:
        return "wrong", "right", "flips"
    return ("flips",) if labels.is_single else ()


def _short(text: str) -> str:
    """The text of an option, whose longest one sets the width of its field."""
    return text if len(text) <= LONGEST_OPTION else f"{text[:LONGEST_OPTION]}…"
