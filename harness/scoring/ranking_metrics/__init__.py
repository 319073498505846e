"""Metrics of rankings of several responses, one a file."""
