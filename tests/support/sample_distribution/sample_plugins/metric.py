"""A metric: one minus the error rate."""

from harness.statistics import agreement

SUMMARY = "one minus the error rate"
RANGE = (0.0, 1.0)
UNDEFINED = "no items"

count = agreement.total
value = agreement.accuracy
influence = agreement.accuracy_influence
