"""The text that `harness explain` prints for a generation: its systems, a loop, a comparison."""

from __future__ import annotations

from collections.abc import Iterator

from harness.cache.cache import Cache
from harness.generation.explain import explained_match, find_place, followed_loop, loop_json, loops_json, row_of
from harness.generation.plan import LoopPlan
from harness.generation.records import Trajectory
from harness.records.experiment import Cell
from harness.runner.explain import Counted, Explanation, ReplayedConversation
from harness.runner.explain_text import batch_lines, counted_lines, followed_lines, outcome_words
from harness.text import aligned


def explain_generation(plan: LoopPlan, name: str | None, item: str | None, cache: Cache) -> Explanation:
    """A generation spec, or one of its loops or comparisons as far as the cache carries it.

    Args:
        plan: the plan.
        name: id of a system or a cell, or a unique part of one; None for the spec.
        item: id of the prompt; None for the first one.
        cache: the replies.

    Raises:
        InputError: where there is no such system, cell or prompt.
    """
    document = {"spec": plan.spec.name, "matrix": None, "cell": None}
    if name is None:
        return Explanation({**document, "loops": loops_json(plan)}, loops_lines(plan))
    place = find_place(plan, name)
    if isinstance(place, Cell):
        first = plan.system(plan.spec.matches[place.dataset].first)
        found = explained_match(plan, place, row_of(plan, first.prompts, item), cache)
        ended = None
    else:
        found, ended = followed_loop(plan, place, row_of(plan, place.prompts, item), cache)
    head = [f"{plan.spec.name}: {place.id}", f"prompt     {found.item.id}", ""]
    return Explanation({**document, "loop": loop_json(place, found, ended)}, [*head, *loop_lines(found, ended)])


def loop_lines(found: ReplayedConversation | Counted, ended: Trajectory | None) -> Iterator[str]:
    """A feedback loop, or a comparison of the picks of two loops."""
    if isinstance(found, Counted):
        yield from counted_lines(found)
    elif ended is not None:
        yield from batch_lines(found)
        picked = f"draft {ended.picked + 1} of {len(ended.drafts)} is picked" if ended.drafts else "there is no draft"
        failure = f"; {ended.failure}" if ended.failure else ""
        yield f"outcome: {picked}{failure}" + (f"; ended early: {ended.ended}" if ended.ended else "")
    elif found.batches:
        yield from followed_lines(found)
    else:
        assert found.outcome is not None, "a conversation without calls has an outcome"
        yield f"no calls: {outcome_words(found.outcome)}"


def loops_lines(plan: LoopPlan) -> Iterator[str]:
    """The systems and the matches between them."""
    yield plan.summary
    yield ""
    rows = [("system", "prompts", "drafts")]
    rows += [(one.id, f"{len(plan.prompts[one.prompts]):,}", f"{one.rounds}") for one in plan.spec.systems]
    yield from aligned(rows).splitlines()
    yield ""
    yield from (f"match  {match.first} against {match.second}" for match in plan.spec.matches.values())
    yield ""
    yield from (f"cell   {cell.id}" for cell in plan.cells)
