"""Probes, one file each: biases of an evaluator that no metric measures; see `harness.analysis.audit.probe`."""
