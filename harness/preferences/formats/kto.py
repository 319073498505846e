"""Single texts for Kahneman-Tversky optimisation, as TRL reads them: `prompt`, `completion` and `label`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.preferences.records import Preference

SUMMARY = "single texts for Kahneman-Tversky optimisation: prompt, completion, label"
FIELDS = ("prompt", "completion", "label", "score")


def rows(preferences: Sequence[Preference], stopped: Counter[str]) -> Iterator[tuple[Preference, Mapping[str, Any]]]:
    """Each text of a prompt once: desirable if chosen, undesirable if rejected, dropped if both."""
    labels: dict[tuple[str, str], list[tuple[bool, Preference]]] = {}
    for one in preferences:
        context = repr(one.candidate.prompt)
        for text, label in ((one.chosen, True), (one.rejected, False)):
            if not one.candidate.is_single or text:
                labels.setdefault((context, text), []).append((label, one))
    for (_, text), ways in labels.items():
        label, one = ways[0]
        if any(other != label for other, _ in ways):
            stopped["mixed"] += 1
            continue
        yield (
            one,
            {
                "prompt": list(one.candidate.prompt),
                "completion": [{"role": "assistant", "content": text}],
                "label": label,
                "score": one.score_chosen if label else one.score_rejected,
            },
        )
