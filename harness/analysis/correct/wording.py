"""Sentences about results corrected with labels."""

from __future__ import annotations

from collections.abc import Sequence

from harness.leaderboard.numbers import p_text, shortlist


def labelled_part(dataset: str, labelled: int, items: int) -> str:
    """What every corrected figure rests on."""
    return (
        f"{dataset}: {labelled} of {items} items have a human label; what they correct holds only if they are a random "
        "part of all items, which nothing in the data can show"
    )


def all_labelled(dataset: str) -> str:
    """Why a correction changes nothing."""
    return f"{dataset}: every item has a human label, so that no judgment adds to them: λ = 0"


def none_labelled(dataset: str) -> str:
    """Why there is no correction."""
    return f"{dataset}: no item has a human label: the win rates are the evaluators' own, and nothing corrects them"


def first_labelled(dataset: str, labelled: int) -> str:
    """Why labels may be no random part."""
    return (
        f"{dataset}: the labelled items are the first {labelled} of the dataset: a random part only if the order of "
        "the dataset is random"
    )


def unlike_others(dataset: str, cell: str, p: float, tried: int) -> str:
    """What speaks against the labels being a random part."""
    return (
        f"{dataset}: the labelled items do not look like a random part: on them {cell} answers otherwise than on the "
        f"others (p {p_text(p)}, corrected for {tried} cells)"
    )


def not_relied_on(dataset: str, cells: Sequence[str]) -> str:
    """Which evaluators add nothing to the labels."""
    return f"{dataset}: the labels do not go with the verdicts of {shortlist(cells)}: λ = 0, the labels stand alone"


def leans(dataset: str, cells: Sequence[str]) -> str:
    """Whose own win rate the labels rule out."""
    return f"{dataset}: outside the corrected interval lies the own win rate of {shortlist(cells)}"


def mixed_responses(dataset: str, systems: int) -> str:
    """Why a win rate names places and no models."""
    return (
        f"{dataset}: the responses come from {systems} models, so that the win rate of response b is that of no model; "
        "the models' strengths tell of them"
    )


def same_writer(dataset: str, left_out: int, items: int) -> str:
    """Which items say nothing about two models."""
    return f"{dataset}: in {left_out} of {items} items one model wrote both responses; win rates leave them out"


def no_verdict_counts(dataset: str, failed: int, judgments: int) -> str:
    """How failures enter win rates."""
    return (
        f"{dataset}: {failed} of {judgments} judgments failed; an evaluator's own win rate leaves them out, with "
        "bounds beside it; a corrected one takes them as saying nothing; in agreement a failure counts as disagreement"
    )
