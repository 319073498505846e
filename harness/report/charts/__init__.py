"""Charts of runs, built with Altair: one file for each chart."""
