"""The differences between the specs of runs, folded to what changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.text import pluralized

LONGEST = 72
"""Characters of a value."""
DEPTH = 2
"""Steps of a path under which everything that only some runs have is one entry, such as `strategies.direct`."""


def spec_lines(fields: Sequence[Mapping[str, Any]], runs: int) -> Iterator[str]:
    """The differences as text, line by line: changed values, then what only some of the runs have.

    Args:
        fields: `spec_differences` of `schemas/output/compare.schema.json`.
        runs: number of runs.
    """
    yield "specs: identical except for names" if not fields else f"specs: {pluralized(len(fields), 'field')} differ"
    partial: dict[str, list[bool]] = {}
    for field in fields:
        if not all(field["present"]) and not field["text"]:
            head = ".".join(field["path"].split(".")[:DEPTH])
            known = partial.setdefault(head, [False] * runs)
            partial[head] = [one or other for one, other in zip(known, field["present"], strict=True)]
        elif field["text"]:
            yield f"  {field['path']}:"
            yield from (f"    {line}" for line in changed_lines(field["text"]))
        else:
            yield f"  {field['path']}: {' → '.join(_short(value) for value in field['values'])}"
    for head, present in partial.items():
        yield f"  {head}: {'differs in what is set' if all(present) else _only_in(present)}"
    yield ""


def changed_lines(text: str) -> Iterator[str]:
    """The lines of a diff that changed; lines between them are one line of dots."""
    is_folded = False
    for line in text.splitlines():
        if line.startswith(("+", "-")):
            yield line
            is_folded = False
        elif not is_folded:
            yield "…"
            is_folded = True


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _only_in(present: Sequence[bool]) -> str:
    runs = [str(number) for number, is_set in enumerate(present, start=1) if is_set]
    return f"only in {'run' if len(runs) == 1 else 'runs'} {', '.join(runs)}"
