"""Show how a cell came about and what it would send."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api import load_spec, make_plan
from harness.cache.cache import Cache
from harness.cli._options import allow_path_option, cache_option, json_option, results_option
from harness.cli.plan import aligned
from harness.records.calls import Reply
from harness.records.datasets import Message
from harness.records.experiment import Cell
from harness.records.judgments import Outcome
from harness.runner.explain import (
    Counted,
    ExplainedCall,
    ReplayedConversation,
    branches,
    cell_calls,
    cell_json,
    explained,
    full_product,
    matrix_json,
    places_of,
    removals,
    sent_params,
)
from harness.runner.lookup import find_cell, find_item
from harness.runner.plan import Plan
from harness.text import printable

if TYPE_CHECKING:
    from harness.generation.plan import LoopPlan
    from harness.generation.records import Trajectory

MAX_NAMED = 6
"""Evaluators or cells that a line names before it counts the rest."""


@click.command(
    epilog="""\b
Examples:
  harness explain specs/quickstart.yaml                           every cell, and how the matrix made it
  harness explain specs/quickstart.yaml direct/judge:novice       one cell, and what it asks about the first item
  harness explain specs/quickstart.yaml direct/judge:novice --item pair-0007 --json

CELL is the id of a cell, or a part of one that no other cell has. Nothing is asked and nothing is spent: a
conversation is shown as far as the cache carries it, and the batch at which it ends is what a run would send next.
With --json one object is printed, as `harness schema explain` describes it."""
)
@click.argument("spec", type=click.Path(path_type=Path))
@click.argument("cell", required=False)
@click.option("--item", metavar="ID", help="The item to ask about; the first one where not given.")
@results_option
@cache_option
@allow_path_option
@json_option
def explain(
    spec: Path,
    cell: str | None,
    item: str | None,
    results: Path,
    cache: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Explain the matrix of SPEC; with CELL, one cell and its conversation about an item."""
    if item is not None and cell is None:
        raise click.UsageError("--item needs a CELL that asks about it")
    plan = make_plan(load_spec(spec, results=results, allow_paths=allow_paths))
    if not isinstance(plan, Plan):
        with Cache(cache) as replies:
            told, told_lines = print_generation(plan, cell, item, replies)
        click.echo(json.dumps(told, indent=2) if as_json else "\n".join(map(printable, told_lines)))
        return
    if cell is None:
        said: dict[str, Any] = {"spec": plan.spec.name, "matrix": matrix_json(plan), "cell": None}
        lines = matrix_lines(plan)
    else:
        chosen = find_cell(plan, cell)
        row = find_item(plan, chosen, item)
        with Cache(cache) as replies:
            found = explained(plan, chosen, row, replies)
        said = {"spec": plan.spec.name, "matrix": None, "cell": cell_json(plan, chosen, found)}
        lines = cell_lines(plan, chosen, row, found)
    click.echo(json.dumps(said, indent=2) if as_json else "\n".join(map(printable, lines)))


# --- a generation ----------------------------------------------------------------------------------------


def print_generation(
    plan: LoopPlan, wanted: str | None, item: str | None, cache: Cache
) -> tuple[dict[str, Any], Iterable[str]]:
    """What is said of a generation, for programs and for people."""
    from harness.generation import explain as of_loops

    said: dict[str, Any] = {"spec": plan.spec.name, "matrix": None, "cell": None}
    if wanted is None:
        return {**said, "loops": of_loops.loops_json(plan)}, loops_lines(plan)
    place = of_loops.find_place(plan, wanted)
    if isinstance(place, Cell):
        first = plan.system(plan.spec.matches[place.dataset].first)
        found = of_loops.explained_match(plan, place, of_loops.row_of(plan, first.prompts, item), cache)
        ended = None
    else:
        found, ended = of_loops.followed_loop(plan, place, of_loops.row_of(plan, place.prompts, item), cache)
    head = [f"{plan.spec.name}: {place.id}", f"prompt     {found.item.id}", ""]
    return {**said, "loop": of_loops.loop_json(place, found, ended)}, [*head, *loop_lines(found, ended)]


