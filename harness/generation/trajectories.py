"""Trajectories → the parts that a run keeps: rows for the run folder, picks, and counts by system."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from harness.generation.plan import LoopPlan, Picks
from harness.generation.records import Review, System, Trajectory
from harness.records.judgments import Usage
from harness.runner.finished import FinishedConversation

REVIEW = pl.Struct(
    {"reviewer": pl.String, "text": pl.String, "score": pl.Float64, "failure": pl.String, "key": pl.String}
)
COLUMNS: Mapping[str, Any] = {
    "system": pl.String,
    "prompts": pl.String,
    "item": pl.String,
    "generator": pl.String,
    "reviewers": pl.List(pl.String),
    "round": pl.Int64,
    "text": pl.String,
    "is_truncated": pl.Boolean,
    "key": pl.String,
    "score": pl.Float64,
    "is_picked": pl.Boolean,
    "best_before": pl.Int64,
    "verdict": pl.String,
    "score_best": pl.Float64,
    "score_new": pl.Float64,
    "votes": pl.List(pl.String),
    "duel_calls": pl.List(pl.String),
    "reviews": pl.List(REVIEW),
    "failure": pl.String,
    "ended": pl.String,
}
"""Of `trajectories.parquet`: one row for each draft, or one of round 0 for a trajectory without any."""


@dataclass
class LoopCounts:
    """Statistics of one system's loops.

    Attributes:
        loops: trajectories.
        drafts: in all.
        rounds: trajectories by their number of drafts.
        picked: by the position of the draft, from 1.
        failures: trajectories whose generator failed, by kind; those without any draft are in `empty` as well.
        empty: trajectories without any draft.
        ended: trajectories that ended early, by reason.
        truncated: drafts that were cut off at the token limit.
        stripped: drafts and reviews from which the model's reasoning was separated.
        reviews: reviews that were asked for.
        failed_reviews: of these, by kind.
        unscored: reviews without a score that could be read.
        duels: of tournaments.
        failed_duels: without a verdict.
        tied_duels: that kept the earlier draft.
        usage: usage of the loops, the choice of a draft included.
    """

    loops: int = 0
    drafts: int = 0
    rounds: Counter[int] = field(default_factory=Counter)
    picked: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    truncated: int = 0
    stripped: int = 0
    reviews: int = 0
    failed_reviews: Counter[str] = field(default_factory=Counter)
    unscored: int = 0
    duels: int = 0
    failed_duels: int = 0
    tied_duels: int = 0
    usage: Usage = field(default_factory=Usage)

    def count(self, one: Trajectory) -> None:
        """Add a trajectory."""
        self.loops += 1
        self.drafts += len(one.drafts)
        self.rounds[len(one.drafts)] += 1
        self.empty += not one.drafts
        if one.picked >= 0:
            self.picked[one.picked + 1] += 1
        if one.failure:
            self.failures[one.failure] += 1
        if one.ended:
            self.ended[one.ended] += 1
        self.truncated += sum(draft.is_truncated for draft in one.drafts)
        self.stripped += sum(draft.is_stripped for draft in one.drafts)
        reviews: Iterable[Review] = (review for draft in one.drafts for review in draft.reviews)
        for review in reviews:
            self.reviews += 1
            self.stripped += review.is_stripped
            if review.failure:
                self.failed_reviews[review.failure] += 1
            elif review.score is None:
                self.unscored += 1
        self.duels += len(one.duels)
        self.failed_duels += sum(duel.failure is not None for duel in one.duels)
        self.tied_duels += sum(duel.verdict == "tie" for duel in one.duels)


class TrajectoryLedger:
    """Collect trajectories in canonical order.

    Args:
        plan: the plan of the loops.
    """

    def __init__(self, plan: LoopPlan) -> None:
        self.accounts: dict[str, LoopCounts] = {system.id: LoopCounts() for system in plan.spec.systems}
        self.picks: dict[str, Picks] = {system.id: Picks([], []) for system in plan.spec.systems}
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """SHA-256 of all trajectories so far, in their order."""
        return self._digest.hexdigest()

    def add(self, system: System, conversations: Sequence[FinishedConversation[Trajectory]]) -> list[tuple[Any, ...]]:
        """Add ended loops of a system; return their rows."""
        account, picks = self.accounts[system.id], self.picks[system.id]
        rows: list[tuple[Any, ...]] = []
        for conversation in conversations:
            one = conversation.outcome
            assert one is not None, "the loop has ended"
            account.count(one)
            picks.texts.append(one.text or "")
            picks.failures.append(None if one.picked >= 0 else one.failure or "unavailable")
            rows += rows_of(system, conversation.item_id, one)
        account.usage = account.usage.plus(_usage_of(conversations))
        self._digest.update(orjson.dumps(rows)[1:-1] + b",")
        return rows


def _usage_of(conversations: Sequence[FinishedConversation[Trajectory]]) -> Usage:
    """What some loops took."""
    costs = [conversation.cost_usd for conversation in conversations]
    return Usage(
        sum(conversation.prompt_tokens for conversation in conversations),
        sum(conversation.completion_tokens for conversation in conversations),
        sum(len(conversation.history) for conversation in conversations),
        None if None in costs else sum(cost for cost in costs if cost is not None),
        sum(conversation.outcome.abstained for conversation in conversations if conversation.outcome is not None),
    )


def review_row(review: Review) -> dict[str, Any]:
    """A review as `reviews` of `trajectories.parquet` holds it."""
    fields = review._asdict()
    del fields["is_stripped"]  # counted by system
    return fields


def rows_of(system: System, item: str, one: Trajectory) -> list[tuple[Any, ...]]:
    """The rows of a trajectory, in the order of COLUMNS."""
    head = (system.id, system.prompts, item, system.generator, list(system.reviewers))
    end = (one.failure, one.ended or None)
    if not one.drafts:
        return [(*head, 0, None, None, None, None, False, None, None, None, None, [], [], [], *end)]
    duels = {duel.new: duel for duel in one.duels}
    rows = []
    for at, draft in enumerate(one.drafts):
        duel = duels.get(at)
        met: tuple[Any, ...] = (None, None, None, None, [], [])
        if duel:
            met = (duel.best + 1, duel.verdict or duel.failure, duel.score_best, duel.score_new)
            met += (list(duel.votes), list(duel.keys))
        said = [review_row(review) for review in draft.reviews]
        known = (at + 1, draft.text, draft.is_truncated, draft.key, draft.score, at == one.picked)
        rows.append((*head, *known, *met, said, *end))
    return rows
