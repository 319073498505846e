"""An audit in short: what was found first, then what was not found, then what the run cannot tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.text import pluralized

UNSHOWN_DESCRIPTIONS = ("win-rate",)
"""Probes that describe a judge with what other output shows as well."""
SHOWN = 3
"""Cells of a probe whose sentence is shown; the others are named."""


def summary_lines(part: Mapping[str, Any]) -> Iterator[str]:
    """The summary of a dataset, line by line.

    Args:
        part: an entry of `datasets` in `schemas/output/audit.schema.json`.
    """
    kinds: dict[str, dict[str, list[tuple[str, str]]]] = {"found": {}, "nothing": {}, "unknown": {}, "described": {}}
    for card in part["cells"]:
        name = card["cell"].removeprefix(f"{part['dataset']}/")
        for probe, result in card["probes"].items():
            finding = result["finding"]
            said = finding["reason"] if finding["kind"] == "unknown" else result["sentence"]
            kinds[finding["kind"]].setdefault(probe, []).append((name, said))
    yield f"{part['dataset']}, {pluralized(part['items'], 'item')}, {pluralized(len(part['cells']), 'cell')}"
    for probe, found in kinds["found"].items():
        yield f"found by {probe} in {pluralized(len(found), 'cell')}:"
        yield from _sentences(found)
    if not kinds["found"]:
        yield "nothing was found"
    for probe, described in kinds["described"].items():
        if probe not in UNSHOWN_DESCRIPTIONS:
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
        for _, reason in found:
            counts = probes.setdefault(reason.replace(f"[{probe}]", "[PROBE]"), {})
            counts[probe] = counts.get(probe, 0) + 1
    for reason, counts in probes.items():
        named = ", ".join(
            probe if count == total else f"{probe} ({pluralized(count, 'cell')})" for probe, count in counts.items()
        )
        yield f"{named}: {reason}"
