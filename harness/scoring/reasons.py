"""Reasons why a figure or a comparison is undefined."""

from __future__ import annotations

NO_VARIATION = "with no variation between the two to measure a difference by"


NO_PAIR_VARIES = "no two cells show any variation to measure a difference by"
