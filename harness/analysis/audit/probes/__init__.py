"""Probes, one file each: habits of an evaluator that a metric does not show. `harness/analysis/audit/probe.py` is their contract."""
