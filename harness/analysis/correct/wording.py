"""The notes of a correction."""

from __future__ import annotations

from collections.abc import Sequence

from harness.leaderboard.numbers import p_text, shortlist


def labelled_part(dataset: str, labelled: int, items: int) -> str:
    """A labelled subset."""
    return (
        f"{dataset}: {labelled} of {items} items have a human label; the correction is valid only if they are a "
        "random sample of all items"
    )


def drawn_part(dataset: str, labelled: int, items: int) -> str:
    """A labelled subset with known probabilities."""
    return f"{dataset}: {labelled} of {items} items have a human label, drawn with known probabilities"


def unequal(dataset: str, lowest: float, highest: float, effective: float) -> str:
    """Labels with unequal probabilities.

    Args:
        dataset: its name.
        lowest: probability of a labelled item.
        highest: the same.
        effective: how many labels of equal probability these are worth.
    """
    return (
        f"{dataset}: labels have probabilities from {lowest:.3g} to {highest:.3g} and are weighted (Hájek); without "
        f"the judges they are worth {effective:.0f} of a uniform draw; there is no sign test"
    )


def all_labelled(dataset: str) -> str:
    """All items labelled."""
    return f"{dataset}: every item has a human label, so the judgments add no information: λ = 0"


def none_labelled(dataset: str) -> str:
    """No item labelled."""
    return f"{dataset}: no item has a human label: nothing is corrected"


def first_labelled(dataset: str, labelled: int) -> str:
    """The first items labelled, which may not be a random sample."""
    return (
        f"{dataset}: the labelled items are the first {labelled} of the dataset: a random sample only if its order is "
        "random"
    )


def unlike_others(dataset: str, what: str, p: float, tried: int) -> str:
    """Evidence against a random sample.

    Args:
        dataset: its name.
        what: what differs, such as `the verdicts of direct/judge:gpt-4o` or `the categories`.
        p: adjusted p-value.
        tried: how many such comparisons were made.
    """
    return (
        f"{dataset}: the labelled items may not be a random sample: {what} differ from those of the other items "
        f"(p {p_text(p)}, corrected for {tried} comparisons)"
    )


def not_relied_on(dataset: str, cells: Sequence[str]) -> str:
    """Evaluators without information about the labels."""
    return f"{dataset}: the verdicts of {shortlist(cells)} do not predict the labels: λ = 0, labels only"


def leans(dataset: str, cells: Sequence[str]) -> str:
    """Evaluators whose win rate is outside the corrected interval."""
    return f"{dataset}: the uncorrected rate is outside the corrected interval: {shortlist(cells)}"


def mixed_responses(dataset: str, systems: int) -> str:
    """Responses of more than two models."""
    return (
        f"{dataset}: the responses are by {systems} models: the win rate is that of response b, not of a model; "
        "see the strengths"
    )


def same_writer(dataset: str, left_out: int, items: int) -> str:
    """Items with one model on both sides."""
    return f"{dataset}: {left_out} of {items} items with both responses by one model are left out of win rates"


def no_verdict_counts(dataset: str, failed: int, judgments: int) -> str:
    """Failures in win rates and agreement."""
    return (
        f"{dataset}: {failed} of {judgments} judgments failed; uncorrected win rates leave them out (with bounds), "
        "corrected ones use the labels only, and agreement counts them as disagreement"
    )


def transport(dataset: str, *, has_systems: bool) -> str:
    """What Rogan and Gladen's estimator assumes.

    Args:
        dataset: its name.
        has_systems: whether systems have rates by sensitivity and specificity over all systems.
    """
    others = ", whichever system wrote them" if has_systems else ""
    return (
        f"{dataset}: Rogan-Gladen assumes the sensitivity and specificity of the labelled items for all items{others}; "
        "the corrected rate (PPI++) does not: prefer it"
    )


def leaves_range(dataset: str, names: Sequence[str]) -> str:
    """Estimates outside [0, 1]."""
    return f"{dataset}: Rogan-Gladen leaves [0, 1] and is cut off: {shortlist(names)}"


def unbounded(dataset: str, names: Sequence[str]) -> str:
    """Judges that are not distinguishable from chance."""
    return (
        f"{dataset}: sensitivity + specificity is not distinguishable from 1, so Rogan-Gladen allows every rate: "
        f"{shortlist(names)}"
    )


def no_transport(dataset: str, names: Sequence[str]) -> str:
    """Evidence that sensitivity and specificity do not transport."""
    return f"{dataset}: the intervals of Rogan-Gladen and of the corrected rate exclude each other: {shortlist(names)}"
