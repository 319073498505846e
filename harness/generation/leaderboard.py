"""Win rates and statistics of the loops as one document, `schemas/output/win-rates.schema.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from harness.generation import wording as loop_wording
from harness.generation.plan import MatchPlan
from harness.generation.records import RANK, GenerationSpec, System
from harness.generation.trajectories import LoopCounts
from harness.generation.win_rates import (
    Met,
    Standing,
    best_system,
    compare_systems,
    outcomes_of,
    standing_of,
    strengths_json,
)
from harness.hashing import seed_for
from harness.leaderboard import numbers, wording
from harness.leaderboard.build import difference_json
from harness.records.calls import any_simulated
from harness.records.experiment import Cell
from harness.records.judgments import FAILURES, VERDICTS
from harness.records.scores import Winner
from harness.runner.run_reader import JudgedDataset
from harness.scoring.figure_json import figure_json
from harness.scoring.pairwise import CellComparisons
from harness.scoring.win_rates import Rate
from harness.statistics.win_rate import TIES, Ties


def board_json(
    spec: GenerationSpec,
    plan: MatchPlan,
    accounts: Mapping[str, LoopCounts],
    judged: Mapping[str, JudgedDataset],
    run: str,
) -> dict[str, Any]:
    """The whole leaderboard of a generation run.

    Args:
        spec: the experiment.
        plan: the plan of the comparisons.
        accounts: statistics of the loops, by system id.
        judged: the judged matches, by name.
        run: id of the run.
    """
    ties: Ties = spec.resolved["score"]["ties"]
    boards = [
        _board(spec, plan, judged, Contest(prompts, opponent, cell), ties)
        for prompts in dict.fromkeys(system.prompts for system in spec.systems)
        for cell in _evaluators(spec)
        for opponent in spec.opponents
    ]
    boards = [board for board in boards if board["rows"]]
    systems = [_system_json(spec, system, accounts[system.id]) for system in spec.systems]
    return {
        "kind": "generation",
        "run": run,
        "spec": spec.name,
        "seed": spec.seed,
        "score": {
            "ties": ties,
            "resamples": spec.score.resamples,
            "level": spec.score.level,
            "margin": spec.score.margin,
        },
        "selection": _selection_words(spec),
        "simulated": any_simulated(spec.models[name] for name in spec.models_used),
        "systems": systems,
        "boards": [{**board, "winner": _winner_json(board["winner"])} for board in boards],
        "strengths": list(_strengths(spec, judged)) if spec.bradley_terry else [],
        "notes": list(_notes(spec, systems, boards)),
    }


def _evaluators(spec: GenerationSpec) -> list[Cell]:
    """One cell for each evaluator: its first."""
    first: dict[str, Cell] = {}
    for cell in spec.cells:
        first.setdefault(_kind(cell), cell)
    return list(first.values())


def _kind(cell: Cell) -> str:
    """A cell's id without its dataset."""
    return cell.id[len(cell.dataset) + 1 :]


class Contest(NamedTuple):
    """What one table of a leaderboard shows: all systems against one opponent before one evaluator.

    Attributes:
        prompts: name of the prompt set.
        opponent: the opponent, without the prompt set.
        evaluator: a cell of any match with the evaluator.
    """

    prompts: str
    opponent: str
    evaluator: Cell


