"""The conversation of a cell or a loop: replayed over the data where they are there, else by its cache keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.cache.cache import Cache
from harness.errors import HarnessError
from harness.evaluators.cell import asks
from harness.evaluators.mode import members_of
from harness.generation.explain import explained_match, followed_loop
from harness.generation.plan import LoopPlan
from harness.prompting.strategy import Questions
from harness.records.experiment import Cell
from harness.report.items.conversation import calls_by_key, replayed_calls, voices_of
from harness.report.items.reading import Reader, ReadTexts
from harness.report.items.records import ConversationRecord
from harness.report.items.run_rows import JudgmentKeys, evaluator_of, shown_outcome
from harness.report.items.texts import FoundPlan
from harness.runner.explain import Counted, ReplayedConversation, follow
from harness.runner.plan import Plan

NO_REPLIES = "the cache does not hold the replies of this conversation"
SOME_REPLIES = "the cache holds only some of the replies of this conversation"
NO_CALLS = "no calls: the two responses are the same, or one of them is missing"
OTHER_CALLS = "the calls that this version of the harness makes are not those of the run"


class Replays:
    """The conversations of a run.

    Args:
        found: the plan of the run.
        cache: the replies, open in this thread.
        keys: the cache keys of the judgments of the item; None for loops, which need none.
    """

    def __init__(self, found: FoundPlan, cache: Cache, keys: JudgmentKeys | None = None) -> None:
        self._found, self._cache, self._keys = found, cache, keys
        self._readers: dict[str, Reader] = {}

    def conversation(
        self, entry: Mapping[str, Any], at: int, judged: Mapping[str, Mapping[str, Any]]
    ) -> ConversationRecord:
        """The conversation of a cell.

        Args:
            entry: of the cell in the manifest.
            at: position of the item in its dataset.
            judged: the judgments of the item, by cell.
        """
        row = judged.get(entry["id"])
        record = _record(entry, row)
        plan = self._found.plan
        try:
            if plan is not None:
                cell = next((one for one in plan.cells if one.id == entry["id"]), None)
                if cell is not None:
                    return self._replayed(record, plan, cell, at, judged)
            return self._by_key(record, row, self._found.missing)
        except HarnessError as error:
            return replace(record, missing=str(error.problems[0]))

    def loop(self, system: str, item: str) -> ConversationRecord:
        """Every call of the loop of a system on one prompt, its tournament included."""
        record = ConversationRecord(system, system.rpartition("/")[2], None)
        plan = self._found.plan
        if not isinstance(plan, LoopPlan):
            return replace(record, missing=self._found.missing)
        try:
            one = plan.system(system)
            at = list(plan.prompts[one.prompts].ids()).index(item)
            read, reader, chosen = ReadTexts(), None, plan.spec.selection.cell
            if chosen is not None and plan.context.questions is not None:
                reader = self._reader(plan, chosen.strategy)
                plan = replace(plan, context=replace(plan.context, questions=read.watching(plan.context.questions)))
            found, ended = followed_loop(plan, one, at, self._cache)
            batches = replayed_calls(found.batches, voices_of(None, read, reader))
        except (HarnessError, ValueError) as error:
            reason = str(error.problems[0]) if isinstance(error, HarnessError) else NO_REPLIES
            return replace(record, missing=reason)
        return replace(record, batches=batches, missing="" if ended is not None else _missing(batches))

    def _replayed(
        self,
        record: ConversationRecord,
        plan: Plan | LoopPlan,
        cell: Cell,
        at: int,
        judged: Mapping[str, Mapping[str, Any]],
    ) -> ConversationRecord:
        if not asks(cell):
            return replace(record, members=tuple(self._members(plan, cell, at, judged)))
        read = ReadTexts()
        found = self._followed(plan, cell, at, read)
        voices = voices_of(cell, read, self._reader(plan, cell.strategy))
        batches = replayed_calls(found.batches, voices)
        row = judged.get(cell.id)
        keys = tuple(call.key for batch in batches for call in batch if call.reply is not None)
        if row is not None and found.outcome is not None and keys != tuple(self._keys_of(cell.id)):
            return self._by_key(record, row, OTHER_CALLS)
        if not batches and row is not None:
            return replace(record, missing=NO_CALLS)
        return replace(record, batches=batches, missing="" if found.outcome is not None else _missing(batches))

    def _reader(self, plan: Plan | LoopPlan, strategy: str) -> Reader:
        if strategy not in self._readers:
            self._readers[strategy] = Reader(plan.spec.strategies[strategy])
        return self._readers[strategy]

    def _followed(self, plan: Plan | LoopPlan, cell: Cell, at: int, read: ReadTexts) -> ReplayedConversation:
        questions: Mapping[str, Questions] = {
            **plan.questions,
            cell.strategy: read.watching(plan.questions[cell.strategy]),
        }
        plan = replace(plan, questions=questions)
        if isinstance(plan, Plan):
            return follow(plan, cell, at, self._cache)
        found = explained_match(plan, cell, at, self._cache)
        assert not isinstance(found, Counted), "a cell that asks is not counted"
        return found

    def _members(
        self, plan: Plan | LoopPlan, cell: Cell, at: int, judged: Mapping[str, Mapping[str, Any]]
    ) -> list[ConversationRecord]:
        """The conversations of the members of a cell that counts; a member need not be a cell of the run."""
        found = []
        for member in members_of(cell):
            row = judged.get(member.id)
            outcome = None if row is None else shown_outcome(row)
            record = ConversationRecord(member.id, member.evaluator, outcome)
            if row is not None:
                record = replace(record, score_a=row["score_a"], score_b=row["score_b"], votes=tuple(row["votes"]))
            found.append(self._replayed(record, plan, member, at, judged))
        return found

    def _keys_of(self, cell: str) -> Sequence[str]:
        return () if self._keys is None else self._keys.of(cell)

    def _by_key(self, record: ConversationRecord, row: Mapping[str, Any] | None, reason: str) -> ConversationRecord:
        """The calls of a judgment as the cache holds them."""
        keys = () if row is None else self._keys_of(record.cell)
        batches = calls_by_key(keys, self._cache)
        if not batches:
            return replace(record, missing=f"{NO_REPLIES}; {reason}" if keys else reason, is_replayed=False)
        missing = "" if len(batches) == len(keys) else SOME_REPLIES
        return replace(record, batches=batches, missing=missing, is_replayed=False)


def _record(entry: Mapping[str, Any], row: Mapping[str, Any] | None) -> ConversationRecord:
    record = ConversationRecord(entry["id"], evaluator_of(entry), None)
    if row is None:
        return record
    outcome = shown_outcome(row)
    scores = (row["score_a"], row["score_b"])
    return ConversationRecord(entry["id"], evaluator_of(entry), outcome, *scores, tuple(row["votes"]))


def _missing(batches: Sequence[Sequence[Any]]) -> str:
    """Why a conversation does not reach its end."""
    has_any = any(call.reply is not None for batch in batches for call in batch)
    return SOME_REPLIES if has_any else NO_REPLIES
