"""Balanced accuracy: the mean of the recalls of the labels that occur."""

from __future__ import annotations

from harness.statistics import agreement, classes

SUMMARY = "balanced accuracy: mean over the labels of the share of their items that get that label"
RANGE = (0.0, 1.0)
UNDEFINED = "all reference labels are the same: a mean over labels needs two different ones; compare by accuracy"
NEEDS_CLASSES = True
ON_REQUEST = True

count = agreement.total
value = classes.balanced_accuracy
influence = classes.balanced_accuracy_influence
