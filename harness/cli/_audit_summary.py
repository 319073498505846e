"""An audit in short: what was found first, then what was not found, then what the run cannot tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from harness.text import pluralized

Kind = Literal["found", "nothing", "unknown", "described"]

DESCRIPTIONS = ("rankings", "win-rate")
"""Probes whose figures describe a judge and are no finding."""
SHOWN_DESCRIPTIONS = ("rankings",)
"""Those of them that no other output shows."""
BETTER_THAN_NOTHING = ("constant",)
"""Probes where a difference from 0 is good, and none is the finding."""
_UNKNOWN = re.compile(r"^(?:[^:(]*: )?unknown \((?P<reason>.*)\)$")
CONFOUNDED = "quality that the labels do not show can explain it"
"""Ends the sentence of a difference that is no evidence of a bias."""
_NOTHING = ("not distinguishable from 0", "every item has a verdict", "no verdict", CONFOUNDED)
PASSED = "passed"
SHOWN = 3
"""Cells of a probe whose sentence is shown; the others are named."""


def kind_of(probe: str, sentence: str) -> Kind:
    """What the sentence of a probe amounts to."""
    if _UNKNOWN.match(sentence):
        return "unknown"
    if probe in DESCRIPTIONS:
        return "described"
    is_nothing = any(words in sentence for words in _NOTHING) or sentence.startswith(PASSED)
    if probe in BETTER_THAN_NOTHING:
        return "found" if is_nothing else "nothing"
    return "nothing" if is_nothing else "found"


def summary_lines(part: Mapping[str, Any]) -> Iterator[str]:
    """The summary of a dataset, line by line.

    Args:
        part: an entry of `datasets` in `schemas/output/audit.schema.json`.
    """
    kinds: dict[Kind, dict[str, list[tuple[str, str]]]] = {"found": {}, "nothing": {}, "unknown": {}, "described": {}}
    for card in part["cells"]:
        name = card["cell"].removeprefix(f"{part['dataset']}/")
        for probe, result in card["probes"].items():
            sentence = result["sentence"]
            kinds[kind_of(probe, sentence)].setdefault(probe, []).append((name, sentence))
    yield f"{part['dataset']}, {pluralized(part['items'], 'item')}, {pluralized(len(part['cells']), 'cell')}"
    for probe, found in kinds["found"].items():
        yield f"found by {probe} in {pluralized(len(found), 'cell')}:"
        yield from _sentences(found)
    if not kinds["found"]:
        yield "nothing was found"
    for probe in SHOWN_DESCRIPTIONS:
        if described := kinds["described"].get(probe):
            yield f"{probe} of {pluralized(len(described), 'cell')}:"
            yield from _sentences(described)
    total = len(part["cells"])
    if kinds["nothing"]:
        yield "nothing found: " + ", ".join(
            probe if len(found) == total else f"{probe} ({pluralized(len(found), 'cell')})"
            for probe, found in kinds["nothing"].items()
        )
    if kinds["unknown"]:
        yield f"cannot be told: {'; '.join(_reasons(kinds['unknown'], total))}"


def _sentences(found: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The sentences of the first cells, and the names of the others."""
    yield from (f"  {name}: {sentence}" for name, sentence in found[:SHOWN])
    if found[SHOWN:]:
        yield f"  and {', '.join(name for name, _ in found[SHOWN:])}"


def _reasons(unknown: Mapping[str, list[tuple[str, str]]], total: int) -> Iterator[str]:
    """The probes without a result, together where the reason is the same."""
    probes: dict[str, dict[str, int]] = {}
    for probe, found in unknown.items():
        for _, sentence in found:
            match = _UNKNOWN.match(sentence)
            reason = match["reason"].replace(f"[{probe}]", "[PROBE]") if match else sentence
            counts = probes.setdefault(reason, {})
            counts[probe] = counts.get(probe, 0) + 1
    for reason, counts in probes.items():
        named = ", ".join(
            probe if count == total else f"{probe} ({pluralized(count, 'cell')})" for probe, count in counts.items()
        )
        yield f"{named}: {reason}"
