"""Open the items of a run: texts from the data, judgments from the run folder, conversations from the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.cache.cache import Cache
from harness.cache.joined import opened_cache
from harness.data.dataset import FrameDataset
from harness.errors import InputError
from harness.generation.plan import LoopPlan
from harness.records.datasets import LENGTHS, OPINION
from harness.report.items.loops import loop_record
from harness.report.items.rankings import people_ranking
from harness.report.items.records import ConversationRecord, ItemRecord, LoopRecord
from harness.report.items.replays import Replays
from harness.report.items.run_rows import (
    ItemRow,
    JudgmentKeys,
    RunFiles,
    draft_rows,
    drafts_with,
    judgment_rows,
    messages_of,
    prompt_of,
    verdict_record,
)
from harness.report.items.texts import FoundPlan, Texts, find_plan
from harness.runner.plan import Plan
from harness.text import quoted

NO_DATA = "the texts are not there: {reason}"


class Items:
    """The items of a run.

    Args:
        source: the run folder, opened.
        texts: where data and replies may be.
    """

    def __init__(self, source: RunFiles, texts: Texts) -> None:
        self._source, self._texts = source, texts
        self._cells: dict[str, dict[str, Any]] = {entry["id"]: entry for entry in source.manifest["cells"]}

    @cached_property
    def found(self) -> FoundPlan:
        """The plan of the run over its data, which is read when it is first needed."""
        return find_plan(self._source.spec, self._source.manifest, self._texts)

    @property
    def plan(self) -> Plan | LoopPlan | None:
        """The plan, None where the data were not found."""
        return self.found.plan

    def item(self, dataset: str, item: str, conversations: Sequence[str] = ()) -> ItemRecord:
        """An item with the judgments of all cells.

        Args:
            dataset: the name that the spec gives it; of a generation, the name of a match.
            item: id.
            conversations: ids of the cells whose conversations are wanted.

        Raises:
            InputError: where there is no such item or cell.
            RunFolderError: where a file of the run is missing or damaged.
        """
        here = [entry for entry in self._cells.values() if entry["dataset"] == dataset]
        if not here:
            raise InputError(f"this run has no dataset {quoted(dataset)}")
        place = ItemRow(self._source.folder, dataset, item)
        row = place.row
        reference = people_ranking(row.get(OPINION)) if LENGTHS in row else row["reference"]
        judged = judgment_rows(self._source.folder, item, [one["id"] for one in here])
        record = ItemRecord(
            dataset,
            item,
            place.at + 1,
            place.items,
            place.previous,
            place.next,
            None,
            None,
            None,
            None,
            row["model_a"],
            row["model_b"],
            reference,
            tuple(zip(self._annotators(dataset), row["labels"], strict=False)),
            row["category"],
            row["cluster"],
            verdicts=tuple(
                verdict_record(entry, judged[entry["id"]], reference) for entry in here if entry["id"] in judged
            ),
        )
        record = self._with_texts(record, place.at, row.get(OPINION))
        if not conversations:
            return record
        with self._cache() as cache:
            replays = Replays(self.found, cache, JudgmentKeys(self._source, item, place.at))
            asked = tuple(self._conversation(replays, cell, place.at, judged) for cell in conversations)
        return replace(record, conversations=asked)

    def conversation(self, dataset: str, item: str, cell: str) -> ConversationRecord:
        """The conversation of a cell about an item.

        Raises:
            InputError: where there is no such item or cell.
        """
        (found,) = self.item(dataset, item, [cell]).conversations
        return found

    def loop(self, system: str, item: str, *, calls: bool = False) -> LoopRecord:
        """The loop of a system of a generation on one prompt; every text of it is in the run folder.

        Args:
            system: id of the system.
            item: id of the prompt.
            calls: whether to add the conversation.

        Raises:
            InputError: where there is no such system or prompt.
        """
        known = {entry["id"]: entry for entry in self._source.manifest.get("systems", ())}
        rows = draft_rows(self._source.folder, system, item) if system in known else []
        if not rows:
            raise InputError(f"this run has no loop of {quoted(system)} on {quoted(item)}")
        prompt = prompt_of(self._source.folder, known[system]["prompts"], item)
        record = loop_record(rows, prompt)
        if not calls:
            return record
        with self._cache() as cache:
            return replace(record, conversation=Replays(self.found, cache).loop(system, item))

    def search(self, dataset: str, text: str) -> NDArray[np.bool_] | None:
        """Whether each item of a dataset has a text in its prompt or in a response; None where these are not there."""
        match = self._match(dataset)
        if match is not None:
            systems = {entry["id"]: entry["prompts"] for entry in self._source.manifest["systems"]}
            return drafts_with(self._source.folder, match, systems[match["first"]], text)
        plan = self.plan
        found = plan.datasets.get(dataset) if isinstance(plan, Plan) else None
        return found.has_text(text) if isinstance(found, FrameDataset) else None

    def _annotators(self, dataset: str) -> Sequence[str]:
        names: Sequence[str] = self._source.manifest["datasets"][dataset]["annotators"]
        return names

    def _with_texts(self, record: ItemRecord, at: int, opinion: Sequence[float] | None) -> ItemRecord:
        """The record with its texts: of a match from the run folder, of anything else from the data."""
        match = self._match(record.dataset)
        if match is not None:
            return self._with_drafts(record, match)
        plan = self.plan
        if not isinstance(plan, Plan):
            return replace(record, missing=NO_DATA.format(reason=self.found.missing))
        found_labels = plan.datasets[record.dataset].label_set
        (item,) = plan.datasets[record.dataset].items(at, at + 1)
        if item.responses:
            scores: Sequence[float | None] = [None] * len(item.responses) if opinion is None else opinion
            responses = tuple(zip(item.responses, scores, strict=False))
            record = replace(record, prompt=messages_of(item.prompt), responses=responses)
            return replace(record, reference_answer=item.reference)
        return replace(
            record,
            prompt=messages_of(item.prompt),
            response_a=item.response_a,
            response_b=item.response_b if found_labels.is_pair else None,
            is_single=found_labels.is_single,
            reference_answer=item.reference,
        )

    def _match(self, dataset: str) -> Mapping[str, Any] | None:
        matches = self._source.manifest.get("matches", ())
        return next((match for match in matches if match["name"] == dataset), None)

    def _with_drafts(self, record: ItemRecord, match: Mapping[str, Any]) -> ItemRecord:
        """The record of a match: the prompt and the drafts that both systems picked."""
        folder = self._source.folder
        systems = {entry["id"]: entry for entry in self._source.manifest["systems"]}
        picks: list[str | None] = []
        for side in ("first", "second"):
            drafts = draft_rows(folder, match[side], record.item)
            picks.append(next((row["text"] for row in drafts if row["is_picked"]), None))
        prompt = prompt_of(folder, systems[match["first"]]["prompts"], record.item)
        return replace(record, prompt=prompt, response_a=picks[0], response_b=picks[1])

    def _conversation(
        self, replays: Replays, cell: str, at: int, judged: Mapping[str, Mapping[str, Any]]
    ) -> ConversationRecord:
        if cell not in self._cells or cell not in judged:
            raise InputError(f"this run has no cell {quoted(cell)} for this item")
        return replays.conversation(self._cells[cell], at, judged)

    def _cache(self) -> Cache:
        """The cache, opened for the thread that asks; one that is not there is empty."""
        first = self._texts.cache if self._texts.cache is not None else self._source.folder / "no-cache"
        return opened_cache((first, *self._texts.more_caches))


def open_items(source: RunFiles, texts: Texts | None = None) -> Items:
    """Open the items of a run.

    Args:
        source: the run folder, opened.
        texts: where data and replies may be; nowhere by default, and every record then says what is missing.
    """
    return Items(source, texts or Texts())
