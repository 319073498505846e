"""Providers, one file each: where replies come from."""
