"""Calls in batches: the waves of a run, batch files, and what came back."""
