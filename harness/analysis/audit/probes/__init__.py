"""Probes, one file each: biases of an evaluator that a metric does not show. The contract is `harness.analysis.audit.probe`."""
