"""Preference pairs and labelled single responses, before and after filtering."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from harness.records.datasets import Message

View: TypeAlias = Literal["single", "workflow"]
Source: TypeAlias = Literal["duel", "match", "revision", "review", "judgment", "scores", "label", "ranking"]

VIEWS: tuple[View, ...] = ("single", "workflow")
SOURCES: dict[str, str] = {
    "duel": "two drafts of one trajectory, by the evaluator that selects",
    "scores": "two drafts of one trajectory, by the mean score of the reviewers",
    "match": "the picked drafts of two systems, by the evaluator that compares",
    "revision": "the conversation with the reviewer's feedback, and the better over the worse response to it",
    "review": "a draft to review, and a review that led to an improvement over one that did not",
    "judgment": "two responses of an evaluation, by its evaluator",
    "ranking": "two of several responses of an evaluation, by the ranking of its evaluator or of people",
    "label": "a single response of an evaluation, by the labels of people or of its evaluator",
}
"""The sources of pairs."""


PEOPLE: Literal["people"] = "people"
"""The evaluator of responses that people labelled."""
UNLABELLED = "unlabelled"
"""In place of the verdict on a single response: people gave it no label."""
NEITHER = "neither"
"""In place of the verdict on a single response: its label is neither desirable nor undesirable."""


class Candidate(NamedTuple):
    """A pair of texts with a verdict, or a single one (`source` is `label`, `second` is empty).

    Attributes:
        prompts: name of the prompt set or dataset.
        item: id of the prompt.
        cluster: prompts that share it stay in one part of a split.
        view: what the pair is to improve.
        source: where it comes from: one of SOURCES.
        prompt: the messages that both texts answer.
        first: one text.
        second: the other one.
        verdict: `a` for the first, `b` for the second, `tie`, or the failure; of a single text `a` where it is
            desirable, `b` where it is undesirable, `unlabelled` or `neither`.
        votes: the verdicts of both orders, empty with one order; mapped to the given order.
        score_first: score of the first text, None without scores.
        score_second: score of the second text.
        writers: who wrote the first and the second: names of models or systems.
        rounds: round of each draft; None for other texts.
        truncated: whether one of them was truncated.
        evaluator: the evaluator of the pair.
        calls: cache keys of the calls behind the verdict and, as far as they are known, behind the texts.
    """

    prompts: str
    item: str
    cluster: str
    view: View
    source: Source
    prompt: tuple[Message, ...]
    first: str
    second: str
    verdict: str
    votes: tuple[str, ...] = ()
    score_first: float | None = None
    score_second: float | None = None
    writers: tuple[str | None, str | None] = (None, None)
    rounds: tuple[int | None, int | None] = (None, None)
    truncated: bool = False
    evaluator: str = ""
    calls: tuple[str, ...] = ()

    @property
    def is_single(self) -> bool:
        """Whether it is one labelled text, and no pair."""
        return self.source == "label"


class Preference(NamedTuple):
    """A pair that passed all filters.

    Attributes:
        candidate: its candidate.
        chosen: the better text; of a single one itself where it is desirable, else "".
        rejected: the worse text; of a single one itself where it is undesirable, else "".
        score_chosen: score of the chosen text, None without scores.
        score_rejected: score of the rejected text.
        split: its part of the split: `train`, `validation` or `test`.
    """

    candidate: Candidate
    chosen: str
    rejected: str
    score_chosen: float | None
    score_rejected: float | None
    split: str
