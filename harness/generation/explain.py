"""Explain a loop or a comparison of a generation on one prompt, as far as stored replies allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.cache.entry import Store
from harness.errors import InputError
from harness.generation.plan import LoopPlan, make_match_plan
from harness.generation.records import System, Trajectory
from harness.generation.trajectories import TrajectoryLedger
from harness.records.experiment import Cell
from harness.runner.explain import (
    Counted,
    ReplayedConversation,
    asked_json,
    explained,
    follow_conversation,
    members_json,
    outcome_json,
)
from harness.runner.run import Run
from harness.runner.session import Replies
from harness.text import quoted, suggestion


def find_place(plan: LoopPlan, wanted: str) -> System | Cell:
    """The system or the comparing cell with an id, or with a unique part of one; systems come first.

    Raises:
        InputError: where there is none, or more than one.
    """
    places: dict[str, System | Cell] = {one.id: one for one in plan.spec.systems}
    places |= {cell.id: cell for cell in plan.cells}
    names = {one.name: one for one in plan.spec.systems}
    if wanted in places or wanted in names:
        return places.get(wanted) or names[wanted]
    found = [name for name in places if wanted in name]
    if len(found) == 1:
        return places[found[0]]
    if not found:
        raise InputError(f"there is no system and no cell {quoted(wanted)}", hint=suggestion(wanted, list(places)))
    raise InputError(f"{quoted(wanted)} is a part of {len(found)} ids, such as {found[0]} and {found[1]}")


def row_of(plan: LoopPlan, prompts: str, wanted: str | None) -> int:
    """The row of a prompt by its id; the first one for None.

    Raises:
        InputError: where there is none.
    """
    ids = list(plan.prompts[prompts].ids())
    if wanted is None:
        return 0
    if wanted not in ids:
        raise InputError(f"there is no prompt {quoted(wanted)} in {prompts}", hint=suggestion(wanted, ids[:20_000]))
    return ids.index(wanted)


def followed_loop(
    plan: LoopPlan, system: System, row: int, replies: Replies
) -> tuple[ReplayedConversation, Trajectory | None]:
    """The loop of a system on one prompt: its calls, batch by batch, and how it ended."""
    from harness.generation.loop import converse

    (item,) = plan.prompts[system.prompts].items(row, row + 1)
    batches, ended = follow_conversation(item, converse(item, system, plan.context), replies)
    return ReplayedConversation(item, batches, None), ended


def explained_match(plan: LoopPlan, cell: Cell, row: int, cache: Store) -> ReplayedConversation | Counted:
    """How a cell compares the drafts that two systems picked for one prompt.

    Raises:
        MissingRepliesError: where the loops of the two are not all in the cache.
    """
    from harness.runner.progress import RunStats

    narrow = narrowed(plan, cell, row)
    ledger = TrajectoryLedger(narrow)
    for chunk, conversations in Run(narrow, cache, None, RunStats(plan.spec.models)).finished_chunks():
        ledger.add(chunk.cell, conversations)
    return explained(make_match_plan(narrow, ledger.picks), cell, 0, cache)


def narrowed(plan: LoopPlan, cell: Cell, row: int) -> LoopPlan:
    """The part of a plan that one comparison needs: two systems and a prompt."""
    match = plan.spec.matches[cell.dataset]
    systems = tuple(one for one in plan.spec.systems if one.id in (match.first, match.second))
    prompts = {name: plan.prompts[name].only(row) for name in {one.prompts for one in systems}}
    return replace(plan, spec=replace(plan.spec, systems=systems, matches={match.name: match}), prompts=prompts)


def loops_json(plan: LoopPlan) -> dict[str, Any]:
    """The systems, the matches and the cells, as `loops` in `schemas/output/explain.schema.json`."""
    return {
        "systems": [
            {
                "system": one.id,
                "models": list(one.models),
                "rounds": one.rounds,
                "prompts": len(plan.prompts[one.prompts]),
            }
            for one in plan.spec.systems
        ],
        "matches": [
            {"match": match.name, "first": match.first, "second": match.second} for match in plan.spec.matches.values()
        ],
        "cells": [cell.id for cell in plan.cells],
    }


def loop_json(place: System | Cell, found: ReplayedConversation | Counted, ended: Trajectory | None) -> dict[str, Any]:
    """One conversation, as `loop` in `schemas/output/explain.schema.json`."""
    trajectory = None
    if ended is not None:
        trajectory = {
            "drafts": len(ended.drafts),
            "picked": ended.picked + 1 or None,
            "failure": ended.failure,
            "ended": ended.ended or None,
        }
    batches, members = (found.batches, ()) if isinstance(found, ReplayedConversation) else ((), found.members)
    return {
        "place": place.id,
        "item": found.item.id,
        "batches": [[asked_json(one) for one in batch] for batch in batches],
        "members": members_json(members),
        "outcome": outcome_json(found.outcome),
        "trajectory": trajectory,
    }
