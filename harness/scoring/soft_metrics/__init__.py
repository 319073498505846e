"""The soft metrics: one file each."""
