"""Kappa on `a` against `b`: only items that the reference decides and the judge does not call a tie."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics import agreement
from harness.statistics.agreement import Array

SUMMARY = "kappa on a against b: without the items that the labels or the judge call a tie"
RANGE = (-1.0, 1.0)
UNDEFINED = "the items that labels and judge both decide do not have two different labels"
LABELS = "pair"
NEEDS_CLASSES = True


def decided() -> Array:
    """Reference `a` or `b` by judgment `a`, `b` or failed: a failure stays a disagreement here too."""
    return np.array([[1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 1.0, 1.0]])


def count(tables: ArrayLike) -> Array:
    """Items that the figure rests on."""
    return agreement.total(agreement.among(tables, decided()))


def value(tables: ArrayLike) -> Array:
    """Cohen's kappa of the decided items."""
    return agreement.kappa(agreement.among(tables, decided()), agreement.identity_weights())


def influence(tables: ArrayLike) -> Array:
    """Influence of an item of each cell of the whole table; 0 for items that are not decided."""
    chosen = agreement.among(tables, decided())
    inner = agreement.kappa_influence(chosen, agreement.identity_weights())
    return agreement.influence_among(inner, tables, decided())
