"""Candidates, made up."""

from __future__ import annotations

from typing import Any

from harness.preferences.records import Candidate

PROMPT = ({"role": "user", "content": "Name a colour."},)


def candidate(first: str = "Crimson.", second: str = "Red.", verdict: str = "a", **said: Any) -> Candidate:
    known = {"prompts": "tasks", "item": "i1", "cluster": "i1", "view": "single", "source": "duel", "prompt": PROMPT}
    return Candidate(**{**known, "first": first, "second": second, "verdict": verdict, **said})
