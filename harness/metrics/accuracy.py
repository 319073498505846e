"""Accuracy: how often the judge gives the reference verdict."""

from __future__ import annotations

from harness.statistics import agreement

SUMMARY = "accuracy: share of the items on which the judge gives the reference verdict"
RANGE = (0.0, 1.0)
UNDEFINED = "no items"

count = agreement.total
value = agreement.accuracy
influence = agreement.accuracy_influence
