"""Precision of one label: the share of the items to which the judge gives it that have it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics import classes
from harness.statistics.agreement import Array

SUMMARY = "precision-LABEL: share of the items to which the judge gives a label that have it"
RANGE = (0.0, 1.0)
UNDEFINED = "the judge never gives this label"

value = classes.precision
influence = classes.precision_influence


def count(tables: ArrayLike, at: int) -> Array:
    """Items to which the judge gives the label."""
    return np.asarray(np.asarray(tables, dtype=float)[..., :, at].sum(axis=-1))
