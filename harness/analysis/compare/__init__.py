"""Runs compared with each other: what their specs, their cells and their verdicts have in common and what not."""
