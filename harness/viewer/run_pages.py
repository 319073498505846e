"""The pages of one run by their names in addresses: those of the report, and those that only the viewer has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from harness.errors import InputError
from harness.report.html import Page
from harness.report.items.filters import filters_from, find_items
from harness.report.items.records import ItemRecord
from harness.report.links import Links
from harness.report.pages import evaluation, generation
from harness.report.pages.compare import compare_page
from harness.report.pages.evaluation import evaluation_page
from harness.report.pages.generation import generation_page
from harness.report.run_source import RunSource
from harness.viewer.addresses import item_address, run_address
from harness.viewer.opened import OpenedRun
from harness.viewer.pages import ALL_CELLS, CLIPPED, WHOLE, ItemView, LoopView, items_page

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
    found = find_items(opened.index, filters_from(values, opened.index.labels), opened.items.search)
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


def _wanted(values: Values, name: str) -> str:
    if not values.get(name):
        raise InputError(f"the address has no `{name}`")
    return values[name]


def _of_evaluation(name: str) -> Build:
    return lambda opened, links, values: evaluation_page(
        name, opened.source, links, values.get("vs") or None, values.get("by") or None
    )


def _of_generation(name: str) -> Build:
    return lambda opened, links, values: generation_page(name, opened.source, links)


ITEM_PAGES: Mapping[str, RunPage] = {"items": RunPage("Items", items_view), "item": RunPage("", item_view)}
PAGES: Mapping[str, Mapping[str, RunPage]] = {
    "evaluation": {
        **{name: RunPage(title, _of_evaluation(name), is_kept=True) for name, title in evaluation.PAGES.items()},
        **ITEM_PAGES,
    },
    "rankings": {
        **{
            name: RunPage(title, _of_evaluation(name), is_kept=True)
            for name, title in evaluation.PAGES_OF_RANKINGS.items()
        },
        **ITEM_PAGES,
    },
    "generation": {
        **{name: RunPage(title, _of_generation(name), is_kept=True) for name, title in generation.PAGES.items()},
        **ITEM_PAGES,
        "loop": RunPage("", loop_view),
    },
}
"""The pages of each kind of experiment, in the order of the navigation; `rankings` are evaluations."""


def page_names(kind: str) -> Iterator[tuple[str, str]]:
    """The names and titles of the pages in the navigation of a run."""
    yield from ((name, page.title) for name, page in PAGES[kind].items() if page.title)


def compare_view(sources: Sequence[RunSource], links: Links) -> Page:
    """The comparison of some runs.

    Raises:
        InputError: where there are fewer than two, or they cannot be compared.
    """
    if len(sources) < 2:
        raise InputError("a comparison needs two runs", hint="mark them in the list of runs")
    return compare_page(sources, links)
