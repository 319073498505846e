"""Reasons why a figure or a comparison is undefined."""

from __future__ import annotations

ONE_LABEL = (
    "only {found} of {n} items have another label than the most frequent one, {metric} needs {needed}: "
    "compare by accuracy"
)
"""Why figures that rest on the rarer labels are not compared; `found`, `n`, `metric`, `needed`."""
