"""The site of these pages: `tox -e site` builds it, and each warning of the build is an error."""

from __future__ import annotations

import runpy
from pathlib import Path

project = "Fellowship harness"
copyright = "the Fellowship harness authors"  # noqa: A001 - the name that Sphinx reads
version = release = runpy.run_path(str(Path(__file__).parents[1] / "harness" / "_version.py"))["__version__"]

extensions = ["myst_parser"]
exclude_patterns = ["_generate"]
myst_heading_anchors = 4  # a link to a heading has the anchor that a forge gives it, and a dead one is a warning
nitpicky = True

html_theme = "furo"  # loads no font, script or style from elsewhere
html_title = f"{project} {release}"
html_copy_source = False
html_show_sphinx = False
