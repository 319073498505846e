"""Scores to a leaderboard: the cells of each dataset in order, with rank ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

from harness.hashing import rounded
from harness.leaderboard import numbers
from harness.leaderboard.escalation import escalation_json
from harness.leaderboard.notes import notes_on
from harness.records.calls import any_simulated
from harness.records.experiment import Spec
from harness.records.figures import Figure, RankSet
from harness.records.judgments import FAILURES
from harness.records.label_set import LabelSet
from harness.records.scores import CellScore, Difference, Leaderboard, Row, Winner
from harness.scoring.score import DatasetScores
from harness.scoring.soft_metric import lower_is_better
from harness.scoring.winner import best_first


def make_leaderboard(spec: Spec, per_dataset: Sequence[DatasetScores]) -> Leaderboard:
    """Order the cells of each dataset by the first metric of the spec, best first.

    Cells without a value come last; ties keep the order of the cells.

    Args:
        spec: the experiment.
        per_dataset: scores of each dataset, in the order of the spec.
    """
    metric = spec.score.metrics[0]
    rows: list[Row] = []
    notes: list[str] = []
    if any(_is_simulated(spec, score) for group in per_dataset for score in group.scores):
        notes.append(numbers.SIMULATED)
    for group in per_dataset:
        order = best_first(group.scores, metric)
        ranks = {name: contest.rank_sets() if contest else {} for name, contest in group.contests.items()}
        best = {name: best_first(group.scores, name)[0] for name in ranks if group.scores}
        rows += [
            Row(
                group.scores[k],
                {name: ranks[name].get(k) for name in ranks},
                {name: _difference(group, name, k, best[name]) for name in ranks},
                _is_simulated(spec, group.scores[k]),
            )
            for k in order
        ]
        notes += notes_on(group, metric)
    winners = tuple(group.winner for group in per_dataset if group.winner is not None)
    return Leaderboard(spec.name, metric, spec.score, spec.seed, tuple(rows), tuple(notes), winners, spec.label_set)


def _difference(group: DatasetScores, metric: str, one: int, best: int) -> Difference | None:
    """The difference to the best cell of the dataset; None for the best, and where nothing can be compared."""
    contest = group.contests[metric]
    return None if one == best or contest is None else contest.held_against(one, best)


def _is_simulated(spec: Spec, score: CellScore) -> bool:
    return any_simulated(spec.models[name] for name in score.cell.models)


def leaderboard_json(board: Leaderboard, run_id: str) -> dict[str, Any]:
    """The leaderboard as JSON (`schemas/output/leaderboard.schema.json`), floats rounded to 12 significant digits."""
    figures = [row.score.figures[board.metric] for row in board.rows if row.score.figures[board.metric].low is not None]
    document = {
        "run": run_id,
        "spec": board.spec,
        "kind": "evaluation",
        "metric": board.metric,
        "method": {
            "interval": _one_of({figure.method for figure in figures}, board.score.interval),
            "resamples": max((figure.resamples for figure in figures), default=0),
            "level": board.score.level,
            "seed": board.seed,
            "unit": _one_of({figure.unit for figure in figures}, "item"),
        },
        **({"lower_is_better": list(lower)} if (lower := lower_is_better(board.score.metrics)) else {}),
        "rows": [_row_json(row, board.metric, board.label_set) for row in board.rows],
        **({} if board.label_set.is_pair else {"labels": board.label_set.json()}),
        "winners": [winner_json(winner) for winner in board.winners],
        "notes": list(board.notes),
    }
    return cast(dict[str, Any], rounded(document))


def winner_json(winner: Winner) -> dict[str, Any]:
    """The best cell of a dataset as the schema describes it, floats unrounded."""
    held_out = winner.held_out
    document = {**asdict(winner), "seed": winner.seed or None, "reason": winner.reason or None}
    return document | {"held_out": held_out and {**asdict(held_out), "figure": _figure_json(held_out.figure, None)}}


def _one_of(found: set[str], otherwise: str) -> str:
    """The only element of a set, `otherwise` for none, `mixed` for several."""
    return (found or {otherwise}).pop() if len(found) < 2 else "mixed"


def _row_json(row: Row, metric: str, labels: LabelSet) -> dict[str, Any]:
    score = row.score
    figures = {name: _figure_json(figure, row.ranks.get(name)) for name, figure in score.figures.items()}
    for name, difference in row.differences.items():
        figures[name]["difference"] = None if difference is None else difference_json(difference)
    return {
        "cell": score.cell.id,
        "dataset": score.cell.dataset,
        "strategy": score.cell.strategy,
        "mode": score.cell.mode,
        "models": list(score.cell.models),
        "variant": score.cell.variant,
        "order": score.cell.order,
        "repeats": score.cell.repeats,
        "n": score.n,
        "items": score.items,
        "failures": dict(zip(FAILURES, score.outcomes[-len(FAILURES) :], strict=True)),
        "metrics": {name: figures[name] for name in row.ranks},
        "companions": {name: figure for name, figure in figures.items() if name not in row.ranks},
        "rank": _rank_json(row.ranks.get(metric)),
        "table": [list(counts) for counts in score.table],
        "marginals": {
            "reference": dict(zip(labels.names, (sum(counts) for counts in score.table), strict=True)),
            "judgments": dict(
                zip(labels.outcomes, (sum(column) for column in zip(*score.table, strict=True)), strict=True)
            ),
        },
        "tokens": {"prompt": score.usage.prompt_tokens, "completion": score.usage.completion_tokens},
        "calls": score.usage.calls,
        "cost_usd": score.usage.cost_usd,
        "abstained": score.usage.abstained,
        **escalation_json(score),
        "simulated": row.is_simulated,
    }


def _figure_json(figure: Figure, ranks: RankSet | None) -> dict[str, Any]:
    return {
        **asdict(figure),
        "reason": figure.reason or None,
        "seed": figure.seed or None,
        "flags": list(figure.flags),
        "rank": _rank_json(ranks),
    }


def difference_json(difference: Difference) -> dict[str, Any]:
    """A difference as the schema of the leaderboard describes it."""
    return {**asdict(difference), "reason": difference.reason or None}


def _rank_json(ranks: RankSet | None) -> dict[str, int] | None:
    return None if ranks is None else {"best": ranks.best, "worst": ranks.worst}
