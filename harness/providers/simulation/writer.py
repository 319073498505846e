"""How a simulated model writes, revises and reviews. Pure functions.

A first draft mentions each requirement of the prompt with a probability that is the writer's skill. A reviewer names
the requirements that it finds missing: it notices a missing one with a probability equal to its skill, and sometimes
overlooks one that is met. A revision keeps what the draft has and adds nearly everything that a reviewer named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.providers.simulation.chance import Chance
from harness.providers.simulation.world import Knobs, are_met, requirements_of, signature_of

IMPROVED = 0.85
"""Chance that a writer adds a requirement that a review names."""
UNCHANGED = 0.06
"""Chance that a revision drops a requirement that was met."""
OVERLOOKED = 0.25
"""How often a reviewer of skill 0 overlooks a requirement that is met; less often with more skill."""

MISSING = "It does not mention {}."
GOOD = "Nothing that was asked for seems to be missing."

_FEEDBACK = re.compile(r"<feedback-([0-9a-f]{16})>\n(.*?)\n</feedback-\1>", re.DOTALL)
_MISSING = re.compile(r"It does not mention ([^.\n]+)\.")
_ASKS_FOR_REVIEW = re.compile(r"\b(review|author|revised)\b", re.IGNORECASE)
_FENCED = re.compile(r"<([a-z0-9_-]+)-([0-9a-f]{16})>\n(.*?)\n</\1-\2>", re.DOTALL)
_MENTIONS = (
    "Do not miss {}.",
    "There is a good word to be said for {}.",
    "You will also find {}.",
    "A moment is well spent on {}.",
)


def written(knobs: Knobs, messages: Sequence[Mapping[str, Any]], chance: Chance) -> str | None:
    """A draft, or a revision of the last one; None if the conversation asks for neither."""
    asked = [message["content"] for message in messages if message["role"] == "user"]
    wanted = next((found for text in asked if (found := requirements_of(text))), ())
    if not wanted:
        return None
    drafts = [message["content"] for message in messages if message["role"] == "assistant"]
    named = {phrase.casefold() for _, text in _FEEDBACK.findall(asked[-1]) for phrase in _MISSING.findall(text)}
    if drafts and named.isdisjoint(phrase.casefold() for phrase in wanted) and _FEEDBACK.search(asked[-1]):
        return str(drafts[-1])
    there = are_met(wanted, drafts[-1]) if drafts else (False,) * len(wanted)
    mentioned = [
        phrase
        for phrase, is_there in zip(wanted, there, strict=True)
        if _keeps(knobs, phrase, is_there, named, bool(drafts), chance)
    ]
    sentences = [chance.pick(_MENTIONS, 1)[0].format(phrase) for phrase in mentioned]
    text = " ".join(["Here is what was asked for.", *sentences, signature_of(knobs.family)])
    return text.strip()


def _keeps(knobs: Knobs, phrase: str, is_there: bool, named: set[str], is_revision: bool, chance: Chance) -> bool:
    """Whether a text mentions a requirement. Draws one number for each, whatever it decides."""
    if not is_revision:
        return chance.happens(knobs.skill)
    if is_there:
        return not chance.happens(UNCHANGED)
    return chance.happens(IMPROVED if phrase.casefold() in named else 0.0)


def asks_for_review(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a conversation that shows one response asks for a review, and not for a score alone."""
    plain = " ".join(_FENCED.sub("", message["content"]) for message in messages if message["role"] == "user")
    return bool(_ASKS_FOR_REVIEW.search(plain))


def remarks_on(knobs: Knobs, prompt: str, response: str, chance: Chance) -> str:
    """A review of a response: the requirements that the reviewer finds missing."""
    wanted = requirements_of(prompt)
    missing = []
    for phrase, is_met in zip(wanted, are_met(wanted, response), strict=True):
        likely = OVERLOOKED * (1 - knobs.skill) if is_met else knobs.skill
        if chance.happens(likely):
            missing.append(phrase)
    return " ".join(MISSING.format(phrase) for phrase in missing) or GOOD
