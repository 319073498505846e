"""Length: the effect of a longer response on the verdict."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.families import family_difference
from harness.analysis.audit.probe import Audited
from harness.analysis.audit.regressions import bias_and_human, bias_sentence
from harness.records.figures import Figure
from harness.statistics.agreement import Array

SUMMARY = "length: effect of twice the length of a response on the verdict, at equal labels and family"


def length_difference(audited: Audited) -> Array:
    """The base-2 logarithm of the ratio of the lengths of response a and response b, one value per item."""
    lengths = audited.data.lengths() + 1.0
    found: Array = np.log2(lengths[:, 0]) - np.log2(lengths[:, 1])
    return found


def figures(audited: Audited) -> dict[str, Figure]:
    """The change of the verdict (−1 to 1) per doubling of the length, at equal labels; and of the labels."""
    return bias_and_human(audited, "length", length_difference(audited), {"family": family_difference(audited)})


def sentence(figures: Mapping[str, Figure]) -> str:
    """The effect of the length."""
    return bias_sentence("length", "twice the length", figures)
