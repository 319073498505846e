"""Length: how strongly verdicts and labels go with the length of the responses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.audit.families import family_difference
from harness.analysis.audit.finding import Finding
from harness.analysis.audit.probe import Audited
from harness.analysis.audit.regressions import slope_figures, slope_finding, slope_sentence
from harness.records.figures import Figure
from harness.statistics.agreement import Array

SUMMARY = "length: how verdicts and labels go with twice the length of a response, and what quality cannot explain"


def length_difference(audited: Audited) -> Array:
    """The base-2 logarithm of the ratio of the lengths of response a and response b, one value per item."""
    lengths = audited.data.lengths() + 1.0
    found: Array = np.log2(lengths[:, 0]) - np.log2(lengths[:, 1])
    return found


def figures(audited: Audited) -> dict[str, Figure]:
    """Change of verdicts and labels (−1 to 1) per doubling of the length, and what of it quality cannot explain."""
    return slope_figures(audited, "length", length_difference(audited), {"family": family_difference(audited)})


def sentence(figures: Mapping[str, Figure]) -> str:
    """What goes with the length."""
    return slope_sentence("length", "twice the length", figures)


def finding(figures: Mapping[str, Figure]) -> Finding:
    """Whether more goes with it than quality can explain."""
    return slope_finding("length", figures)
