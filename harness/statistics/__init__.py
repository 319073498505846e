"""Statistics as pure functions on arrays: no files, no specs, no global state."""
