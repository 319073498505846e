"""Metrics, one file each: what is computed from counts of reference labels against judgments."""
