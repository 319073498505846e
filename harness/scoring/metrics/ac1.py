"""Gwet's AC1: agreement beyond chance that stays meaningful where one verdict is rare."""

from __future__ import annotations

from harness.statistics import agreement

SUMMARY = "Gwet's AC1: agreement beyond chance, robust where one verdict prevails"
RANGE = (-1.0, 1.0)
UNDEFINED = "no items"

count = agreement.total
value = agreement.ac1
influence = agreement.ac1_influence
