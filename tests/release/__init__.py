"""Checks of a release: its dependencies, its bill of materials, the contents of its archives. `tox -e audit`."""
