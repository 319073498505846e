"""Formats of preference data, one file each; `harness.preferences.format` holds their contract."""
