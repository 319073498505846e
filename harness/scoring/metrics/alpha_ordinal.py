"""Krippendorff's alpha for labels that have an order."""

from __future__ import annotations

from harness.statistics import agreement, classes

SUMMARY = "Krippendorff's alpha (ordinal): agreement beyond chance that counts how far apart two labels are"
RANGE = (-1.0, 1.0)
UNDEFINED = "all reference labels are the same: agreement beyond chance needs two different ones; compare by accuracy"
LABELS = "ordered"
NEEDS_CLASSES = True
ON_REQUEST = True

count = agreement.total
value = classes.ordinal_alpha
influence = classes.ordinal_alpha_influence
