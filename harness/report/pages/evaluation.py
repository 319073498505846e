"""The pages of an evaluation, in reading order."""

from __future__ import annotations

from harness.report.html import Page
from harness.report.links import Links
from harness.report.pages.cells import cells_page
from harness.report.pages.differences import differences_page
from harness.report.pages.overview import overview_page
from harness.report.run_source import RunSource


def evaluation_pages(source: RunSource, links: Links, vs: str | None = None) -> list[Page]:
    """The pages of an evaluation.

    Args:
        source: the run.
        links: where other pages are.
        vs: the baseline of the differences, None for the best cell.

    Raises:
        InputError: where the run has no such cell.
    """
    return [overview_page(source, links), differences_page(source, links, vs), cells_page(source, links)]
