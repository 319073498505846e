"""The simulated world: models that are no language models, with a known truth, behind a real protocol."""
