"""Comparison of runs: their specs, cells and verdicts."""
