"""Recall of one label: the share of its items to which the judge gives it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.statistics import classes
from harness.statistics.agreement import Array

SUMMARY = "recall-LABEL: share of the items of a label to which the judge gives it (true positive or negative rate)"
RANGE = (0.0, 1.0)
UNDEFINED = "no item has this label"

value = classes.recall
influence = classes.recall_influence


def count(tables: ArrayLike, at: int) -> Array:
    """Items that have the label."""
    return np.asarray(np.asarray(tables, dtype=float)[..., at, :].sum(axis=-1))
