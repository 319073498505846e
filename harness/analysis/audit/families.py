"""Model families: the responses written by the evaluator's own model family."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.analysis.audit.probe import Audited
from harness.statistics.agreement import Array

MAKERS = ("meta", "google", "openai", "anthropic", "mistralai", "qwen", "deepseek", "microsoft")
"""Vendors, which precede the family in the name of a model."""

_WORD = re.compile(r"[a-z]+")


def family_of(name: str) -> str:
    """The family of a model by its name: the first word after the vendor, such as `gpt` for `gpt-4o-mini`.

    The writers of a simulated dataset are named after their family.
    """
    words = _WORD.findall(name.lower().rpartition("/")[2])
    known = [word for word in words if word not in MAKERS] or words
    return known[0] if known else ""


def own_families(models: Mapping[str, Mapping[str, Any]], names: tuple[str, ...]) -> set[str]:
    """The families of an evaluator's models, by the spec (`family`) or by their names."""
    found = set()
    for name in names:
        entry = models.get(name, {})
        declared = entry.get("family")
        is_simulated = entry.get("provider") == "simulated"
        found.add(str(declared or "") if declared or is_simulated else family_of(str(entry.get("model") or name)))
    return found - {""}


def family_difference(audited: Audited) -> Array:
    """1 where only response a is by the evaluator's family, −1 where only b is, else 0; NaN where unknown."""
    own = own_families(audited.models, audited.cell.models)
    sides = []
    for writers in (audited.data.models_a, audited.data.models_b):
        is_own = {writer: writer in own or family_of(writer) in own for writer in set(writers) if writer is not None}
        sides.append(np.array([np.nan if writer is None else float(is_own[writer]) for writer in writers]))
    difference: Array = sides[0] - sides[1]
    return difference
