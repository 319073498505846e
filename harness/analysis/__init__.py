"""Questions about finished runs: audit, comparison, correction with labels, power."""
