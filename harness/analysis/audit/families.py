"""Which responses were written by a model of the evaluator's own family."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.analysis.audit.probe import Audited
from harness.statistics.agreement import Array

MAKERS = ("meta", "google", "openai", "anthropic", "mistralai", "qwen", "deepseek", "microsoft")
"""What stands before the name of a model and is not its family."""

_WORD = re.compile(r"[a-z]+")


def family_of(name: str) -> str:
    """The family of a model by its name: its first word without its maker, such as `gpt` of `gpt-4o-mini`.

    A family of a simulated world is its name.
    """
    words = _WORD.findall(name.lower().rpartition("/")[2])
    known = [word for word in words if word not in MAKERS] or words
    return known[0] if known else ""


def own_families(models: Mapping[str, Mapping[str, Any]], names: tuple[str, ...]) -> set[str]:
    """The families of an evaluator's models, as the spec says them (`family`) or by their names."""
    found = set()
    for name in names:
        entry = models.get(name, {})
        said = entry.get("family")
        is_simulated = entry.get("provider") == "simulated"
        found.add(str(said or "") if said or is_simulated else family_of(str(entry.get("model") or name)))
    return found - {""}


def family_difference(audited: Audited) -> Array:
    """1 where response a alone is of the evaluator's own family, −1 where b alone is, else 0; NaN if not known."""
    own = own_families(audited.models, audited.cell.models)
    sides = []
    for writers in (audited.data.models_a, audited.data.models_b):
        kin = {writer: writer in own or family_of(writer) in own for writer in set(writers) if writer is not None}
        sides.append(np.array([np.nan if writer is None else float(kin[writer]) for writer in writers]))
    difference: Array = sides[0] - sides[1]
    return difference
