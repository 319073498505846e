"""Thresholds of scores against two labels."""