def _board(
    spec: GenerationSpec, plan: MatchPlan, judged: Mapping[str, JudgedDataset], contest: Contest, ties: Ties
) -> dict[str, Any]:
    prompts, opponent, evaluator = contest
    opposed = f"{prompts}/{opponent}"
    standings: list[Standing] = []
    columns = []
    cluster = None
    for match in spec.matches.values():
        if opposed not in (match.first, match.second):
            continue
        is_first = match.second == opposed
        system = match.first if is_first else match.second
        data = judged[match.name]
        at = next(k for k, cell in enumerate(data.cells) if _kind(cell) == _kind(evaluator))
        outcomes = outcomes_of(data.outcomes[:, at], is_first=is_first)
        cluster = data.cluster_codes() if data.clustered else None
        identical = _identical(plan, match.first, match.second)
        standings.append(
            standing_of(system, data.cells[at].id, Met(outcomes, cluster, identical), spec.score, spec.seed)
        )
        columns.append(outcomes)
    head = {
        "prompts": prompts,
        "opponent": opponent,
        "strategy": evaluator.strategy,
        "evaluator": evaluator.evaluator,
        "order": evaluator.order,
        "repeats": evaluator.repeats,
    }
    if not standings:
        return {**head, "rows": [], "winner": None}
    outcomes = np.column_stack(columns)
    seed = seed_for(spec.seed, "win-rate-contest", opposed, _kind(evaluator))
    compared = compare_systems(standings, outcomes, cluster, spec.score, ties, seed)
    draws = seed_for(spec.seed, "win-rate-selection", opposed, _kind(evaluator))
    best = best_system(_title(head), standings, outcomes, cluster, ties, draws)
    return {**head, "rows": _rows(standings, compared, ties), "winner": best}


def _title(board: Mapping[str, Any]) -> str:
    return f"{board['prompts']}, against {board['opponent']}, {board['strategy']}/{board['evaluator']}"


def _winner_json(best: Winner) -> dict[str, Any]:
    """The best of a board by the schema, without a dataset and a held-out part."""
    choice = {"seed": best.seed or None, "reason": best.reason or None}
    kept = {key: value for key, value in asdict(best).items() if key not in ("cell", "dataset", "held_out")}
    return {"system": best.cell and best.cell.partition("/")[2], **kept, **choice}


def _rows(standings: Sequence[Standing], contest: CellComparisons | None, ties: Ties) -> list[dict[str, Any]]:
    values = [standing.rates[ties].judge.value for standing in standings]
    order = sorted(range(len(standings)), key=lambda k: (values[k] is None, -(values[k] or 0.0), k))
    ranks = {} if contest is None else contest.rank_sets()
    best = next((k for k in order if k in ranks), None)
    rows = []
    for k in order:
        one = standings[k]
        against = None if contest is None or best in (None, k) else contest.held_against(k, best)
        rows.append(
            {
                "system": one.system.partition("/")[2],
                "cell": one.cell,
                "n": sum(one.counts),
                "wins": one.counts[0],
                "ties": one.counts[1],
                "losses": one.counts[2],
                "failures": dict(zip(FAILURES, one.counts[len(VERDICTS) :], strict=True)),
                "identical": one.identical,
                "win_rates": {name: _rate_json(one.rates[name]) for name in TIES},
                "sign_p": figure_json(one.sign),
                "rank": ranks[k]._asdict() if k in ranks else None,
                "difference": None if against is None else difference_json(against),
            }
        )
    return rows


def _rate_json(rate: Rate) -> dict[str, Any]:
    return {**figure_json(rate.judge), "all_lost": rate.all_lost, "all_won": rate.all_won}


def _identical(plan: MatchPlan, first: str, second: str) -> int:
    both = zip(plan.picks[first].texts, plan.picks[second].texts, strict=True)
    return sum(bool(one.strip()) and one.split() == other.split() for one, other in both)


def _system_json(spec: GenerationSpec, system: System, account: LoopCounts) -> dict[str, Any]:
    usage = account.usage
    each = max(1, account.loops)
    return {
        "system": system.name,
        "prompts": system.prompts,
        "generator": system.generator,
        "reviewers": list(system.reviewers),
        "rounds": system.rounds,
        "n": account.loops,
        "drafts": account.drafts,
        "picked": {str(draft): account.picked[draft] for draft in range(1, system.rounds + 1)},
        "without_draft": account.empty,
        "generator_failures": {kind: account.failures[kind] for kind in FAILURES},
        "ended": {reason: account.ended[reason] for reason in ("score", "unchanged", "no-feedback")},
        "truncated_drafts": account.truncated,
        # Only if there is some, so that boards of models without reasoning keep their bytes.
        **({"reasoning_removed": account.stripped} if account.stripped else {}),
        "reviews": account.reviews,
        "review_failures": {kind: account.failed_reviews[kind] for kind in FAILURES},
        "reviews_without_score": account.unscored,
        "duels": account.duels,
        "duels_tied": account.tied_duels,
        "duels_failed": account.failed_duels,
        "calls": usage.calls,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost_usd": usage.cost_usd,
        "tokens_per_prompt": (usage.prompt_tokens + usage.completion_tokens) / each,
        "cost_per_prompt_usd": None if usage.cost_usd is None else usage.cost_usd / each,
        "simulated": any_simulated(spec.models[name] for name in system.models),
    }


