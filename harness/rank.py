"""Scores to a leaderboard: the cells of each dataset in order, with the ranks that cannot be excluded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, cast

from harness import words
from harness.contest import Contest
from harness.digest import rounded
from harness.figures import FEWEST_ITEMS
from harness.records import FAILURES, OUTCOMES, VERDICTS, CellScore, Figure, Leaderboard, RankSet, Row, Spec
from harness.score import DatasetScores
from harness.statistics import clusters
from harness.statistics.pairs import detectable


def make_leaderboard(spec: Spec, per_dataset: Sequence[DatasetScores]) -> Leaderboard:
    """Order the cells of each dataset by the first metric of the spec, best first.

    Cells without a value come last; equals stay in the order of the cells.

    Args:
        spec: the experiment.
        per_dataset: scores of each dataset, in the order of the spec.
    """
    metric = spec.score.metrics[0]
    rows: list[Row] = []
    notes: list[str] = []
    if any(_is_simulated(spec, score) for group in per_dataset for score in group.scores):
        notes.append(words.SIMULATED)
    for group in per_dataset:
        order = _order(group.scores, metric)
        ranks = {name: contest.rank_sets() if contest else {} for name, contest in group.contests.items()}
        rows += [_row(spec, group.scores[k], {name: ranks[name].get(k) for name in ranks}) for k in order]
        notes += _notes(group, metric)
    return Leaderboard(spec.name, metric, spec.score, spec.seed, tuple(rows), tuple(notes))


def _order(scores: Sequence[CellScore], metric: str) -> list[int]:
    def place(position: int) -> tuple[bool, float]:
        value = scores[position].figures[metric].value
        return value is None, -(value or 0.0)

    return sorted(range(len(scores)), key=place)


def _row(spec: Spec, score: CellScore, ranks: dict[str, RankSet | None]) -> Row:
    return Row(score, ranks, _is_simulated(spec, score))


def _is_simulated(spec: Spec, score: CellScore) -> bool:
    return any(spec.models[name].is_simulated for name in score.cell.models)


def _notes(group: DatasetScores, metric: str) -> Iterator[str]:
    """What must be known of the figures of one dataset."""
    if not group.scores:
        return
    yield from _notes_on_items(group, metric)
    failed: dict[str, int] = {
        kind: sum(score.outcomes[len(VERDICTS) + k] for score in group.scores) for k, kind in enumerate(FAILURES)
    }
    if any(failed.values()):
        yield words.failed(group.dataset, failed, sum(score.items for score in group.scores))
    for name, contest in group.contests.items():
        figures = [score.figures[name] for score in group.scores]
        undefined = max(figure.undefined_share for figure in figures)
        if any("undefined-resamples" in figure.flags for figure in figures):
            yield words.undefined_resamples(group.dataset, name, undefined)
        still = [_name(score) for score in group.scores if "degenerate" in score.figures[name].flags]
        if still:
            yield words.degenerate(group.dataset, name, still)
        if contest and contest.comparisons.method == "holm":
            yield words.holm_instead(group.dataset, name)
    ranked = group.contests.get(metric)
    if ranked:
        yield from _note_on_the_best(group, metric, ranked)


def _notes_on_items(group: DatasetScores, metric: str) -> Iterator[str]:
    """What holds for every cell of a dataset, since all judged the same items."""
    score = group.scores[0]
    if score.n == 0:
        yield words.no_labels(group.dataset)
        return
    if score.n < score.items:
        yield words.unlabelled(group.dataset, score.items - score.n, score.items)
    if score.n < FEWEST_ITEMS:
        yield words.few_items(group.dataset, score.n, FEWEST_ITEMS)
        return
    figures = [score.figures[metric] for score in group.scores]
    count = max((figure.units for figure in figures if figure.unit == "cluster"), default=0)
    if count:
        yield words.clustered(group.dataset, count, score.n)
    if 0 < count < clusters.FEW:
        yield words.few_clusters(group.dataset, count, clusters.FEWEST, clusters.FEW)


def _note_on_the_best(group: DatasetScores, metric: str, contest: Contest) -> Iterator[str]:
    """Which cells no test tells from the best, nearest first, and what the run could have found."""
    order = [k for k in _order(group.scores, metric) if k in contest.members]
    best, others = order[0], []
    for other in order[1:]:
        if not contest.is_distinguishable(best, other):
            value, reach, error = contest.difference(best, other)
            found = words.difference(value, reach, detectable(error)) if error else words.NO_VARIATION
            others.append(f"{_name(group.scores[other])}, {found}")
    if others:
        n = group.scores[best].figures[metric].n
        yield words.not_distinguishable(
            group.dataset, metric, _name(group.scores[best]), others, n=n, level=contest.level
        )


def _name(score: CellScore) -> str:
    """The cell's id without the dataset, which the sentence names."""
    return score.cell.id.removeprefix(f"{score.cell.dataset}/")


def leaderboard_json(board: Leaderboard, run_id: str) -> dict[str, Any]:
    """The leaderboard as `schemas/leaderboard.schema.json` describes it, floats rounded to 12 significant digits."""
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
        "rows": [_row_json(row, board.metric) for row in board.rows],
        "notes": list(board.notes),
    }
    return cast(dict[str, Any], rounded(document))


def _one_of(found: set[str], otherwise: str) -> str:
    """The only word in a set, `otherwise` for none, `mixed` for several."""
    return (found or {otherwise}).pop() if len(found) < 2 else "mixed"


def _row_json(row: Row, metric: str) -> dict[str, Any]:
    score = row.score
    verdicts = len(VERDICTS)
    figures = {name: _figure_json(figure, row.ranks.get(name)) for name, figure in score.figures.items()}
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
        "failures": dict(zip(FAILURES, score.outcomes[verdicts:], strict=True)),
        "metrics": {name: figures[name] for name in row.ranks},
        "companions": {name: figure for name, figure in figures.items() if name not in row.ranks},
        "rank": _rank_json(row.ranks.get(metric)),
        "table": [list(counts) for counts in score.table],
        "marginals": {
            "reference": dict(zip(VERDICTS, (sum(counts) for counts in score.table), strict=True)),
            "judgments": dict(zip(OUTCOMES, (sum(column) for column in zip(*score.table, strict=True)), strict=True)),
        },
        "tokens": {"prompt": score.usage.prompt_tokens, "completion": score.usage.completion_tokens},
        "calls": score.usage.calls,
        "cost_usd": score.usage.cost_usd,
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


def _rank_json(ranks: RankSet | None) -> dict[str, int] | None:
    return None if ranks is None else {"best": ranks.best, "worst": ranks.worst}
