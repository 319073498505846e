"""The pages of one run by their names in addresses: those of the report, and those that only the viewer has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from harness.api.experiment import board_tables
from harness.errors import InputError
from harness.leaderboard.tables import Column, Table
from harness.report.blocks import block_of
from harness.report.html import Page
from harness.report.items.filters import filters_from, find_items
from harness.report.items.records import ItemRecord
from harness.report.links import Links
from harness.report.pages.cells import cells_page
from harness.report.pages.differences import differences_page
from harness.report.pages.overview import overview_page
from harness.report.run_source import RunSource
from harness.viewer.addresses import item_address, run_address
from harness.viewer.opened import OpenedRun
from harness.viewer.pages import ALL_CELLS, CLIPPED, WHOLE, BoardView, ItemView, LoopView, items_page

Values: TypeAlias = Mapping[str, str]
Build: TypeAlias = "Callable[[OpenedRun, Links, Values], Page]"


class RunPage(NamedTuple):
    """A page of a run.

    Attributes:
        title: in the navigation, "" for a page that is not in it.
        build: makes it of the fields in its address.
        is_kept: whether it is kept once it is made.
    """

    title: str
    build: Build
    is_kept: bool = False


def items_view(opened: OpenedRun, links: Links, values: Values) -> Page:
    """The items of a run that match the fields of the form."""
    found = find_items(opened.index, filters_from(values), opened.items.search)
    return items_page(opened.key, opened.index, found)


def item_view(opened: OpenedRun, links: Links, values: Values) -> Page:
    """One item, with the conversation of one cell or of all."""
    dataset, item = _wanted(values, "dataset"), _wanted(values, "item")
    cell = values.get("cell", "")
    cells = opened.index.cells_of(dataset) if cell == ALL_CELLS else [cell] if cell else []
    record = opened.items.item(dataset, item, cells)
    key, is_whole = opened.key, values.get("whole") == "1"

    def address(item: str | None, **more: str) -> str:
        return "" if item is None else item_address(key, dataset, item, **more)

    here = {"cell": cell} if cell else {}
    match = next((one for one in opened.source.manifest.get("matches", ()) if one["name"] == dataset), None)
    systems = [] if match is None else [match["first"], match["second"]]
    return ItemView(
        record,
        [f"{address(item, cell=one.cell)}#conversations" for one in record.verdicts],
        run_address(key, "items", {"dataset": dataset, **here} if cell != ALL_CELLS else {"dataset": dataset}),
        address(record.previous, **here),
        address(record.next, **here),
        "" if cell == ALL_CELLS else f"{address(item, cell=ALL_CELLS)}#conversations",
        address(item, **here, whole="1") if _is_long(record) and not is_whole else "",
        [(name, run_address(key, "loop", {"system": name, "item": item})) for name in systems],
        WHOLE if is_whole else CLIPPED,
    )


def _is_long(record: ItemRecord) -> bool:
    """Whether a text of an item is longer than a page shows."""
    texts = [record.response_a, record.response_b, record.reference_answer]
    texts += [message.text for message in record.prompt or ()]
    calls = [call for one in record.conversations for each in (one, *one.members) for call in each.calls]
    texts += [text for call in calls for text in (call.reply, call.reasoning)]
    return any(len(text or "") > CLIPPED for text in texts)


def loop_view(opened: OpenedRun, links: Links, values: Values) -> Page:
    """The loop of a system on one prompt."""
    system, item = _wanted(values, "system"), _wanted(values, "item")
    is_whole = values.get("whole") == "1"
    whole = run_address(opened.key, "loop", {"system": system, "item": item, "whole": "1"})
    record = opened.items.loop(system, item, calls=True)
    is_long = any(len(draft.text) > CLIPPED for draft in record.drafts)
    back = run_address(opened.key, "items")
    return LoopView(record, back, whole if is_long and not is_whole else "", WHOLE if is_whole else CLIPPED)


def board_view(opened: OpenedRun, links: Links, values: Values) -> Page:
    """The leaderboard of a generation."""
    tables = board_tables(opened.source.board)
    blocks = [block_of(_named(table), [None] * len(table.rows), 0) for table in tables.tables]
    return BoardView(blocks, tables.notes)


def _named(table: Table) -> Table:
    """A table without columns that have no name: a screen reader would announce nothing."""
    kept = [at for at, column in enumerate(table.columns) if column.name or any(row[at] for row in table.rows)]
    columns = [table.columns[at] if table.columns[at].name else Column("note") for at in kept]
    return table._replace(columns=columns, rows=[[row[at] for at in kept] for row in table.rows])


def _wanted(values: Values, name: str) -> str:
    if not values.get(name):
        raise InputError(f"the address has no `{name}`")
    return values[name]


def _overview(opened: OpenedRun, links: Links, values: Values) -> Page:
    return overview_page(opened.source, links)


def _differences(opened: OpenedRun, links: Links, values: Values) -> Page:
    return differences_page(opened.source, links, values.get("vs") or None)


def _cells(opened: OpenedRun, links: Links, values: Values) -> Page:
    return cells_page(opened.source, links)


ITEM_PAGES: Mapping[str, RunPage] = {"items": RunPage("Items", items_view), "item": RunPage("", item_view)}
PAGES: Mapping[str, Mapping[str, RunPage]] = {
    "evaluation": {
        "overview": RunPage("Overview", _overview, is_kept=True),
        "differences": RunPage("Differences", _differences, is_kept=True),
        "cells": RunPage("Cells", _cells, is_kept=True),
        **ITEM_PAGES,
    },
    "generation": {
        "overview": RunPage("Win rates", board_view, is_kept=True),
        **ITEM_PAGES,
        "loop": RunPage("", loop_view),
    },
}
"""The pages of each kind of experiment, in the order of the navigation."""


def page_names(kind: str) -> Iterator[tuple[str, str]]:
    """The names and titles of the pages in the navigation of a run."""
    yield from ((name, page.title) for name, page in PAGES[kind].items() if page.title)


def compare_view(sources: Sequence[RunSource], links: Links) -> Page:
    """The comparison of two runs.

    Raises:
        InputError: where they are not two.
    """
    raise InputError("the viewer does not compare runs yet", hint="`harness compare RUN RUN` does")
