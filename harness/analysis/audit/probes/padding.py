"""Padding: the same responses with filler, judged again, to see whether length alone moves the verdict."""

from __future__ import annotations

from collections.abc import Mapping

from harness.analysis.audit.finding import Finding
from harness.analysis.audit.interventions import effect_figures, effect_finding, effect_sentence, votes_of
from harness.analysis.audit.probe import Audited
from harness.records.datasets import Item
from harness.records.figures import Figure

SUMMARY = "padding: effect of padding a response to twice its length, judged again with `score.probes`"
ARMS = ("a", "b")
FILLER = (
    "In other words, what is said above holds.",
    "To put it differently, the points made so far are the points that matter here.",
    "As already stated, nothing more needs to be added to this.",
    "All of this has been said above and is only repeated for completeness.",
    "Once again, the above is the whole of the answer.",
)
"""Sentences without content of their own."""


def changed(item: Item, arm: str) -> Item:
    """The item with one response padded."""
    if arm == "a":
        return item._replace(response_a=padded(item.response_a))
    return item._replace(response_b=padded(item.response_b))


def padded(response: str) -> str:
    """A response with filler, at least twice as long."""
    parts, length = [response], len(response)
    while length < 2 * len(response) or len(parts) == 1:
        parts.append(FILLER[(len(parts) - 1) % len(FILLER)])
        length += len(parts[-1]) + 1
    return " ".join(parts)


def figures(audited: Audited) -> dict[str, Figure]:
    """The net share of the items whose verdicts lean to whichever response is padded; quality and position cancel."""
    votes = votes_of(audited, "padding")
    return effect_figures(audited, "padding", None if votes is None else (votes[:, 0] - votes[:, 1]).sum(axis=1))


def sentence(figures: Mapping[str, Figure]) -> str:
    """The effect of padding."""
    return effect_sentence("padding", "a response padded to twice its length", figures)


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether the q-value claims an effect."""
    return effect_finding("padding", figures)
