"""What a check of the surroundings found: whether something would work, and what to do where it would not."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["ok", "warning", "failure", "unknown"]


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        what: a short name of it, such as `cache`, or `model gpt-4o`.
        state: `ok`; `warning` where it works but may disappoint; `failure` where a run would fail; `unknown` where it
            could not be looked at.
        message: what was found, without a full stop.
        hint: what to do about it, or "".
    """

    what: str
    state: State
    message: str
    hint: str = ""
