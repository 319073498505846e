"""What is asked once more where a strategy does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FOLLOW_UP = """\
Your reply holds no answer that can be read, or it broke off before the answer. Do not repeat your reasons. Reply with
nothing but this, filled in:
{{ answer_format }}
"""
"""What is asked once more where a strategy does not say."""
FOLLOW_UP_FORM = """\
Your reply holds no answer that can be read, or it broke off before the answer. Do not repeat your reasons. Reply with
nothing but the answer, in the form that was asked for.
"""
"""What is asked once more where the rule has a `pattern`, whose form only the templates know."""


def default_follow_up(rule: Mapping[str, Any]) -> str | None:
    """What is asked once more where a strategy does not say; nothing of a reward model, which reads no question."""
    if rule["kind"] == "reward":
        return None
    return FOLLOW_UP_FORM if "pattern" in rule else FOLLOW_UP
