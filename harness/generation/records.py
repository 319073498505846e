"""The records of a generation, in the order of a run.

GenerationSpec ─▶ Systems ─▶ Trajectories (Drafts, Reviews, Duels) ─▶ Matches ─▶ win rates
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from harness.records.datasets import DatasetSpec
from harness.records.experiment import Cell, Spec
from harness.records.judgments import FailureKind

SelectBy = Literal["last", "score", "rank", "tournament", "published"]
RANK: SelectBy = "rank"
"""The selection by a ranking of all drafts."""
Ended = Literal["", "score", "unchanged", "no-feedback"]


@dataclass(frozen=True, slots=True)
class System:
    """One point of the matrix of loops: who writes, who reviews, and for how many rounds.

    Attributes:
        prompts: name of a prompt set of the spec.
        generator: name of the model that writes.
        reviewers: names of those who review each draft; none for a model on its own.
        rounds: the most drafts in all.
        variant: distinguishes systems of the same models, such as `(rounds=2)`.
    """

    prompts: str
    generator: str
    reviewers: tuple[str, ...]
    rounds: int
    variant: str = ""

    @property
    def name(self) -> str:
        """Such as `llama`, `llama+gemma` (written by one, reviewed by the other), or `llama+gemma+gpt`."""
        return "+".join((self.generator, *self.reviewers)) + self.variant

    @property
    def id(self) -> str:
        """Stable and readable, such as `tasks/llama+gemma`."""
        return f"{self.prompts}/{self.name}"

    @property
    def models(self) -> tuple[str, ...]:
        """The generator and the reviewers, each once."""
        return tuple(dict.fromkeys((self.generator, *self.reviewers)))


@dataclass(frozen=True, slots=True)
class Selection:
    """How the best draft of a trajectory is found.

    Attributes:
        by: `last`; `score`: the reviewers' own; `rank`: all drafts are ranked together; `tournament`: each new draft
            against the best so far; `published`: as the study arXiv 2408.08688 did it, whose second round took the
            loser.
        cell: the evaluator of a tournament or a ranking, with its strategy and order; None without one.
        alternates: whether drafts after the second one are shown before the best so far, as in that study.
    """

    by: SelectBy
    cell: Cell | None = None
    alternates: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """When a loop ends before its last round.

    Attributes:
        score: the mean score of the reviewers that ends it, None for never.
        unchanged: whether a draft that repeats the one before ends it.
    """

    score: float | None = None
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """How drafts are reviewed and revised: templates and an answer rule, as a review file writes them.

    Attributes:
        name: the name that the spec gives it.
        summary: one line for lists.
        review: template that asks for a review of the first draft.
        review_again: template that asks for a review of a later one, in the same conversation.
        revise: template that asks the generator for another draft.
        answer: the answer rule of the score, every default written out.
        system: template of the reviewers' system message, or None.
        source: where it comes from, for messages.
    """

    name: str
    summary: str
    review: str
    review_again: str
    revise: str
    answer: Mapping[str, Any]
    system: str | None = None
    source: str = "built-in"


class Review(NamedTuple):
    """One reviewer's review of a draft.

    Attributes:
        reviewer: name of the model.
        text: the whole reply, "" where it failed.
        score: None if none could be read.
        failure: why there is no review, None where there is one.
        key: cache key of the call.
        is_stripped: whether the model's reasoning was separated from it.
    """

    reviewer: str
    text: str
    score: float | None
    failure: FailureKind | None
    key: str
    is_stripped: bool = False


class Draft(NamedTuple):
    """One draft and its reviews.

    Attributes:
        text: the draft.
        is_truncated: whether it was cut off at the token limit.
        key: cache key of the call that made it.
        reviews: one for each reviewer who was asked, in the order of the system.
        is_stripped: whether the model's reasoning was separated from it.
    """

    text: str
    is_truncated: bool
    key: str
    reviews: tuple[Review, ...] = ()
    is_stripped: bool = False

    @property
    def score(self) -> float | None:
        """Mean of the scores that could be read, None where there is none."""
        scores = [review.score for review in self.reviews if review.score is not None]
        return sum(scores) / len(scores) if scores else None


class DraftComparison(NamedTuple):
    """A comparison of a new draft with the best so far.

    Attributes:
        best: position of the best draft so far.
        new: position of the new one.
        verdict: `a` for the best so far, `b` for the new one; None where there is a failure.
        failure: why there is no verdict.
        score_best: the evaluator's score of the best so far, None if it gives none.
        score_new: its score of the new one.
        votes: the verdicts of both orders, or of a jury, with `a` for the best so far; empty where there was only one.
        keys: cache keys of its calls; none if both drafts are the same, which is a tie without a call.
    """

    best: int
    new: int
    verdict: str | None
    failure: FailureKind | None = None
    score_best: float | None = None
    score_new: float | None = None
    votes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


class Trajectory(NamedTuple):
    """One prompt's drafts and reviews in a loop.

    Attributes:
        drafts: in the order in which they were written.
        picked: position of the best one, −1 where there is none.
        failure: why the generator gave no further draft, None where it gave all that it was asked for.
        ended: why the loop ended before its last round otherwise, "" where it did not.
        duels: of the tournament.
    """

    drafts: tuple[Draft, ...]
    picked: int
    failure: FailureKind | None = None
    ended: Ended = ""
    duels: tuple[DraftComparison, ...] = ()

    @property
    def abstained(self) -> int:
        """Reviews that failed and were left out, and duels without a verdict."""
        failed = sum(review.failure is not None for draft in self.drafts for review in draft.reviews)
        return failed + sum(duel.failure is not None for duel in self.duels)

    @property
    def text(self) -> str | None:
        """The draft that was picked, None where there is none."""
        return self.drafts[self.picked].text if self.picked >= 0 else None


@dataclass(frozen=True, slots=True)
class Match:
    """Two systems whose picked drafts are compared, prompt by prompt: the dataset of some cells.

    Attributes:
        name: of the dataset, such as `tasks/llama+gemma-vs-llama`.
        first: id of the system whose draft is response a.
        second: id of the other one.
    """

    name: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, repr=False)
class GenerationSpec(Spec):
    """An experiment of the kind `generation`.

    Its `cells` compare drafts; their datasets are the matches, which only a run creates.

    Attributes:
        prompts: the prompt sets, by name.
        systems: the matrix of loops, and the opponents, in canonical order.
        review: how drafts are reviewed and revised.
        stop: when a loop ends early.
        selection: how the best draft is found.
        opponents: names of the systems that all others are compared with.
        matches: by name, in canonical order.
        bradley_terry: whether one strength is fitted to all systems.
        licences: the licences of prompts and outputs in the spec, for the datasheet.
    """

    prompts: Mapping[str, DatasetSpec] = field(default_factory=dict)
    systems: tuple[System, ...] = ()
    review: ReviewRule | None = None
    stop: Stop = field(default_factory=Stop)
    selection: Selection = field(default_factory=lambda: Selection("last"))
    opponents: tuple[str, ...] = ()
    matches: Mapping[str, Match] = field(default_factory=dict)
    bradley_terry: bool = False
    licences: tuple[str, ...] = ()

    @property
    def models_used(self) -> tuple[str, ...]:
        """Names of all models that are asked, each once."""
        chosen = self.selection.cell.models if self.selection.cell else ()
        looped = (name for system in self.systems for name in system.models)
        compared = (name for cell in self.cells for name in cell.models)
        return tuple(dict.fromkeys((*looped, *chosen, *compared)))
