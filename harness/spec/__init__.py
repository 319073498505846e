"""From a YAML file to a checked spec: parsing, schemas, defaults, semantic checks, the matrix."""
