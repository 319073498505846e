"""Accuracy: how often the judge gives the reference verdict."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.statistics import agreement, mcnemar
from harness.statistics.agreement import Array

SUMMARY = "accuracy: share of the items on which the judge gives the reference verdict"
RANGE = (0.0, 1.0)
UNDEFINED = "no items"

count = agreement.total
value = agreement.accuracy
influence = agreement.accuracy_influence


def discordant(reference: NDArray[np.int8], judged: NDArray[np.int8]) -> Array:
    """On how many items the row's evaluator is right and the column's wrong: what McNemar's exact test rests on."""
    return mcnemar.discordant(judged == reference[:, None])
