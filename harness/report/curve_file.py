"""Write the curves of `harness threshold` and `harness calibrate` as a file: a page of all cells, or the SVG of one."""

from __future__ import annotations

from pathlib import Path

from harness.atomic import replacing
from harness.errors import InputError
from harness.report.charts.svg import check_installed, svg_file
from harness.report.html import Frame, render_document, render_section
from harness.report.links import Anchors
from harness.report.pages.curves import CurvePage, curves_of
from harness.text import listed

ENDINGS = (".html", ".svg")
"""Of the files that can be written."""


def check_curve_file(path: Path, *, force: bool) -> None:
    """Refuse a file that cannot be written, before anything is computed.

    Raises:
        InputError: where its ending is unknown, it exists, or charts are not installed.
    """
    if path.suffix not in ENDINGS:
        raise InputError(f"{path} is neither a page nor a picture", hint=f"use {listed(ENDINGS)}")
    if path.exists() and not force:
        raise InputError(f"{path} already exists", hint="choose another --out, or overwrite with --force")
    check_installed()


def write_curves(page: CurvePage, path: Path, title: str, subtitle: str) -> None:
    """Write curves.

    Args:
        page: of the cells.
        path: ends with `.html`, or with `.svg` for the curve of the only cell.
        title: of the document.
        subtitle: under it.

    Raises:
        InputError: where a picture is of no cell or of several.
        StorageError: where the file cannot be written.
    """
    if path.suffix == ".svg":
        blocks = curves_of(page)
        if len(blocks) != 1:
            what = f"{len(blocks)} cells have a curve" if blocks else "no cell has a curve"
            raise InputError(f"{path}: {what}, and a picture shows one", hint="name one with --cell, or write .html")
        assert blocks[0].chart is not None
        content = svg_file(blocks[0].chart.made(), f"{title}: {blocks[0].name}")
    else:
        content = render_document([render_section(page, Anchors())], Frame(title, subtitle))
    with replacing(path) as file:
        file.write(content.encode())
