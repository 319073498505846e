"""Probes, one file each: biases of an evaluator that a metric does not show; see `harness.analysis.audit.probe`."""
