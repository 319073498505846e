"""Several judges vote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from harness.evaluators.mode import CountedVotes, MemberVotes
from harness.prompting.single import single_rule
from harness.prompting.strategy import ROUNDING
from harness.records.experiment import Cell, Strategy

NAME = "jury"
ASKS_OF_MANY = ("rank", "best", "each")
SUMMARY = "Judges vote; one cell for each subset of them, at no cost beyond their own"


def expand(wanted: Mapping[str, Any], models: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """One cell for each subset of the members that has one of the sizes asked for.

    Args:
        wanted: the value of `jury` in a spec.
        models: all models of the spec.
    """
    members: list[dict[str, Any]] = [
        {"model": one, "strategy": None} if isinstance(one, str) else dict(one) for one in wanted["of"]
    ]
    sizes = wanted.get("sizes", [len(members)])
    weights = wanted.get("weights")
    for size in range(2, len(members) + 1) if sizes == "all" else sizes:
        for some in combinations(members, size):
            settings = {
                "members": list(some),
                "vote": wanted.get("vote", "majority"),
                "quorum": wanted.get("quorum", 0),
                "weights": weights and {one["model"]: weights.get(one["model"], 1) for one in some},
            }
            yield tuple(one["model"] for one in some), settings


def faults(wanted: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Errors in the settings that the schema cannot find: place, message, suggested fix."""
    names = [one if isinstance(one, str) else one["model"] for one in wanted["of"]]
    sizes = wanted.get("sizes", "all")
    for index, size in enumerate([] if sizes == "all" else sizes):
        if size > len(names):
            yield ("sizes", index), f"there are {len(names)} members, too few for a jury of {size}", "name more members"
    weights = wanted.get("weights")
    if (wanted.get("vote") == "weighted") != bool(weights):
        yield ("vote",) if weights is None else ("weights",), "`vote: weighted` and `weights` must be used together", ""
    if wanted.get("vote") == "mean-score" and wanted.get("quorum"):
        yield ("quorum",), "a quorum is of votes, and `vote: mean-score` counts none", "leave one of them out"
    for name in map(str, weights or {}):
        if name not in names:
            yield ("weights", name), f"`{name}` is not a member of this jury", f"the members are {', '.join(names)}"


def written(models: Sequence[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `expand`: the value of `jury` in a spec for one cell alone."""
    of = [dict(one) if one["strategy"] else one["model"] for one in settings["members"]]
    return {"of": of, **{key: settings[key] for key in ("vote", "quorum", "weights")}}


def variant(settings: Mapping[str, Any]) -> str:
    """Distinguishes juries of the same models, such as `(mean-score)` or `(weighted-1-1-5)`."""
    members: Sequence[Mapping[str, Any]] = settings["members"]
    weights: Mapping[str, float] = settings["weights"] or {}
    vote = "-".join([str(settings["vote"]), *(f"{weights[one['model']]:g}" for one in members if weights)])
    parts = [] if vote == "majority" else [vote]
    parts += [f"quorum={settings['quorum']:g}"] if settings["quorum"] else []
    parts += [f"{one['model']}@{one['strategy']}" for one in members if one["strategy"]]
    return f"({','.join(parts)})" if parts else ""


def unfit(strategy: Strategy, settings: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a jury with these settings cannot use a strategy, and a suggested fix; None where it can."""
    if strategy.ask == "single" and settings["quorum"]:
        return "a quorum makes the others a tie, and a single response has none", "leave `quorum` out"
    if strategy.ask in ("rank", "best") and settings["quorum"]:
        return "a quorum is of votes, and rankings are not counted but averaged", "leave `quorum` out"
    return None


def members(cell: Cell) -> list[Cell]:
    """The judge cells whose judgments the jury counts, in the order of its members."""
    return [
        Cell(
            cell.dataset,
            one["strategy"] or cell.strategy,
            "judge",
            (one["model"],),
            cell.order,
            cell.repeats,
            cell.collapse,
        )
        for one in cell.settings["members"]
    ]


def averages_scores(cell: Cell) -> bool:
    """Whether the mean scores of the members are compared."""
    return bool(cell.settings["vote"] == "mean-score")


def count(cell: Cell, strategy: Strategy, votes: MemberVotes) -> CountedVotes:
    """The verdict with most votes, or the verdict of the mean scores; a member that failed abstains.

    Numbers are averaged whatever the vote, by weight where it is weighted. Rankings of several responses become the
    ranking by mean rank, weighted in the same way.
    """
    import numpy as np

    from harness.evaluators.voting import mean_labels, mean_ranks, mean_scores, most_labels, most_votes

    weights = cell.settings["weights"]
    weigh = np.array([weights[name] for name in cell.models]) if weights else None
    if votes.labels.is_ranking:
        return CountedVotes(*mean_ranks(votes, weigh))
    if averages_scores(cell) or votes.labels.is_number:
        assert votes.scores is not None, "a mode that averages scores receives them"
        if strategy.ask == "single":
            labels, means = mean_labels(votes.codes, votes.scores[:, :, 0], single_rule(strategy), weigh)
            return CountedVotes(labels, np.column_stack([means, np.full(len(means), np.nan)]))
        margin = strategy.tie_margin + ROUNDING
        verdicts, mean_a, mean_b = mean_scores(votes.codes, votes.scores[:, :, 0], votes.scores[:, :, 1], margin)
        return CountedVotes(verdicts, np.column_stack([mean_a, mean_b]))
    if strategy.ask == "single":
        return CountedVotes(most_labels(votes.codes, votes.labels, weigh))
    return CountedVotes(most_votes(votes.codes, weigh, cell.settings["quorum"]))
