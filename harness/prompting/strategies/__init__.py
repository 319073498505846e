"""Prompting strategies, one YAML file each."""
