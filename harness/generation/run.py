"""LoopPlan → run folder: run the loops, pick drafts, judge them, score."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from harness.cache.cache import Cache
from harness.generation.leaderboard import board_json
from harness.generation.plan import LoopPlan, MatchPlan, make_match_plan
from harness.generation.spec import generation_digest
from harness.generation.trajectories import COLUMNS, TrajectoryLedger
from harness.hashing import digest_of
from harness.runner.judgment_columns import Ledger
from harness.runner.manifest import cells_json, datasets_json, manifest_head
from harness.runner.progress import RunStats
from harness.runner.reply_notes import merged, write_served
from harness.runner.run import Run, RunOf, RunResult
from harness.runner.run_folder import ITEMS, LEADERBOARD, MANIFEST, PROMPTS, SPEC, TRAJECTORIES, RunWriter
from harness.runner.tables import items_frame


def run_generation(plan: LoopPlan, writer: RunWriter, run_of: RunOf) -> RunResult:
    """Run all loops and all comparisons, and write all files of the run except `environment.json`.

    Args:
        plan: the plan.
        writer: the writer of the run folder.
        run_of: makes the run of the conversations of a plan.
    """
    ledger = TrajectoryLedger(plan)
    loops = run_of(plan)
    for chunk, conversations in loops.finished_chunks():
        writer.add_rows(TRAJECTORIES, ledger.add(chunk.cell, conversations), COLUMNS)
    writer.write_rows(TRAJECTORIES, COLUMNS)
    matches = make_match_plan(plan, ledger.picks)
    judged = Ledger(matches)
    comparisons = run_of(matches)
    judged.collect(comparisons, writer)
    run = digest_of({"plan": plan.digest, "trajectories": ledger.digest, "judgments": writer.judgments_digest})[:16]
    frames = [frame.prompts().insert_column(0, pl.lit(name).alias("prompts")) for name, frame in plan.prompts.items()]
    writer.write_frame(PROMPTS, pl.concat(frames))
    writer.write_frame(ITEMS, items_frame(matches.datasets))
    writer.write_json(SPEC, plan.spec.resolved)
    observed = merged(loops.observed, comparisons.observed)
    write_served(writer, observed)
    with writer.scoring(run, plan.spec.shown_path):
        by_match = {name: judged.judged(name) for name in plan.spec.matches}
        board = board_json(plan.spec, matches, ledger.accounts, by_match, run)
        board["notes"] += [*plan.data_notes, *observed.notes()]
        writer.write_json(LEADERBOARD, board)
    manifest = _manifest(plan, matches, run, ledger.digest, writer.judgments_digest)
    writer.write_json(MANIFEST, {**manifest, **observed.manifest()})
    calls = sum(account.usage.calls for account in ledger.accounts.values())
    return RunResult(run, calls + judged.calls)


def _manifest(
    plan: LoopPlan, matches: MatchPlan, run: str, trajectories_digest: str, judgments_digest: str
) -> dict[str, Any]:
    """Digests of everything that determines the results; the matches are the datasets of the cells."""
    spec = plan.spec
    return {
        **manifest_head(spec, run, generation_digest(spec)),
        "prompts": {
            name: {
                "items": len(prompts),
                "digest": prompts.digest,
                "clustered": prompts.clustered,
                **({"notes": list(prompts.notes)} if prompts.notes else {}),
            }
            for name, prompts in plan.prompts.items()
        },
        "systems": [{"id": system.id, **asdict(system)} for system in spec.systems],
        "matches": [asdict(match) for match in spec.matches.values()],
        "trajectories": plan.conversation_count,
        "trajectories_digest": trajectories_digest,
        "datasets": datasets_json(matches.datasets),
        "judgments": matches.size,
        "judgments_digest": judgments_digest,
        "cells": cells_json(spec),
        "choices": [],
    }


def generation_keys(plan: LoopPlan, cache: Cache) -> list[str]:
    """The cache keys of all calls of a generation, in canonical order, each once.

    Raises:
        MissingRepliesError: where the cache lacks some of their replies.
    """
    keys = dict[str, None]()
    matches = finished_matches(plan, cache, keys)
    for _, judging in Run(matches, cache, None, RunStats(plan.spec.models)).finished_chunks():
        keys |= dict.fromkeys(key for conversation in judging for key in conversation.history)
    return list(keys)


def finished_matches(plan: LoopPlan, cache: Cache, keys: dict[str, None] | None = None) -> MatchPlan:
    """The comparisons of what the loops wrote.

    Args:
        plan: the plan.
        cache: the replies.
        keys: receives the cache keys of the calls of the loops.

    Raises:
        MissingRepliesError: where the cache lacks some of their replies.
    """
    ledger = TrajectoryLedger(plan)
    for chunk, conversations in Run(plan, cache, None, RunStats(plan.spec.models)).finished_chunks():
        ledger.add(chunk.cell, conversations)
        if keys is not None:
            keys |= dict.fromkeys(key for conversation in conversations for key in conversation.history)
    return make_match_plan(plan, ledger.picks)
