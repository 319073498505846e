"""The notes of a leaderboard: which of them apply to its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.leaderboard import wording
from harness.records.judgments import FAILURES
from harness.records.scores import CellScore, Difference
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.pairwise import CellComparisons
from harness.scoring.ranked_data import CHANCE
from harness.scoring.score import DatasetScores
from harness.scoring.soft_metric import is_of_rankings, is_soft
from harness.scoring.winner import best_first
from harness.statistics import clusters

RELATIONS = {
    "higher": ("better than", "worse than"),
    "lower": ("better than", "worse than"),
    "none": ("higher than", "lower than"),
}
"""How a cell differs from a baseline, by the direction of the metric: above it, or better; below it, or worse."""


def notes_on(group: DatasetScores, metric: str) -> Iterator[str]:
    """The notes on one dataset, whose cells are ordered by a metric."""
    if not group.scores:
        return
    yield from _notes_on_items(group, metric)
    failed: dict[str, int] = {
        kind: sum(score.outcomes[k - len(FAILURES)] for score in group.scores) for k, kind in enumerate(FAILURES)
    }
    if any(map(is_of_rankings, group.contests)):
        yield from _notes_on_rankings(group, failed)
    elif any(failed.values()) and len(group.scores[0].table) == 1:  # labels are numbers
        yield wording.failed_numbers(group.dataset, failed, sum(score.items for score in group.scores))
    elif any(failed.values()):
        yield wording.failed(group.dataset, failed, sum(score.items for score in group.scores))
        if soft := [name for name in group.contests if is_soft(name)]:
            yield wording.failed_soft(group.dataset, soft)
    for name in group.contests:
        if found := [_limits(score, name) for score in group.scores if _has_limits(score, name)]:
            yield wording.limits_of_agreement(group.dataset, found)
    for name, contest in group.contests.items():
        figures = [score.figures[name] for score in group.scores]
        undefined = max(figure.undefined_share for figure in figures)
        if any("undefined-resamples" in figure.flags for figure in figures):
            yield wording.undefined_resamples(group.dataset, name, undefined)
        degenerate = [_name(score) for score in group.scores if "degenerate" in score.figures[name].flags]
        if degenerate:
            yield wording.degenerate(group.dataset, name, degenerate)
        if contest and contest.reason and contest.reason not in (figure.reason for figure in figures):
            yield wording.not_compared(group.dataset, name, contest.reason)
        if contest and contest.comparisons and contest.comparisons.method == "bonferroni":
            yield wording.bonferroni_instead(group.dataset, name)
    yield from findings_on(group, metric)
    yield from _notes_on_consistency(group)


def _has_limits(score: CellScore, name: str) -> bool:
    low = score.figures.get(f"{name}.limit-low")
    return low is not None and low.value is not None


def _limits(score: CellScore, name: str) -> str:
    """The limits of agreement of a cell."""
    return wording.limits_of(_name(score), *(score.figures[f"{name}.limit-{end}"] for end in ("low", "high")))


def _notes_on_rankings(group: DatasetScores, failed: Mapping[str, int]) -> Iterator[str]:
    """The notes on figures of rankings: how failures count, what chance gives, and which items are left out."""
    if any(failed.values()):
        yield wording.failed_rankings(group.dataset, failed, sum(score.items for score in group.scores))
    first = group.scores[0]
    by_chance = {name: first.figures[f"{name}.{CHANCE}"].value for name in group.contests}
    known = {name: value for name, value in by_chance.items() if value is not None}
    if known:
        yield wording.chance_of_rankings(group.dataset, known)
    used = max(first.figures[name].n for name in group.contests)
    if used < first.n:
        yield wording.all_equal(group.dataset, first.n - used)


def findings_on(group: DatasetScores, metric: str, other: int | None = None) -> Iterator[str]:
    """The notes on the differences between the cells of a dataset, and on the best of them.

    Args:
        group: their scores.
        metric: a metric of the comparison.
        other: position of the baseline; None for the best cell.
    """
    ranked = group.contests.get(metric)
    if ranked and ranked.comparisons and other is None:
        if ranked.direction == "none":
            return
        yield from _note_on_the_best(group, metric, ranked)
    elif ranked and other in ranked.members:
        yield from _notes_on_one(group, metric, ranked, other)
    if group.winner and group.winner.tried > 1 and group.winner.value is not None:
        yield wording.best_of_many(group.winner)
    if group.winner and group.winner.held_out:
        yield wording.held_out(group.winner, group.winner.held_out)


def _notes_on_items(group: DatasetScores, metric: str) -> Iterator[str]:
    """The notes that apply to every cell of a dataset, since all judged the same items."""
    score = group.scores[0]
    if score.n == 0:
        yield wording.no_labels(group.dataset)
        return
    if score.n < score.items:
        yield wording.unlabelled(group.dataset, score.items - score.n, score.items)
    if score.n < MIN_ITEMS:
        yield wording.few_items(group.dataset, score.n, MIN_ITEMS)
        return
    figures = [score.figures[metric] for score in group.scores]
    count = max((figure.units for figure in figures if figure.unit == "cluster"), default=0)
    if count:
        yield wording.clustered(group.dataset, count, score.n)
    large = next((figure.reason for figure in figures if "large clusters" in figure.reason), "")
    if large:
        yield wording.large_clusters(group.dataset, large)
    elif 0 < count < clusters.FEW or any("few-clusters" in figure.flags for figure in figures):
        yield wording.few_clusters(group.dataset, count, clusters.FEWEST, clusters.FEW)


def _note_on_the_best(group: DatasetScores, metric: str, contest: CellComparisons) -> Iterator[str]:
    """The cells that are not distinguishable from the best, nearest first, with the detectable difference."""
    order = [k for k in best_first(group.scores, metric) if k in contest.members]
    best = order[0]
    differences = {k: contest.held_against(k, best) for k in order[1:]}
    yield from _equivalent(group, metric, contest, wording.the_best(_name(group.scores[best])), differences)
    others = [
        f"{_name(group.scores[k])}, {wording.difference(found)}"
        for k, found in differences.items()
        if not found.is_distinguishable
    ]
    if others:
        n = group.scores[best].figures[metric].n
        yield wording.not_distinguishable(
            group.dataset, metric, _name(group.scores[best]), others, n=n, level=_level(group)
        )


def _notes_on_one(group: DatasetScores, metric: str, contest: CellComparisons, other: int) -> Iterator[str]:
    """The cells that are better or worse than the baseline or not distinguishable from it, best first."""
    found: dict[str, list[str]] = {word: [] for word in (*RELATIONS[contest.direction], "not distinguishable from")}
    differences = {
        k: contest.held_against(k, other)
        for k in best_first(group.scores, metric)
        if k != other and k in contest.members
    }
    for k, difference in differences.items():
        if difference.is_distinguishable:
            how = _relation(contest, difference)
            found[how].append(f"{_name(group.scores[k])}, {wording.significant(difference)}")
        else:
            found["not distinguishable from"].append(f"{_name(group.scores[k])}, {wording.difference(difference)}")
    n = group.scores[other].figures[metric].n
    for how, cells in found.items():
        if cells:
            yield wording.compared_with_baseline(
                group.dataset, metric, f"{how} {_name(group.scores[other])}", cells, n=n, level=_level(group)
            )
    yield from _equivalent(group, metric, contest, _name(group.scores[other]), differences)


def _relation(contest: CellComparisons, difference: Difference) -> str:
    """How a cell differs from the baseline."""
    better, worse = RELATIONS[contest.direction]
    return better if ((difference.value or 0.0) > 0) is (contest.direction != "lower") else worse


def _equivalent(
    group: DatasetScores,
    metric: str,
    contest: CellComparisons,
    to: str,
    differences: Mapping[int, Difference],
) -> Iterator[str]:
    """Which cells are within the margin of the spec."""
    alike = [_name(group.scores[k]) for k, found in differences.items() if found.is_equivalent]
    if alike and contest.margin is not None:
        yield wording.equivalent(group.dataset, metric, to, alike, margin=contest.margin, level=_level(group))


def _level(group: DatasetScores) -> float:
    return next(figure.level for score in group.scores for figure in score.figures.values())


def _name(score: CellScore) -> str:
    """The id of a cell without the dataset, which the note names."""
    return score.cell.id.removeprefix(f"{score.cell.dataset}/")


def _notes_on_consistency(group: DatasetScores) -> Iterator[str]:
    """The notes on the consistency of cells with both orders or repeats, least consistent first."""
    flips = [
        wording.flip_rate_of(
            _name(score), *(score.figures[name] for name in ("flip-rate", "slot-preference", "slot-preference.p-value"))
        )
        for score in _ordered(group.scores, "flip-rate", largest_first=True)
    ]
    if flips:
        yield wording.flip_rates(group.dataset, flips)
    repeats = [
        wording.self_agreement_of(_name(score), score.figures["self-agreement"])
        for score in _ordered(group.scores, "self-agreement")
    ]
    if repeats:
        yield wording.self_agreements(group.dataset, repeats)


def _ordered(scores: Sequence[CellScore], name: str, *, largest_first: bool = False) -> list[CellScore]:
    """The scores with a value of a figure, ordered by it; ties keep their order."""
    values = {k: score.figures[name].value for k, score in enumerate(scores) if name in score.figures}
    found = [(-value if largest_first else value, k) for k, value in values.items() if value is not None]
    return [scores[k] for _, k in sorted(found)]
