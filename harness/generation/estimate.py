"""The cost of a generation: bounds on the loops, and on the comparisons of drafts that are not yet written.

Drafts and reviews are known in advance, as far as nothing fails; how long their prompts are depends on replies, which
have at least one token and at most as many as a call allows. Comparisons are counted exactly where all drafts are in
the cache. Where they are not, the fewest are none, since two systems may put forward the same draft; so may two drafts
of a tournament be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from harness.evaluators.cell import asks, calls_per_item
from harness.evaluators.mode import members_of, stages_of
from harness.generation.plan import LoopPlan, make_match_plan
from harness.generation.records import RANK, System
from harness.generation.trajectories import TrajectoryLedger
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.runner.estimate import estimate
from harness.runner.needs import BYTES_PER_TOKEN, Estimate, Need, PromptSize, largest_reply
from harness.runner.session import Replies, UnavailableReplies, advance, start_conversations


class Step(NamedTuple):
    """A planned call of a loop: its model, bounds on its tokens, and whether it is expected to be made."""

    model: str
    calls: tuple[int, int]
    prompt: tuple[int, int]
    reply: tuple[int, int]
    is_likely: bool = True

    def added_to(self, *needs: Need) -> None:
        """Count it; the lower bound of an optional call is zero."""
        prompt, reply = ((low if self.calls[0] else 0, high) for low, high in (self.prompt, self.reply))
        for need in needs:
            need.add(self.calls, prompt, reply)
            if self.is_likely:
                need.expect(self.prompt[0], (self.prompt[1] - self.prompt[0]) / max(1, self.reply[1]))


def estimate_generation(
    plan: LoopPlan,
    replies: Replies,
    environment: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
    reached: Callable[[int], None] = lambda _: None,
) -> Estimate:
    """Count the calls of all loops that the cache lacks, and those of the comparisons that follow.

    Args:
        plan: the plan.
        replies: the cache.
        environment: the environment variables, in which tiktoken looks for its folder; None to count bytes alone.
        whole: whether every comparison of a large plan is counted; loops always are.
        reached: receives the number of loops, then of comparisons, that have been counted.
    """
    spec = plan.spec
    result = Estimate(
        cells={name: Need() for name in (*(one.id for one in spec.systems), *(cell.id for cell in spec.cells))},
        models={name: Need() for name in spec.models_used},
        sizes={name: PromptSize(None) for name in spec.models_used},
    )
    ledger, is_whole, seen = TrajectoryLedger(plan), True, set[str]()
    firsts: dict[tuple[str, str], str] = {}  # the first system of each generator that has reviewers
    counted = 0
    for chunk in plan.chunks():
        conversations = start_conversations(plan, chunk)
        counted += len(conversations)
        reached(counted)
        waiting = advance(conversations, replies, UnavailableReplies())
        here = result.cells[chunk.cell.id]
        place = (chunk.cell.prompts, chunk.cell.generator)
        is_first = not chunk.cell.reviewers or firsts.setdefault(place, chunk.cell.id) == chunk.cell.id
        here.cached += sum(len(conversation.history) for conversation in conversations)
        for conversation in waiting:
            steps = list(steps_of(plan, chunk.cell, size_of(conversation.item)))[len(conversation.history) :]
            for at, step in enumerate(steps):
                step.added_to(here)
                if at or conversation.keys[0] not in seen:
                    # what other systems of this generator asked may be the same, word for word
                    least = step if is_first or not at else step._replace(calls=(0, step.calls[1]))
                    least.added_to(result.models[step.model])
            seen.update(conversation.keys)
        is_whole = is_whole and not waiting
        if is_whole:
            ledger.add(chunk.cell, conversations)
    if is_whole:
        matches = make_match_plan(plan, ledger.picks)
        found = estimate(matches, replies, environment, whole=whole, reached=reached)
        return Estimate(
            {**result.cells, **found.cells},
            {**result.models, **found.models},
            {**result.sizes, **found.sizes},
            typical={**result.typical, **found.typical},
            sampled=found.sampled,
        )
    for cell in spec.cells:
        _add_comparisons(plan, cell, result)
    return result


def size_of(item: Item) -> int:
    """Tokens of a prompt, by its bytes."""
    return -(-sum(len(message["content"].encode()) for message in item.prompt) // BYTES_PER_TOKEN)


def steps_of(plan: LoopPlan, system: System, prompt: int) -> Iterator[Step]:
    """The calls of a loop in their order, for a prompt of so many tokens."""
    spec = plan.spec
    review = spec.review
    assert review is not None, "a valid spec has a review rule"
    asked, again, revise = (
        len(text) // BYTES_PER_TOKEN for text in (review.review, review.review_again, review.revise)
    )
    asked += len(review.system or "") // BYTES_PER_TOKEN
    draft = largest_reply(spec.models[system.generator])
    reviews = sum(largest_reply(spec.models[name]) for name in system.reviewers)
    may_stop = spec.stop.unchanged or spec.stop.score is not None
    for number in range(1, system.rounds + 1):
        before = number - 1
        fewest = 0 if before and may_stop else 1
        low = prompt + before * (2 + len(system.reviewers) + revise)
        yield Step(system.generator, (fewest, 1), (low, low + before * (draft + reviews)), (1, draft))
        if number < system.rounds or spec.selection.by == "score":
            for name in system.reviewers:
                own = largest_reply(spec.models[name])
                low = asked + prompt + before * (again + 1) + number
                yield Step(name, (fewest, 1), (low, low + number * draft + before * own), (1, own))
    if spec.selection.cell is not None and spec.selection.by == RANK:
        if system.rounds > 1:
            yield from _comparison(plan, spec.selection.cell, prompt, system.rounds * draft, system.rounds)
    elif spec.selection.cell is not None:
        for _ in range(1, system.rounds):
            yield from _comparison(plan, spec.selection.cell, prompt, 2 * draft)


def _comparison(plan: LoopPlan, cell: Cell, prompt: int, drafts: int, responses: int = 0) -> Iterator[Step]:
    """The calls that may compare two drafts of at most so many tokens together; none is certain to be made.

    Args:
        plan: the plan.
        cell: the evaluator.
        prompt: tokens of the prompt.
        drafts: tokens of all drafts together.
        responses: how many drafts are ranked; 0 where two are compared.
    """
    if members := members_of(cell):  # a cell that counts asks its members in a tournament
        for member in members:
            yield from _comparison(plan, member, prompt, drafts, responses)
        return
    for number, stage in enumerate(stages_of(cell)):
        for step in _comparison(plan, stage, prompt, drafts):
            yield step._replace(is_likely=step.is_likely and number == 0)
    if stages_of(cell):
        return
    strategy = plan.spec.strategies[cell.strategy]
    template = (len(strategy.user) + len(strategy.system or "")) // BYTES_PER_TOKEN
    longest = max(largest_reply(plan.spec.models[name]) for name in cell.models)
    fewest, most = calls_per_item(cell, strategy, responses)
    for at in range(most):
        model = plan.spec.models[cell.models[at % len(cell.models)]]
        shown = prompt + template + drafts + at * longest  # at most all that was said before
        largest = largest_reply(model)
        yield Step(model.name, (0, 1), (prompt + template, shown), (0, largest), at < fewest)


def _add_comparisons(plan: LoopPlan, cell: Cell, result: Estimate) -> None:
    """Add the calls that a cell may make about drafts that are not written yet."""
    if not asks(cell):
        return
    match = plan.spec.matches[cell.dataset]
    systems = [plan.system(name) for name in (match.first, match.second)]
    drafts = sum(largest_reply(plan.spec.models[system.generator]) for system in systems)
    for item in plan.prompts[systems[0].prompts].items():
        for step in _comparison(plan, cell, size_of(item), drafts):
            step.added_to(result.cells[cell.id], result.models[step.model])