def _strengths(spec: GenerationSpec, judged: Mapping[str, JudgedDataset]) -> Iterator[dict[str, Any]]:
    """Bradley-Terry strengths, one list for each prompt set and evaluator."""
    for prompts in dict.fromkeys(system.prompts for system in spec.systems):
        ids = [system.id for system in spec.systems if system.prompts == prompts]
        for cell in _evaluators(spec):
            games, cluster = [], None
            for match in spec.matches.values():
                if match.first in ids:
                    data = judged[match.name]
                    at = next(k for k, other in enumerate(data.cells) if _kind(other) == _kind(cell))
                    games.append((match.first, match.second, data.outcomes[:, at]))
                    cluster = data.cluster_codes()
            if cluster is not None:
                rows = strengths_json(ids, games, cluster, spec.score.level)
                for row in rows:
                    row["system"] = row["system"].partition("/")[2]
                yield {"prompts": prompts, "evaluator": _kind(cell), "rows": rows}


def _selection_words(spec: GenerationSpec) -> str:
    selection = spec.selection
    if selection.cell is None:
        return {"last": "the last draft", "score": "the best mean score of the reviewers; the earlier of equals"}[
            selection.by
        ]
    order = "alternating" if selection.alternates else selection.cell.order
    said = f"tournament of drafts before {selection.cell.strategy}/{selection.cell.evaluator}, order {order}"
    if selection.by == RANK:
        said = f"ranking of all drafts by {selection.cell.strategy}/{selection.cell.evaluator}, order {order}"
        return f"{said}; the earliest of those tied at the top"
    if selection.by == "published":
        return f"{said}; inverted from the third draft on, as the study arXiv 2408.08688 did by mistake"
    return f"{said}; a tie keeps the earlier draft"


def _notes(
    spec: GenerationSpec, systems: Sequence[Mapping[str, Any]], boards: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    if any_simulated(spec.models[name] for name in spec.models_used):
        yield numbers.SIMULATED
    for system in systems:
        failed = sum(system["generator_failures"].values())
        if failed:
            yield loop_wording.generator_failed(system["system"], failed, system["n"], system["without_draft"])
        left_out = sum(system["review_failures"].values())
        if left_out:
            yield loop_wording.reviews_left_out(system["system"], left_out, system["reviews"])
        if system["truncated_drafts"]:
            yield loop_wording.drafts_cut_off(system["system"], system["truncated_drafts"], system["drafts"])
    for board in boards:
        yield from _notes_on(board, spec)


def _notes_on(board: Mapping[str, Any], spec: GenerationSpec) -> Iterator[str]:
    """The systems that are not distinguishable from the best of a board."""
    rows, head = board["rows"], _title(board)
    failed = sum(sum(row["failures"].values()) for row in rows)
    if failed:
        yield loop_wording.comparisons_failed(head, failed, sum(row["n"] for row in rows))
    same = sum(row["identical"] for row in rows)
    if same:
        yield loop_wording.same_drafts(head, same, sum(row["n"] for row in rows))
    winner: Winner = board["winner"]
    if winner.tried > 1 and winner.value is not None:
        yield wording.best_of_many(winner)
    best = next((row for row in rows if row["rank"]), None)
    if best is None:
        return
    close = [row for row in rows if row["difference"] and not row["difference"]["is_distinguishable"]]
    others = [
        f"{row['system']}: {loop_wording.difference_of(row['difference'])}"
        for row in close
        if row["difference"]["value"] is not None
    ]
    if others:
        yield loop_wording.systems_not_distinguishable(head, best["system"], others, best["n"], spec.score.level)
