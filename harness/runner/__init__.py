"""From a plan to judgments and a run folder."""
