"""Which draft of a trajectory is the best: a rule, the reviewers' scores, a ranking, or a tournament.

A ranking is that of all drafts together (`harness.generation.draft_ranking`).

In a tournament each new draft meets the best so far; the new one takes its place if it wins. **A tie keeps the earlier
draft**, and so does a duel without a verdict. The study arXiv 2408.08688 took the loser from the third draft on: when
it won, the earlier draft was kept, and when it lost it was taken. `published` does the same, for comparison alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from harness.cache.key import call_key
from harness.evaluators.aggregation import exchanged, swap_responses
from harness.evaluators.cell import converse
from harness.evaluators.conversation import Conversation, map_calls
from harness.evaluators.question import with_step
from harness.generation.draft_ranking import SELECT, ranked
from harness.generation.records import RANK, Draft, DraftComparison, Selection, System
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Model
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.records.judgments import Outcome


def pick(
    item: Item,
    drafts: Sequence[Draft],
    system: System,
    selection: Selection,
    questions: Questions | None,
    models: Mapping[str, Model],
) -> Conversation[tuple[int, tuple[DraftComparison, ...]]]:
    """The position of the best draft, and the duels that selected it."""
    if selection.by == "last":
        return len(drafts) - 1, ()
    if selection.by == "score":
        return best_score(drafts), ()
    assert selection.cell is not None, "a tournament and a ranking have an evaluator"
    assert questions is not None, "a tournament and a ranking have a strategy"
    if selection.by == RANK:
        return (yield from ranked(item, drafts, system, selection.cell, questions, models))
    best, duels = 0, []
    for new in range(1, len(drafts)):
        keys: list[str] = []
        texts = (drafts[best].text, drafts[new].text)
        duel_of = _comparison(item, texts, new, _Tournament(system, selection.cell, selection, questions, models))
        outcome = yield from map_calls(duel_of, partial(_with_key_kept, keys=keys))
        scores = (outcome.score_a, outcome.score_b)
        duel = DraftComparison(best, new, outcome.verdict, outcome.failure, *scores, outcome.votes, tuple(keys))
        duels.append(duel)
        if takes_over(duel, is_published=selection.by == "published"):
            best = new
    return best, tuple(duels)


def best_score(drafts: Sequence[Draft]) -> int:
    """The draft with the best mean score; the earlier one of several, and the first where no score could be read."""
    scores = [float("-inf") if draft.score is None else draft.score for draft in drafts]
    return scores.index(max(scores))


def takes_over(duel: DraftComparison, *, is_published: bool = False) -> bool:
    """Whether the new draft takes the place of the best so far.

    Args:
        duel: how they compare.
        is_published: follow the study, which inverted all duels but the first.
    """
    return duel.verdict == ("a" if is_published and duel.new > 1 else "b")


class _Tournament(NamedTuple):
    """The settings that all comparisons of one trajectory share."""

    system: System
    cell: Cell
    selection: Selection
    questions: Questions
    models: Mapping[str, Model]


def _comparison(item: Item, texts: tuple[str, str], number: int, shared: _Tournament) -> Conversation[Outcome]:
    """The outcome for the best draft so far as response a and the new one as response b, whichever is shown first.

    Args:
        item: the prompt.
        texts: of the best draft so far, and of the new one.
        number: position of the new draft.
        shared: by all comparisons of the trajectory.
    """
    best, new = texts
    if best == new:
        return Outcome("tie")
    system = shared.system
    cell = replace(shared.cell, dataset=f"{system.prompts}/{system.name}")
    pair = item._replace(response_a=best, response_b=new, model_a=system.name, model_b=system.name)
    is_turned = shared.selection.alternates and number > 1
    if is_turned:
        pair = swap_responses(pair)
    prefix = f"{SELECT}-{number + 1}"
    outcome = yield from map_calls(
        converse(pair, cell, shared.questions, shared.models), lambda call: with_step(call, f"{prefix}/{call.step}")
    )
    return exchanged(outcome) if is_turned else outcome


def _with_key_kept(call: Call, *, keys: list[str]) -> Call:
    """The call itself; its cache key is added to a list."""
    keys.append(call_key(call))
    return call
