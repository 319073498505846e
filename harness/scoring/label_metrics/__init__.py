"""Metrics of one label; see `harness.scoring.label_metric`."""
