"""Ways of reviewing: one YAML file each, as `schemas/input/review.schema.json` describes it, found by its name."""
