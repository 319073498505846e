"""Biases and consistency of the evaluators of a finished run."""
