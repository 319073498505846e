"""Length: does a longer response win where people do not prefer it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.families import family_difference
from harness.analysis.audit.probe import Audited
from harness.analysis.audit.regressions import bias_and_human, told
from harness.records.figures import Figure
from harness.statistics.agreement import Array

SUMMARY = "length: how far a response of twice the length moves the verdict, given what people say"


def length_difference(audited: Audited) -> Array:
    """How often response a is twice as long as response b: the logarithm to the base 2 of their lengths' ratio."""
    lengths = audited.data.lengths() + 1.0
    found: Array = np.log2(lengths[:, 0]) - np.log2(lengths[:, 1])
    return found


def figures(audited: Audited) -> dict[str, Figure]:
    """Points of the verdict (−1 to 1) for each doubling, of the judge given the label, and of people themselves."""
    return bias_and_human(audited, "length", length_difference(audited), {"family": family_difference(audited)})


def sentence(figures: Mapping[str, Figure]) -> str:
    """Whether length counts."""
    return told("length", "a response of twice the length", figures)
