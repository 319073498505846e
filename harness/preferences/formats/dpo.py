"""Pairs for direct preference optimisation, as TRL reads them: `prompt`, `chosen` and `rejected` as messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.preferences.records import Preference

SUMMARY = "pairs for direct preference optimisation: prompt, chosen, rejected"
FIELDS = ("prompt", "chosen", "rejected", "score_chosen", "score_rejected")


def rows(preferences: Sequence[Preference], _: Counter[str]) -> Iterator[tuple[Preference, Mapping[str, Any]]]:
    """One row for each pair."""
    for one in preferences:
        yield (
            one,
            {
                "prompt": list(one.candidate.prompt),
                "chosen": [{"role": "assistant", "content": one.chosen}],
                "rejected": [{"role": "assistant", "content": one.rejected}],
                "score_chosen": one.score_chosen,
                "score_rejected": one.score_rejected,
            },
        )
