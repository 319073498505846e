"""Evaluator modes, one file each; `harness.evaluators.mode` holds their contract."""
