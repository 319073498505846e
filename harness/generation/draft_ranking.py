"""The best draft by a ranking of all drafts: asked for at once, by scores, or by a tournament of pairs.

The evaluator ranks the drafts as those of `responses: many` are ranked (`harness.evaluators.cell`). Drafts with the
same text are shown once and tied. **Of drafts tied at the top, the earliest is picked**, and the first draft where the
ranking failed. The ranking is recorded as a comparison of each new draft with the best one before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from harness.cache.key import call_key
from harness.evaluators.cell import converse
from harness.evaluators.conversation import Conversation, map_calls
from harness.evaluators.question import with_step
from harness.generation.records import Draft, DraftComparison, System
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Model
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.records.judgments import Outcome
from harness.records.rankings import ranks_of

SELECT = "select"


def ranked(
    item: Item, drafts: Sequence[Draft], system: System, cell: Cell, questions: Questions, models: Mapping[str, Model]
) -> Conversation[tuple[int, tuple[DraftComparison, ...]]]:
    """The position of the best draft, and the comparisons that its ranking amounts to.

    Args:
        item: the prompt.
        drafts: at least one.
        system: that wrote them.
        cell: the evaluator.
        questions: its compiled strategy.
        models: by name.
    """
    texts = list(dict.fromkeys(draft.text for draft in drafts))
    places = [texts.index(draft.text) for draft in drafts]
    keys: list[str] = []
    outcome = Outcome("1")
    if len(texts) > 1:
        shown = item._replace(responses=tuple(texts), model_a=system.name, model_b=system.name)
        here = replace(cell, dataset=f"{system.prompts}/{system.name}")
        asked = converse(shown, here, questions, models)
        outcome = yield from map_calls(asked, partial(_selecting, keys=keys))
    comparisons = tuple(_comparisons(outcome, places, tuple(keys)))
    best = 0
    for one in comparisons:
        best = one.new if one.verdict == "b" else best
    return best, comparisons


def _comparisons(outcome: Outcome, places: Sequence[int], keys: tuple[str, ...]) -> Iterator[DraftComparison]:
    """Each new draft against the best one before it; the first comparison has the calls of all."""
    ranks = None if outcome.verdict is None else ranks_of(outcome.verdict)
    best = 0
    for new in range(1, len(places)):
        own = keys if new == 1 else ()
        if ranks is None:
            yield DraftComparison(best, new, None, outcome.failure, None, None, (), own)
            continue
        before, after = ranks[places[best]], ranks[places[new]]
        verdict = "tie" if before == after else "b" if after < before else "a"
        yield DraftComparison(best, new, verdict, None, None, None, (), own)
        best = new if verdict == "b" else best


def _selecting(call: Call, *, keys: list[str]) -> Call:
    """The call under a step of its own; its cache key is added to a list."""
    keys.append(call_key(call))
    return with_step(call, f"{SELECT}/{call.step}")
