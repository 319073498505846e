"""Evaluations: evaluators judge the items of datasets, and are scored against human labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cache.cache import Cache
from harness.leaderboard.build import leaderboard_json, make_leaderboard
from harness.leaderboard.chosen_upstream import choices_json, notes_on_choices
from harness.leaderboard.slices import slices_json
from harness.leaderboard.stopped import notes_on_stop, stop_json
from harness.records.datasets import Dataset
from harness.records.judgments import Outcome
from harness.runner.draws import FIRST_DRAW
from harness.runner.estimate import estimate as estimate_all
from harness.runner.estimate_looks import estimate_looks
from harness.runner.judgment_columns import Ledger
from harness.runner.manifest import cells_json, datasets_json, manifest_head, probes_json
from harness.runner.needs import Estimate
from harness.runner.plan import Plan
from harness.runner.plan import make_plan as plan
from harness.runner.progress import RunStats
from harness.runner.reply_notes import write_served
from harness.runner.run import Run, RunOf, RunResult
from harness.runner.run_folder import ITEMS, LEADERBOARD, MANIFEST, SCORES, SPEC, RunWriter, run_id_of
from harness.runner.session import Replies, keys_up_to_missing
from harness.runner.slices import sliced
from harness.runner.stopping import STOP, Looks
from harness.runner.tables import items_frame, scores_frame
from harness.spec.digest import spec_digest as spec_digest

if TYPE_CHECKING:
    from harness.analysis.power.figures import Power, PowerQuestion
    from harness.leaderboard.tables import BoardTables
    from harness.runner.explain import Explanation
    from harness.scoring.score import DatasetScores

__all__ = [
    "agendas",
    "board_tables",
    "estimate",
    "explain",
    "inputs",
    "keys",
    "known_keys",
    "plan",
    "power",
    "run",
    "spec_digest",
]


def run(plan: Plan, writer: RunWriter, run_of: RunOf) -> RunResult:
    """As `Experiment.run`."""
    asked, stopped = plan, None
    if plan.spec.stopping is not None:
        plan, stopped = Looks.of(plan).take(run_of)
    ledger = Ledger(plan)
    made = run_of(plan)
    ledger.collect(made, writer)
    run_id = run_id_of(asked.digest, writer.judgments_digest)
    writer.write_frame(ITEMS, items_frame(plan.datasets))
    writer.write_json(SPEC, plan.spec.resolved)
    write_served(writer, made.observed)
    with writer.scoring(run_id, plan.spec.shown_path):
        scores = _with_probes(plan, ledger)
        writer.write_frame(SCORES, scores_frame(score for group in scores for score in group.scores))
        board = make_leaderboard(plan.spec, scores)
        usage = {name: ledger.spent_on(name) for name in plan.datasets}
        notes = (
            *(notes_on_stop(stopped, usage) if stopped else ()),
            *board.notes,
            *_probe_notes(plan, ledger),
            *ledger.calibration_notes(),
            *plan.data_notes,
            *made.observed.notes(),
            *notes_on_choices(plan),
        )
        document = leaderboard_json(replace(board, notes=notes), run_id)
        decision = {} if stopped is None else {STOP: stop_json(stopped, usage)}
        writer.write_json(LEADERBOARD, document | _slices(plan, ledger) | decision)
    manifest = _manifest(plan, run_id, spec_digest(asked.spec), writer.judgments_digest)
    writer.write_json(MANIFEST, {**manifest, **decision, **made.observed.manifest()})
    return RunResult(run_id, ledger.calls)


def keys(plan: Plan, cache: Cache) -> list[str]:
    """As `Experiment.keys`."""
    if plan.spec.stopping is not None:
        plan = Looks.of(plan).take(lambda part: _offline(part, cache))[0]
    parts = _offline(plan, cache).parts()
    return list(dict.fromkeys(key for part in parts for keys in part.judged.keys for key in keys))


def _offline(plan: Plan, cache: Cache) -> Run[Outcome]:
    """The run of a plan that makes no call."""
    return Run(plan, cache, None, RunStats(plan.spec.models))


def known_keys(plan: Plan, cache: Cache) -> Iterator[str]:
    """As `Experiment.known_keys`: of a conversation that lacks a reply, the keys up to it."""
    return keys_up_to_missing(plan, cache)


def agendas(plan: Plan, cache: Cache) -> Iterator[Plan]:
    """As `Experiment.agendas`: all conversations are in one part, or in one for each look of a run that may stop."""
    if plan.spec.stopping is None:
        yield plan
    else:
        yield from Looks.of(plan).agendas(lambda part: _offline(part, cache))


def inputs(plan: Plan) -> Mapping[str, Dataset]:
    """As `Experiment.inputs`."""
    return plan.datasets


def estimate(
    plan: Plan,
    replies: Replies,
    environment: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
    reached: Callable[[int], None] = lambda _: None,
) -> Estimate:
    """As `Experiment.estimate`; of a spec with `stop`, every conversation is counted."""
    if plan.spec.stopping is None:
        return estimate_all(plan, replies, environment, whole=whole, reached=reached)
    return estimate_looks(Looks.of(plan), replies, environment)


def explain(plan: Plan, name: str | None, item: str | None, cache: Cache) -> Explanation:
    """As `Experiment.explain`."""
    from harness.runner.explain_text import explain_evaluation

    return explain_evaluation(plan, name, item, cache)


def power(plan: Plan, results: Path, question: PowerQuestion) -> Power | None:
    """As `Experiment.power`."""
    from harness.analysis.power.detect import power_of_plan

    return power_of_plan(plan, results, question)


def board_tables(board: Mapping[str, Any]) -> BoardTables:
    """As `Experiment.board_tables`."""
    from harness.leaderboard import board_tables as tables

    return tables.board_tables(board)


def _with_probes(plan: Plan, ledger: Ledger) -> list[DatasetScores]:
    """The scores of all cells, with the figures of the probes that the spec asks for."""
    spec, scores = plan.spec, ledger.scores()
    if not spec.score.probes:
        return scores
    from harness.analysis.audit.cards import with_probes

    models = spec.resolved["models"]
    return with_probes([(group, ledger.judged(group.dataset)) for group in scores], spec.score, spec.seed, models)


def _probe_notes(plan: Plan, ledger: Ledger) -> list[str]:
    """What the judgments took that probes asked for."""
    if not plan.probe_cells:
        return []
    probes = ", ".join(dict.fromkeys(cell.probe for cell in plan.probe_cells))
    usage = ledger.probe_usage
    cost = "" if not usage.cost_usd else f" and ${usage.cost_usd:,.4g}"
    return [f"probes ({probes}): {usage.calls:,} further calls{cost}; the rows of the leaderboard leave them out"]


def _slices(plan: Plan, ledger: Ledger) -> dict[str, Any]:
    """The results by the columns that the spec names; nothing where it names none."""
    score = plan.spec.score
    if not score.by:
        return {}
    judged = [ledger.judged(name) for name in plan.datasets]
    return {"slices": slices_json(sliced(judged, score.by, score, plan.spec.seed, ledger.soft()))}


def _manifest(plan: Plan, run_id: str, digest: str, judgments_digest: str) -> dict[str, Any]:
    return {
        **manifest_head(plan.spec, run_id, digest),
        "datasets": datasets_json(plan.datasets),
        **({} if plan.spec.label_set.is_pair else {"labels": plan.spec.label_set.json()}),
        "judgments": plan.size,
        "judgments_digest": judgments_digest,
        "cells": cells_json(plan.spec),
        **probes_json(plan.probe_cells),
        **({FIRST_DRAW: plan.first_draw} if plan.first_draw else {}),
        "choices": choices_json(plan),
    }