def loop_lines(found: ReplayedConversation | Counted, ended: Trajectory | None) -> Iterator[str]:
    """A loop, or a comparison of what two loops came to."""
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
        assert found.outcome is not None, "who asks nobody has ended"
        yield f"nobody is asked: {outcome_words(found.outcome)}"


def loops_lines(plan: LoopPlan) -> Iterator[str]:
    """The systems and who meets whom, for people."""
    yield plan.told
    yield ""
    rows = [("system", "prompts", "drafts")]
    rows += [(one.id, f"{len(plan.prompts[one.prompts]):,}", f"{one.rounds}") for one in plan.spec.systems]
    yield from aligned(rows).splitlines()
    yield ""
    yield from (f"match  {match.first} against {match.second}" for match in plan.spec.matches.values())
    yield ""
    yield from (f"cell   {cell.id}" for cell in plan.cells)


# --- the matrix -------------------------------------------------------------------------------------------


def matrix_lines(plan: Plan) -> Iterator[str]:
    """How the matrix came about, for people."""
    matrix, spec = plan.spec.resolved["matrix"], plan.spec
    every = full_product(plan)
    yield f"{spec.name}: {len(plan.cells)} cells, {plan.size:,} judgments"
    yield ""
    for name in matrix["dataset"]:
        yield f"dataset    {name}: {dataset_words(plan, name)}"
    for name in matrix["strategy"]:
        yield f"strategy   {name}" + (f": {strategy_words(plan, name)}" if name in spec.strategies else "")
    for branch in branches(plan):
        yield f"evaluator  {compact(branch.entry)} → {listed(branch.evaluators)}"
    yield f"order      {', '.join(matrix['order'])}"
    yield f"repeats    {compact(matrix['repeats'])}"
    yield f"these multiply to {len(every)} cells"
    for removal in removals(plan):
        yield f"exclude    {compact(removal.entry)} takes away {len(removal.cells)}: {listed(removal.cells)}"
    for choice in spec.choices:
        yield f"winner of  {choice.spec}: {choice.axis} {choice.taken}, by {choice.metric}, run {choice.run}"
    yield ""
    rows = [("cell", "items", "calls an item")]
    rows += [
        (printable(cell.id), f"{len(plan.datasets[cell.dataset]):,}", calls_words(*cell_calls(plan, cell)))
        for cell in plan.cells
    ]
    yield from aligned(rows).splitlines()


def dataset_words(plan: Plan, name: str) -> str:
    """Where a dataset is and what is used of it."""
    entry = plan.spec.resolved["datasets"][name]
    subset = {key: value for key, value in entry["subset"].items() if value not in (None, {})}
    of = f", of which the subset {compact(subset)} leaves" if subset else ","
    items = len(plan.datasets[name]) if name in plan.datasets else None
    count = "which no cell uses" if items is None else f"{items:,} item{'s' * (items != 1)}"
    return f"{entry['path']} ({entry['format']}){of} {count}"


def strategy_words(plan: Plan, name: str) -> str:
    """Where a strategy comes from and what it does."""
    strategy = plan.spec.strategies[name]
    return f"{strategy.source}. {strategy.summary}" if strategy.summary else strategy.source


def calls_words(fewest: int, most: int) -> str:
    """How many calls one item takes."""
    if not most:
        return "none of its own"
    return str(most) if fewest == most else f"{fewest}–{most}"


