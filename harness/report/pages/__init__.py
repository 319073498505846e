"""Pages about runs: one file for each, with a frozen record and the function that makes it."""
