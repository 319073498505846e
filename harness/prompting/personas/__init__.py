"""Who debates: sets of personas, one YAML file each."""
