"""The number that a reward model returns."""

from __future__ import annotations

import math

from harness.prompting.parsing.values import Answer


def read_reward(text: str) -> Answer | None:
    """The number that a reply is; None for another text, and for numbers that are not finite."""
    try:
        score = float(text)
    except ValueError:
        return None
    return Answer(score=score) if math.isfinite(score) else None