def compact(value: Any) -> str:
    """Settings on one line; what is long and has a name is told by its name."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_inner(each)}" for key, each in value.items())
    return _inner(value)


def _inner(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value["name"]) if "name" in value else f"{{{compact(value)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inner, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    rest = len(names) - MAX_NAMED
    return ", ".join([*names[:MAX_NAMED], *([f"and {rest} more"] if rest > 0 else [])])


# --- a cell -----------------------------------------------------------------------------------------------


def cell_lines(plan: Plan, cell: Cell, row: int, found: ReplayedConversation | Counted) -> Iterator[str]:
    """A cell, where it comes from and one of its conversations, for people."""
    places = places_of(plan, cell)
    yield f"{plan.spec.name}: {cell.id}"
    yield ""
    yield f"dataset    {cell.dataset}: {dataset_words(plan, cell.dataset)}  [{places['dataset']}]"
    yield f"strategy   {cell.strategy}: {strategy_words(plan, cell.strategy)}  [{places['strategy']}]"
    settings = f" with {compact(cell.settings)}" if cell.settings else ""
    yield f"evaluator  {cell.mode}{settings}  [{places['evaluator']}]"
    for name in dict.fromkeys(cell.models):
        model = plan.spec.models[name]
        facts = ", ".join(part for part in (model.provider, model.id, compact(model.params)) if part)
        yield f"model      {name}: {facts}  [{places[f'models.{name}']}]"
    yield f"order      {cell.order}"
    yield f"repeats    {cell.repeats}" + (f", collapsed by {cell.collapse}" if cell.repeats > 1 else "")
    yield f"calls      an item takes {calls_words(*cell_calls(plan, cell))}"
    yield f"item       {found.item.id}, {row + 1:,} of {len(plan.datasets[cell.dataset]):,}"
    yield ""
    yield from followed_lines(found) if isinstance(found, ReplayedConversation) else counted_lines(found)


def followed_lines(found: ReplayedConversation) -> Iterator[str]:
    """A conversation, batch by batch."""
    yield from batch_lines(found)
    if found.outcome is not None:
        yield f"outcome: {outcome_words(found.outcome)}"
    else:
        missing = sum(one.reply is None for one in found.batches[-1])
        yield f"A run would send {missing} call{'s' * (missing > 1)} here; all that follows depends on the replies."


def batch_lines(found: ReplayedConversation) -> Iterator[str]:
    """The calls of a conversation, batch by batch."""
    told: list[ExplainedCall] = []
    for number, batch in enumerate(found.batches, start=1):
        together = f" ({len(batch)} calls at once)" if len(batch) > 1 else ""
        for one in batch:
            yield f"━━ batch {number}{together}: {one.call.step}"
            yield from asked_lines(one, told)
            yield ""
        told += batch


def asked_lines(one: ExplainedCall, told: Sequence[ExplainedCall]) -> Iterator[str]:
    """A call, and its reply where there is one; messages that an earlier call of the conversation had are not repeated.

    Args:
        one: the call.
        told: the calls of the batches before it.
    """
    call = one.call
    yield f"to {call.model.name} ({call.model.id}), {compact(sent_params(call))}, draw {call.draw}"
    yield f"key {one.key} ({'in the cache' if one.reply else 'not in the cache'})"
    same, step = max(
        ((_same_start(call.messages, each.call.messages), each.call.step) for each in told), default=(0, "")
    )
    if same:
        yield f"── messages 1–{same}: as in {step}" if same > 1 else f"── message 1: as in {step}"
    for message in call.messages[same:]:
        yield f"── {message['role']}"
        yield from _indented(message["content"])
    if one.reply:
        yield f"── reply ({reply_words(one.reply)})"
        yield from _indented(one.reply.text)


def _same_start(one: Sequence[Message], other: Sequence[Message]) -> int:
    """How many messages two conversations have in common before they part."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (mine, yours) in enumerate(pairs) if mine != yours), min(len(one), len(other)))


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"   {line.expandtabs(4)}".rstrip()


def reply_words(reply: Reply) -> str:
    """How a reply ended and what it took."""
    return f"{reply.finish}, {reply.prompt_tokens} + {reply.completion_tokens} tokens"


def counted_lines(found: Counted) -> Iterator[str]:
    """Whose judgments are counted."""
    yield "It asks nobody itself: it counts the judgments of these cells, and `harness explain` shows each of them."
    for cell, followed in found.members:
        yield f"  {cell.id}: " + (outcome_words(followed.outcome) if followed.outcome else "replies are missing")
    yield ""
    yield "outcome: " + (outcome_words(found.outcome) if found.outcome else "known when all members have judged")


def outcome_words(outcome: Outcome) -> str:
    """A verdict or a failure, with the scores and the votes behind it."""
    words = f"verdict {outcome.verdict}" if outcome.verdict else f"failure {outcome.failure}"
    scores = [score for score in (outcome.score_a, outcome.score_b) if score is not None]
    if len(scores) == 2:
        words += f", scores {scores[0]:g} and {scores[1]:g}"
    return words + (f", from the votes {', '.join(map(str, outcome.votes))}" if outcome.votes else "")
