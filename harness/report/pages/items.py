"""The most telling items of a run, with the conversations behind their verdicts, up to a stated size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from harness.evaluators.cell import asks
from harness.records.judgments import FAILURES, VERDICTS
from harness.report.items.index import RunIndex
from harness.report.items.reader import Items, open_items
from harness.report.items.records import ConversationRecord, ItemRecord, LoopRecord
from harness.report.items.telling import telling
from harness.report.items.texts import Texts
from harness.report.run_source import RunSource
from harness.report.shown_text import MOST_CHARACTERS
from harness.text import pluralized

MOST_CELLS = 5
"""Cells whose conversations an item shows, the best first."""
FAILED_EACH = 2
"""Items that are shown for each kind of failure, beside the most telling ones."""
MOST_TEXT = 3_000_000
"""Characters of all items; further items are left out."""


class Card(NamedTuple):
    """An item, or the loops of a generation on a prompt, with its place on the page.

    Attributes:
        name: of its anchor, such as `item-3`.
        title: its heading.
        remark: why it is telling.
        item: the item; None for a prompt.
        loops: of all systems on the prompt.
    """

    name: str
    title: str
    remark: str
    item: ItemRecord | None
    loops: Sequence[LoopRecord] = ()


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """The most telling items of a run.

    Attributes:
        source: the run.
        cards: the most telling first.
        left_out: telling items that are not shown.
        remark: which conversations are shown, "" where all are.
    """

    TEMPLATE: ClassVar[str] = "report_items.html"
    NAME: ClassVar[str] = "items"
    TITLE: ClassVar[str] = "Items"

    source: RunSource
    cards: Sequence[Card]
    left_out: int
    remark: str

    def anchors(self, prefix: str) -> dict[tuple[str, str, str], str]:
        """The anchor of each item by run, dataset and item.

        Args:
            prefix: of the anchors of the run.
        """
        return {
            (self.source.id, card.item.dataset, card.item.item): prefix + card.name
            for card in self.cards
            if card.item is not None
        }


class Wanted(NamedTuple):
    """An item that is to be shown, and why."""

    dataset: str
    item: str
    reasons: tuple[str, ...]


def items_page(source: RunSource, texts: Texts, most: int) -> ItemsPage:
    """The most telling items of a run.

    Args:
        source: the run.
        texts: where data and replies may be.
        most: items that are wanted.
    """
    items = open_items(source, texts)
    if source.kind == "generation":
        return _loops_page(source, items, most)
    index = RunIndex(source)
    found = telling(index, most)
    wanted = [Wanted(one.dataset, one.item, one.reasons) for one in found.items]
    if most:
        wanted += _failed(index, {(one.dataset, one.item) for one in wanted})
    cards: list[Card] = []
    room = MOST_TEXT
    for one in wanted:
        cells = _cells(source, one.dataset)
        record = items.item(one.dataset, one.item, cells)
        room -= _size(record)
        if room < 0 and cards:
            break
        cards.append(Card(f"item-{len(cards) + 1}", _title(source, record), "; ".join(one.reasons), record))
    return ItemsPage(source, cards, found.left_out + len(wanted) - len(cards), _remark(source))


def _title(source: RunSource, record: ItemRecord) -> str:
    return record.item if len(source.groups) == 1 else f"{record.dataset}: {record.item}"


def _remark(source: RunSource) -> str:
    most = max((len(rows) for _, rows in source.groups), default=0)
    if all(len(_cells(source, name)) == len(rows) for name, rows in source.groups):
        return ""
    return (
        f"Each item shows the verdicts of {pluralized(most, 'cell')} and the conversations of the best "
        f"{MOST_CELLS} that ask a model; harness view shows all."
    )


def _cells(source: RunSource, dataset: str) -> list[str]:
    """The cells of a dataset whose conversations are shown: the best of those that ask, or of all where none asks."""
    rows = next(rows for name, rows in source.groups if name == dataset)
    asking = {cell.id for cell in source.dataset(dataset).cells if asks(cell)}
    ids = [row["cell"] for row in rows]
    return ([one for one in ids if one in asking] or ids)[:MOST_CELLS]


def _failed(index: RunIndex, shown: set[tuple[str, str]]) -> Iterator[Wanted]:
    """Some items with each kind of failure, without those that are shown already."""
    for kind in FAILURES:
        count = 0
        for name in index.names:
            data = index.dataset(name)
            failed = (data.outcomes == data.labels.outcome_codes[kind]).any(axis=1)
            for at in np.flatnonzero(failed).tolist():
                item = str(data.ids[at])
                if count < FAILED_EACH and (name, item) not in shown:
                    shown.add((name, item))
                    count += 1
                    yield Wanted(name, item, (f"the reply to a cell is {kind}",))


def _size(record: ItemRecord) -> int:
    """Characters of an item with its conversations."""
    texts = [record.response_a, record.response_b, *(message.text for message in record.prompt or ())]
    return sum(map(_shown, texts)) + sum(map(_conversation_size, record.conversations))


def _shown(text: str | None) -> int:
    """Characters of a text that a page shows."""
    return min(len(text or ""), MOST_CHARACTERS)


def _conversation_size(record: ConversationRecord) -> int:
    own = sum(
        _shown(call.reply) + _shown(call.reasoning) + sum(_shown(one.text) for one in call.messages[call.shared :])
        for call in record.calls
    )
    return own + sum(map(_conversation_size, record.members))


def _loops_page(source: RunSource, items: Items, most: int) -> ItemsPage:
    """The prompts of a generation on which the systems fare most differently, with the loops of all systems."""
    order = _prompts_in_order(source)
    systems = source.manifest["systems"]
    cards: list[Card] = []
    room = MOST_TEXT
    for prompts, item in order[: min(most, len(order))]:
        loops = [items.loop(one["id"], item) for one in systems if one["prompts"] == prompts]
        room -= sum(_shown(draft.text) for loop in loops for draft in loop.drafts)
        if room < 0 and cards:
            break
        cards.append(Card(f"item-{len(cards) + 1}", item, pluralized(len(loops), "loop"), None, loops))
    return ItemsPage(source, cards, len(order) - len(cards), "")


def _prompts_in_order(source: RunSource) -> list[tuple[str, str]]:
    """Prompt set and prompt: those first that the verdicts on the systems split most evenly."""
    sets = {one["id"]: one["prompts"] for one in source.manifest["systems"]}
    matches = {one["name"]: sets[one["first"]] for one in source.manifest["matches"]}
    counts: dict[tuple[str, str], list[int]] = {}
    for data in source.judged.datasets:
        for item, outcomes in zip(data.ids(), data.outcomes.tolist(), strict=True):
            found = counts.setdefault((matches[data.name], item), [0, 0])
            found[0] += outcomes.count(0)
            found[1] += outcomes.count(len(VERDICTS) - 1)
    return sorted(counts, key=lambda key: -counts[key][0] * counts[key][1])
